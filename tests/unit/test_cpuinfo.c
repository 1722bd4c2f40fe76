// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/cpuinfo.h"

static void expect_model(const char *text, const char *want)
{
	char *model = cpuinfo__parse_model(text);

	if (want) {
		assert_non_null(model);
		assert_string_equal(model, want);
	} else {
		assert_null(model);
	}
	free(model);
}

static void the_first_model_is_taken(void **state)
{
	(void)state;
	expect_model("processor\t: 0\nmodel\t\t: 6\nmodel name\t: QEMU Virtual CPU version 2.5+\n"
		     "stepping\t: 3\n\nprocessor\t: 1\nmodel name\t: another\n",
		     "QEMU Virtual CPU version 2.5+");
	expect_model("model name: no blanks before: colons kept", "no blanks before: colons kept");
}

static void what_says_nothing_has_no_model(void **state)
{
	(void)state;
	expect_model("", NULL);
	expect_model("processor\t: 0\nmodel\t\t: 6\n", NULL);
	expect_model("model name", NULL);
	/* Neither the next line's colon nor its text. */
	expect_model("model name\nstepping\t: 3\n", NULL);
	expect_model("model name\t:", NULL);
	expect_model("model name\t: \nstepping\t: 3\n", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_model_is_taken),
		cmocka_unit_test(what_says_nothing_has_no_model),
	};

	return cmocka_run_group_tests_name("cpuinfo", tests, NULL, NULL);
}
