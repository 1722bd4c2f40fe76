// SPDX-License-Identifier: GPL-2.0-only
/* The matrix that the baselines are of: all experiments on all its kernels, compared with what is
 * committed, and what the two ends of a stable branch differ in. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "assay.h"
#include "base/num.h"
#include "base/str.h"

#define OLD "5.10.218"
#define NEW "5.10.262"

static const char *const matrix[] = { OLD, NEW, "6.1.192", "6.12.117" };
#define NR_KERNELS (sizeof(matrix) / sizeof(matrix[0]))

static char *results;

static bool is_built(const char *kernel)
{
	struct outcome o;
	bool built;

	ASSAY(&o, false, NULL, "kernel", "path", kernel);
	built = o.status == 0;
	outcome__release(&o);
	return built;
}

/* Kernels take minutes to build, and whoever calls the tests may have a limit:
 * ASSAY_TEST_BUILD_UNTIL, in seconds since 1970. Past it no further one is begun here; the tests
 * that need it are then skipped, and counted so. */
static bool may_build(void)
{
	const char *until = getenv("ASSAY_TEST_BUILD_UNTIL");
	uint64_t limit;

	if (!until)
		return true;
	if (num_u64(until, 0, INT64_MAX, &limit))
		fail_msg("ASSAY_TEST_BUILD_UNTIL: '%s' is no time in seconds", until);
	return (uint64_t)time(NULL) < limit;
}

static int set_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_KERNELS; i++)
		if (is_built(matrix[i]) || may_build())
			need_kernel(matrix[i]);
	results = temp_dir();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	temp_dir_remove(results);
	return 0;
}

static void need_matrix(void)
{
	for (size_t i = 0; i < NR_KERNELS; i++) {
		if (is_built(matrix[i]))
			continue;
		printf("%s is not built, and ASSAY_TEST_BUILD_UNTIL is past\n", matrix[i]);
		skip();
	}
}

static char *kernels_arg(void)
{
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < NR_KERNELS; i++)
		strbuf__addf(&sb, "%s%s", i ? "," : "", matrix[i]);
	return strbuf__detach(&sb);
}

/* What `make regress` does. */
static void test_regress(void **state)
{
	const struct call c = { .results = results, .limit_s = 1500 };
	char *kernels = kernels_arg();
	struct running r;
	struct outcome o;

	(void)state;
	need_matrix();
	assay_start(&r, &c, ARGS("regress", "-k", kernels));
	assay_wait(&r, &o);
	assert_status(&o, 0);
	for (size_t i = 0; i < NR_KERNELS; i++)
		assert_has(o.out, matrix[i]);
	assert_int_equal(run_state(results), RUN_COMPLETE);
	outcome__release(&o);
	free(kernels);
}

/* Reads of uninitialised stack (rows E2, E3, E18) are allowed from 5.10.222 on; nobody told assay.
 */
static void test_flips_in_the_branch(void **state)
{
	static const char *const rows[] = { "E2", "E3", "E18" };
	struct outcome o;

	(void)state;
	need_matrix();
	ASSAY(&o, false, results, "compare", OLD, NEW);
	assert_status(&o, 1);
	assert_matches(o.out, "\nVerdict flips \\([0-9]+\\)\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *line = str_fmt("\n  [a-z-]+ [a-z0-9_]+ \\[([A-Z0-9]+, )*%s(, [A-Z0-9]+)*\\]\n"
				     "    reject EACCES -> accept\n",
				     rows[i]);

		assert_matches(o.out, line);
		free(line);
	}
	assert_has(o.out, "it is the kernel (" OLD " -> " NEW);
	outcome__release(&o);
}

/* Later branches judge them as the later point release does. */
static void test_later_branches(void **state)
{
	(void)state;
	need_matrix();
	for (size_t i = 1; i < NR_KERNELS; i++) {
		struct records rs;

		records__load(&rs, results, matrix[i], "masked-read");
		assert_int_equal(records__get(&rs, "mask_7f_buf_126")->verdict, VERDICT_ACCEPT);
		assert_int_equal(records__get(&rs, "result_not_initialised")->verdict,
				 VERDICT_ACCEPT);
		records__release(&rs);
	}
}

/* The same kernel twice is the same, by name and by run. */
static void test_a_later_run_of_some(void **state)
{
	struct outcome o;

	(void)state;
	need_matrix();
	ASSAY(&o, false, results, "run", "verifier-errors", "-k", OLD, "--repeats", "1");
	assert_status(&o, 0);
	outcome__release(&o);
	ASSAY(&o, false, results, "compare", "1:" OLD, "2:" OLD, "--json");
	assert_lacks(o.out, "\"kind\":\"flip\"");
	assert_lacks(o.out, "\"kind\":\"message\"");
	outcome__release(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_regress),
		cmocka_unit_test(test_flips_in_the_branch),
		cmocka_unit_test(test_later_branches),
		cmocka_unit_test(test_a_later_run_of_some),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
