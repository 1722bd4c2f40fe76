// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

/* The guest's archive as a whole needs libbpf, which no test is linked with; this file does not. */
#include "../../harness/guest/bootmods.c"

static void test_parse(void **state)
{
	char plain[] = "virtio.ko", args[] = "-brd.ko rd_nr=1 rd_size=4", none[] = "", dash[] = "-";
	struct bootmod m;

	(void)state;
	assert_non_null(bootmod__parse(plain, &m));
	assert_string_equal(m.file, "virtio.ko");
	assert_string_equal(m.args, "");
	assert_false(m.optional);
	assert_non_null(bootmod__parse(args, &m));
	assert_string_equal(m.file, "brd.ko");
	assert_string_equal(m.args, "rd_nr=1 rd_size=4");
	assert_true(m.optional);
	assert_null(bootmod__parse(none, &m));
	assert_null(bootmod__parse(dash, &m));
}

/* The host of the tests has no such list. */
static void test_no_list(void **state)
{
	struct strv problems = { 0 };

	(void)state;
	bootmods__load(&problems);
	assert_int_equal(problems.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_no_list),
	};

	return cmocka_run_group_tests_name("guest_bootmods", tests, NULL, NULL);
}
