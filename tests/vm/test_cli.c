// SPDX-License-Identifier: GPL-2.0-only
/* Bad input, as a user meets it: the right exit status and a message that names the thing, the
 * cause and the mend. Nothing here boots a guest. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "assay.h"
#include "base/file.h"
#include "base/str.h"

static char *results;

static int set_up(void **state)
{
	(void)state;
	results = temp_dir();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	temp_dir_remove(results);
	return 0;
}

struct wrong_use {
	const char *args[8];
	const char *message; /* on stderr */
	const char *mend;    /* also on stderr, or NULL */
};

static const struct wrong_use wrong_uses[] = {
	{ { "rum" }, "unknown command 'rum'", "did you mean 'run'?" },
	{ { "--reslts", "x", "run" }, "unknown option", "assay --help" },
	{ { "run", "overide" }, "unknown experiment 'overide'", "did you mean 'override'?" },
	{ { "run", "-k", "5.10.281" }, "unknown kernel '5.10.281'", "did you mean '5.10.218'?" },
	{ { "run", "-k", "," }, "no kernel named", "assay list kernels" },
	{ { "run", "--row", "," }, "no row named", "assay list rows" },
	{ { "run", "--row", "E13,E99" }, "unknown row 'E99'", "assay list rows" },
	{ { "catalogue", "1", "2" }, "one run at a time; '2' is too many", NULL },
	{ { "study", "override", "2" }, "one study at a time: 'override' and '2'", NULL },
	{ { "study", "override", "--fll" }, "unknown option '--fll'", "did you mean '--full'?" },
	{ { "plot", "1", "2" }, "one run at a time; '2' is too many", NULL },
	{ { "plot", "--format", "svg,gif" }, "--format: 'gif' is neither svg nor png", NULL },
	{ { "run", "--jsn" }, "unknown option '--jsn'", "did you mean '--json'?" },
	{ { "run", "--cpus", "0" }, "--cpus: '0'", "1 to 8" },
	{ { "run", "--cpus", "2x" }, "--cpus: '2x'", NULL },
	{ { "run", "--mem", "1M" }, "--mem: '1M'", "128M" },
	{ { "run", "--accel", "kmv" }, "--accel: 'kmv'", "auto, kvm, tcg" },
	{ { "run", "--repeats", "-1" }, "--repeats: '-1'", "1 to 1000" },
	{ { "run", "--timeout", "soon" }, "--timeout: 'soon'", NULL },
	{ { "run", "override", "-p", "raeds=5" },
	  "unknown parameter 'raeds'",
	  "did you mean 'reads'?" },
	{ { "run", "override", "-p", "reads" }, "-p reads", "NAME=VALUE" },
	{ { "run", "override", "-p", "reads=many" }, "parameter override.reads", "whole number" },
	{ { "run", "override", "-p", "siz=512" },
	  "unknown parameter 'siz'",
	  "did you mean 'sizes'?" },
	{ { "run", "override", "-p", "sizes=512,0" }, "parameter override.sizes", "1 to 1048576" },
	{ { "run", "strtol", "-p", "overide.reads=5" },
	  "unknown experiment 'overide'",
	  "did you mean 'override'?" },
	{ { "run", "--json", "--csv" }, "--json", "--csv" },
	{ { "run", "override", "-p", "strtol.x=1" }, "'strtol' is not among those to run", NULL },
	{ { "run", "masked-read", "-p", "map=some" }, "parameter masked-read.map", "coarse" },
	{ { "list", "kernel" }, "kernel", "did you mean 'kernels'?" },
	{ { "run", "-k", "5.10.218,6.1.192", "--kernel-source", "/x" },
	  "--kernel-source",
	  "one kernel" },
};

static void test_wrong_use(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong_uses) / sizeof(wrong_uses[0]); i++) {
		struct outcome o;

		assay_run(&o, false, results, wrong_uses[i].args);
		assert_has(o.err, wrong_uses[i].message);
		if (wrong_uses[i].mend)
			assert_has(o.err, wrong_uses[i].mend);
		assert_int_equal(o.status, 2);
		assert_string_equal(o.out, "");
		outcome__release(&o);
	}
}

