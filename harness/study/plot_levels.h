/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_STUDY_PLOT_LEVELS_H
#define ASSAY_STUDY_PLOT_LEVELS_H

#include <stddef.h>

struct study_block;
struct study_data;
struct study_obs;

/* A level of a block: the points of it that differ in nothing but the hook. */
struct level {
	char *name;			 /* "64 KiB", "cache=drop3 cpus=4" */
	const struct study_obs **points; /* in the order of the hooks' looks */
	size_t n;
};

struct levels {
	const struct study_block *block;
	struct level *v;
	size_t n;
};

/* The levels of a block that were tried with override-point, in natural order of their names, the
 * plain one ("none", "warm") first. 0 or -ENOMEM; release in any case. */
int levels__find(const struct study_data *d, const struct study_block *block, struct levels *out);
void levels__release(struct levels *l);

#endif
