// SPDX-License-Identifier: GPL-2.0-only
/* The experiment override-point: points that were built to produce each outcome do, and nothing
 * else. Two boots for all of them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "assay.h"
#include "base/str.h"
#include "model/override_outcome.h"

#define KERNEL	 "5.10.218"
#define LATER	 "6.1.192"
#define READS	 40   /* 20 in each of two rounds */
#define LIMIT_MS 3000 /* the experiment's default */

static char *results;
static struct records early, late;

static int set_up(void **state)
{
	struct outcome o;

	(void)state;
	need_kernel(KERNEL);
	need_kernel(LATER);
	results = temp_dir();
	ASSAY(&o, false, results, "study", "--design", "tests/vm/override-outcomes.study");
	assert_status(&o, 0);
	outcome__release(&o);
	records__load(&early, results, KERNEL, "override-point");
	records__load(&late, results, LATER, "override-point");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	records__release(&early);
	records__release(&late);
	temp_dir_remove(results);
	return 0;
}

/* A point is the next one's beginning. */
static void assert_leaves_no_traces(const struct record *r)
{
	for (size_t i = 0; i < r->nr_checks; i++)
		if (!strcmp(r->checks[i].text, "the kernel is left as it was"))
			return;
	fail_msg("nobody looked what the point left behind");
}

/* The point that has this label, and nothing that it should not: all checks hold. */
static const struct record *point(const struct records *rs, const char *label, const char *value)
{
	const struct record *r = records__find(rs, "point", label, value);

	if (!r)
		fail_msg("there is no point with %s=%s", label, value);
	assert_int_equal(r->status, STATUS_OK);
	assert_leaves_no_traces(r);
	assert_true(metric(r, "unexplained") == 0);
	return r;
}

static bool is_plain(const struct record *r)
{
	static const char *const factors[] = { "source", "result", "readers", "companion",
					       "nesting" };

	for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++)
		if (record__get_label(r, factors[i]))
			return false;
	return true;
}

/* The point with that hook and no other factor, and was it refused? */
static const struct record *point_of(const char *hook, bool refused)
{
	for (size_t i = 0; i < early.n; i++) {
		const struct record *r = early.v[i];
		const char *is = record__get_label(r, "hook");

		if (!strcmp(r->name, "point") && is && !strcmp(is, hook) && is_plain(r) &&
		    !!record__get_label(r, "refused") == refused) {
			assert_int_equal(r->status, STATUS_OK);
			assert_leaves_no_traces(r);
			return r;
		}
	}
	fail_msg("there is no such point with hook=%s", hook);
	return NULL;
}

/* All reads have this outcome. */
static void assert_all(const struct record *r, enum override_outcome o)
{
	assert_true(metric(r, "attempted") == READS);
	for (int i = 0; i < NR_OVERRIDE_OUTCOMES; i++) {
		double n = metric(r, override_outcome__name(i));

		if (n != (i == (int)o ? READS : 0))
			fail_msg("%g reads are %s", n, override_outcome__name(i));
	}
}

static void test_overridden(void **state)
{
	const struct record *r = point_of("int3", false);

	(void)state;
	assert_all(r, OUTCOME_OVERRIDDEN);
	assert_true(metric(r, "hits") == READS && metric(r, "runs") == READS);
	assert_true(metric(r, "body_calls") == 0);
	assert_true(metric(r, "success") == 1 && metric(r, "success_low") > 0.9);
	assert_all(point_of("fail_function", false), OUTCOME_OVERRIDDEN);
	r = point_of("ftrace", false);
	assert_string_equal(record__get_label(r, "target"), "alloc");
	assert_all(r, OUTCOME_OVERRIDDEN);
}

/* Readers have files of their own: what one does is not to be seen in what another reads. */
static void test_crowd(void **state)
{
	const struct record *r = point(&early, "readers", "3");

	(void)state;
	assert_true(metric(r, "attempted") >= 3 * READS);
	assert_true(metric(r, "overridden") == metric(r, "attempted"));
	assert_string_equal(record__get_label(r, "body"), "sum");
	r = point(&early, "file", "random");
	assert_true(metric(r, "never_hit") == metric(r, "attempted"));
	r = point(&early, "cache", "memcg");
	assert_true(metric(r, "overridden") == metric(r, "attempted"));
}

static const struct series *series(const struct record *r, const char *name)
{
	for (size_t i = 0; i < r->nr_series; i++)
		if (!strcmp(r->series[i].name, name))
			return &r->series[i];
	fail_msg("there is no series %s", name);
	return NULL;
}

/* The reads of a round, from the lengths of runs: all, and those with the outcome. */
static double reads_of(const struct record *r, double round, enum override_outcome o, double *all)
{
	const struct series *runs = series(r, "run_reads"), *codes = series(r, "run_outcome"),
			    *rounds = series(r, "run_round");
	double n = 0;

	*all = 0;
	for (size_t i = 0; i < runs->n; i++) {
		if (rounds->values[i] != round)
			continue;
		*all += runs->values[i];
		n += codes->values[i] == o ? runs->values[i] : 0;
	}
	return n;
}

