/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_BISECT_LINE_H
#define ASSAY_CLI_BISECT_LINE_H

#include <stddef.h>

#include "base/str.h"
#include "cli/bisect_answers.h"

struct search;

/* A line of points (kernels, prefixes of a series) to be bisected. */
struct line_opts {
	const struct strv *points; /* their names, from one end to the other; two or more */
	const char *what;	   /* one of them is a: "kernel" */
	/* What the records say at a point: 0, or -errno, which ends it all. */
	int (*try_point)(void *ctx, size_t point, struct answers **out);
	void *ctx;
	enum bisect_by by;
	const struct strv *wanted; /* EXPERIMENT or EXPERIMENT:RECORD */
	const struct strv *also;   /* the same, of which some may not be there; or NULL */
};

enum line_end {
	LINE_FOUND,   /* both ends differ, and the search went to its end */
	LINE_SAME,    /* they say the same */
	LINE_NO_END,  /* an end says nothing: not built, or skipped there; logged */
	LINE_UNKNOWN, /* no record of that name at either end; logged with the nearest */
	LINE_CUT_OFF, /* by the error that line__run returned */
};

struct line {
	enum line_end end;
	struct answers **answers; /* by point; NULL: not tried */
	size_t n;
	struct strv tracks;    /* records that answer at both ends */
	bool *differs;	       /* by track: its ends differ, so it was followed */
	struct search *search; /* NULL before both ends are tried */
	size_t tries;	       /* points that were tried, the ends included */
};

/* Tries both ends, then whatever finds the places where the records change. 0 or -errno of a try or
 * -ENOMEM. Release in any case. */
int line__run(const struct line_opts *o, struct line *out);
void line__release(struct line *l);

#endif
