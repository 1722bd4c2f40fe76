/* SPDX-License-Identifier: GPL-2.0-only */
/* Rounds: the hook is attached, reads are made until there are enough, the hook is detached. */
#ifndef OVERRIDE_POINT_ROUND_H
#define OVERRIDE_POINT_ROUND_H

#include <stddef.h>
#include <stdint.h>

#include "point.h"
#include "tally.h"
#include "watch.h"

struct change { /* of the kprobe's state */
	enum probe_state state;
	uint32_t round;
	double ms; /* since the hook was attached */
};

/* The moments of a round, in ms since the hook was attached; NAN: never. */
struct moments {
	double lost_read; /* number of the first read that was lost, from 1 */
	double lost_ms, flag_ms, jump_ms;
	double attach_ms; /* that attaching took */
};

/* Reads of the first reader on one side of the loss, and those that were overridden. */
struct side {
	uint64_t reads, overridden;
};

/* What all rounds together found. */
struct found {
	struct tally first; /* the first reader's */
	struct moments *moments;
	size_t nr_rounds;
	struct change *changes;
	size_t nr_changes, changes_capacity;
	struct side before, after;

	uint64_t attempted, outcomes[NR_OVERRIDE_OUTCOMES], short_reads, looped;
	uint64_t runs, requests;
	int64_t missed, nmissed, body_calls; /* or OVERRIDE_UNKNOWN */
	int64_t missed_reads; /* calls that reads were found to have missed, in either way */
	uint64_t body_low, body_high; /* what the outcomes say of body_calls */

	uint64_t refused;
	int attach_err; /* negative, of the last refusal; 0 */
	char *reason;
};

int found__init(struct found *f, const struct point *p);
void found__release(struct found *f);

/* Reads without a hook: their times, how often they call the target, what they return. */
int round__unhooked(struct point *p, struct reader *reader, struct found *f);
/* Attaches and detaches once, so that later attaches are alike. 0 or -errno. */
int round__warm_up(const struct point *p);
/* One round. A refused attach is counted, and no error. 0 or -errno. */
int round__run(const struct point *p, struct reader *reader, struct found *f);

#endif
