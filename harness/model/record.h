/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_MODEL_RECORD_H
#define ASSAY_MODEL_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "model/verdict.h"
#include "model/vlog.h"

enum record_kind {
	RECORD_PROGRAM,	    /* one BPF program loaded on one kernel */
	RECORD_MEASUREMENT, /* something that the experiment's own code measured */
};

struct label { /* a dimension of the measurement: hook=int3 */
	char *name, *value;
};
struct metric {
	char *name, *unit; /* "overridden", "reads" */
	double value;
};
struct series { /* samples in the order in which they were taken */
	char *name, *unit;
	double *values;
	size_t n;
};
struct check { /* something that must hold, and what was found */
	char *text;
	bool ok;
	char *found;
};
struct matrix { /* one character per cell, row by row; see the legend */
	char *name, *row_axis, *col_axis, *legend;
	char **row_names;
	char **cells; /* nr_rows strings of equal length */
	char **col_names;
	size_t nr_rows, nr_cols;
};

/* One program or one measurement on one kernel: the unit that is stored and compared. All strings
 * are owned. */
struct record {
	enum record_kind kind;
	char *experiment, *name; /* name: program, or measurement */
	struct label *labels;
	size_t nr_labels;

	char *prog_type, *section; /* "kprobe", "kprobe/copyout_bpf"; programs only */
	struct strv tags;	   /* expectations as in model/expect.h */
	enum verdict verdict;
	int err;       /* errno of the load or attach as a positive number; 0 */
	char *message; /* the verifier's reason, or libbpf's; NULL */
	/* What of the program's needs the kernel does not meet, so that the verifier has no say: a
	 * word of model/failure.h. The verdict is then none, the status skipped. NULL: nothing. */
	char *failure;
	char *expected; /* set by the judge */

	enum status status;
	char *reason; /* why the status is not ok: one line; NULL for ok */

	struct vlog_stats stats;      /* medians over the timed loads */
	double load_time_us;	      /* median wall time of the load call; negative: unknown */
	long xlated_size, jited_size; /* bytes; -1: unknown */

	struct metric *metrics;
	size_t nr_metrics;
	struct series *series;
	size_t nr_series;
	struct check *checks;
	size_t nr_checks;
	struct matrix *matrices;
	size_t nr_matrices;
};

struct record *record__new(enum record_kind kind, const char *experiment, const char *name);
void record__free(struct record *r);
struct record *record__copy(const struct record *r); /* NULL on ENOMEM, and for NULL */

/* All copy what they are given and return 0 or -ENOMEM (or -EINVAL for a name used twice). */
int record__label(struct record *r, const char *name, const char *value);
int record__metric(struct record *r, const char *name, const char *unit, double value);
int record__series(struct record *r, const char *name, const char *unit, const double *values,
		   size_t n);
int record__check(struct record *r, bool ok, const char *text, const char *found);
/* cells: nr_rows strings of nr_cols characters. */
int record__matrix(struct record *r, const struct matrix *m);
int record__set(char **field, const char *value); /* replaces an owned string; NULL clears */
const char *record__get_label(const struct record *r, const char *name); /* or NULL */
const struct metric *record__get_metric(const struct record *r, const char *name);
/* Worsens the status: status__worse of both; the reason is kept from the worse one. */
int record__fail(struct record *r, enum status status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* "hook=int3 size=4096", caller frees. */
char *record__labels_str(const struct record *r);

#endif
