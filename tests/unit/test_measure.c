// SPDX-License-Identifier: GPL-2.0-only
/* Comparing measurements: what is tested, how sure it must be, and what is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/log.h"
#include "diff/threshold.h"
#include "sides_fixture.h"

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_WARN };

/* Two measurements of one name. */
struct both {
	struct cell *a, *b;
};

static struct both both(struct sides_pair_fixture *p, const char *name)
{
	return (struct both){ measured(p->a, "e", name), measured(p->b, "e", name) };
}

static void metrics(struct cell *c, const char *name, const char *unit, double value)
{
	assert_int_equal(record__metric(c->record, name, unit, value), 0);
}

static size_t changed_with(struct sides_pair_fixture *p, const char *threshold)
{
	struct thresholds *t = thresholds__new();
	struct changes_opts o = { .thresholds = t };
	char *why = NULL;
	size_t n;

	assert_int_equal(thresholds__parse(t, threshold, &why), 0);
	n = find_with(p, &o)->counts[CHANGE_MEASURE];
	thresholds__free(t);
	return n;
}

static void test_series(void **state)
{
	struct sides_pair_fixture *p = *state;
	struct both m = both(p, "m");
	const struct change *c;

	samples(m.a, "read", "us", 10, 20);
	samples(m.b, "read", "us", 35, 20);
	find_changes(p);
	assert_int_equal(p->c->n, 1);
	c = &p->c->v[0];
	assert_int_equal(c->kind, CHANGE_MEASURE);
	assert_string_equal(c->what, "read");
	assert_string_equal(c->test, "rank test");
	assert_true(fabs(c->effect.value - 3.5) < 0.05);
	assert_true(c->effect.ci.low > 3 && c->effect.ci.high < 4);
	assert_true(fabs(c->pct - 250) < 1);
	assert_int_equal(p->c->tests, 1);
	assert_int_equal(changed_with(p, "read=300%"), 0);
	assert_int_equal(changed_with(p, "read=10"), 1); /* us */
	assert_int_equal(changed_with(p, "read=30"), 0);
	assert_int_equal(changed_with(p, "series=off"), 0);
	assert_int_equal(p->c->tests, 0);
}

/* Far apart, but the data could be chance. */
static void test_too_few(void **state)
{
	struct sides_pair_fixture *p = *state;
	struct both m = both(p, "m");

	samples(m.a, "read", "us", 10, 3);
	samples(m.b, "read", "us", 100, 3);
	find_changes(p);
	assert_int_equal(p->c->n, 0);
	assert_int_equal(p->c->tests, 0);
	assert_int_equal(p->c->untested, 1);
	assert_int_equal(p->c->same, 1);
}

/* Five samples each give p = 1/126 at the least: enough for 6 comparisons at 5 %, not for 7. */
static void test_many_tests(void **state)
{
	struct sides_pair_fixture *p = *state;
	char name[16];

	for (int i = 0; i < 6; i++) {
		struct both m;

		snprintf(name, sizeof(name), "m%d", i);
		m = both(p, name);
		samples(m.a, "read", "us", 10, 5);
		samples(m.b, "read", "us", i ? 10 : 40, 5);
	}
	find_changes(p);
	assert_int_equal(p->c->tests, 6);
	assert_int_equal(p->c->n, 1);
	samples(both(p, "m6").a, "read", "us", 10, 5);
	samples(&p->b->cells[p->b->n - 1], "read", "us", 10, 5);
	find_changes(p);
	assert_int_equal(p->c->tests, 0);
	assert_int_equal(p->c->untested, 7);
	assert_int_equal(p->c->n, 0);
	/* Series that can be sure are not kept from it by those that can't (Tarone). */
	samples(both(p, "m7").a, "read", "us", 10, 30);
	samples(&p->b->cells[p->b->n - 1], "read", "us", 40, 30);
	find_changes(p);
	assert_int_equal(p->c->n, 1);
	assert_int_equal(p->c->tests, 1);
	assert_string_equal(p->c->v[0].a->name, "m7");
}

