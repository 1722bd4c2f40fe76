/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_STUDY_PAST_H
#define ASSAY_CLI_STUDY_PAST_H

#include <jansson.h>
#include <stdbool.h>

#include "model/verdict.h"
#include "store/store.h"

struct study_points;

#define STUDY_TEXT_KIND "study"

/* A point as it stands in a run. */
struct study_state {
	bool measured;	    /* has a result: whatever its status, but for harness errors */
	enum status status; /* where there is a row, measured or not */
	bool row;
	double seconds; /* 0: unknown */
};

/* The newest run of a study of this form, of these blocks. */
struct study_past {
	struct run_info run; /* name NULL: there is none */
	char *key;	     /* what it was made of, as in its plan */
};
/* plan: as points__json makes it. 0 or -errno, logged. Release with study_past__release. */
int study_past__find(struct store *s, const json_t *plan, struct study_past *out);
void study_past__release(struct study_past *p);

/* How each point stands in a run: states has one for each of them. guest (may be NULL) is called
 * for the guest of each that is measured; non-zero ends it and is returned. 0 or -errno, logged. */
int study_states__read(struct store *s, int64_t run, const struct study_points *points,
		       struct study_state *states,
		       int (*guest)(void *ctx, const struct guest_info *g), void *ctx);

#endif
