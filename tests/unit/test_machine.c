// SPDX-License-Identifier: GPL-2.0-only
/* What the host did while times were taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/log.h"
#include "cli/machine.h"

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_WARN };

#define CPUINFO                                                                                   \
	"processor\t: 0\nmodel name\t: X\ncpu MHz\t\t: 2596.140\n\nprocessor\t: 1\ncpu MHz\t\t: " \
	"1200.5\n"

static void assert_text(const struct machine *a, const struct machine *b, const char *expected)
{
	char *text = machine__text(a, b);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void test_known(void **state)
{
	struct machine a, b;

	(void)state;
	machine__parse(&a, "10.24 9.46 9.48 11/145 4020\n",
		       "cpu  100 10 50 500 10 0 5 25 70 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n", CPUINFO);
	assert_true(a.load == 10.24);
	/* guests' 70 are among the 100 */
	assert_int_equal(a.ticks, 700);
	assert_int_equal(a.steal, 25);
	assert_true(a.mhz_low == 1200.5 && a.mhz_high == 2596.14);
	machine__parse(&b, "9.00 9.46 9.48 11/145 4020\n", "cpu  300 10 50 525 10 0 5 50 90 0\n",
		       CPUINFO);
	assert_int_equal(b.ticks, 950);
	assert_text(&a, &b,
		    "load average of the host: before 10.24, after 9.00\n"
		    "steal time: 10.00 % of all CPUs\n"
		    "CPU frequency: before 1200 to 2596 MHz, after 1200 to 2596 MHz\n");
}

static void test_unknown(void **state)
{
	struct machine a, b;

	(void)state;
	machine__parse(&a, NULL, NULL, NULL);
	machine__parse(&b, "much\n", "cpu 1 2 3\n", "cpu MHz\nprocessor\t: 0\n");
	assert_text(&a, &b,
		    "load average of the host: before unknown, after unknown\n"
		    "steal time: unknown\n"
		    "CPU frequency: before unknown, after unknown\n");
}

static void test_this_machine(void **state)
{
	struct machine m;

	(void)state;
	machine__read(&m);
	assert_true(m.load >= 0);
	assert_true(m.ticks > 0 && m.steal <= m.ticks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
