// SPDX-License-Identifier: GPL-2.0-only
/* Counts and order of reads in the experiment override-point, and which of several readers missed
 * what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

/* Neither needs libbpf; the experiment as a whole does. */
#include "../../experiments/override-point/crowd.c"
#include "../../experiments/override-point/ledger.c"

/* --- what a reader would do ---------------------------------------------------------------- */

static struct override_evidence next; /* of each read */

int reading__prepare(struct reading *r)
{
	(void)r;
	return 0;
}

uint64_t reading__attempt(struct reading *r, struct override_evidence *e)
{
	(void)r;
	*e = next;
	return 1000;
}

void reading__account(struct reading *r, const struct override_evidence *e,
		      enum override_outcome outcome)
{
	(void)e;
	(void)outcome;
	r->attempts++;
}

uint64_t exp__now_ns(void)
{
	return 0;
}

/* --- order --------------------------------------------------------------------------------- */

static void add(struct ledger *t, enum override_outcome o, uint32_t round, double ms, int times)
{
	const struct override_finding f = { .outcome = o,
					    .looped = o == OUTCOME_MISBEHAVED,
					    .short_read = o == OUTCOME_MISBEHAVED };

	for (int i = 0; i < times; i++) {
		const struct moment when = { .round = round, .ms = ms + i };

		assert_int_equal(ledger__add(t, &f, 10 * (i + 1), &when), 0);
	}
}

static void assert_span(const struct ledger *t, size_t at, int code, uint32_t round, uint64_t reads,
			double ms)
{
	assert_true(at < t->nr_spans);
	assert_int_equal(t->spans[at].code, code);
	assert_int_equal(t->spans[at].round, round);
	assert_int_equal(t->spans[at].reads, reads);
	assert_true(t->spans[at].start_ms == ms);
}

static void test_spans(void **state)
{
	struct ledger t;

	(void)state;
	ledger__init(&t);
	add(&t, OUTCOME_OVERRIDDEN, 0, 0, 3);
	add(&t, OUTCOME_NOT_OVERRIDDEN, 0, 3, 1);
	add(&t, OUTCOME_NOT_OVERRIDDEN, 1, 0, 2); /* another round, another span */
	for (int i = 0; i < 40; i++)
		add(&t, i % 2 ? OUTCOME_PARTLY : OUTCOME_MISBEHAVED, 1, 2 + i, 1);
	assert_int_equal(t.nr_spans, 43);
	assert_span(&t, 0, OUTCOME_OVERRIDDEN, 0, 3, 0);
	assert_span(&t, 1, OUTCOME_NOT_OVERRIDDEN, 0, 1, 3);
	assert_span(&t, 2, OUTCOME_NOT_OVERRIDDEN, 1, 2, 0);
	assert_span(&t, 42, OUTCOME_PARTLY, 1, 1, 41);
	assert_int_equal(t.outcomes[OUTCOME_OVERRIDDEN], 3);
	assert_int_equal(t.outcomes[OUTCOME_NOT_OVERRIDDEN], 3);
	assert_int_equal(t.outcomes[OUTCOME_MISBEHAVED], 20);
	assert_int_equal(t.looped, 20);
	assert_int_equal(t.short_reads, 20);
	assert_int_equal(t.times[OUTCOME_OVERRIDDEN].n, 3);
	assert_true(t.times[OUTCOME_OVERRIDDEN].ns[2] == 30);
	ledger__release(&t);
}

/* From 20,000 on a sample: the times are still from the whole range, and of that class alone. */
static void test_sample(void **state)
{
	const uint64_t reads = 10 * LEDGER_TIMES;
	const struct times *times;
	struct ledger t;
	double sum = 0;

	(void)state;
	ledger__init(&t);
	for (uint64_t i = 0; i < reads; i++)
		assert_int_equal(ledger__unhooked(&t, (double)i), 0);
	times = &t.times[LEDGER_UNHOOKED];
	assert_int_equal(times->n, LEDGER_TIMES);
	assert_int_equal(times->seen, reads);
	for (size_t i = 0; i < times->n; i++) {
		assert_true(times->ns[i] >= 0 && times->ns[i] < (double)reads);
		sum += times->ns[i];
	}
	/* Ten standard errors of a uniform sample's mean: 0.2887 / sqrt(20000) = 0.2 % of it. */
	assert_true(sum / (double)times->n > 0.48 * (double)reads);
	assert_true(sum / (double)times->n < 0.52 * (double)reads);
	ledger__release(&t);
}

