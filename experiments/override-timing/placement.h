/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the reader runs, and what else does. */
#ifndef OVERRIDE_TIMING_PLACEMENT_H
#define OVERRIDE_TIMING_PLACEMENT_H

struct context;
struct input;

/* Emits a measurement for each placement that the machine's CPUs allow, and hook. 0 or -errno. */
int placement__measure(const struct context *ctx, struct input *in);

#endif
