// SPDX-License-Identifier: GPL-2.0-only
/* The store among processes: several writers, writers that die, readers that may not write, a full
 * disk. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "store_fixture.h"

/* --- several processes --------------------------------------------------------------------- */

#define WRITERS 4
#define RECORDS 40

/* Also a race to make the database: all start when the pipe closes. */
static int writer(struct fixture *f, int go)
{
	struct guest_info g = example_guest();
	struct record *r = record__new(RECORD_PROGRAM, "e", "p");
	struct run_info run;
	struct store *s;
	char c;
	int i;

	r->status = STATUS_OK;
	if (read(go, &c, 1) != 0 || store__open(f->results, true, &s) ||
	    store__begin_run(s, "x", "{}", &run))
		return 1;
	for (i = 0; i < RECORDS; i++)
		if (store__add_record(s, run.id, &g, r, NULL) ||
		    store__add_text(s, run.id, "k", "e", "p", "log", "x", 1, i == 0))
			return 2;
	if (store__end_run(s, run.id, RUN_COMPLETE, NULL, 0))
		return 3;
	run_info__release(&run);
	store__close(s);
	record__free(r);
	return 0;
}

static int check_whole(void *ctx, const struct run_info *r)
{
	assert_int_equal(r->state, RUN_COMPLETE);
	assert_int_equal(r->counts[STATUS_OK], RECORDS);
	++*(int *)ctx;
	return 0;
}