/* --- several readers ----------------------------------------------------------------------- */

#define READERS 2

static void reads(struct reading *r, const struct point *p, int misses, int hits)
{
	enum override_outcome o;

	memset(r, 0, sizeof(*r));
	r->p = p;
	ledger__init(&r->ledger);
	next = (struct override_evidence){ .calls = 1,
					   .hits = OVERRIDE_UNKNOWN,
					   .nmissed = OVERRIDE_UNKNOWN,
					   .body_calls = OVERRIDE_UNKNOWN,
					   .buffer = BUFFER_FILLED };
	for (int i = 0; i < misses; i++) {
		assert_int_equal(crowd__read(r, 0, i, &o), 0);
		assert_int_equal(o, OUTCOME_UNEXPLAINED);
	}
	next.buffer = BUFFER_UNTOUCHED;
	next.runs = next.requests = 1;
	for (int i = 0; i < hits; i++) {
		assert_int_equal(crowd__read(r, 0, misses + i, &o), 0);
		assert_int_equal(o, OUTCOME_OVERRIDDEN);
	}
}

/* Two readers missed three calls and two: what do the probe's counts say of them? */
static void assert_resolved(struct probe_counts before, struct probe_counts after,
			    enum override_outcome outcome, int64_t missed)
{
	const struct point p = { .hook = POINT_FTRACE };
	struct reading r[READERS];
	int64_t found = 0;

	reads(&r[0], &p, 3, 4);
	reads(&r[1], &p, 2, 0);
	assert_int_equal(r[0].missing, 3);
	assert_int_equal(r[0].ledger.deferred, 3);
	assert_int_equal(crowd__resolve(r, READERS, &before, &after, &found), 0);
	assert_int_equal(found, missed);
	assert_int_equal(r[0].ledger.outcomes[outcome], 3);
	assert_int_equal(r[1].ledger.outcomes[outcome], 2);
	assert_int_equal(r[0].ledger.outcomes[OUTCOME_OVERRIDDEN], 4);
	assert_span(&r[0].ledger, 0, (int)outcome, 0, 3, 0);
	assert_span(&r[0].ledger, 1, OUTCOME_OVERRIDDEN, 0, 4, 3);
	assert_int_equal(r[0].ledger.times[outcome].n, 3);
	assert_int_equal(r[0].ledger.deferred, 0);
	assert_int_equal(r[0].missing, 0);
	for (int i = 0; i < READERS; i++)
		ledger__release(&r[i].ledger);
}

#define COUNTS(m, n) ((struct probe_counts){ .missed = (m), .nmissed = (n) })

static void test_resolve(void **state)
{
	(void)state;
	assert_resolved(COUNTS(7, 1), COUNTS(12, 1), OUTCOME_MISSED_RECURSION, 5);
	assert_resolved(COUNTS(7, 1), COUNTS(7, 6), OUTCOME_MISSED_NMISSED, 5);
	assert_resolved(COUNTS(7, 1), COUNTS(7, 1), OUTCOME_NEVER_HIT, 0);
	/* One too few, one too many, and some in each way: whose were they? */
	assert_resolved(COUNTS(7, 1), COUNTS(11, 1), OUTCOME_UNEXPLAINED, 0);
	assert_resolved(COUNTS(7, 1), COUNTS(13, 1), OUTCOME_UNEXPLAINED, 0);
	assert_resolved(COUNTS(7, 1), COUNTS(10, 3), OUTCOME_UNEXPLAINED, 0);
	assert_resolved(COUNTS(-1, -1), COUNTS(12, 1), OUTCOME_UNEXPLAINED, 0);
	assert_resolved(COUNTS(7, 1), COUNTS(-1, -1), OUTCOME_UNEXPLAINED, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_resolve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
