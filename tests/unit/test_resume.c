// SPDX-License-Identifier: GPL-2.0-only
/* A run that was cut off is taken up again: what is kept of it, and when it can't be. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>

#include "store_fixture.h"

static void add_record(struct store *s, int64_t run, const char *point)
{
	struct guest_info g = example_guest();
	struct record *r = record__new(RECORD_MEASUREMENT, "e", "point");
	const double values[] = { 1, 2 };

	r->status = STATUS_OK;
	record__label(r, "word", "kept"); /* no point's name, as a value of another label */
	if (point)
		record__label(r, "point", point);
	record__metric(r, "n", "1", 7);
	record__series(r, "s", "ms", values, 2);
	assert_int_equal(store__add_record(s, run, &g, r, NULL), 0);
	record__free(r);
}

static void add_row(struct store *s, int64_t run, const char *point, enum status status)
{
	struct guest_info g = example_guest();
	char params[64] = "{}";

	if (point)
		snprintf(params, sizeof(params), "{\"point\":\"%s\",\"size\":\"1\"}", point);
	assert_int_equal(store__add_experiment(s, run, &g, "e", params, status, NULL, 1), 0);
}

static void add_text(struct store *s, int64_t run, const char *name)
{
	assert_int_equal(store__add_text(s, run, "k", "e", name, "dmesg", "x", 1, true), 0);
}

/* Two points that are whole, one that ended in a harness error, one under way. */
static void begin(struct store *s, struct run_info *run)
{
	assert_int_equal(store__begin_run(s, "x", "{}", run), 0);
	add_record(s, run->id, "a");
	add_row(s, run->id, "a", STATUS_OK);
	add_record(s, run->id, "b");
	add_record(s, run->id, "b");
	add_row(s, run->id, "b", STATUS_CRASHED);
	add_record(s, run->id, "c");
	add_row(s, run->id, "c", STATUS_HARNESS);
	add_record(s, run->id, "d");
	add_record(s, run->id, NULL);
	add_row(s, run->id, NULL, STATUS_OK);
	add_text(s, run->id, "a");
	add_text(s, run->id, "c");
	add_text(s, run->id, "c.x");
	add_text(s, run->id, "cc");
	add_text(s, run->id, "d"); /* killed between this and its row */
	add_text(s, run->id, "");
}

