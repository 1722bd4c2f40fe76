// SPDX-License-Identifier: GPL-2.0-only
/* Answer 3: what the suspects do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "override_says.h"

static const struct suspicion *suspicion_of(const struct answers *a, const char *title)
{
	for (size_t i = 0; i < a->nr_suspicions; i++)
		if (!strcmp(a->suspicions[i].title, title))
			return &a->suspicions[i];
	fail_msg("no suspicion '%s'", title);
	return NULL;
}

/* A factor at one level: without optimisation, and with it. */
static void add_level(struct study_data *d, const char *level, double good, double lost,
		      struct made_up_loss loss)
{
	char factors[128];

	snprintf(factors, sizeof(factors), "hook=int3 %s", level);
	add_plain(d, "5.10.218", factors, good, lost);
	snprintf(factors, sizeof(factors), "hook=ftrace %s", level);
	add_plain(d, "5.10.218", factors, good, lost);
	snprintf(factors, sizeof(factors), "hook=optimised %s", level);
	add_optimised(d, "5.10.218", factors, loss);
}

static void test_only_through_time(void **state)
{
	struct study_data *d = made_up_study("full");
	const struct suspicion *s;
	struct answers a;

	(void)state;
	add_level(d, "size=65536", 1500, 0, (struct made_up_loss){ 200, 26, true, 0 });
	add_level(d, "size=4096", 1500, 0, USUAL_LOSS);
	add_level(d, "size=2", 1500, 0, (struct made_up_loss){ 1600, 25, true, 0 });
	a = make(d);
	s = suspicion_of(&a, "Size of a read");
	says(&s->finding, SUPPORTED, "Acts only through the time until the loss.");
	has(s->finding.text, "9,000 of 9,000");
	has(s->finding.text, "The reads until the loss change most from 4096 to 65536: × 0.25");
	assert_int_equal(s->nr_settings, 1);
	assert_string_equal(s->settings[0].name, "5.10.218");
	assert_string_equal(s->settings[0].levels[0].value, "2");
	assert_true(s->settings[0].levels[1].reference);
	/* Of the first 300 reads those of 64 KiB are overridden for 190 to 220 only. */
	assert_true(s->settings[0].early_reads == 300);
	assert_true(fabs(s->settings[0].levels[2].early_median - 2.0 / 3) < 0.01);
	assert_true(s->settings[0].levels[1].early_median == 1);
	assert_true(s->settings[0].has_dose && s->settings[0].read_exponent < 0);
	/* The time stayed the same. */
	assert_int_equal(rule__differs(s->settings[0].levels[2].ms_ratio), NOT_DECIDED);
	/* Nothing was varied but the size. */
	assert_int_equal(suspicion_of(&a, "Number of CPUs")->finding.conclusion, NOT_DECIDED);
	assert_true(misses(&suspicion_of(&a, "Number of CPUs")->finding, "cpus alone"));
	says(&a.suspicions_finding, SUPPORTED,
	     "Only through the time until the loss: Size of a read.");
	has(a.suspicions_finding.text, "Number of CPUs");
	done(d, &a);
}

static void test_no_effect(void **state)
{
	struct study_data *d = made_up_study("full");
	struct answers a;

	(void)state;
	add_level(d, "barrier=none", 1500, 0, USUAL_LOSS);
	add_level(d, "barrier=mfence", 1500, 0, USUAL_LOSS);
	a = make(d);
	says(&suspicion_of(&a, "Barriers before the call")->finding, SUPPORTED,
	     "No effect was seen");
	has(a.suspicions_finding.text,
	    "Without an effect that was seen: Barriers before the call.");
	done(d, &a);
}

/* Two groups of the same points, by logarithms of their medians: 0 and 2 about 1, and 1, 1, 4 about
 * 2: the squares sum up to 2 + 6, with 1 + 2 degrees of freedom. */
