/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_BISECT_ANSWERS_H
#define ASSAY_CLI_BISECT_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "model/record.h"

struct store;

/* What two points must differ in for a record to count as changed. */
enum bisect_by {
	BY_VERDICT, /* accept, reject, or the kind of failure; of a measurement its status */
	BY_MESSAGE, /* that, errno and message */
	BY_STATUS,  /* what became of it: ok, unexpected, crashed, skipped, or that it is not there
		     */
};

/* What one record said on one kernel. */
struct answer {
	char *record; /* "experiment:name", then " label=value …"; an experiment alone: as a whole
		       */
	bool whole;   /* the experiment as a whole, of which only the status counts */
	enum record_kind kind;
	enum verdict verdict;
	int err;
	char *message; /* or NULL */
	char *failure; /* what kept it from the verifier (model/failure.h); or NULL */
	enum status status;
	char *reason; /* or NULL */
};

/* What all records of some experiments said on one kernel. */
struct answers {
	struct answer *v;
	size_t n;
	char *why;     /* the kernel told nothing at all: the reason; else NULL */
	char *run;     /* whose id it is kept under; or NULL */
	char *same_as; /* the point that has the same binaries and was asked; or NULL */
	bool reused;   /* not asked now */
};

struct answers *answers__new(void); /* NULL on ENOMEM */
void answers__free(struct answers *a);
/* One more, that says nothing yet; it takes the name over, also when it fails (NULL: ENOMEM). Valid
 * until the next one is added. */
struct answer *answers__add(struct answers *a, char *record);
/* Nothing could be told, for that reason. */
struct answers *answers__none(const char *why);
/* What the store holds of a kernel in a run. 0 or -errno, logged. */
int answers__of_run(struct store *s, int64_t run, const char *kernel, struct answers **out);
const struct answer *answers__find(const struct answers *a, const char *record);
/* Is all of it the kernel's own doing? A timeout, a failure of ours or of a build may not come
 * again. */
bool answers__are_final(const struct answers *a);
/* As a file, and back: 0 or -errno; -ENOENT: there is none; -EBADMSG: it is no such file. */
int answers__save(const struct answers *a, const char *path);
int answers__load(const char *path, struct answers **out);

/* What is compared: equal texts are equal answers. NULL: nothing can be told (skipped, timeout,
 * harness error), or ENOMEM. Caller frees. A NULL answer is a record that is not there. */
char *answer__value(const struct answer *a, enum bisect_by by);
/* In few words: "reject EACCES", "accept", "unexpected"; why not, when nothing can be told; a NULL
 * answer is "-". Caller frees. */
char *answer__brief(const struct answer *a);
/* With its message: "reject EACCES (invalid read …)". Caller frees. */
char *answer__says(const struct answer *a);

/* The one record that is meant; NULL when there is none, or several and none of just that name. */
const struct answer *answers__meant(const struct answers *a, const char *wanted);
/* What a record says; of one that is not there, why, as far as known. Caller frees. */
char *answers__says(const struct answers *a, const char *record);
/* Is the record meant by "EXPERIMENT", or by "EXPERIMENT:RECORD", RECORD being a name, a name with
 * labels, or a glob of either? */
bool answer__is_meant(const char *record, const char *wanted);

#endif