static void writers_do_not_meet(void **state)
{
	struct fixture *f = *state;
	pid_t pids[WRITERS];
	int go[2], i, status, runs = 0;
	struct store *s;

	assert_int_equal(pipe(go), 0);
	for (i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (!pids[i]) {
			close(go[1]);
			_exit(writer(f, go[0]));
		}
	}
	close(go[1]);
	for (i = 0; i < WRITERS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	close(go[0]);
	assert_silent(f);
	s = open_store(f);
	assert_int_equal(store__runs(s, check_whole, &runs), 0);
	assert_int_equal(runs, WRITERS);
	store__close(s);
	assert_int_equal(count_files(f->results), WRITERS + 1);
}

/* A child with a run open and one record in it, which then waits to be killed. */
static pid_t start_victim(struct fixture *f)
{
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct run_info run;
		struct store *s;

		if (!store__open(f->results, true, &s)) {
			fill(s, &run, 1);
			if (write(ready[1], "x", 1) == 1)
				for (;;)
					pause();
		}
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void assert_latest(struct store *s, enum run_state state, const char *reason)
{
	struct run_info run;

	assert_int_equal(store__find_run(s, NULL, &run), 0);
	assert_int_equal(run.state, state);
	assert_int_equal(run.counts[STATUS_OK], 1);
	assert_null(run.ended);
	assert_int_equal(run.exit_status, -1);
	if (reason) {
		assert_non_null(run.cut_off_reason);
		assert_non_null(strstr(run.cut_off_reason, reason));
	} else {
		assert_null(run.cut_off_reason);
	}
	run_info__release(&run);
}

static void the_dead_are_cut_off(void **state)
{
	struct fixture *f = *state;
	siginfo_t info;
	pid_t pid = start_victim(f);
	struct store *s = open_store(f);
	char says[48];

	assert_latest(s, RUN_RUNNING, NULL);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	snprintf(says, sizeof(says), "process %d is gone", pid);
	assert_latest(s, RUN_CUT_OFF, says); /* a zombie */
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_latest(s, RUN_CUT_OFF, says);
	store__close(s);
	assert_silent(f);
}

/* The number of the process was given to another one; the machine was restarted; the process
 * lives where this one can't see it. */
static void a_number_is_no_proof(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_store(f);
	struct run_info run;

	fill(s, &run, 1);
	assert_latest(s, RUN_RUNNING, NULL);
	sql(f->db, "UPDATE runs SET pid_start = pid_start - 1");
	assert_latest(s, RUN_CUT_OFF, "gone");
	sql(f->db, "UPDATE runs SET pid_start = NULL");
	assert_latest(s, RUN_RUNNING, NULL);
	sql(f->db, "UPDATE runs SET pid = 1073741824");
	assert_latest(s, RUN_CUT_OFF, "gone");
	sql(f->db, "UPDATE runs SET pid_ns = 1");
	assert_latest(s, RUN_RUNNING, NULL);
	sql(f->db, "UPDATE runs SET boot_id = '00000000-0000-0000-0000-000000000000'");
	assert_latest(s, RUN_CUT_OFF, "restarted");
	store__close(s);
	run_info__release(&run);
}

/* assay.db moved away after a crash, its write-ahead log left behind: not played into the next. */
static void a_stale_log_is_moved(void **state)
{
	struct fixture *f = *state;
	pid_t pid = start_victim(f);
	char wal[128], *why = NULL;
	struct run_info run;
	struct store *s;
	int n = 0;

	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	snprintf(wal, sizeof(wal), "%s-wal", f->db);
	assert_true(file_size(wal) > 0);
	assert_int_equal(unlink(f->db), 0);

	s = open_store(f);
	assert_int_equal(store__runs(s, ignore_run, &n), 0);
	assert_int_equal(n, 0);
	fill(s, &run, 1);
	store__close(s);
	assert_int_equal(store__check(f->results, &why), 0);
	assert_null(why);
	/* The old log is kept under another name: database, run, old run, log. */
	assert_int_equal(count_files(f->results), 4);
	run_info__release(&run);
	assert_silent(f);
}

/* --- where writing is not possible --------------------------------------------------------- */

/* Runs fn in a child that may fail in its own way; exit status 77 skips the test. */
static void in_child(struct fixture *f, int (*fn)(struct fixture *f))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		_exit(fn(f));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int only_reads(struct fixture *f)
{
	struct guest_info g = example_guest();
	struct record *r = record__new(RECORD_PROGRAM, "e", "p");
	struct run_info run, none;
	struct store *s;

	/* root may write anywhere */
	if (!geteuid() && (setgroups(0, NULL) || setgid(65534) || setuid(65534)))
		return 77;
	if (store__open(f->results, true, &s) != -EACCES)
		return 1;
	if (store__open(f->results, false, &s))
		return 2;
	if (store__find_run(s, NULL, &run) || run.counts[STATUS_OK] != 3)
		return 3;
	if (store__begin_run(s, "x", "{}", &none) != -EROFS ||
	    store__add_record(s, run.id, &g, r, NULL) != -EROFS ||
	    store__add_text(s, run.id, "k", "e", "", "log", "x", 1, true) != -EROFS ||
	    store__end_run(s, run.id, RUN_COMPLETE, NULL, 0) != -EROFS)
		return 4;
	run_info__release(&run);
	record__free(r);
	store__close(s);
	return 0;
}

static void a_reader_may_read(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_store(f);
	struct run_info run;

	fill(s, &run, 3);
	/* Once with the writer's files beside it, once with nobody there. */
	assert_int_equal(chmod(f->dir, 0755), 0);
	assert_int_equal(chmod(f->results, 0555), 0);
	assert_int_equal(chmod(f->db, 0444), 0);
	in_child(f, only_reads);
	store__close(s);
	in_child(f, only_reads);
	assert_int_equal(chmod(f->results, 0755), 0);
	assert_said(f, "name another folder");
	run_info__release(&run);
}

/* --- a database of the first format -------------------------------------------------------- */

static void make_old(struct fixture *f)
{
	sql(f->db, "ALTER TABLE records DROP COLUMN failure; PRAGMA user_version = 1");
}

static int opens(struct fixture *f)
{
	struct run_info run;
	struct store *s;

	if (store__open(f->results, false, &s))
		return 1;
	if (store__find_run(s, NULL, &run) || run.counts[STATUS_OK] != 3)
		return 2;
	run_info__release(&run);
	store__close(s);
	return 0;
}

static int may_not_upgrade(struct fixture *f)
{
	struct store *s;

	if (!geteuid() && (setgroups(0, NULL) || setgid(65534) || setuid(65534)))
		return 77;
	return store__open(f->results, false, &s) != -EACCES;
}

static void a_reader_can_not_upgrade(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_store(f);
	struct run_info run;

	fill(s, &run, 3);
	store__close(s);
	make_old(f);
	assert_int_equal(chmod(f->dir, 0755), 0);
	assert_int_equal(chmod(f->results, 0555), 0);
	assert_int_equal(chmod(f->db, 0444), 0);
	in_child(f, may_not_upgrade);
	assert_int_equal(chmod(f->results, 0755), 0);
	assert_int_equal(chmod(f->db, 0644), 0);
	assert_said(f, "made by an older assay");
	assert_int_equal(opens(f), 0);
	run_info__release(&run);
}

/* Four at once, of which one is killed at any time: the others find it done, or do it. */
static void upgraded_at_once(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_store(f);
	struct run_info run;

	fill(s, &run, 3);
	store__close(s);
	for (unsigned int round = 0; round < 10; round++) {
		pid_t pids[4];
		int status;

		make_old(f);
		for (size_t i = 0; i < 4; i++) {
			pids[i] = fork();
			assert_true(pids[i] >= 0);
			if (!pids[i])
				_exit(opens(f));
		}
		usleep(round * 400);
		kill(pids[0], SIGKILL);
		assert_int_equal(waitpid(pids[0], &status, 0), pids[0]);
		for (size_t i = 1; i < 4; i++) {
			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_true(WIFEXITED(status));
			assert_int_equal(WEXITSTATUS(status), 0);
		}
		assert_int_equal(opens(f), 0);
	}
	run_info__release(&run);
}

static int write_text(const char *path, const char *text)
{
	return file_poke(path, text);
}

/* A small file system that nobody else sees. */
static int mount_small(struct fixture *f)
{
	uid_t uid = geteuid();
	char map[32];

	if (unshare(CLONE_NEWNS)) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
			return 77;
		snprintf(map, sizeof(map), "0 %d 1", uid);
		if (write_text("/proc/self/uid_map", map))
			return 77;
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || mkdir(f->results, 0755) ||
	    mount("tmpfs", f->results, "tmpfs", 0, "size=1m"))
		return 77;
	return 0;
}

static int on_a_full_disk(struct fixture *f)
{
	struct guest_info g = example_guest();
	struct record *r = record__new(RECORD_PROGRAM, "e", "p");
	int err = mount_small(f), fd, kept = 0;
	char ballast[96], block[4096] = { 0 };
	struct run_info run, now;
	struct store *s, *other;

	if (err)
		return err;
	if (store__open(f->results, true, &s) || store__begin_run(s, "x", "{}", &run))
		return 1;
	r->status = STATUS_OK;
	for (; kept < 5; kept++)
		if (store__add_record(s, run.id, &g, r, NULL))
			return 2;
	snprintf(ballast, sizeof(ballast), "%s/ballast", f->results);
	fd = open(ballast, O_WRONLY | O_CREAT, 0644);
	while (write(fd, block, sizeof(block)) > 0)
		;
	close(fd);
	do {
		err = store__add_record(s, run.id, &g, r, NULL);
		kept += !err;
	} while (!err && kept < 10000);
	if (err != -ENOSPC)
		return 3;
	if (store__add_text(s, run.id, "k", "e", "", "log", block, sizeof(block), true) != -ENOSPC)
		return 4;
	if (store__find_run(s, NULL, &now) || now.counts[STATUS_OK] != kept)
		return 5;
	run_info__release(&now);
	/* Another process sees the same, and with space again all goes on. */
	if (store__open(f->results, false, &other))
		return 6;
	if (store__find_run(other, NULL, &now) || now.counts[STATUS_OK] != kept)
		return 7;
	run_info__release(&now);
	store__close(other);
	unlink(ballast);
	if (store__add_record(s, run.id, &g, r, NULL) ||
	    store__end_run(s, run.id, RUN_CUT_OFF, "the disk was full", 3))
		return 8;
	run_info__release(&run);
	record__free(r);
	store__close(s);
	return 0;
}

static void a_full_disk_is_said(void **state)
{
	struct fixture *f = *state;

	in_child(f, on_a_full_disk);
	assert_said(f, "full; free space");
}

static int create_on_a_full_disk(struct fixture *f)
{
	int err = mount_small(f), fd;
	char ballast[96], block[4096] = { 0 };
	struct store *s;

	if (err)
		return err;
	snprintf(ballast, sizeof(ballast), "%s/ballast", f->results);
	fd = open(ballast, O_WRONLY | O_CREAT, 0644);
	while (write(fd, block, sizeof(block)) > 0)
		;
	close(fd);
	if (store__open(f->results, true, &s) != -ENOSPC)
		return 1;
	/* Nothing half made stays behind. */
	return count_files(f->results) == 1 ? 0 : 2;
}

static void no_room_to_begin(void **state)
{
	in_child(*state, create_on_a_full_disk);
	assert_said(*state, "full");
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(writers_do_not_meet),	 T(the_dead_are_cut_off),     T(a_number_is_no_proof),
		T(a_stale_log_is_moved), T(a_reader_may_read),	      T(a_full_disk_is_said),
		T(no_room_to_begin),	 T(a_reader_can_not_upgrade), T(upgraded_at_once),
	};

	return cmocka_run_group_tests_name("store processes", tests, NULL, NULL);
}
