// SPDX-License-Identifier: GPL-2.0-only
/* The store before damaged and foreign files: refused in a sentence, and left as they are. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "store_fixture.h"

/* Opening is refused with a sentence, both ways, and leaves the file as it was. */
static void assert_refused(struct fixture *f, const char *says)
{
	int files = count_files(f->results);
	char *before = NULL, *after = NULL, *why = NULL;
	size_t len, len2;
	struct store *s;

	assert_int_equal(file_read(f->db, 0, &before, &len), 0);
	assert_int_equal(store__open(f->results, true, &s), -EBADMSG);
	assert_null(s);
	assert_said(f, says);
	assert_int_equal(store__open(f->results, false, &s), -EBADMSG);
	assert_said(f, f->db);
	assert_int_equal(store__check(f->results, &why), -EBADMSG);
	assert_non_null(strstr(why, says));
	assert_silent(f);
	assert_int_equal(file_read(f->db, 0, &after, &len2), 0);
	assert_int_equal(len, len2);
	assert_memory_equal(before, after, len);
	assert_int_equal(count_files(f->results), files);
	free(before);
	free(after);
	free(why);
}

static void no_database(void **state)
{
	struct fixture *f = *state;
	char *why = (char *)"";
	struct store *s;

	assert_int_equal(store__open(f->results, false, &s), -ENOENT);
	assert_false(file_exists(f->results));
	assert_int_equal(store__check(f->results, &why), -ENOENT);
	assert_null(why);
	assert_silent(f);
	store__close(NULL);

	/* A relative folder, two levels of which are missing. */
	assert_int_equal(chdir(f->dir), 0);
	assert_int_equal(store__open("results/deep/er", true, &s), 0);
	store__close(s);
	assert_true(file_exists("results/deep/er/assay.db"));
	assert_int_equal(count_files("results/deep/er"), 1);
	assert_int_equal(chdir("/"), 0);

	/* A file where the folder should be. */
	assert_int_equal(file_write(f->db, "", 0), 0);
	assert_true(store__open(f->db, true, &s) < 0);
	assert_said(f, f->db);
}

static void garbage_is_refused(void **state)
{
	struct fixture *f = *state;
	char noise[65536];
	size_t i;

	assert_int_equal(mkdir(f->results, 0755), 0);
	assert_int_equal(file_write(f->db, "", 0), 0);
	assert_refused(f, "only 0 bytes");
	assert_int_equal(file_write(f->db, "my notes\n", 9), 0);
	assert_refused(f, "only 9 bytes");
	for (i = 0; i < sizeof(noise); i++)
		noise[i] = (char)(i * 2654435761u >> 13);
	assert_int_equal(file_write(f->db, noise, sizeof(noise)), 0);
	assert_refused(f, "no SQLite database");
	/* The right beginning and nothing after it. */
	memcpy(noise, "SQLite format 3", 16);
	memcpy(noise + 68, "assy", 4);
	assert_int_equal(file_write(f->db, noise, sizeof(noise)), 0);
	assert_refused(f, "damaged");
}

static void a_folder_is_no_database(void **state)
{
	struct fixture *f = *state;
	struct store *s;

	assert_int_equal(dir_make(f->db), 0);
	assert_int_equal(store__open(f->results, true, &s), -EBADMSG);
	assert_said(f, "no file");
}

static void truncated_is_refused(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_store(f);
	struct run_info run;
	size_t len, sizes[6], i;
	char *whole = NULL;

	fill(s, &run, 50);
	store__close(s);
	assert_int_equal(file_read(f->db, 0, &whole, &len), 0);
	assert_true(len > 5 * 4096);
	sizes[0] = 99;
	sizes[1] = 100;
	sizes[2] = 1000;
	sizes[3] = 4096;
	sizes[4] = len / 2;
	sizes[5] = len - 4096;
	for (i = 0; i < 6; i++) {
		assert_int_equal(file_write(f->db, whole, sizes[i]), 0);
		assert_refused(f, "damaged");
	}
	/* Whole again, it is as good as before. */
	assert_int_equal(file_write(f->db, whole, len), 0);
	s = open_store(f);
	store__close(s);
	/* A page in the middle that something overwrote. */
	memset(whole + len / 8192 * 4096, 0xff, 4096);
	assert_int_equal(file_write(f->db, whole, len), 0);
	assert_refused(f, "damaged");
	free(whole);
	run_info__release(&run);
}

static int ignore_record(void *ctx, const struct stored_record *r)
{
	(void)ctx;
	(void)r;
	return 0;
}

/* Too large to be read whole at every start: SQLite itself notices at the first read. */
static void a_large_one_too(void **state)
{
	const size_t n = 2200000;
	struct fixture *f = *state;
	struct store *s = open_store(f);
	struct guest_info g = example_guest();
	struct record *r = record__new(RECORD_MEASUREMENT, "e", "m");
	double *values = calloc(n, sizeof(*values));
	struct run_info run;
	int64_t size;

	assert_int_equal(record__series(r, "s", "", values, n), 0);
	assert_int_equal(store__begin_run(s, "x", "{}", &run), 0);
	assert_int_equal(store__add_record(s, run.id, &g, r, NULL), 0);
	store__close(s);
	size = file_size(f->db);
	assert_true(size > 16 << 20);
	s = open_store(f);
	assert_int_equal(store__records(s, run.id, NULL, NULL, ignore_record, NULL), 0);
	store__close(s);
	assert_int_equal(truncate(f->db, size / 2), 0);
	assert_refused(f, "damaged");
	free(values);
	record__free(r);
	run_info__release(&run);
}

