/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_DIFF_CHANGES_H
#define ASSAY_DIFF_CHANGES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "model/compare.h"

struct cell;
struct side;
struct thresholds;

/* In the order in which they are shown. */
enum change_kind {
	CHANGE_FLIP,	/* another verdict, or another kind of failure */
	CHANGE_STATUS,	/* same verdict, or none on one side: what became of it differs */
	CHANGE_MESSAGE, /* same verdict, another message or errno */
	CHANGE_STAT,	/* a statistic of the verifier, beyond its threshold */
	CHANGE_MEASURE, /* a series, a share or a figure, beyond its threshold */
	CHANGE_VANISHED,
	CHANGE_APPEARED,
};
#define NR_CHANGE_KINDS (CHANGE_APPEARED + 1)

/* "flip", "status", "message", "statistic", "measurement", "vanished", "appeared" */
const char *change_kind__name(enum change_kind k);

struct change {
	enum change_kind kind;
	/* Borrowed from the sides; NULL on the side that lacks it. A cell whose name is "" stands
	 * for an experiment as a whole, and for all of them when that is "" too (CHANGE_STATUS). */
	const struct cell *a, *b;
	/* Statistic ("total_insns"), series or metric ("read"), or the text of a check; borrowed;
	 * NULL: none. unit may be NULL or "". */
	const char *what, *unit;
	double va, vb; /* STAT and MEASURE: values, of a series its median, of a share 0..1 */
	double pct;    /* (vb - va) / va in per cent; NAN where va is 0 */
	/* MEASURE: b against a: with test "rank test" how many times as large, with "Newcombe" and
	 * "z test" the difference. Else value is NAN. A matrix has the test "cells that differ":
	 * vb of va of them. */
	struct estimate effect;
	const char *test; /* static, or NULL: by the threshold alone */
	/* The verifier logs' first lines that differ: raw, numbered from 1; NULL and 0 when there
	 * are no logs, or on the side whose log had ended. context: the line before, of a. */
	char *log_a, *log_b, *log_context;
	long line_a, line_b;
	char *cause; /* why, one sentence; NULL: unknown */
};

struct changes {
	const struct side *a, *b; /* borrowed */
	struct change *v;	  /* by kind, then by key */
	size_t n;
	size_t counts[NR_CHANGE_KINDS];
	size_t compared;     /* pairs of cells */
	size_t same;	     /* those of them that did not change */
	size_t incomparable; /* cells that could not be compared: see notes */
	/* Something broke on both sides, or is missing where a run was cut off: that nothing
	 * changed is not known even when nothing is listed. Not for what nobody asked to be run. */
	bool partial;
	struct strv refused; /* why figures were not compared: "tcg against kvm: …" */
	struct strv notes;   /* what was not measured on a side, one sentence each */
	size_t tests;	     /* tests that were made of measurements */
	size_t untested;     /* measurements with too few samples for any outcome to be sure */
	struct cell *made;   /* cells for experiments as a whole, which changes point to */
	size_t nr_made;
};

struct changes_opts {
	const struct thresholds *thresholds; /* NULL: the defaults of diff/threshold.h */
	bool no_logs;			     /* logs are not read */
	/* Why a verdict flipped: one sentence in *out (caller frees), NULL for unknown. 0 or
	 * -errno. NULL: nobody knows. */
	int (*cause)(const struct side *a, const struct side *b, const struct cell *cell,
		     char **out);
};

/* What changed from a to b. The sides must outlive the changes. 0 or -errno; an unreadable log is
 * no error, its first difference is then unknown. opts may be NULL. */
int changes__find(const struct side *a, const struct side *b, const struct changes_opts *o,
		  struct changes **out);
void changes__free(struct changes *c);
void change__release(struct change *c); /* what one of them owns */
/* One line that says what changed, without the names: "reject EACCES -> accept",
 * "total_insns 120 -> 180 (+50.0 %)". Caller frees; NULL on ENOMEM. */
char *change__sentence(const struct change *c);

#endif
