/* SPDX-License-Identifier: GPL-2.0-only */
/* copyout made to return a negative number. */
#ifndef OVERRIDE_SOURCES_NEGATIVE_H
#define OVERRIDE_SOURCES_NEGATIVE_H

struct context;

/* Emits a measurement for each source and result. 0 or -errno. */
int negative__measure(const struct context *ctx);

#endif
