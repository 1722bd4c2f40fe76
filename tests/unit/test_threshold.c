// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/str.h"
#include "diff/threshold.h"

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_WARN };

static void parse(struct thresholds *t, const char *text)
{
	char *why = NULL;

	if (thresholds__parse(t, text, &why))
		fail_msg("%s: %s", text, why);
	assert_null(why);
}

static void assert_is(struct threshold t, double value, bool percent, bool off)
{
	assert_true(t.value == value);
	assert_int_equal(t.percent, percent);
	assert_int_equal(t.off, off);
}

static void test_names(void **state)
{
	struct thresholds *t = thresholds__new();
	struct strv names = { 0 };

	(void)state;
	assert_is(thresholds__of(t, FIGURE_STAT, "total_insns"), 0, false, false);
	assert_is(thresholds__of(NULL, FIGURE_STAT, "total_insns"), 0, false, false);
	assert_true(thresholds__of(t, FIGURE_COUNT, "runs").off);
	parse(t, "insns=5%, read=100 ,times=off");
	assert_is(thresholds__of(t, FIGURE_STAT, "total_insns"), 5, true, false);
	assert_is(thresholds__of(t, FIGURE_STAT, "total_states"), 0, false, false);
	thresholds__free(t);

	t = thresholds__new();
	parse(t, "load_time=20%,counts=3,read=7");
	/* The loads are a series under this name. */
	assert_is(thresholds__of(t, FIGURE_SERIES, "load_time"), 20, true, false);
	assert_is(thresholds__of(t, FIGURE_COUNT, "runs"), 3, false, false);
	assert_int_equal(thresholds__names(t, &names), 0);
	assert_int_equal(names.n, 1);
	assert_string_equal(names.v[0], "read");
	/* What comes later counts. */
	parse(t, "read=8");
	assert_is(thresholds__of(t, FIGURE_TIME, "read"), 8, false, false);
	parse(t, "all=1%");
	assert_is(thresholds__of(t, FIGURE_TIME, "read"), 1, true, false);
	assert_is(thresholds__of(t, FIGURE_STAT, "total_insns"), 1, true, false);
	strv__free(&names);
	thresholds__free(t);
}

static void test_wrong(void **state)
{
	static const char *const wrong[] = { "",	  "insns",	"=5%",
					     "insns=",	  "insns=five", "insns=-1",
					     "insns=5%%", "insns=5%,x", "insns=nan" };
	struct thresholds *t = thresholds__new();

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char *why = NULL;

		assert_int_equal(thresholds__parse(t, wrong[i], &why), -EINVAL);
		assert_non_null(why);
		free(why);
	}
	thresholds__free(t);
}

static void test_passed(void **state)
{
	const struct threshold any = { 0 }, five = { 5, true, false }, ten = { 10, false, false };
	const struct threshold off = { .off = true };

	(void)state;
	assert_true(threshold__passed(any, 100, 101));
	assert_false(threshold__passed(any, 100, 100));
	assert_false(threshold__passed(any, NAN, 100));
	assert_false(threshold__passed(five, 100, 105));
	assert_true(threshold__passed(five, 100, 106));
	assert_true(threshold__passed(five, 100, 94));
	assert_true(threshold__passed(five, 0, 1));
	assert_false(threshold__passed(five, 0, 0));
	assert_false(threshold__passed(ten, 100, 110));
	assert_true(threshold__passed(ten, 100, 89));
	assert_false(threshold__passed(off, 1, 1000));
	assert_true(threshold__passed_by_factor(five, 1.06));
	assert_true(threshold__passed_by_factor(five, 1 / 1.06));
	assert_false(threshold__passed_by_factor(five, 1.04));
	assert_false(threshold__passed_by_factor(five, 0));
	assert_false(threshold__passed_by_factor(off, 9));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_passed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
