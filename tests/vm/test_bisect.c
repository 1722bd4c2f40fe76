// SPDX-License-Identifier: GPL-2.0-only
/* `assay bisect` as a user calls it: over two kernels that are there, and as the step of `git
 * bisect run`. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "assay.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"

#define OLD    "5.10.218"
#define NEW    "5.10.262"
#define RECORD "masked-read:mask_7f_buf_126"

static int set_up(void **state)
{
	(void)state;
	need_kernel(OLD);
	need_kernel(NEW);
	return 0;
}

static int count_runs(const char *results)
{
	struct outcome o;
	int n = 0;

	ASSAY(&o, false, results, "list", "runs");
	for (const char *p = o.out; (p = strstr(p, "bisect")); p++)
		n++;
	outcome__release(&o);
	return n;
}

/* The change of the stable branch, whichever end is named first; the second time nothing is booted.
 * -k keeps what lies between out of it. */
static void test_kernels(void **state)
{
	char *results = temp_dir();
	struct outcome o;

	(void)state;
	ASSAY(&o, false, results, "bisect", OLD, NEW, RECORD, "-k", NEW);
	assert_status(&o, 0);
	assert_has(o.out, RECORD " flips between " OLD " and " NEW ": reject EACCES (invalid "
				 "indirect read from stack R1 off -128+126 size 127) -> accept");
	assert_lacks(o.out, "known before");
	outcome__release(&o);
	assert_int_equal(count_runs(results), 1);
	ASSAY(&o, false, results, "bisect", NEW, OLD, "E2", "-k", NEW);
	assert_status(&o, 0);
	assert_has(o.out, RECORD " flips between " NEW " and " OLD ": accept -> reject EACCES");
	assert_has(o.out, "known before");
	assert_lacks(o.err, "masked-read on");
	outcome__release(&o);
	assert_int_equal(count_runs(results), 1);
	ASSAY(&o, false, results, "bisect", OLD, NEW, "masked-read:mask_7f_buf_127", "-k", NEW);
	assert_status(&o, 2);
	assert_has(o.out, "Nothing to bisect: " OLD " and " NEW " say the same.");
	assert_has(o.out, "masked-read:mask_7f_buf_127: accept");
	outcome__release(&o);
	ASSAY(&o, false, results, "bisect", OLD, NEW, RECORD, "-k", NEW, "--rerun");
	assert_status(&o, 0);
	assert_lacks(o.out, "known before");
	outcome__release(&o);
	assert_int_equal(count_runs(results), 2);
	temp_dir_remove(results);
}

/* An object of the user's, under its file's name. */
static void test_object(void **state)
{
	char *results = temp_dir();
	struct outcome o;

	(void)state;
	ASSAY(&o, false, results, "bisect", OLD, NEW, "build/objects/masked-read.bpf.o:mask_7f*",
	      "-k", NEW);
	assert_status(&o, 0);
	assert_has(o.out, "masked-read.bpf.o:mask_7f_buf_126 flips between " OLD " and " NEW ": "
			  "reject EACCES (invalid indirect read");
	assert_lacks(o.out, "mask_7f_buf_127");
	outcome__release(&o);
	ASSAY(&o, false, results, "bisect", OLD, NEW, "build/objects/none.o");
	assert_status(&o, 2);
	assert_has(o.err, "none.o: No such file");
	outcome__release(&o);
	temp_dir_remove(results);
}

static void test_wrong_use(void **state)
{
	struct outcome o;

	(void)state;
	ASSAY(&o, false, NULL, "bisect", OLD, NEW);
	assert_status(&o, 2);
	outcome__release(&o);
	ASSAY(&o, false, NULL, "bisect", OLD, "5.10.263", RECORD);
	assert_status(&o, 2);
	assert_has(o.err, "did you mean");
	outcome__release(&o);
	ASSAY(&o, false, NULL, "bisect", OLD, NEW, "masked-raed");
	assert_status(&o, 2);
	assert_has(o.err, "did you mean 'masked-read'");
	outcome__release(&o);
	ASSAY(&o, false, NULL, "bisect", OLD, NEW, RECORD, "--good", "accept");
	assert_status(&o, 2);
	outcome__release(&o);
}

/* A source that has what a kernel's has at first sight, and can't be built. */
static void put(const char *dir, const char *name, const char *text)
{
	char *path = str_fmt("%s/%s", dir, name);

	assert_int_equal(file_write(path, text, strlen(text)), 0);
	free(path);
}

static char *make_source(void)
{
	static const char script[] =
		"cd $0; git init -q -b main .; git config user.name t; "
		"git config user.email t@example.org; "
		"for i in 1 2 3; do echo $i > n; git add .; git commit -qm $i; done";
	char *dir = temp_dir();
	const char *argv[] = { "sh", "-euc", script, dir, NULL };
	char *out = NULL;
	int status;

	put(dir, "Kconfig", "");
	put(dir, "Makefile",
	    "VERSION = 5\nPATCHLEVEL = 10\nSUBLEVEL = 218\nall:\n\tfalse\ntinyconfig:\n\tfalse\n");
	assert_int_equal(proc_output(argv, &out, &status), 0);
	assert_int_equal(status, 0);
	free(out);
	return dir;
}

/* git takes whatever is below 128 and not 125 for an answer. */
static void test_step(void **state)
{
	char *results = temp_dir(), *source = make_source();
	char *cache = temp_dir(), *env = str_fmt("ASSAY_CACHE=%s", cache);
	const struct call call = { .results = results, .env = (const char *const[]){ env, NULL } };
	struct outcome o;

	(void)state;
	assay_call(&o, &call,
		   ARGS("bisect", "--step", "--kernel-source", source, "-k", "5.10.218-stock",
			"--good", "reject", RECORD));
	assert_status(&o, 125);
	assert_has(o.err, "can't be told: the kernel could not be built");
	outcome__release(&o);
	assay_call(&o, &call, ARGS("bisect", "--step", "--good", "rejcet", RECORD));
	assert_status(&o, 129);
	assert_has(o.err, "did you mean 'reject'?");
	outcome__release(&o);
	assay_call(&o, &call, ARGS("bisect", "--step", "--godo", "reject", RECORD));
	assert_status(&o, 129);
	outcome__release(&o);
	assay_call(&o, &call, ARGS("bisect", "--step", RECORD));
	assert_status(&o, 129);
	outcome__release(&o);
	assay_call(&o, &call, ARGS("bisect", "--step", "--by", "what", "--good", "ok", RECORD));
	assert_status(&o, 129);
	outcome__release(&o);
	/* Over commits an end that can't be built is no end. */
	assay_call(&o, &call,
		   ARGS("bisect", "--kernel-source", source, "-k", "5.10.218-stock", "main~2",
			"main", RECORD));
	assert_status(&o, 3);
	assert_has(o.err, "both ends must say something");
	outcome__release(&o);
	assay_call(&o, &call, ARGS("bisect", "--kernel-source", source, "main~7", "main", RECORD));
	assert_status(&o, 2);
	assert_has(o.err, "'main~7' is no commit there");
	outcome__release(&o);
	temp_dir_remove(results);
	temp_dir_remove(source);
	temp_dir_remove(cache);
	free(env);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernels),
		cmocka_unit_test(test_object),
		cmocka_unit_test(test_wrong_use),
		cmocka_unit_test(test_step),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
