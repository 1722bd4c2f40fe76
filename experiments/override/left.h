/* SPDX-License-Identifier: GPL-2.0-only */
/* copyout made to say that it left bytes. */
#ifndef OVERRIDE_LEFT_H
#define OVERRIDE_LEFT_H

struct context;

/* Emits a measurement for each number of bytes left. 0 or -errno. */
int left__measure(const struct context *ctx);

#endif
