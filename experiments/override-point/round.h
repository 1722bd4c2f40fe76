/* SPDX-License-Identifier: GPL-2.0-only */
/* Rounds: the hook is attached, reads are made until there are enough, the hook is detached. */
#ifndef OVERRIDE_POINT_ROUND_H
#define OVERRIDE_POINT_ROUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "point.h"
#include "reading.h"
#include "watch.h"

struct change { /* of the kprobe's state */
	enum probe_state state;
	struct moment when;
};

/* The moments of a round, in ms since the hook was attached; NAN: never. */
struct moments {
	double lost_read; /* number of the first read that was lost, from 1 */
	double lost_ms, flag_ms, jump_ms;
	double jump_read; /* number of the read in which the program first found a jump */
	double attach_ms; /* that attaching took */
};

/* Reads of the first reader on one side of the loss, and those that were overridden. */
struct side {
	uint64_t reads, overridden;
};

/* What all rounds together found. */
struct found {
	struct reading readings[POINT_READERS];
	struct moments *moments;
	size_t nr_rounds;
	struct change *changes;
	size_t nr_changes, changes_capacity;
	struct side before, after;

	int64_t missed, nmissed; /* by the probe, as the kernel counts; or OVERRIDE_UNKNOWN */
	int64_t missed_by_reads; /* the same, as found for single reads */
	int64_t body_calls;	 /* or OVERRIDE_UNKNOWN */
	uint64_t companion;

	uint64_t refused;
	int attach_err; /* negative, of the last refusal; 0 */
	char *reason;
};

/* Opens what is read. f goes to found__release also after a failure. 0 or -errno. */
int found__init(struct found *f, const struct point *p);
void found__release(struct found *f);

/* First reads without a hook: how often they call the target, what they return. */
int round__unhooked(struct point *p, struct found *f);
/* Reads without a hook, for their times: before each round, as a machine is not the same all along.
 * They must be like the first ones. */
int round__baseline(struct point *p, struct found *f);
/* Attaches and detaches once, so that later attaches are alike, and counts the calls of functions
 * that don't count themselves. 0 or -errno. */
int round__warm_up(struct point *p, struct found *f);
/* One round. A refused attach is counted, and no error. 0 or -errno. */
int round__run(const struct point *p, struct found *f);

#endif
