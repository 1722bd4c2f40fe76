/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_STUDY_DATA_H
#define ASSAY_STUDY_DATA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "model/verdict.h"

struct guest_info;
struct record;
struct run_info;
struct series;
struct store;

/* A block of the study's design. */
struct study_block {
	char *name, *title;
	char *answers; /* numbers of the questions that it answers: "1", "1,3", "" */
	bool quick;    /* is it in the quick form, too? */
};

/* A design point as it was measured; one at which assay itself failed was not. All is owned by the
 * study_data. */
struct study_obs {
	const char *kernel, *experiment;
	const char *id;	    /* of the point */
	json_t *params;	    /* factor -> value, all strings */
	struct strv blocks; /* names of the blocks that the point belongs to */
	enum status status; /* the worse one of the experiment's and the record `point`'s */
	const char *reason; /* of the status; NULL for ok */
	double seconds;	    /* that it took in the guest; negative: unknown */
	const struct guest_info *guest;
	struct record **records; /* all of the point; [0] is `point` when the experiment has it */
	size_t nr_records;
};

struct study_data {
	char *study, *form, *question; /* "override"; "quick" or "full" */
	char *run, *started;	       /* the run's name; ISO 8601 UTC */
	char *ended;		       /* NULL while it goes on, or was cut off */
	char *host;		       /* JSON: what the run recorded of the host and its tools */
	bool complete;		       /* has every planned point been measured? */
	struct study_block *blocks;
	size_t nr_blocks;
	struct study_obs *obs; /* in the order of the plan */
	size_t nr_obs, nr_planned;
};

/* Reads the plan of a run, and what its experiments found. Two points that are equal, or a plan
 * that is none: -EBADMSG, logged. -ENODATA, not logged, when the run is no study; else 0 or another
 * -errno, logged. The caller frees *out. */
int study_data__read(struct store *s, const struct run_info *run, struct study_data **out);
void study_data__free(struct study_data *d);

/* The value of a factor ("kernel", too); "" when the point has no such factor. */
const char *study_obs__factor(const struct study_obs *o, const char *name);
/* Metric and series of records[0]: NAN and NULL when it has none of that name. */
double study_obs__metric(const struct study_obs *o, const char *name);
const struct series *study_obs__series(const struct study_obs *o, const char *name);
/* The record of that name, or NULL. */
const struct record *study_obs__record(const struct study_obs *o, const char *name);
bool study_obs__in(const struct study_obs *o, const char *block);

#endif