/* A machine that was busy throughout is said once, and hides nothing that goes beyond it. */
static void test_pace(void **state)
{
	struct sides_pair_fixture *p = *state;
	char name[16];

	for (int i = 0; i < 30; i++) {
		struct both m;

		snprintf(name, sizeof(name), "m%d", i);
		m = both(p, name);
		samples(m.a, "read", "us", 10, 30);
		samples(m.b, "read", "us", i == 7 ? 120 : 30, 30);
	}
	find_changes(p);
	assert_int_equal(p->c->n, 1);
	assert_string_equal(p->c->v[0].a->name, "m7");
	assert_int_equal(p->c->notes.n, 1);
	assert_non_null(strstr(p->c->notes.v[0], "3.00 times"));
}

static void test_share(void **state)
{
	struct sides_pair_fixture *p = *state;
	struct both m = both(p, "m");

	metrics(m.a, "overridden", "reads", 900);
	metrics(m.a, "attempted", "reads", 1000);
	metrics(m.b, "overridden", "reads", 300);
	metrics(m.b, "attempted", "reads", 1000);
	find_changes(p);
	assert_int_equal(p->c->n, 1);
	assert_string_equal(p->c->v[0].test, "Newcombe");
	assert_string_equal(p->c->v[0].what, "overridden");
	assert_true(fabs(p->c->v[0].effect.value + 0.6) < 1e-9);
	assert_true(p->c->v[0].effect.ci.high < -0.5);
	assert_int_equal(changed_with(p, "shares=70%"), 0);
	assert_int_equal(changed_with(p, "overridden=55%"), 1);
}

static void test_fit(void **state)
{
	struct sides_pair_fixture *p = *state;
	struct both m = both(p, "m");

	metrics(m.a, "exponent", "", 1);
	metrics(m.a, "exponent_low", "", 0.9);
	metrics(m.a, "exponent_high", "", 1.1);
	metrics(m.b, "exponent", "", 3.5);
	metrics(m.b, "exponent_low", "", 3.3);
	metrics(m.b, "exponent_high", "", 3.7);
	find_changes(p);
	assert_int_equal(p->c->n, 1); /* its bounds are not figures of their own */
	assert_string_equal(p->c->v[0].test, "z test");
	assert_true(p->c->v[0].effect.ci.low > 2 && p->c->v[0].effect.ci.high < 3);
	assert_int_equal(changed_with(p, "all=0"), 1);
}

/* Nothing tells chance from change in a single value: only who asks gets it. */
static void test_single_values(void **state)
{
	struct sides_pair_fixture *p = *state;
	struct both m = both(p, "m");

	metrics(m.a, "entries", "entries", 58);
	metrics(m.b, "entries", "entries", 51);
	metrics(m.a, "elapsed", "ms", 10);
	metrics(m.b, "elapsed", "ms", 30);
	metrics(m.a, "speed", "MB/s", 10);
	metrics(m.b, "speed", "MB/s", 30);
	find_changes(p);
	assert_int_equal(p->c->n, 0);
	assert_int_equal(changed_with(p, "counts=10%"), 1);
	assert_int_equal(changed_with(p, "counts=13%"), 0);
	assert_int_equal(changed_with(p, "times=50%"), 2);
	assert_int_equal(changed_with(p, "elapsed=5"), 1);
	assert_int_equal(changed_with(p, "all=0"), 3);
}

static struct matrix map(char **cells)
{
	static char *names[] = { (char *)"0", (char *)"1" };

	return (struct matrix){ .name = (char *)"map",
				.row_axis = (char *)"mask",
				.col_axis = (char *)"size",
				.legend = (char *)"",
				.row_names = names,
				.col_names = names,
				.cells = cells,
				.nr_rows = 2,
				.nr_cols = 2 };
}

