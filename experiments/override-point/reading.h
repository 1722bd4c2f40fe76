/* SPDX-License-Identifier: GPL-2.0-only */
/* A thread that reads, and the evidence of each of its reads. */
#ifndef OVERRIDE_POINT_READING_H
#define OVERRIDE_POINT_READING_H

#include <stdbool.h>
#include <stdint.h>

#include "guest/pass.h"
#include "model/override_outcome.h"
#include "point.h"
#include "ledger.h"

struct reading {
	const struct point *p;
	struct point_slot *slot;
	struct input in;
	struct ledger ledger;
	int make_it_fail;   /* for fail_function, of the thread that opened this; -1 */
	int trie, hash;	    /* a map whose update allocates, and one whose update does not; -1 */
	bool no_allocation; /* for nesting=syscall: the latter */

	/* Sums over all reads. */
	uint64_t attempts, runs, requests;
	uint64_t body_low, body_high; /* what the outcomes say of the body's runs */
	uint64_t missing;	      /* calls without a run, in reads that wait for a verdict */
	uint64_t resident, looked;    /* pages found in the page cache before reads */
	uint64_t odd_cache;	      /* reads before which it was not as it should be */
};

/* By the first reader's thread, for all; fail_function knows that thread alone. r goes to
 * reading__close also after a failure. 0 or -errno. */
int reading__open(struct reading *r, const struct point *p, unsigned int nr);
void reading__close(struct reading *r);

/* Before each read: the state of the page cache. 0 or -errno. */
int reading__prepare(struct reading *r);
/* One read, overridden where the hook does so. Fills in what the reader itself can see: runs,
 * requests, buffer, result, and what is wanted; every other count is OVERRIDE_UNKNOWN. Returns the
 * time that it took, in ns. */
uint64_t reading__attempt(struct reading *r, struct override_evidence *e);
/* Sums it up. */
void reading__account(struct reading *r, const struct override_evidence *e,
		      enum override_outcome outcome);

#endif
