/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_DIFF_FINDER_H
#define ASSAY_DIFF_FINDER_H

#include <stdbool.h>
#include <stddef.h>

#include "diff/changes.h"
#include "diff/threshold.h"

/* What the files of the comparison share. */

/* A measurement that awaits its test: how sure a test must be depends on how many there are. */
struct candidate {
	const struct cell *a, *b;
	enum figure figure; /* SERIES, SHARE or FIT */
	const char *what, *unit;
	const double *xa, *xb; /* SERIES: samples; borrowed */
	size_t na, nb;
	struct proportion ka, kb; /* SHARE */
	struct estimate ea, eb;	  /* FIT; its value also that of a share */
	double least;		  /* the smallest p value that the data can give */
};

struct finder {
	const struct side *a, *b;
	const struct changes_opts *o;
	struct changes *out;
	struct candidate *candidates;
	size_t nr_candidates;
	size_t compared;	      /* pairs of cells */
	struct strv lacks_a, lacks_b; /* experiments that were not run on that side */
	const struct cell *broken; /* of a, the first of a row that broke on both sides; or NULL */
	size_t nr_broken;	   /* how many follow it, with it */
	bool alike;		   /* figures of the two guests may be compared */
};

/* Adds a change; its fields are the caller's to fill, valid until the next one. NULL on ENOMEM. */
struct change *finder__add(struct finder *f, enum change_kind kind, const struct cell *a,
			   const struct cell *b);
/* A sentence to changes.refused or .notes, once. 0 or -ENOMEM. */
int finder__say(struct strv *to, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* measure.c */
/* Whether figures may be compared at all; says why not. 0 or -ENOMEM. */
int measure__begin(struct finder *f);
/* Series, metrics and matrices of two cells of one key: what needs no test becomes a change, the
 * rest a candidate. 0 or -ENOMEM. */
int measure__cells(struct finder *f, const struct cell *a, const struct cell *b);
/* Tests the candidates. 0 or -ENOMEM. */
int measure__end(struct finder *f);

#endif
