// SPDX-License-Identifier: GPL-2.0-only
/* Which files of a built tree can matter to its kernel. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "folder_fixture.h"
#include "vm/compiled.h"

static int make(void **state)
{
	(void)state;
	assert_int_equal(setup(NULL), 0);
	put("lib/.vsprintf.o.cmd", "cmd_lib/vsprintf.o := gcc -c -o lib/vsprintf.o lib/vsprintf.c\n"
				   "deps_lib/vsprintf.o := \\\n  include/linux/uio.h \\\n"
				   "    $(wildcard include/config/x.h) \\\n");
	put("arch/x86/entry/.table.h.cmd",
	    "cmd_x := sh script 'arch/x86/entry/syscall.tbl' out.h\n");
	put("lib/other.c", "");
	put("include/linux/unused.h", "");
	put("Documentation/a.rst", "");
	return 0;
}

static bool matters(const char *paths)
{
	struct strv v = { 0 };
	bool is;

	assert_int_equal(strv__split(&v, paths, " "), 0);
	is = compiled__matter(dir, &v);
	strv__free(&v);
	return is;
}

static void test_named(void **state)
{
	(void)state;
	assert_true(matters("lib/vsprintf.c"));
	assert_true(matters("include/linux/uio.h"));
	assert_true(matters("arch/x86/entry/syscall.tbl"));
	assert_true(matters("Documentation/a.rst lib/vsprintf.c"));
	/* By its name alone: a list may have another way to write the path. */
	assert_true(matters("tools/include/linux/uio.h"));
}

static void test_steers(void **state)
{
	(void)state;
	assert_true(matters("lib/Kconfig.debug"));
	assert_true(matters("lib/Makefile"));
	assert_true(matters("fs/Kbuild"));
	assert_true(matters("scripts/link.sh"));
	assert_true(matters("kernel/configs/tiny.config"));
	assert_true(matters("include/linux/new.h"));
}

static void test_not(void **state)
{
	(void)state;
	assert_false(matters("Documentation/a.rst"));
	assert_false(matters("lib/other.c lib/new.c"));
	assert_false(matters("include/linux/unused.h"));
	assert_false(matters("printf.c")); /* part of a name */
	assert_false(matters("lib/vsprintf"));
}

static void test_unbuilt(void **state)
{
	(void)state;
	assert_int_equal(setup(NULL), 0);
	assert_true(matters("Documentation/a.rst"));
	put("Documentation/a.rst", "");
	assert_true(matters("Documentation/a.rst"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_named, make, teardown),
		cmocka_unit_test_setup_teardown(test_steers, make, teardown),
		cmocka_unit_test_setup_teardown(test_not, make, teardown),
		cmocka_unit_test_teardown(test_unbuilt, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
