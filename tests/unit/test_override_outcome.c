// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/override_outcome.h"

#define UNKNOWN OVERRIDE_UNKNOWN

/* A read of one page, of which nothing is known yet but that it went as without a hook. */
static struct override_evidence one_call(void)
{
	return (struct override_evidence){
		.calls = 1,
		.hits = UNKNOWN,
		.nmissed = UNKNOWN,
		.body_calls = UNKNOWN,
		.returned = 4096,
		.wanted = 4096,
	};
}

/* A read of 16 pages, that are as many calls; overridden. */
static struct override_evidence sixteen_calls(void)
{
	struct override_evidence e = one_call();

	e.calls = e.runs = e.requests = 16;
	e.body_calls = 0;
	e.returned = e.wanted = 65536;
	return e;
}

#define IS(e, o) assert_int_equal(override_outcome__of(&(e)).outcome, OUTCOME_##o)

static void test_overridden(void **state)
{
	struct override_evidence e = one_call();

	(void)state;
	e.runs = e.requests = 1;
	e.buffer = BUFFER_UNTOUCHED;
	IS(e, OVERRIDDEN); /* where nobody counts the body, the buffer shows it */
	e.body_calls = 0;
	IS(e, OVERRIDDEN);
	e.hits = 1;
	e.nmissed = 0;
	IS(e, OVERRIDDEN);
	e = sixteen_calls();
	IS(e, OVERRIDDEN);
	assert_false(override_outcome__of(&e).looped);
	assert_false(override_outcome__of(&e).short_read);
}

static void test_overridden_contradicted(void **state)
{
	struct override_evidence e = one_call();

	(void)state;
	e.runs = e.requests = 1;
	e.body_calls = 1; /* the body ran, and copied nothing? */
	IS(e, UNEXPLAINED);
	e.body_calls = 0;
	e.buffer = BUFFER_FILLED; /* and here it was filled by nobody */
	IS(e, UNEXPLAINED);
	e.buffer = BUFFER_MIXED;
	IS(e, UNEXPLAINED);
	e.buffer = BUFFER_CHANGED;
	IS(e, UNEXPLAINED);
	e.buffer = BUFFER_UNTOUCHED;
	e.requests = 0; /* skipped, and nobody asked for it */
	IS(e, UNEXPLAINED);
	e.requests = 2; /* more than the program could make */
	IS(e, UNEXPLAINED);
	e = sixteen_calls();
	e.runs = e.requests = 15; /* one call was skipped without a run */
	IS(e, UNEXPLAINED);
}

static void test_misbehaved(void **state)
{
	struct override_evidence e = one_call();
	struct override_finding f;

	(void)state;
	e.runs = e.requests = 1;
	e.body_calls = 0;
	e.returned = 4095;
	f = override_outcome__of(&e);
	assert_int_equal(f.outcome, OUTCOME_MISBEHAVED);
	assert_true(f.short_read);
	assert_false(f.looped);

	e.runs = e.requests = 2; /* 6.1 asks for the byte that was left */
	f = override_outcome__of(&e);
	assert_int_equal(f.outcome, OUTCOME_MISBEHAVED);
	assert_true(f.short_read);
	assert_true(f.looped);

	e.returned = 4096;
	f = override_outcome__of(&e);
	assert_int_equal(f.outcome, OUTCOME_MISBEHAVED);
	assert_false(f.short_read);
	assert_true(f.looped);
	e.requests = 1;
	IS(e, UNEXPLAINED);

	e = sixteen_calls();
	e.runs = e.requests = 1; /* the caller gave up after the first page */
	e.returned = 4095;
	IS(e, MISBEHAVED);
	e.returned = -14;
	IS(e, MISBEHAVED);
	e.body_calls = 15; /* the others were not given up, they were missed */
	IS(e, UNEXPLAINED);
}

static void test_not_overridden(void **state)
{
	struct override_evidence e = one_call();

	(void)state;
	e.runs = e.requests = 1;
	e.buffer = BUFFER_FILLED;
	IS(e, NOT_OVERRIDDEN);
	e.buffer = BUFFER_CHANGED; /* of a file whose contents nobody knows */
	IS(e, NOT_OVERRIDDEN);
	e.body_calls = 1;
	IS(e, NOT_OVERRIDDEN);
	e.buffer = BUFFER_FILLED;
	IS(e, NOT_OVERRIDDEN);
	e.requests = 0; /* a program that did not ask for it */
	IS(e, NOT_OVERRIDDEN);
	e.returned = 4095; /* all was copied, and the caller sees less? */
	IS(e, UNEXPLAINED);
	e.returned = 4096;
	e.runs = 2; /* who has everything does not call again */
	IS(e, UNEXPLAINED);

	e = sixteen_calls();
	e.buffer = BUFFER_FILLED;
	e.body_calls = 16;
	IS(e, NOT_OVERRIDDEN);
	e.runs = e.requests = 3; /* the others were missed: nothing was overridden all the same */
	IS(e, NOT_OVERRIDDEN);
}

