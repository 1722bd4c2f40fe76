/* SPDX-License-Identifier: GPL-2.0-only */
/* When copyout is entered and left, and who sees it when it is overridden. */
#ifndef OVERRIDE_SOURCES_STAMPED_H
#define OVERRIDE_SOURCES_STAMPED_H

struct context;
struct stamps;

/* Emits a measurement for each pair of programs, with and without override. 0 or -errno. */
int stamped__measure(const struct context *ctx, struct stamps *stamps);

#endif
