/* SPDX-License-Identifier: GPL-2.0-only */
/* What stands before copyout's call: a barrier, and how its branch is laid out. */
#ifndef OVERRIDE_TIMING_VARIANTS_H
#define OVERRIDE_TIMING_VARIANTS_H

struct context;
struct input;

/* Emits a measurement for each variant and hook, or one that is skipped. 0 or -errno. */
int variants__measure(const struct context *ctx, struct input *in);

#endif