static void test_help_and_version(void **state)
{
	static const char *const commands[] = { "run",	    "list",	 "show",   "study",
						"plot",	    "catalogue", "probe",  "shell",
						"exec",	    "kernel",	 "doctor", "compare",
						"baseline", "regress",	 "bisect" };
	struct outcome o;
	size_t i;

	(void)state;
	ASSAY(&o, false, results, "--help");
	assert_int_equal(o.status, 0);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		assert_has(o.out, commands[i]);
	outcome__release(&o);
	ASSAY(&o, false, results, "--version");
	assert_int_equal(o.status, 0);
	assert_has(o.out, "assay ");
	outcome__release(&o);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		ASSAY(&o, false, results, commands[i], "--help");
		assert_has(o.out, "Usage: assay");
		assert_int_equal(o.status, 0);
		outcome__release(&o);
	}
	ASSAY(&o, false, results, NULL);
	assert_int_equal(o.status, 2);
	assert_has(o.err, "Usage:");
	outcome__release(&o);
}

static void test_lists(void **state)
{
	struct outcome o;

	(void)state;
	ASSAY(&o, false, results, "list", "experiments");
	assert_int_equal(o.status, 0);
	assert_has(o.out, "masked-read");
	assert_has(o.out, "copyout-trampoline");
	assert_has(o.out, "override");
	assert_has(o.out, "strtol");
	outcome__release(&o);
	ASSAY(&o, false, results, "list", "kernels");
	assert_int_equal(o.status, 0);
	assert_has(o.out, "5.10.218-stock");
	assert_has(o.out, "6.1.192");
	outcome__release(&o);
}

/* A file that is no database: said, refused, and left as it is. */
static void test_damaged_database(void **state)
{
	static const char junk[] = "this is no database, it is somebody's letter\n";
	char *path = str_fmt("%s/assay.db", results), *after;
	struct outcome o;
	size_t len;

	(void)state;
	assert_int_equal(file_write(path, junk, sizeof(junk) - 1), 0);
	ASSAY(&o, false, results, "run", "masked-read");
	assert_int_equal(o.status, 3);
	assert_has(o.err, path);
	outcome__release(&o);
	ASSAY(&o, false, results, "show");
	assert_int_equal(o.status, 3);
	assert_has(o.err, path);
	outcome__release(&o);
	assert_int_equal(file_read(path, 0, &after, &len), 0);
	assert_int_equal(len, sizeof(junk) - 1);
	assert_memory_equal(after, junk, len);
	free(after);
	free(path);
}

static void test_no_results(void **state)
{
	struct outcome o;

	(void)state;
	ASSAY(&o, false, results, "show");
	assert_int_equal(o.status, 3);
	assert_has(o.err, "no results");
	outcome__release(&o);
}

static void test_results_not_writable(void **state)
{
	char *path = str_fmt("%s/file", results), *below = str_fmt("%s/file/below", results);
	struct outcome o;

	(void)state;
	assert_int_equal(file_write(path, "x", 1), 0);
	ASSAY(&o, false, below, "run", "masked-read");
	assert_int_equal(o.status, 3);
	assert_has(o.err, below);
	outcome__release(&o);
	free(path);
	free(below);
}

/* Runs it through a shell with its output somewhere else. */
static void run_redirected(struct outcome *o, const char *command)
{
	const char *bin = getenv("ASSAY_BIN");
	char *line = str_fmt("%s %s", bin && *bin ? bin : "build/assay", command);
	const struct call c = { .results = results, .program = "/bin/bash" };

	assay_call(o, &c, ARGS("-c", line));
	free(line);
}

static void test_output_is_lost(void **state)
{
	struct outcome o;

	(void)state;
	run_redirected(&o, "list kernels > /dev/full");
	assert_status(&o, 3);
	assert_has(o.err, "standard output: No space left on device");
	outcome__release(&o);
	/* who has seen enough knows it */
	run_redirected(&o, "list kernels | true");
	assert_status(&o, 0);
	assert_string_equal(o.err, "");
	outcome__release(&o);
}

/* Programs are run in other folders: a cache that is named from here stays here. */
static void test_relative_cache(void **state)
{
	struct call c = { .results = results, .env = ARGS("ASSAY_CACHE=no/such/cache") };
	struct outcome o;

	(void)state;
	assay_call(&o, &c, ARGS("kernel", "prune"));
	assert_status(&o, 0);
	assert_matches(o.out, "freed in /.*/no/such/cache/trees");
	outcome__release(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_wrong_use, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_help_and_version, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lists, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damaged_database, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_results, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_results_not_writable, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_relative_cache, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_output_is_lost, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
