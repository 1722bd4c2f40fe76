// SPDX-License-Identifier: GPL-2.0-only
/* Merging results: what comes over, what is recognised, what is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "merge_fixture.h"

/* --- tests ---------------------------------------------------------------------------------- */

static void everything_comes_over(void **state)
{
	struct fixture *f = *state;
	char *a = simple_source(f, "a", "5.10"), *b = simple_source(f, "b", "6.1"), *db, *list;
	char before[HASH_HEX], after[HASH_HEX];
	struct merge_result res;
	struct told told;
	int files;

	db = str_fmt("%s/assay.db", b);
	list = str_fmt("%s %s", a, db);
	files = count_files(b);
	assert_int_equal(hash_file(db, before), 0);
	res = merge(f, list, false, &told);
	assert_int_equal(res.runs, 2);
	assert_int_equal(res.sources, 2);
	assert_int_equal(told.n[MERGE_ADDED], 2);
	assert_same(a, "1", f->results, "1");
	assert_same(b, "1", f->results, "2");
	/* the source is as it was, with nothing beside it */
	assert_int_equal(hash_file(db, after), 0);
	assert_string_equal(before, after);
	assert_int_equal(count_files(b), files);
	free(db);
	/* and once more, and one of them by itself */
	res = merge(f, list, false, &told);
	assert_int_equal(res.runs, 0);
	assert_int_equal(told.n[MERGE_KNOWN], 2);
	assert_int_equal(merge(f, a, false, &told).runs, 0);
	assert_int_equal(runs_of(f), 2);
	assert_int_equal(count_files(f->results), 3);
	assert_silent(f);
	free(list);
	free(a);
	free(b);
}

/* Two runs may have one name by accident, or because the same one went on elsewhere. */
static void names_that_collide(void **state)
{
	struct fixture *f = *state;
	char *a = simple_source(f, "a", "5.10"), *b = simple_source(f, "b", "6.1"), *list;
	struct told told;

	for (int i = 0; i < 2; i++) {
		char *dir = i ? b : a, *db = str_fmt("%s/assay.db", dir), *from, *to;
		struct run_info run;
		struct store *s;

		assert_int_equal(store__open(dir, false, &s), 0);
		assert_int_equal(store__find_run(s, NULL, &run), 0);
		from = str_fmt("%s/%s", dir, run.name);
		to = str_fmt("%s/same", dir);
		store__close(s);
		sql(db, "UPDATE runs SET name = 'same'");
		assert_int_equal(rename(from, to), 0);
		run_info__release(&run);
		free(from);
		free(to);
		free(db);
	}
	list = str_fmt("%s %s", a, b);
	assert_int_equal(merge(f, list, false, &told).runs, 2);
	assert_int_equal(told.n[MERGE_RENAMED], 1);
	assert_string_equal(told.here, "same-2");
	assert_same(a, "1", f->results, "same");
	assert_same(b, "1", f->results, "same-2");
	/* known under the name that it got */
	assert_int_equal(merge(f, list, false, &told).runs, 0);
	assert_int_equal(told.n[MERGE_KNOWN], 2);
	assert_string_equal(told.here, "same-2");
	free(list);
	free(a);
	free(b);
}

static void states_stay(void **state)
{
	struct fixture *f = *state;
	struct run_info run;
	struct store *s;
	struct told told;
	char *dir = source(f, "a", &s), *db = str_fmt("%s/assay.db", dir);

	make_run(s, "x", "5.10", "k", two, &run);
	end(s, &run, RUN_CUT_OFF, "interrupted");
	store__close(s);
	merge(f, dir, false, &told);
	assert_state(f, RUN_CUT_OFF, "interrupted");
	assert_same(dir, "1", f->results, "1");

	/* One whose process died without a word, and which is known again afterwards. */
	assert_int_equal(store__open(dir, true, &s), 0);
	make_run(s, "x", "6.1", "k", two, &run);
	run_info__release(&run);
	store__close(s);
	sql(db, "UPDATE runs SET pid = 4194303, pid_start = 1 WHERE id = 2");
	assert_int_equal(merge(f, dir, false, &told).runs, 1);
	assert_state(f, RUN_CUT_OFF, "is gone");
	assert_int_equal(merge(f, dir, false, &told).runs, 0);
	free(db);
	free(dir);
}

static void what_runs_is_refused(void **state)
{
	struct fixture *f = *state;
	struct merge_result res;
	struct run_info run, running;
	struct told told;
	struct store *s;
	char *dir = source(f, "a", &s);

	make_run(s, "x", "5.10", "k", two, &run);
	end(s, &run, RUN_COMPLETE, NULL);
	make_run(s, "x", "6.1", "k", two, &running);
	/* The source is open, and some of it still in the log. */
	res = merge(f, dir, false, &told);
	assert_int_equal(res.runs, 1);
	assert_int_equal(res.refused, 1);
	assert_int_equal(told.n[MERGE_REFUSED], 1);
	assert_said(f, "it is still running");
	assert_same(dir, "1", f->results, "1");
	end(s, &running, RUN_COMPLETE, NULL);
	assert_int_equal(merge(f, dir, false, &told).runs, 1);
	store__close(s);
	free(dir);
}

