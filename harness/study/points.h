/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_STUDY_POINTS_H
#define ASSAY_STUDY_POINTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct design;

/* What a design may name: the caller knows it. */
struct study_world {
	/* The full name of a kernel (a branch stands for one), or NULL and perhaps a name to
	 * suggest in *nearest. */
	const char *(*kernel)(void *ctx, const char *name, const char **nearest);
	/* Can the experiment measure points? If not, false and perhaps a name to suggest. */
	bool (*experiment)(void *ctx, const char *name, const char **nearest);
	/* Name and default of the i-th parameter of a known experiment; false: it has no more. */
	bool (*param)(void *ctx, const char *experiment, size_t i, const char **name,
		      const char **value);
	/* Checks a value of a known parameter. 0 and the spelling that equal values share in *same,
	 * -EINVAL and what is wrong in *why ("'x' is no whole number …"), or -ENOMEM; the caller
	 * frees both. */
	int (*value)(void *ctx, const char *experiment, const char *name, const char *value,
		     char **same, char **why);
	void *ctx;
};

#define STUDY_ID 13 /* 12 hex digits and the NUL */

/* What is measured once. All factors are given explicitly; the kernel is none of the params. */
struct study_point {
	char id[STUDY_ID]; /* of kernel, experiment and params: the same in every run */
	const char *kernel, *experiment; /* of the points' own list of names */
	json_t *params;			 /* object factor -> value as text; has cpus, threads and
					  * append, not the id */
	unsigned int cpus, threads;	 /* as in params */
	const char *append;		 /* borrowed from params */
	bool *blocks;			 /* of the design: is it a point of this one? */
	size_t boot;			 /* place of its boot */
};

/* Points that one guest measures. */
struct study_boot {
	const char *kernel, *append;
	unsigned int cpus, threads;
	size_t first, n; /* of the points */
};

struct study_points {
	struct study_point *v; /* boot by boot */
	size_t n;
	struct study_boot *boots;
	size_t nr_boots;
	bool *used;	   /* of each block of the design: has points here */
	struct strv names; /* of kernels and experiments */
};

/* Expands a design to the points of one form. Points that several blocks have are there once.
 * Order: kernels as the design first names them; a kernel's boots, and the points of a boot, by
 * their ids, so that drift of the machine does not follow a factor. `only` (may be empty): names of
 * the blocks that are wanted. 0 or -errno; every mistake of the design (all of it, whatever is
 * wanted) is logged as "file:line: reason" and gives -EINVAL. Release with points__release. */
int points__make(const struct design *d, const struct study_world *w, bool full,
		 const struct strv *only, struct study_points *out);
void points__release(struct study_points *p);

/* "size=65536 hook=int3": what the point has other than most: the factors that its design varies,
 * in the design's order; caller frees. */
char *study_point__label(const struct study_point *p, const struct design *d);
/* "5.10.218 cpus=2 append=…"; caller frees. */
char *study_boot__label(const struct study_boot *b);

/* The plan of a run as JSON, the text of kind "study" (docs/studies.md); NULL on ENOMEM. `key`:
 * what the run was made of. */
json_t *points__json(const struct study_points *p, const struct design *d, bool full,
		     const char *key);

#endif