static void test_matrix(void **state)
{
	struct sides_pair_fixture *p = *state;
	struct both m = both(p, "m");
	char *was[] = { (char *)"x.", (char *)"xx" }, *is[] = { (char *)"..", (char *)"x." };
	struct matrix ma = map(was), mb = map(is);

	assert_int_equal(record__matrix(m.a->record, &ma), 0);
	assert_int_equal(record__matrix(m.b->record, &mb), 0);
	find_changes(p);
	assert_int_equal(p->c->n, 1);
	assert_sentence(&p->c->v[0], "map: 2 of 4 cells differ");
}

/* --- what is refused -------------------------------------------------------------------------- */

static void series_and_count(struct sides_pair_fixture *p)
{
	struct both m = both(p, "m");

	samples(m.a, "read", "us", 10, 20);
	samples(m.b, "read", "us", 50, 20);
	metrics(m.a, "runs", "runs", 10);
	metrics(m.b, "runs", "runs", 50);
	metrics(m.a, "took", "us", 10);
	metrics(m.b, "took", "us", 50);
}

static void assert_refused(struct sides_pair_fixture *p, const char *why)
{
	assert_int_equal(changed_with(p, "counts=0,times=0"), 1); /* counts still are */
	assert_string_equal(p->c->v[0].what, "runs");
	assert_int_equal(p->c->refused.n, 1);
	assert_string_equal(p->c->refused.v[0], why);
}

static void test_unlike_accelerators(void **state)
{
	struct sides_pair_fixture *p = *state;

	series_and_count(p);
	assert_int_equal(changed_with(p, "counts=0,times=0"), 3);
	set_text(&p->b->guest.accel, "kvm");
	assert_refused(p, "times are not compared: accelerator tcg against kvm, only counts are");
	set_text(&p->b->guest.accel, NULL);
	assert_refused(p,
		       "times are not compared: accelerator tcg against unknown, only counts are");
}

static void test_unlike_guests(void **state)
{
	struct sides_pair_fixture *p = *state;

	series_and_count(p);
	set_text(&p->b->guest.timing, "icount");
	assert_refused(p, "times are not compared: timing wall against icount, only counts are");
	set_text(&p->b->guest.timing, "wall");
	set_text(&p->b->guest.cpu_model, "max");
	assert_refused(p, "times are not compared: CPU qemu64 against max, only counts are");
	set_text(&p->b->guest.cpu_model, "qemu64");
	p->b->guest.cpus = 2;
	assert_refused(p, "times are not compared: number of CPUs 1 against 2, only counts are");
}

static void test_unlike_parameters(void **state)
{
	struct sides_pair_fixture *p = *state;

	series_and_count(p);
	set_text(&p->b->wholes[0].params, "{\"reads\":\"5\"}");
	assert_int_equal(changed_with(p, "all=0"), 0);
	assert_int_equal(p->c->refused.n, 1);
	assert_string_equal(
		p->c->refused.v[0],
		"figures of e are not compared: parameters {} against {\"reads\":\"5\"}");
}

/* The points of a study are told apart by a label, not by their parameters. */
static void test_points(void **state)
{
	struct sides_pair_fixture *p = *state;

	series_and_count(p);
	set_text(&p->a->wholes[0].params, "{\"point\":\"1\"}");
	set_text(&p->b->wholes[0].params, "{\"point\":\"2\"}");
	assert_int_equal(changed_with(p, "counts=0,times=0"), 3);
	assert_int_equal(p->c->refused.n, 0);
}

/* A microsecond by its sign, a share of reads, and a mean that stands beside its samples. */
static void test_what_a_figure_is(void **state)
{
	struct sides_pair_fixture *p = *state;
	struct both m = both(p, "m");

	samples(m.a, "read", "\302\265s", 10, 20);
	samples(m.b, "read", "\302\265s", 50, 20);
	metrics(m.a, "read", "\302\265s", 10);
	metrics(m.b, "read", "\302\265s", 50);
	assert_int_equal(changed_with(p, "counts=0,times=0"), 1);
	assert_string_equal(p->c->v[0].test, "rank test");
	metrics(m.a, "overridden", "", 10);
	metrics(m.a, "reads", "", 1000);
	metrics(m.b, "overridden", "", 900);
	metrics(m.b, "reads", "", 1000);
	assert_int_equal(find_changes(p)->counts[CHANGE_MEASURE], 2);
}