static void test_partly(void **state)
{
	struct override_evidence e = sixteen_calls();

	(void)state;
	e.buffer = BUFFER_MIXED;
	e.body_calls = 5;
	IS(e, PARTLY);
	e.body_calls = UNKNOWN;
	IS(e, PARTLY);
	e.body_calls = 16; /* as many bodies as calls, and still holes: one was called twice */
	IS(e, PARTLY);
	e.body_calls = 0;
	IS(e, UNEXPLAINED);
	e.body_calls = 5;
	e.requests = 0;
	IS(e, UNEXPLAINED);

	e = sixteen_calls();
	e.buffer = BUFFER_CHANGED;
	e.body_calls = 5;
	IS(e, PARTLY);
	e.body_calls = UNKNOWN; /* some changed, or all: it can't be told */
	IS(e, UNEXPLAINED);

	e = one_call(); /* 1 byte was left, and the second call was not overridden any more */
	e.runs = e.requests = 2;
	e.body_calls = 1;
	e.buffer = BUFFER_MIXED;
	IS(e, PARTLY);
}

static void test_missed(void **state)
{
	struct override_evidence e = one_call();

	(void)state;
	e.buffer = BUFFER_FILLED;
	IS(e, UNEXPLAINED); /* nobody asked the kernel */
	e.hits = 1;
	IS(e, UNEXPLAINED);
	e.hits = 2;
	IS(e, UNEXPLAINED);
	e.hits = UNKNOWN;
	e.nmissed = 2;
	IS(e, UNEXPLAINED);
	e.hits = 1;
	e.nmissed = 0;
	IS(e, MISSED_RECURSION);
	e.body_calls = 1;
	IS(e, MISSED_RECURSION);
	e.hits = 0;
	e.nmissed = 1;
	IS(e, MISSED_NMISSED);
	e.nmissed = 0;
	IS(e, NEVER_HIT);
	e.body_calls = 0; /* nothing ran, and the data are there */
	IS(e, UNEXPLAINED);
	e.body_calls = 1;
	e.hits = 2; /* of one call */
	IS(e, UNEXPLAINED);
	e.hits = 1;
	e.buffer = BUFFER_UNTOUCHED;
	e.body_calls = 0; /* who skipped it? */
	IS(e, UNEXPLAINED);
	e.buffer = BUFFER_FILLED;
	e.body_calls = 1;
	e.requests = 1; /* of a program that did not run */
	IS(e, UNEXPLAINED);
	e.requests = 0;
	e.returned = 0;
	IS(e, UNEXPLAINED);

	e = sixteen_calls();
	e.runs = e.requests = 0;
	e.buffer = BUFFER_FILLED;
	e.body_calls = 16;
	e.hits = 10;
	e.nmissed = 6;
	IS(e, MISSED_NMISSED);
	e.nmissed = 5;
	IS(e, UNEXPLAINED);
}

/* A read that does not pass the function. */
static void test_never_hit(void **state)
{
	struct override_evidence e = one_call();

	(void)state;
	e.calls = 0;
	e.buffer = BUFFER_FILLED;
	IS(e, NEVER_HIT);
	e.hits = e.nmissed = e.body_calls = 0;
	IS(e, NEVER_HIT);
	e.buffer = BUFFER_UNTOUCHED; /* /dev/null */
	e.returned = e.wanted = 0;
	IS(e, NEVER_HIT);
	e.body_calls = 1;
	IS(e, UNEXPLAINED);
	e.body_calls = 0;
	e.hits = 1;
	IS(e, UNEXPLAINED);
	e.hits = 0;
	e.nmissed = 1;
	IS(e, UNEXPLAINED);
	e.nmissed = 0;
	e.runs = 1;
	IS(e, UNEXPLAINED);
	e.runs = 0;
	e.buffer = BUFFER_MIXED;
	IS(e, UNEXPLAINED);
	e.buffer = BUFFER_UNTOUCHED;
	e.returned = -5;
	IS(e, UNEXPLAINED);
}

static void test_impossible(void **state)
{
	struct override_evidence e = one_call();

	(void)state;
	e.buffer = BUFFER_FILLED;
	e.hits = 1;
	e.nmissed = 0;
	IS(e, MISSED_RECURSION); /* as it is, and not with a count below 0 */
	e.requests = -1;
	IS(e, UNEXPLAINED);
	e.runs = -1;
	IS(e, UNEXPLAINED);
	e.requests = 0;
	IS(e, UNEXPLAINED);
	e = one_call();
	e.runs = e.requests = 1;
	e.hits = 0; /* a run without a hit */
	IS(e, UNEXPLAINED);
	e = one_call();
	e.calls = -1;
	IS(e, UNEXPLAINED);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(override_outcome__name(OUTCOME_OVERRIDDEN), "overridden");
	assert_string_equal(override_outcome__name(OUTCOME_MISSED_NMISSED), "missed_nmissed");
	assert_string_equal(override_outcome__name(OUTCOME_UNEXPLAINED), "unexplained");
	assert_string_equal(override_outcome__name(NR_OVERRIDE_OUTCOMES), "?");
	/* Records hold the numbers. */
	assert_int_equal(OUTCOME_OVERRIDDEN, 0);
	assert_int_equal(OUTCOME_PARTLY, 3);
	assert_int_equal(OUTCOME_NEVER_HIT, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overridden), cmocka_unit_test(test_overridden_contradicted),
		cmocka_unit_test(test_misbehaved), cmocka_unit_test(test_not_overridden),
		cmocka_unit_test(test_partly),	   cmocka_unit_test(test_missed),
		cmocka_unit_test(test_never_hit),  cmocka_unit_test(test_impossible),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
