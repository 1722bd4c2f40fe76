/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_STUDY_DESIGN_H
#define ASSAY_STUDY_DESIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* The design of a study as its file has it (docs/studies.md): a base, and blocks of points that
 * vary factors around it. Nothing here knows which factors, values and kernels there are: see
 * study/points.h. */

enum design_use {
	DESIGN_SET,   /* one value, for all points of the block */
	DESIGN_VARY,  /* one factor at a time */
	DESIGN_CROSS, /* full product with the other crossed factors and all varied points */
	DESIGN_QUICK, /* what the quick form has in place of the block's own values */
};

/* A line of a section: a factor and its values, at least one. */
struct design_entry {
	enum design_use use;
	char *factor;
	struct strv values;
	int line; /* in the file */
};

struct design_section {
	char *name;	  /* of a block */
	char *title;	  /* of a block */
	char *answers;	  /* numbers of the questions that it answers, such as "1 3"; "" for none */
	char *experiment; /* of a block: in place of the design's; or NULL */
	bool full_only;	  /* the quick form leaves the block out */
	struct design_entry *entries;
	size_t nr_entries;
	int line;	     /* of its name */
	int experiment_line; /* 0: it has none of its own */
};

struct design {
	char *path;
	char *name;			   /* of the study: the file's without ".study" */
	char *experiment, *question;	   /* of [study] */
	int line;			   /* of `experiment` */
	struct design_section base, quick; /* [base], [quick]: entries that are set */
	struct design_section *blocks;	   /* in the file's order */
	size_t nr_blocks;
};

/* Reads a design file. 0 or -errno; all mistakes are logged as "file:line: reason", and give
 * -EINVAL. Free with design__free. */
int design__read(const char *path, struct design **out);
void design__free(struct design *d);

/* The entry of a section for a factor and use, or NULL. */
const struct design_entry *design_section__find(const struct design_section *s, enum design_use use,
						const char *factor);
/* Name of the study that a path stands for; caller frees. */
char *design__name(const char *path);

#endif