/* Where it falls is chance; that what was read before it was overridden, and nothing after it, is
 * not. */
static void test_lost(void **state)
{
	const struct record *r = point(&early, "hook", "optimised");
	const struct series *lost = series(r, "lost_read"), *ms = series(r, "lost_ms"),
			    *jump = series(r, "jump_read");
	double before = 0, after = 0, quickest = 0;

	(void)state;
	assert_int_equal(lost->n, 2);
	if (metric(r, "overridden") > 0) {
		quickest = series(r, "latency_overridden")->values[0];
		assert_true(quickest > 50); /* ns, not us: it holds a system call and a trap */
	}
	for (size_t i = 0; i < lost->n; i++) {
		double all, good = reads_of(r, (double)i, OUTCOME_OVERRIDDEN, &all);

		assert_true(lost->values[i] == good + 1);
		/* Not before those reads were over, and not after the wait for it was. */
		assert_true(ms->values[i] * 1e6 >= good * quickest);
		assert_true(ms->values[i] <= LIMIT_MS);
		/* On a jump nothing is overridden; not all that is lost is on one. */
		assert_true(isnan(jump->values[i]) || jump->values[i] >= lost->values[i]);
		assert_true(all - good >= 50);
		before += good;
		after += all - good;
	}
	assert_true(metric(r, "reads_before") == before && metric(r, "reads_after") == after);
	assert_true(before + after == metric(r, "attempted"));
	assert_true(metric(r, "overridden") == before);
	assert_true(metric(r, "success_after") == 0);
	assert_true(before == 0 || metric(r, "success_before") == 1);
	assert_all(point(&early, "companion", "fexit"), OUTCOME_NOT_OVERRIDDEN);
}

static void test_missed(void **state)
{
	const struct record *r = point(&early, "nesting", "program");

	(void)state;
	assert_all(r, OUTCOME_MISSED_RECURSION);
	assert_true(metric(r, "hits") == READS && metric(r, "runs") == 0);
	r = point(&early, "nesting", "syscall");
	assert_all(r, OUTCOME_MISSED_RECURSION);
	assert_true(metric(r, "hits") == READS && metric(r, "runs") == 0);
	r = point(&early, "nesting", "kprobe");
	assert_all(r, OUTCOME_MISSED_NMISSED);
	assert_true(metric(r, "hits") == 0 && metric(r, "nmissed") == READS);
	r = point(&early, "source", "direct");
	assert_all(r, OUTCOME_NEVER_HIT);
	assert_true(metric(r, "calls_per_read") == 0 && metric(r, "hits") == 0);
}

static void test_misbehaved(void **state)
{
	const struct record *r = point(&early, "result", "1");

	(void)state;
	assert_all(r, OUTCOME_MISBEHAVED);
	assert_true(metric(r, "short_reads") == READS && metric(r, "looped") == 0);
	r = point(&late, "result", "1");
	assert_all(r, OUTCOME_MISBEHAVED);
	assert_true(metric(r, "looped") == READS && metric(r, "runs") == 2 * READS);
}

static void assert_refused(const struct record *r, int err, const char *words)
{
	assert_true(metric(r, "refused") == 2 && metric(r, "attempted") == 0);
	assert_true(metric(r, "attach_errno") == err);
	assert_matches(record__get_label(r, "refused"), words);
}

static void test_refused(void **state)
{
	(void)state;
	assert_refused(point_of("int3", true), EINVAL, "^EINVAL: .*failed to attach");
	assert_refused(point_of("fmod_ret", true), EBUSY, "^EBUSY: .*failed to attach");
	assert_refused(point_of("fail_function", true), ERANGE, "^ERANGE: ");
}

static void assert_skipped(const char *one, const char *other, const char *why)
{
	struct outcome o;
	char *dir = temp_dir(), *reason;

	ASSAY(&o, false, dir, "run", "override-point", "-k", KERNEL, "-p", one, "-p", other);
	assert_int_equal(experiment_status(dir, KERNEL, "override-point", &reason), STATUS_SKIPPED);
	assert_matches(reason, why);
	free(reason);
	outcome__release(&o);
	temp_dir_remove(dir);
}

/* What makes no sense, or can't be told apart, is skipped with the reason. */
static void test_skipped(void **state)
{
	(void)state;
	assert_skipped("nesting=program", "hook=int3", "^nesting goes with target=alloc alone$");
	assert_skipped("hook=fail_function", "readers=2", "^fail_function counts for all threads");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overridden), cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_lost),	   cmocka_unit_test(test_missed),
		cmocka_unit_test(test_misbehaved), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_skipped),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
