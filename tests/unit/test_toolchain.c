// SPDX-License-Identifier: GPL-2.0-only
/* What is said of a host that can't build kernels: one line, with what is wrong and what mends it.
 * The programs are scripts in a PATH of our own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/stat.h>

#include "folder_fixture.h"
#include "vm/toolchain.h"

static const char *const programs[] = { "make", "gcc",	 "ld",	"objcopy", "flex",   "bison",  "bc",
					"perl", "patch", "tar", "xz",	   "pahole", "python3" };

static void install(const char *name, const char *script)
{
	char *text = str_fmt("#!/bin/sh\n%s\n", script), *path = at(name);

	put(name, text);
	assert_int_equal(chmod(path, 0755), 0);
	free(path);
	free(text);
}

/* All that a build takes, each in a version that will do. */
static void install_all(void)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		install(programs[i], "echo 1.24");
	install("pahole", "echo v1.24");
	assert_int_equal(setenv("PATH", dir, 1), 0);
}

static void take_away(const char *name)
{
	char *path = at(name);

	assert_int_equal(unlink(path), 0);
	free(path);
}

/* What check says; said holds it. */
static int check(void)
{
	struct toolchain t;
	int err;

	listen_begin();
	err = toolchain__probe(&t);
	if (!err)
		err = toolchain__check(&t, "5.10");
	listen_end();
	toolchain__release(&t);
	return err;
}

/* Nothing else, and on one line. */
static void assert_said(const char *line)
{
	char *whole = str_fmt("test: kernel 5.10: %s\n", line);

	assert_string_equal(said, whole);
	free(whole);
}

static void test_all_is_there(void **state)
{
	(void)state;
	install_all();
	assert_int_equal(check(), 0);
	assert_string_equal(said, "");
}

static void test_missing(void **state)
{
	(void)state;
	install_all();
	take_away("pahole");
	assert_int_equal(check(), -ENOENT);
	assert_said("to build it takes pahole, missing here: apt-get install dwarves");
	take_away("ld");
	take_away("objcopy");
	assert_int_equal(check(), -ENOENT);
	assert_said("to build it takes ld, objcopy, pahole, missing here: apt-get install "
		    "binutils dwarves");
}

static void test_missing_header(void **state)
{
	(void)state;
	install_all();
	install("gcc", "case \"$*\" in *gelf.h*) exit 1 ;; esac; echo gcc 12.2.0");
	assert_int_equal(check(), -ENOENT);
	assert_said("to build it takes gelf.h, missing here: apt-get install libelf-dev");
}

static void test_too_old(void **state)
{
	(void)state;
	install_all();
	install("pahole", "echo v1.9");
	assert_int_equal(check(), -ENOENT);
	assert_said("BTF takes pahole 1.16 or later, here it is 'v1.9': apt-get install dwarves, "
		    "or build it from its sources");
	install("pahole", "echo v1.15");
	assert_int_equal(check(), -ENOENT);
	install("pahole", "echo v1.16");
	assert_int_equal(check(), 0);
}

static void test_does_not_start(void **state)
{
	(void)state;
	install_all();
	install("pahole", "echo 'pahole: libdwarves.so.1: cannot open' >&2; exit 127");
	assert_int_equal(check(), -ENOENT);
	assert_said("pahole is there and does not start (pahole: libdwarves.so.1: cannot open): "
		    "apt-get install --reinstall dwarves, or mend what comes before it in PATH");
	install("pahole", "exit 3");
	assert_int_equal(check(), -ENOENT);
	assert_said("pahole is there and does not start (`pahole --version` ends with status 3): "
		    "apt-get install --reinstall dwarves, or mend what comes before it in PATH");
	install("pahole", "echo v1.24");
	install("ld", "kill -9 $$");
	assert_int_equal(check(), -ENOENT);
	assert_said("ld is there and does not start (`ld --version` ends with status 137): "
		    "apt-get install --reinstall binutils, or mend what comes before it in PATH");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_is_there, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing_header, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_old, setup, teardown),
		cmocka_unit_test_setup_teardown(test_does_not_start, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
