// SPDX-License-Identifier: GPL-2.0-only
/* The clocks of a guest, and the units that they give to times. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/record.h"
#include "model/timing.h"

static void test_names(void **state)
{
	enum timing t = TIMING_WALL;

	(void)state;
	assert_int_equal(timing__parse("icount", &t), 0);
	assert_int_equal(t, TIMING_ICOUNT);
	assert_string_equal(timing__name(t), "icount");
	assert_int_equal(timing__parse("wall", &t), 0);
	assert_int_equal(t, TIMING_WALL);
	assert_string_equal(timing__name(t), "wall");
	assert_int_equal(timing__parse("", &t), -EINVAL);
	assert_int_equal(timing__parse("Wall", &t), -EINVAL);
	assert_int_equal(timing__parse("icount ", &t), -EINVAL);
	assert_string_equal(timing__phrase("wall"), "wall clock");
	assert_string_equal(timing__phrase("icount"), "virtual time by instruction count");
	assert_string_equal(timing__phrase("sundial"), "sundial");
	assert_string_equal(timing__phrase(NULL), "unknown clock");
	assert_string_equal(timing__prefix("icount"), "virtual ");
	assert_string_equal(timing__prefix("wall"), "");
	assert_true(timing__is_virtual("icount"));
	assert_false(timing__is_virtual("wall"));
	assert_false(timing__is_virtual("sundial"));
	assert_false(timing__is_virtual(NULL));
}

static void test_times(void **state)
{
	static const char *const times[] = {
		"ns",	   "us",	 "\302\265s",	    "ms",	   "s", "ns/read", "MB/s",
		"reads/s", "virtual us", "virtual ns/read", "MB/virtual s"
	};
	static const char *const others[] = {
		"",	"reads",      "bytes or -errno", "pages per read", "insns",
		"runs", "calls/read", "virtual",	 "virtual reads"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (!timing__is_time(times[i]))
			fail_msg("'%s' is a time", times[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (timing__is_time(others[i]))
			fail_msg("'%s' is no time", others[i]);
	assert_false(timing__is_time(NULL));
	assert_true(timing__is_virtual_time("virtual ns"));
	assert_true(timing__is_virtual_time("MB/virtual s"));
	assert_false(timing__is_virtual_time("us"));
	assert_false(timing__is_virtual_time("virtual reads"));
	assert_false(timing__is_virtual_time(NULL));
}

static struct record *measurement(void)
{
	struct record *r = record__new(RECORD_MEASUREMENT, "e", "m");
	const double v[] = { 1, 2 };

	assert_non_null(r);
	assert_int_equal(record__metric(r, "reads", "reads", 5), 0);
	assert_int_equal(record__metric(r, "pace", "MB/s", 7.5), 0);
	assert_int_equal(record__metric(r, "each", "ns/read", 8), 0);
	assert_int_equal(record__series(r, "read", "us", v, 2), 0);
	assert_int_equal(record__series(r, "value", "", v, 2), 0);
	return r;
}

static void test_units(void **state)
{
	struct record *r = measurement();

	(void)state;
	assert_int_equal(timing__set_units(r, "wall"), 0);
	assert_int_equal(timing__set_units(r, NULL), 0);
	assert_string_equal(r->metrics[1].unit, "MB/s");
	assert_string_equal(r->series[0].unit, "us");
	/* A second time changes nothing. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(timing__set_units(r, "icount"), 0);
		assert_string_equal(r->metrics[0].unit, "reads");
		assert_string_equal(r->metrics[1].unit, "MB/virtual s");
		assert_string_equal(r->metrics[2].unit, "virtual ns/read");
		assert_string_equal(r->series[0].unit, "virtual us");
		assert_string_equal(r->series[1].unit, "");
	}
	assert_true(r->metrics[1].value == 7.5 && r->series[0].values[1] == 2);
	record__free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