static void foreign_databases_are_refused(void **state)
{
	struct fixture *f = *state;
	struct store *s;

	assert_int_equal(mkdir(f->results, 0755), 0);
	sql(f->db, "CREATE TABLE t (x); INSERT INTO t VALUES (1)");
	assert_refused(f, "another program");
	sql(f->db, "PRAGMA journal_mode = WAL; INSERT INTO t VALUES (2)");
	assert_refused(f, "another program");
	unlink(f->db);

	s = open_store(f);
	store__close(s);
	sql(f->db, "PRAGMA user_version = 99");
	assert_refused(f, "newer assay");
	sql(f->db, "PRAGMA user_version = 0");
	assert_refused(f, "no assay has written");
}

static int count_record(void *ctx, const struct stored_record *r)
{
	assert_null(r->record->failure);
	++*(int *)ctx;
	return 0;
}

static int64_t format_of(const char *path)
{
	sqlite3_stmt *st = NULL;
	sqlite3 *db = NULL;
	int64_t version;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	version = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return version;
}

/* A database as the first format had it: its records have no failures. */
static void an_older_format_is_brought_up_to_date(void **state)
{
	struct fixture *f = *state;
	struct guest_info g = { .kernel = (char *)"5.10.218", .cpus = 1, .mem_mb = 512 };
	struct record *r = record__new(RECORD_PROGRAM, "e", "p");
	struct run_info run, found;
	struct store *s = open_store(f);
	char *why = NULL;
	int n = 0;

	assert_int_equal(store__begin_run(s, "assay run", "{}", &run), 0);
	assert_int_equal(store__add_record(s, run.id, &g, r, NULL), 0);
	store__close(s);
	sql(f->db, "ALTER TABLE records DROP COLUMN failure; PRAGMA user_version = 1");
	assert_int_equal(format_of(f->db), 1);
	assert_int_equal(store__check(f->results, &why), 0);
	assert_int_equal(format_of(f->db), 1);

	assert_int_equal(store__open(f->results, false, &s), 0);
	assert_int_equal(store__find_run(s, NULL, &found), 0);
	assert_int_equal(store__records(s, found.id, NULL, NULL, count_record, &n), 0);
	assert_int_equal(n, 1);
	record__set(&r->failure, "map");
	assert_int_equal(store__add_record(s, run.id, &g, r, NULL), 0);
	store__close(s);
	assert_int_equal(format_of(f->db), 2);

	/* Once more: nothing is to be done. */
	s = open_store(f);
	store__close(s);
	assert_int_equal(format_of(f->db), 2);
	assert_silent(f);
	run_info__release(&run);
	run_info__release(&found);
	record__free(r);
}

/* Sound as a database, and yet not what assay writes. */
static void odd_values_are_named(void **state)
{
	static const struct {
		const char *spoil, *says;
	} cases[] = {
		{ "UPDATE records SET status = 'fine'", "status 'fine'" },
		{ "UPDATE records SET status = 'ok', verdict = 'maybe'", "verdict 'maybe'" },
		{ "UPDATE records SET verdict = NULL, kind = ''", "kind ''" },
		{ "UPDATE records SET kind = 'program', tags = '{'", "tags '{'" },
		{ "UPDATE records SET tags = '[1]'", "tags '[1]'" },
		{ "UPDATE records SET tags = NULL, subprog_stacks = '[\"a\"]'", "subprog_stacks" },
		{ "UPDATE records SET subprog_stacks = NULL;"
		  "INSERT INTO series VALUES (1, 0, 's', '', 2, x'00')",
		  "series" },
		{ "UPDATE series SET n = 2305843009213693952, samples = x''", "series" },
		{ "DELETE FROM series;"
		  "INSERT INTO matrices VALUES (1, 0, 'm', '', '', '', 2, 3, '[\"a\",\"b\"]', "
		  "'[\"\",\"\",\"\"]', 'abc')",
		  "matrices 'm'" },
		{ "UPDATE matrices SET nr_rows = 0, nr_cols = 1152921504606846975, cells = ''",
		  "matrices 'm'" },
		{ "UPDATE matrices SET nr_rows = -1, nr_cols = -1", "matrices 'm'" },
		{ "DELETE FROM matrices; INSERT INTO labels VALUES (1, 0, '', '')", "labels ''" },
	};
	struct fixture *f = *state;
	struct store *s = open_store(f);
	struct run_info run;
	size_t i;
	int n = 0;

	fill(s, &run, 1);
	store__close(s);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sql(f->db, cases[i].spoil);
		s = open_store(f);
		assert_int_equal(store__records(s, run.id, NULL, NULL, ignore_record, NULL),
				 -EBADMSG);
		assert_said(f, cases[i].says);
		store__close(s);
	}
	sql(f->db, "ALTER TABLE labels RENAME COLUMN value TO worth");
	s = open_store(f);
	assert_int_equal(store__records(s, run.id, NULL, NULL, ignore_record, NULL), -EBADMSG);
	assert_said(f, "tables are not those that assay makes");
	store__close(s);
	sql(f->db, "UPDATE runs SET state = 'asleep'");
	s = open_store(f);
	assert_int_equal(store__runs(s, ignore_run, &n), -EBADMSG);
	assert_said(f, "state 'asleep'");
	assert_int_equal(n, 0);
	store__close(s);
	run_info__release(&run);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(no_database),
		T(garbage_is_refused),
		T(a_folder_is_no_database),
		T(truncated_is_refused),
		T(a_large_one_too),
		T(foreign_databases_are_refused),
		T(an_older_format_is_brought_up_to_date),
		T(odd_values_are_named),
	};

	return cmocka_run_group_tests_name("store damage", tests, NULL, NULL);
}