/* An estimate of a time is a time. */
static void test_fit_of_times(void **state)
{
	struct sides_pair_fixture *p = *state;
	struct both m = both(p, "m");

	for (int i = 0; i < 2; i++) {
		struct cell *c = i ? m.b : m.a;

		metrics(c, "slope", "us", i ? 50 : 10);
		metrics(c, "slope_low", "us", i ? 49 : 9);
		metrics(c, "slope_high", "us", i ? 51 : 11);
	}
	assert_int_equal(find_changes(p)->n, 1);
	set_text(&p->b->guest.accel, "kvm");
	assert_int_equal(find_changes(p)->n, 0);
	assert_int_equal(p->c->tests, 0);
}

/* What goes with the pace, or against it without being slower itself, is the machine's. */
static void test_against_the_pace(void **state)
{
	struct sides_pair_fixture *p = *state;
	char name[16];

	for (int i = 0; i < 30; i++) {
		struct both m;

		snprintf(name, sizeof(name), "m%d", i);
		m = both(p, name);
		samples(m.a, "read", "us", 10, 30);
		/* All 20 times, one 4 times: five times as fast as the machine, and slower. */
		samples(m.b, "read", "us", i == 7 ? 40 : 200 + i % 2 * 0.001, 30);
	}
	assert_int_equal(find_changes(p)->n, 0);
	/* With any difference a change it is one still: its own is not the machine's. */
	assert_int_equal(changed_with(p, "series=0%"), 0);
}

/* By how many tests the level is divided: by those that are able to reach what is left of it. Of 30
 * with five samples (p from 0.0079) none is at 5 % / 7, so one with six (p from 0.0022) is made at
 * that; at 5 % / 31 it could not be. */
static void test_divisor(void **state)
{
	struct sides_pair_fixture *p = *state;
	char name[16];

	for (int i = 0; i < 31; i++) {
		struct both m;

		snprintf(name, sizeof(name), "m%d", i);
		m = both(p, name);
		samples(m.a, "read", "us", 10, i ? 5 : 6);
		samples(m.b, "read", "us", i ? 10 : 60, i ? 5 : 6);
	}
	find_changes(p);
	assert_int_equal(p->c->tests, 1);
	assert_int_equal(p->c->untested, 30);
	assert_int_equal(p->c->n, 1);
}

/* 544 and 543 of 1000 against 500: Newcombe's interval at 5 % lies above 0 and reaches it. */
static void test_share_at_its_limit(void **state)
{
	struct sides_pair_fixture *p = *state;
	struct both m = both(p, "m");

	metrics(m.a, "overridden", "", 500);
	metrics(m.a, "attempted", "", 1000);
	metrics(m.b, "overridden", "", 544);
	metrics(m.b, "attempted", "", 1000);
	assert_int_equal(changed_with(p, "shares=0"), 1);
	side__free(p->a);
	side__free(p->b);
	p->a = made_up_side("a", "5.10.218");
	p->b = made_up_side("b", "5.10.262");
	m = both(p, "m");
	metrics(m.a, "overridden", "", 500);
	metrics(m.a, "attempted", "", 1000);
	metrics(m.b, "overridden", "", 543);
	metrics(m.b, "attempted", "", 1000);
	assert_int_equal(changed_with(p, "shares=0"), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, two_sides, release_sides)
	const struct CMUnitTest tests[] = {
		TEST(test_series),
		TEST(test_too_few),
		TEST(test_many_tests),
		TEST(test_pace),
		TEST(test_share),
		TEST(test_fit),
		TEST(test_single_values),
		TEST(test_matrix),
		TEST(test_unlike_accelerators),
		TEST(test_unlike_guests),
		TEST(test_unlike_parameters),
		TEST(test_points),
		TEST(test_what_a_figure_is),
		TEST(test_fit_of_times),
		TEST(test_against_the_pace),
		TEST(test_divisor),
		TEST(test_share_at_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