static int64_t number(struct fixture *f, const char *query)
{
	sqlite3_stmt *st;
	sqlite3 *db;
	int64_t n;

	assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

static void make_keep(struct strv *keep, struct strv *redo)
{
	assert_int_equal(strv__add(redo, "c"), 0);
	assert_int_equal(strv__add(redo, "d"), 0);
	assert_int_equal(strv__add(keep, "a"), 0);
	assert_int_equal(strv__add(keep, "b"), 0);
	assert_int_equal(strv__add(keep, "not there"), 0);
}

static void only_whole_points_stay(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_store(f);
	struct run_info run, other, again;
	struct strv keep = { 0 }, redo = { 0 };

	make_keep(&keep, &redo);
	begin(s, &run);
	begin(s, &other);
	assert_int_equal(store__end_run(s, other.id, RUN_CUT_OFF, "why", 3), 0);
	assert_int_equal(store__end_run(s, run.id, RUN_CUT_OFF, "why", 3), 0);
	assert_int_equal(store__resume_run(s, run.id, &keep, &redo, &again), 0);
	assert_silent(f);
	assert_int_equal(again.id, run.id);
	assert_string_equal(again.name, run.name);
	assert_string_equal(again.started, run.started);
	assert_int_equal(again.state, RUN_RUNNING);
	assert_null(again.ended);
	assert_null(again.cut_off_reason);
	assert_int_equal(again.exit_status, -1);
	assert_int_equal(again.counts[STATUS_OK], 3);
	assert_int_equal(number(f, "SELECT count(*) FROM experiments WHERE run = 1"), 2);
	assert_int_equal(number(f, "SELECT count(*) FROM records WHERE run = 1"), 3);
	assert_int_equal(number(f, "SELECT count(*) FROM texts WHERE run = 1"), 3);
	assert_int_equal(number(f, "SELECT count(*) FROM texts WHERE run = 1 AND name IN "
				   "('c', 'c.x', 'd')"),
			 0);
	/* with all that belongs to them, and nothing of other runs */
	assert_int_equal(number(f, "SELECT count(*) FROM records WHERE run = 2"), 6);
	assert_int_equal(number(f, "SELECT count(*) FROM metrics"), 9);
	assert_int_equal(number(f, "SELECT count(*) FROM series"), 9);
	/* It goes on as any run, and a second time takes up only what is whole then. */
	add_record(s, run.id, "c");
	add_row(s, run.id, "c", STATUS_OK);
	add_record(s, run.id, "d");
	assert_int_equal(store__end_run(s, run.id, RUN_CUT_OFF, "again", 3), 0);
	run_info__release(&again);
	assert_int_equal(strv__add(&keep, "c"), 0);
	assert_int_equal(store__resume_run(s, run.id, &keep, &redo, &again), 0);
	assert_int_equal(again.counts[STATUS_OK], 4);
	assert_int_equal(store__end_run(s, run.id, RUN_COMPLETE, NULL, 0), 0);
	run_info__release(&again);
	run_info__release(&run);
	run_info__release(&other);
	strv__free(&keep);
	strv__free(&redo);
	store__close(s);
}

static void only_when_cut_off(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_store(f);
	struct run_info run, again = { 0 };
	struct strv keep = { 0 }, redo = { 0 };

	make_keep(&keep, &redo);
	begin(s, &run);
	/* its process, we, lives */
	assert_int_equal(store__resume_run(s, run.id, &keep, &redo, &again), -EBUSY);
	assert_said(f, "can't be taken up again: it is running");
	assert_int_equal(store__end_run(s, run.id, RUN_COMPLETE, NULL, 0), 0);
	assert_int_equal(store__resume_run(s, run.id, &keep, &redo, &again), -EBUSY);
	assert_said(f, "can't be taken up again: it is complete");
	assert_int_equal(store__resume_run(s, 99, &keep, &redo, &again), -ENOENT);
	/* and nothing was deleted */
	assert_int_equal(number(f, "SELECT count(*) FROM records"), 6);
	assert_int_equal(number(f, "SELECT count(*) FROM experiments"), 4);
	run_info__release(&run);
	strv__free(&keep);
	strv__free(&redo);
	store__close(s);
}

/* Begun by a process that is gone: cut off, though nobody wrote so. From then on it is ours. */
static void after_its_process_died(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_store(f);
	struct run_info run, again;
	struct strv keep = { 0 }, redo = { 0 };
	pid_t pid;
	int status;

	make_keep(&keep, &redo);
	store__close(s);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct run_info r;

		if (store__open(f->results, false, &s))
			_exit(1);
		begin(s, &r);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	s = open_store(f);
	assert_int_equal(store__find_run(s, "latest", &run), 0);
	assert_int_equal(run.state, RUN_CUT_OFF);
	assert_int_equal(store__resume_run(s, run.id, &keep, &redo, &again), 0);
	assert_int_equal(again.state, RUN_RUNNING);
	assert_int_equal(again.counts[STATUS_OK], 3);
	assert_int_equal(number(f, "SELECT pid FROM runs"), getpid());
	run_info__release(&again);
	run_info__release(&run);
	strv__free(&keep);
	strv__free(&redo);
	store__close(s);
}

/* Of two at once, one gets it. */
static void two_at_once(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_store(f);
	struct run_info run, again;
	struct strv keep = { 0 }, redo = { 0 };
	int got = 0, refused = 0, go[2];
	pid_t pids[4];

	make_keep(&keep, &redo);
	begin(s, &run);
	assert_int_equal(store__end_run(s, run.id, RUN_CUT_OFF, "why", 3), 0);
	store__close(s);
	assert_int_equal(pipe(go), 0);
	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		close(go[1]);
		if (store__open(f->results, false, &s) || read(go[0], &(char){ 0 }, 1))
			_exit(3);
		switch (store__resume_run(s, run.id, &keep, &redo, &again)) {
		case 0:
			sleep(2); /* alive until all have tried */
			_exit(0);
		case -EBUSY:
			_exit(1);
		}
		_exit(2);
	}
	close(go[0]);
	close(go[1]);
	for (int i = 0; i < 4; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		got += WEXITSTATUS(status) == 0;
		refused += WEXITSTATUS(status) == 1;
	}
	assert_int_equal(got, 1);
	assert_int_equal(refused, 3);
	run_info__release(&run);
	strv__free(&keep);
	strv__free(&redo);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(only_whole_points_stay),
		T(only_when_cut_off),
		T(after_its_process_died),
		T(two_at_once),
	};

	return cmocka_run_group_tests_name("resume", tests, NULL, NULL);
}
