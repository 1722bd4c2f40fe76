// SPDX-License-Identifier: GPL-2.0-only
/* Runs of parallel jobs that become one run. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "merge_fixture.h"

/* --- one run of several ---------------------------------------------------------------------- */

static void parts_become_one(void **state)
{
	struct fixture *f = *state;
	char *a = simple_source(f, "a", "5.10"), *b = simple_source(f, "b", "6.1"), *list, *text;
	struct merge_result res;
	struct run_info run;
	struct store *s;
	struct told told;
	int texts = 0;

	list = str_fmt("%s %s", b, a);
	res = merge(f, list, true, &told);
	assert_int_equal(res.runs, 1);
	assert_int_equal(res.sources, 2);
	assert_int_equal(res.refused, 0);
	assert_true(str_ends(told.here, "+1"));
	s = open_store(f);
	assert_int_equal(store__find_run(s, NULL, &run), 0);
	assert_int_equal(run.state, RUN_COMPLETE);
	assert_int_equal(run.exit_status, 1);
	assert_int_equal(run.counts[STATUS_UNEXPECTED], 4);
	assert_true(str_starts(run.command, "assay run e -k "));
	assert_non_null(strstr(run.command, "5.10"));
	assert_non_null(strstr(run.command, "6.1"));
	assert_int_equal(store__texts(s, run.id, NULL, NULL, NULL, NULL, find_text, &texts), 0);
	assert_int_equal(texts, 6);
	run_info__release(&run);
	store__close(s);
	text = dump(f->results, NULL);
	assert_non_null(strstr(text, "log of p1 on 5.10"));
	assert_non_null(strstr(text, "log of p2 on 6.1"));
	assert_non_null(strstr(text, "tests=\"4\" failures=\"4\""));
	free(text);
	/* the same again, the other way round */
	free(list);
	list = str_fmt("%s %s", a, b);
	merge(f, list, true, &told);
	assert_int_equal(told.n[MERGE_KNOWN], 1);
	assert_int_equal(runs_of(f), 1);
	assert_silent(f);
	free(list);
	free(a);
	free(b);
}

static char *part(struct fixture *f, const char *name, const char *command, const char *kernel,
		  const char *key, const char *host, enum run_state state)
{
	struct run_info run;
	struct store *s;
	char *dir = source(f, name, &s), *db = str_fmt("%s/assay.db", dir), *change;

	make_run(s, command, kernel, key, two, &run);
	end(s, &run, state, state == RUN_COMPLETE ? NULL : "interrupted");
	store__close(s);
	change = str_fmt("UPDATE runs SET host = '%s'", host);
	sql(db, change);
	free(change);
	free(db);
	return dir;
}

#define HOST "{\"clang\":\"14\",\"cpu\":\"A\"}"

static void a_part_that_was_cut_off(void **state)
{
	struct fixture *f = *state;
	char *a = part(f, "a", "assay run e -k5.10", "5.10", "k", HOST, RUN_COMPLETE);
	char *b = part(f, "b", "assay --results x run --kernel=6.1 e", "6.1", "k",
		       "{\"clang\":\"14\",\"cpu\":\"B\"}", RUN_CUT_OFF);
	char *list = str_fmt("%s %s", a, b);
	struct told told;

	assert_int_equal(merge(f, list, true, &told).runs, 1);
	assert_state(f, RUN_CUT_OFF, "was cut off: interrupted");
	free(list);
	/* one that is not there at all */
	list = str_fmt("%s %s/nowhere", a, f->dir);
	merge(f, list, true, &told);
	assert_said(f, "no such database");
	assert_state(f, RUN_CUT_OFF, "nowhere can't be merged");
	free(list);
	free(a);
	free(b);
}

static void parts_that_do_not_fit(void **state)
{
	static const struct {
		const char *command, *kernel, *key, *host, *says;
		size_t runs;
	} others[] = {
		{ "assay run e -k 5.10,6.1", "5.10", "k", HOST, "both have e on 5.10", 0 },
		{ "assay run e", "6.1", "k", "{\"clang\":\"15\",\"cpu\":\"A\"}", "same tools", 0 },
		/* of another matrix: each for itself */
		{ "assay run e --repeats 9", "6.1", "k", HOST, "", 2 },
		{ "assay run e --json", "6.1", "k", HOST, "", 1 },
	};
	struct told told;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct fixture *f;
		struct merge_result res;
		char *a, *b, *list;
		void *own = NULL;

		(void)state;
		assert_int_equal(fixture_setup(&own), 0);
		f = own;
		a = part(f, "a", "assay run e -k 5.10", "5.10", "k", HOST, RUN_COMPLETE);
		b = part(f, "b", others[i].command, others[i].kernel, others[i].key, others[i].host,
			 RUN_COMPLETE);
		list = str_fmt("%s %s", a, b);
		res = merge(f, list, true, &told);
		assert_int_equal(res.runs, others[i].runs);
		assert_int_equal(res.refused, !others[i].runs);
		assert_said(f, others[i].says);
		assert_int_equal(runs_of(f), others[i].runs);
		free(list);
		free(a);
		free(b);
		fixture_teardown(&own);
	}
}

/* Every job of a matrix runs what runs on the host: it is there once. */
static void the_host_is_there_once(void **state)
{
	struct fixture *f = *state;
	struct told told;
	struct store *s;
	char *list;

	for (int i = 0; i < 3; i++) {
		struct guest_info g = { .kernel = (char *)"host", .cpus = 1, .mem_mb = 1 };
		const char *const kernels[] = { "5.10", "6.1", "6.12" };
		char *name = str_fmt("j%d", i), *dir = source(f, name, &s);
		struct run_info run;

		make_run(s, "assay run e setup", kernels[i], "k", two, &run);
		assert_int_equal(store__add_experiment(s, run.id, &g, "setup", "{}",
						       i < 2 ? STATUS_OK : STATUS_TIMEOUT, NULL, 1),
				 0);
		assert_int_equal(
			store__add_text(s, run.id, "host", "setup", "", "table", "x\n", 2, true),
			0);
		end(s, &run, RUN_COMPLETE, NULL);
		store__close(s);
		free(dir);
		free(name);
	}
	list = str_fmt("%s/j0 %s/j1", f->dir, f->dir);
	assert_int_equal(merge(f, list, true, &told).runs, 1);
	free(list);
	s = open_store(f);
	{
		int texts = 0;

		assert_int_equal(store__texts(s, 1, "host", NULL, NULL, NULL, find_text, &texts),
				 0);
		assert_int_equal(texts, 1);
	}
	store__close(s);
	/* where it ended otherwise that must not be lost */
	list = str_fmt("%s/j0 %s/j2", f->dir, f->dir);
	assert_int_equal(merge(f, list, true, &told).refused, 1);
	assert_said(f, "ended otherwise");
	free(list);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(parts_become_one),
		TEST(a_part_that_was_cut_off),
		TEST(parts_that_do_not_fit),
		TEST(the_host_is_there_once),
	};

	return cmocka_run_group_tests_name("merge_join", tests, NULL, NULL);
}