static void test_drift(void **state)
{
	struct study_data *d = made_up_study("full");
	const double other[] = { 1, 1, 4 };
	struct estimate r = { 2, { 1.5, 8.0 / 3 } }, few = { 2, { 0, INFINITY } };
	struct answers a;

	(void)state;
	for (int i = 0; i < 2; i++)
		add_optimised(d, "5.10.218",
			      i ? "hook=optimised reads=20" : "hook=optimised reads=300",
			      (struct made_up_loss){ 800, exp(2 * i), true, 0 });
	for (int i = 0; i < 3; i++)
		add_optimised(d, "5.10.218",
			      i == 0   ? "hook=optimised size=2 reads=20"
			      : i == 1 ? "hook=optimised size=2 reads=300"
				       : "hook=optimised size=2 rounds=9",
			      (struct made_up_loss){ 800, exp(other[i]), true, 0 });
	add_optimised(d, "5.10.218", "hook=optimised size=64", USUAL_LOSS); /* alone */
	a = make(d);
	assert_int_equal(a.drift.df, 3);
	assert_true(fabs(a.drift.ms - sqrt(8.0 / 3)) < 1e-9);
	assert_true(a.drift.reads == 0);
	done(d, &a);

	/* t(0.95, 3) = 3.1824; 0.1 3.1824 sqrt(2) = 0.4501, and with ln(4/3) 0.5342. */
	override_drift__widen(0.1, 3, 1, 1, &r);
	assert_true(fabs(r.ci.low - 2 * exp(-0.53415)) < 1e-4);
	assert_true(fabs(r.ci.high - 2 * exp(0.53415)) < 1e-4);
	override_drift__widen(0.1, 3, 1, 1, &few);
	assert_true(isinf(few.ci.high));
}

/* Lost before the first read was done: how much later it would have been nobody knows. */
static void test_lost_at_once(void **state)
{
	struct study_data *d = made_up_study("full");
	const struct factor_level *l;
	struct answers a;

	(void)state;
	add_level(d, "barrier=none", 1500, 0, USUAL_LOSS);
	add_level(d, "barrier=mfence", 1500, 0, USUAL_LOSS);
	for (size_t i = 0; i < d->obs[5].records[0]->nr_series; i++)
		if (!strcmp(d->obs[5].records[0]->series[i].name, "lost_read"))
			d->obs[5].records[0]->series[i].values[0] = 1;
	a = make(d);
	l = &suspicion_of(&a, "Barriers before the call")->settings[0].levels[0];
	assert_string_equal(l->value, "mfence");
	assert_int_equal(l->lost_rounds, 5);
	assert_int_equal(l->nr_lost, 4);
	assert_int_equal(a.cause.kernels[0].at_once, 1);
	done(d, &a);
}

/* What one reader of several loses before the first one is not "before the loss". */
static void test_several_readers(void **state)
{
	struct study_data *d = made_up_study("full");
	struct metric *m;
	struct answers a;

	(void)state;
	add_optimised(d, "5.10.218", "hook=optimised readers=4", USUAL_LOSS);
	m = (struct metric *)record__get_metric(d->obs[0].records[0], "success_before");
	m->value = 0.5;
	a = make(d);
	assert_int_equal(a.points.v[0].before.k, 4000);
	assert_int_equal(a.points.v[0].before.n, 4000);
	assert_int_equal(a.points.v[0].after.n, 1000);
	assert_int_equal(a.points.v[0].after.k, 0);
	/* Nor is it asked whether loss and jump go together. */
	assert_int_equal(a.cause.nr_kernels, 0);
	done(d, &a);
}

/* Two rounds a level: nothing can be said of the time. */
static void test_too_few_rounds(void **state)
{
	struct study_data *d = made_up_study("quick");
	struct answers a;

	(void)state;
	made_up_rounds = 2;
	add_level(d, "barrier=none", 1500, 0, USUAL_LOSS);
	add_level(d, "barrier=mfence", 1500, 0, (struct made_up_loss){ 8000, 250, true, 0 });
	made_up_rounds = MADE_UP_ROUNDS;
	a = make(d);
	says(&suspicion_of(&a, "Barriers before the call")->finding, SUPPORTED,
	     "with fewer than 4 rounds");
	has(a.suspicions_finding.text, "too little is known of the time until the loss: Barriers");
	says(&a.cause.finding, NOT_DECIDED, "open");
	done(d, &a);
}