/* An artifact may hold a database and its log, as they were when the job was killed. */
static void a_log_that_was_left(void **state)
{
	struct fixture *f = *state;
	struct run_info run;
	struct told told;
	struct store *s;
	char *dir = source(f, "a", &s), *copy = str_fmt("%s/copy", f->dir);
	char *from, *to;

	make_run(s, "x", "5.10", "k", two, &run);
	end(s, &run, RUN_COMPLETE, NULL);
	assert_int_equal(mkdir(copy, 0755), 0);
	for (int i = 0; i < 2; i++) {
		from = str_fmt("%s/assay.db%s", dir, i ? "-wal" : "");
		to = str_fmt("%s/assay.db%s", copy, i ? "-wal" : "");
		assert_true(file_size(from) > 0);
		assert_int_equal(file_copy(from, to), 0);
		free(from);
		free(to);
	}
	store__close(s);
	assert_int_equal(merge(f, copy, false, &told).runs, 1);
	assert_said(f, "its texts are missing");
	assert_int_equal(count_files(copy), 1); /* the log aside */
	from = str_fmt("%s/assay.db-wal", copy);
	assert_true(file_size(from) > 0);
	free(from);
	free(copy);
	free(dir);
}

static void the_damaged_are_refused(void **state)
{
	struct fixture *f = *state;
	char *a = simple_source(f, "a", "5.10"), *b = simple_source(f, "b", "6.1"), *list;
	char *db = str_fmt("%s/assay.db", a), *data = NULL, noise[4096];
	struct merge_result res;
	struct told told;
	size_t len;

	assert_int_equal(file_read(db, 0, &data, &len), 0);
	memset(noise, 0x5a, sizeof(noise));
	memcpy(data + 8192, noise, sizeof(noise));
	assert_int_equal(file_write(db, data, len), 0);
	list = str_fmt("%s %s/nowhere %s %s", a, f->dir, f->results, b);
	res = merge(f, list, false, &told);
	assert_int_equal(res.refused, 3);
	assert_int_equal(res.runs, 1);
	assert_same(b, "1", f->results, "1");
	{
		char *text = take_stderr(f);

		assert_non_null(strstr(text, "/a can't be merged: the database is damaged"));
		assert_non_null(strstr(text, "nowhere can't be merged: there is no such"));
		assert_non_null(strstr(text, "results that it would be merged into"));
		free(text);
	}
	/* of another program; of a newer assay */
	sql(db = (free(db), str_fmt("%s/assay.db", b)), "PRAGMA user_version = 99");
	assert_int_equal(merge(f, b, false, &told).refused, 1);
	assert_said(f, "newer assay");
	sql(db, "PRAGMA application_id = 7");
	assert_int_equal(merge(f, b, false, &told).refused, 1);
	assert_said(f, "another program");
	free(data);
	free(db);
	free(list);
	free(a);
	free(b);
}

/* Names of runs and texts become paths: those of strangers must not lead elsewhere. */
static void paths_stay_inside(void **state)
{
	static const char *const changes[] = {
		"UPDATE texts SET path = '../../../etc/passwd' WHERE name = 'p1'",
		"UPDATE texts SET path = '/etc/passwd' WHERE name = 'p1'",
		"UPDATE texts SET path = 'a/../../b' WHERE name = 'p1'",
		"UPDATE runs SET name = '../elsewhere'",
		"UPDATE runs SET name = '.hidden'",
		"UPDATE runs SET name = ''",
	};
	struct fixture *f = *state;
	struct told told;

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		char *name = str_fmt("s%zu", i), *dir = simple_source(f, name, "5.10");
		char *db = str_fmt("%s/assay.db", dir);
		struct merge_result res;

		sql(db, changes[i]);
		res = merge(f, dir, false, &told);
		assert_int_equal(res.runs, 0);
		assert_int_equal(res.refused, 1);
		assert_said(f, "can't be merged");
		free(db);
		free(dir);
		free(name);
	}
	assert_int_equal(runs_of(f), 0);
}

/* The store's first format had no column `failure`. */
static void an_old_database(void **state)
{
	struct fixture *f = *state;
	char *dir = simple_source(f, "a", "5.10"), *db = str_fmt("%s/assay.db", dir);
	char before[HASH_HEX], after[HASH_HEX], *text;
	struct told told;

	sql(db, "ALTER TABLE records DROP COLUMN failure; PRAGMA user_version = 1;"
		"PRAGMA wal_checkpoint(TRUNCATE)");
	assert_int_equal(hash_file(db, before), 0);
	assert_int_equal(merge(f, dir, false, &told).runs, 1);
	assert_int_equal(hash_file(db, after), 0);
	assert_string_equal(before, after);
	text = dump(f->results, "1");
	assert_non_null(strstr(text, "\"name\":\"p1\""));
	assert_null(strstr(text, "kfunc"));
	free(text);
	merge(f, dir, false, &told);
	assert_int_equal(told.n[MERGE_KNOWN], 1);
	free(db);
	free(dir);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(everything_comes_over), TEST(names_that_collide),
		TEST(states_stay),	     TEST(what_runs_is_refused),
		TEST(a_log_that_was_left),   TEST(the_damaged_are_refused),
		TEST(paths_stay_inside),     TEST(an_old_database),
	};

	return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}
