// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "folder_fixture.h"
#include "vm/elf.h"
#include "vm/kbuild.h"
#include "vm/modules.h"

static void test_has_modules(void **state)
{
	(void)state;
	assert_true(kbuild__has_modules("CONFIG_A=y\nCONFIG_B=m\nCONFIG_C=y\n"));
	assert_true(kbuild__has_modules("CONFIG_B=m"));
	assert_false(kbuild__has_modules(""));
	assert_false(kbuild__has_modules("CONFIG_A=y\n# CONFIG_B=m\nCONFIG_C=\"=m\"\n"));
	assert_false(kbuild__has_modules("CONFIG_A=my\n=m\n"));
}

static void test_order(void **state)
{
	struct strv paths = { 0 };

	(void)state;
	assert_int_equal(modules__read_order("fs/binfmt_misc.ko\nlib/x.o\n", &paths), 0);
	assert_int_equal(paths.n, 2);
	assert_string_equal(paths.v[0], "fs/binfmt_misc.ko");
	assert_string_equal(paths.v[1], "lib/x.ko");
	assert_int_equal(modules__read_order("fs/readme\n", &paths), -EINVAL);
	strv__free(&paths);
	paths = (struct strv){ 0 };
	assert_int_equal(modules__read_order("", &paths), 0);
	assert_int_equal(paths.n, 0);
}

/* This test's own program stands for a module: it has debug information. */
static void put_module(const char *name)
{
	char *to = at(name);

	assert_int_equal(file_copy("/proc/self/exe", to), 0);
	free(to);
}

static bool has_section(const char *name, const char *section)
{
	char *path = at(name);
	void *data = NULL;
	size_t len;
	int err = elf_section(path, section, &data, &len);

	free(data);
	free(path);
	assert_true(!err || err == -ENOENT);
	return !err;
}

static int keep(struct strv *names)
{
	char *to = at("kept/modules");
	int err;

	*names = (struct strv){ 0 };
	listen_begin();
	err = modules__keep("k", dir, to, -1, names);
	listen_end();
	free(to);
	return err;
}

static void test_keep(void **state)
{
	struct strv names;

	(void)state;
	put("modules.order", "fs/one.ko\n");
	put("fs/one.ko", "");
	put_module("fs/one.ko");
	assert_int_equal(keep(&names), 0);
	assert_int_equal(names.n, 1);
	assert_string_equal(names.v[0], "one.ko");
	assert_true(has_section("fs/one.ko", ".debug_info"));
	assert_false(has_section("kept/modules/one.ko", ".debug_info"));
	assert_true(has_section("kept/modules/one.ko", ".symtab"));
	strv__free(&names);
}

static void test_keep_fails(void **state)
{
	struct strv names;

	(void)state;
	assert_int_equal(keep(&names), -ENOENT);
	says("modules.order");
	put("modules.order", "gone.ko\n");
	assert_int_equal(keep(&names), -EIO);
	says("objcopy --strip-debug failed on module");
	/* flat: two of one name would be one */
	put_module("a.ko");
	put("modules.order", "a.ko\na.ko\n");
	assert_int_equal(keep(&names), -EEXIST);
	says("two modules a.ko");
	strv__free(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_has_modules),
		cmocka_unit_test(test_order),
		cmocka_unit_test_setup_teardown(test_keep, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keep_fails, setup, teardown),
	};

	return cmocka_run_group_tests_name("modules", tests, NULL, NULL);
}