/* A barrier that really lets reads slip by. */
static void test_own_effect(void **state)
{
	struct study_data *d = made_up_study("full");
	const struct suspicion *s;
	struct answers a;

	(void)state;
	add_level(d, "barrier=none", 1500, 0, USUAL_LOSS);
	add_level(d, "barrier=mfence", 1200, 300, USUAL_LOSS);
	a = make(d);
	s = suspicion_of(&a, "Barriers before the call");
	says(&s->finding, CONTRADICTED, "Has an effect of its own.");
	has(s->finding.text, "At mfence (5.10.218) 2,400 of 3,000");
	has(s->finding.text, "-20.00 [");
	says(&a.suspicions_finding, CONTRADICTED, "With an effect of their own: Barriers");
	done(d, &a);
}

/* At one level the loss comes and goes. */
static void test_own_effect_after(void **state)
{
	struct study_data *d = made_up_study("full");
	struct answers a;

	(void)state;
	add_level(d, "cpus=1", 1500, 0, USUAL_LOSS);
	add_level(d, "cpus=4", 1500, 0, (struct made_up_loss){ 800, 60, true, 0.1 });
	a = make(d);
	says(&suspicion_of(&a, "Number of CPUs")->finding, CONTRADICTED, "after it");
	done(d, &a);
}

static void test_too_few(void **state)
{
	struct study_data *d = made_up_study("quick");
	const struct suspicion *s;
	struct answers a;

	(void)state;
	add_level(d, "cache=warm", 100, 0, USUAL_LOSS);
	add_level(d, "cache=drop3", 100, 0, (struct made_up_loss){ 15, 25, true, 0 });
	add_level(d, "cache=readahead", 1500, 0, USUAL_LOSS);
	a = make(d);
	s = suspicion_of(&a, "Page cache");
	says(&s->finding, NOT_DECIDED, "Open.");
	assert_true(misses(&s->finding, "200 of 200 overridden, at least 381 needed"));
	/* The same points, other levels of them. */
	assert_int_equal(suspicion_of(&a, "Readahead")->settings[0].nr_levels, 2);
	assert_int_equal(s->settings[0].nr_levels, 2);
	done(d, &a);
}

/* A source that never comes to the hook says nothing about the override. */
static void test_never_hit_is_no_effect(void **state)
{
	struct study_data *d = made_up_study("full");
	const struct suspicion *s;
	struct answers a;

	(void)state;
	add_level(d, "source=tmpfs", 1500, 0, USUAL_LOSS);
	add_level(d, "source=ext4", 1500, 0, USUAL_LOSS);
	add_other(d, "hook=int3 source=direct", OUTCOME_NEVER_HIT, 0, 1500);
	add_other(d, "hook=optimised source=direct", OUTCOME_NEVER_HIT, 0, 1500);
	a = make(d);
	s = suspicion_of(&a, "RAM disk and other sources");
	says(&s->finding, SUPPORTED, "No effect");
	assert_true(misses(&s->finding, "reads at direct that come to the hook"));
	done(d, &a);
}

/* Kernels that differ in preemption alone are one setting. */
static void test_preemption(void **state)
{
	struct study_data *d = made_up_study("full");
	const struct suspicion *s;
	struct answers a;

	(void)state;
	add_plain(d, "5.10.218", "hook=int3", 1500, 0);
	add_optimised(d, "5.10.218", "hook=optimised", USUAL_LOSS);
	add_plain(d, "5.10.218-preempt", "hook=int3", 1500, 0);
	add_optimised(d, "5.10.218-preempt", "hook=optimised",
		      (struct made_up_loss){ 8000, 250, true, 0 });
	add_plain(d, "6.1.192", "hook=int3", 1500, 0);
	a = make(d);
	s = suspicion_of(&a, "Preemption");
	says(&s->finding, SUPPORTED,
	     "The time until the loss changes most from none to full: × 10 [");
	assert_int_equal(s->nr_settings, 1);
	assert_string_equal(s->settings[0].name, "5.10.218");
	done(d, &a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_through_time),
		cmocka_unit_test(test_no_effect),
		cmocka_unit_test(test_drift),
		cmocka_unit_test(test_lost_at_once),
		cmocka_unit_test(test_several_readers),
		cmocka_unit_test(test_too_few_rounds),
		cmocka_unit_test(test_own_effect),
		cmocka_unit_test(test_own_effect_after),
		cmocka_unit_test(test_too_few),
		cmocka_unit_test(test_never_hit_is_no_effect),
		cmocka_unit_test(test_preemption),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
