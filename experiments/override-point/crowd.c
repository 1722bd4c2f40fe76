// SPDX-License-Identifier: GPL-2.0-only
#include "crowd.h"

#include <string.h>

#include "guest/experiment.h"

int crowd__read(struct reading *r, uint32_t round, double ms, enum override_outcome *outcome)
{
	struct override_evidence e;
	struct override_finding finding;
	struct moment when = { .round = round, .ms = ms };
	uint64_t ns;
	int err = reading__prepare(r);

	if (err)
		return err;
	ns = reading__attempt(r, &e);
	if (r->p->hook == POINT_NONE)
		e.hits = e.nmissed = 0;
	finding = override_outcome__of(&e);
	if (finding.outcome == OUTCOME_UNEXPLAINED && !e.runs && e.calls) {
		/* Would it be explained, if its calls were hits? */
		e.hits = e.calls;
		e.nmissed = 0;
		finding = override_outcome__of(&e);
	}
	reading__account(r, &e, finding.outcome);
	*outcome = finding.outcome;
	if (finding.outcome != OUTCOME_MISSED_RECURSION)
		return ledger__add(&r->ledger, &finding, (double)ns, &when);
	*outcome = OUTCOME_UNEXPLAINED;
	r->missing += (uint64_t)e.calls;
	return ledger__defer(&r->ledger, (double)ns, &when);
}

static void *read_on(void *arg)
{
	struct crowd_thread *t = arg;
	const struct crowd *c = t->crowd;
	enum override_outcome outcome;

	int err = 0;

	while (!err && !__atomic_load_n(&c->stop, __ATOMIC_RELAXED)) {
		double ms = ((double)exp__now_ns() - (double)c->attached_ns) / 1e6;

		err = crowd__read(t->reading, c->round, ms, &outcome);
	}
	__atomic_store_n(&t->err, err, __ATOMIC_RELAXED);
	return NULL;
}

int crowd__start(struct crowd *c, struct reading *readings, unsigned int n, uint32_t round,
		 uint64_t attached_ns)
{
	int err = 0;

	*c = (struct crowd){ .n = n, .round = round, .attached_ns = attached_ns };
	for (unsigned int i = 1; !err && i < n; i++) {
		struct crowd_thread *t = &c->threads[i];

		t->reading = &readings[i];
		t->crowd = c;
		t->before = readings[i].attempts;
		err = -pthread_create(&t->thread, NULL, read_on, t);
		t->started = !err;
	}
	return err;
}

bool crowd__have_read(const struct crowd *c, uint64_t reads)
{
	for (unsigned int i = 1; i < c->n; i++) {
		const struct crowd_thread *t = &c->threads[i];

		/* One that failed is waited for in vain; crowd__stop tells. */
		if (!__atomic_load_n(&t->err, __ATOMIC_RELAXED) &&
		    __atomic_load_n(&t->reading->attempts, __ATOMIC_RELAXED) - t->before < reads)
			return false;
	}
	return true;
}

int crowd__stop(struct crowd *c)
{
	int err = 0;

	__atomic_store_n(&c->stop, true, __ATOMIC_RELAXED);
	for (unsigned int i = 1; i < c->n; i++) {
		if (!c->threads[i].started)
			continue;
		pthread_join(c->threads[i].thread, NULL);
		if (!err)
			err = c->threads[i].err;
	}
	return err;
}

/* All in the same way, or there is no saying which read it was. */
static enum override_outcome why_missing(int64_t missing, int64_t missed, int64_t nmissed)
{
	if (!missed && !nmissed)
		return OUTCOME_NEVER_HIT;
	if (missed == missing && !nmissed)
		return OUTCOME_MISSED_RECURSION;
	if (nmissed == missing && !missed)
		return OUTCOME_MISSED_NMISSED;
	return OUTCOME_UNEXPLAINED;
}

int crowd__resolve(struct reading *readings, unsigned int n, const struct probe_counts *before,
		   const struct probe_counts *after, int64_t *missed)
{
	enum override_outcome outcome = OUTCOME_UNEXPLAINED;
	int64_t missing = 0;
	int err = 0;

	for (unsigned int i = 0; i < n; i++)
		missing += (int64_t)readings[i].missing;
	if (before->missed >= 0 && after->missed >= 0) {
		int64_t by_recursion = after->missed - before->missed;
		int64_t by_probe = after->nmissed - before->nmissed;

		outcome = why_missing(missing, by_recursion, by_probe);
		if (outcome == OUTCOME_MISSED_RECURSION || outcome == OUTCOME_MISSED_NMISSED)
			*missed += missing;
	}
	for (unsigned int i = 0; !err && i < n; i++) {
		err = ledger__resolve(&readings[i].ledger, outcome);
		readings[i].missing = 0;
	}
	return err;
}
