/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_BISECT_H
#define ASSAY_CLI_BISECT_H

#include <stdbool.h>

#include "cli/bisect_answers.h"
#include "cli/bisect_try.h"
#include "cli/cli.h"

/* What `assay bisect` was told. */
struct bisect_args {
	struct cli_vm vm;
	struct strv names;	 /* what stands behind the options, in order */
	size_t nr_ends;		 /* how many of them are no records: kernels or commits */
	struct strv experiments; /* of the records, each once */
	struct strv objects;	 /* of the user's, absolute paths */
	struct strv globals;
	struct strv wanted; /* EXPERIMENT or EXPERIMENT:RECORD */
	struct strv also;   /* the same, of rows of the catalogue */
	struct strv params;
	enum bisect_by by;
	uint64_t timeout_ms;
	bool rerun;
	bool built; /* only kernels that need no build */
	bool series, no_series;
	const char *from, *to; /* patches of the series */
	bool step;
	const char *good, *bad; /* values that the step looks for */
	const char *answers;	/* folder: what steps of this bisection found out */
};

/* The ways to bisect; all return an exit status. */
int bisect__kernels(struct cli *cli, struct bisect_args *a);
int bisect__series(struct cli *cli, struct bisect_args *a);
int bisect__commits(struct cli *cli, struct bisect_args *a);
int bisect__step(struct cli *cli, struct bisect_args *a);

/* A trial as the arguments have it. */
int bisect__open_trial(struct cli *cli, const struct bisect_args *a, struct trial *t);
/* Ends the run of a bisection along a line, says what is left to say, gives the exit status. */
struct line;
int bisect__finish(struct trial *t, const struct line *l, int err);

#endif
