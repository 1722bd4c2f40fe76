/* SPDX-License-Identifier: GPL-2.0-only */
/* What became of the reads of one thread: counts, their order, and the times of a sample. */
#ifndef OVERRIDE_POINT_TALLY_H
#define OVERRIDE_POINT_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/override_outcome.h"

/* The reads without a hook stand beside those of each outcome. */
#define TALLY_UNHOOKED NR_OVERRIDE_OUTCOMES
#define TALLY_CLASSES  (NR_OVERRIDE_OUTCOMES + 1)

/* Times kept of a class: all up to so many, from then on a random sample of them (Vitter's
 * algorithm R). */
#define TALLY_TIMES 20000

struct times {
	double *ns;
	size_t n, capacity;
	uint64_t seen;
};

/* Reads in a row that had the same outcome. */
struct span {
	int code; /* enum override_outcome */
	uint32_t round;
	uint64_t reads;
	double start_ms; /* since the hook was attached */
};

struct tally {
	uint64_t outcomes[NR_OVERRIDE_OUTCOMES], short_reads, looped;
	struct times times[TALLY_CLASSES];
	struct span *spans;
	size_t nr_spans, spans_capacity;
	uint64_t random; /* state of the generator */
};

void tally__init(struct tally *t);
void tally__release(struct tally *t);

/* A read without a hook. 0 or -ENOMEM. */
int tally__unhooked(struct tally *t, double ns);
/* A read: counts it, and adds it to its span. 0 or -ENOMEM. */
int tally__add(struct tally *t, const struct override_finding *f, double ns, uint32_t round,
	       double start_ms);

/* The quantiles 0 %, 1 %, … 100 % (Hyndman-Fan type 7); false when there are no times. */
#define TALLY_QUANTILES 101
bool times__quantiles(struct times *t, double out[TALLY_QUANTILES]);

#endif
