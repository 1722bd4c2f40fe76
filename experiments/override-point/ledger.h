/* SPDX-License-Identifier: GPL-2.0-only */
/* What became of the reads of one thread: counts, their order, and the times of a sample. */
#ifndef OVERRIDE_POINT_LEDGER_H
#define OVERRIDE_POINT_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/override_outcome.h"

/* Beside the outcomes: reads without a hook, and reads whose outcome is not known before the end of
 * their round. */
#define LEDGER_UNHOOKED NR_OVERRIDE_OUTCOMES
#define LEDGER_DEFERRED (NR_OVERRIDE_OUTCOMES + 1)
#define LEDGER_CLASSES	(NR_OVERRIDE_OUTCOMES + 2)

/* Times kept of a class: all up to so many, from then on a random sample of them (Vitter's
 * algorithm R). */
#define LEDGER_TIMES 20000

struct times {
	double *ns;
	size_t n, capacity;
	uint64_t seen;
};

/* Reads in a row that had the same outcome. */
struct span {
	int code; /* enum override_outcome, or LEDGER_DEFERRED */
	uint32_t round;
	uint64_t reads;
	double start_ms; /* since the hook was attached */
};

struct ledger {
	uint64_t outcomes[NR_OVERRIDE_OUTCOMES], short_reads, looped, deferred;
	struct times times[LEDGER_CLASSES];
	struct span *spans;
	size_t nr_spans, spans_capacity;
	uint64_t random; /* state of the generator */
};

void ledger__init(struct ledger *t);
void ledger__release(struct ledger *t);

/* When a read was begun. */
struct moment {
	uint32_t round;
	double ms; /* since the hook was attached */
};

/* A read without a hook. 0 or -ENOMEM. */
int ledger__unhooked(struct ledger *t, double ns);
/* A read: counts it, and adds it to its span. 0 or -ENOMEM. */
int ledger__add(struct ledger *t, const struct override_finding *f, double ns,
		const struct moment *when);
/* A read of which it is known only later what became of it. 0 or -ENOMEM. */
int ledger__defer(struct ledger *t, double ns, const struct moment *when);
/* All that were deferred had this outcome. 0 or -ENOMEM. */
int ledger__resolve(struct ledger *t, enum override_outcome outcome);

#endif
