// SPDX-License-Identifier: GPL-2.0-only
/* Merges that are killed, cancelled, or run out of space: all of a source or nothing. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "merge_fixture.h"

/* --- merges that die ------------------------------------------------------------------------- */

static char *large_source(struct fixture *f, const char *name, int texts)
{
	struct guest_info g = example_guest();
	char *block = calloc(1, 20000);
	struct run_info run;
	struct store *s;
	char *dir = source(f, name, &s);

	memset(block, 'x', 19999);
	for (int r = 0; r < 3; r++) {
		make_run(s, "x", "5.10", "k", two, &run);
		for (int i = 0; i < texts; i++) {
			char *text = str_fmt("t%d", i);
			struct record *rec = rich_record(text);

			assert_int_equal(store__add_record(s, run.id, &g, rec, NULL), 0);
			assert_int_equal(store__add_text(s, run.id, "5.10", "e", text, "log", block,
							 19999, true),
					 0);
			record__free(rec);
			free(text);
		}
		end(s, &run, RUN_COMPLETE, NULL);
	}
	store__close(s);
	free(block);
	return dir;
}

/* All of a source or nothing, and no row without its file. */
static void assert_whole(struct fixture *f, int texts)
{
	struct store *s;
	int runs = 0, found;

	assert_int_equal(store__open(f->results, true, &s), 0);
	assert_int_equal(store__runs(s, ignore_run, &runs), 0);
	if (runs != 0 && runs != 3)
		fail_msg("%d runs", runs);
	for (int i = 1; i <= runs; i++) {
		found = 0;
		assert_int_equal(store__texts(s, i, NULL, NULL, NULL, NULL, find_text, &found), 0);
		assert_int_equal(found, texts + 3);
	}
	store__close(s);
}

static pid_t start_merge(struct fixture *f, const char *from)
{
	pid_t pid = fork();
	struct told told;

	assert_true(pid >= 0);
	if (!pid) {
		merge(f, from, false, &told);
		_exit(0);
	}
	return pid;
}

static void a_merge_that_is_killed(void **state)
{
	struct fixture *f = *state;
	char *from = large_source(f, "a", 60);
	struct told told;
	int status, killed = 0;

	store__close(open_store(f));
	/* Ever later, until one comes to its end. */
	for (useconds_t delay = 500;; delay += delay / 8 + 500) {
		pid_t pid = start_merge(f, from);

		usleep(delay);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_whole(f, 60);
		if (WIFEXITED(status))
			break;
		killed++;
	}
	assert_true(killed > 3);
	merge(f, from, false, &told);
	assert_int_equal(runs_of(f), 3);
	assert_whole(f, 60);
	/* Nothing of the dead is left: the database and three folders. */
	assert_int_equal(count_files(f->results), 4);
	free(from);
}

/* Interrupted: what was copied until then goes. */
static void a_merge_that_is_cancelled(void **state)
{
	struct fixture *f = *state;
	char *from = large_source(f, "a", 2);
	struct strv list = { 0 };
	struct store *into = open_store(f);
	struct merge_result res;
	int fds[2];
	struct merge_opts o = { .cancel_fd = -1 };

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	o.cancel_fd = fds[0];
	assert_int_equal(strv__add(&list, from), 0);
	assert_int_equal(store__merge(into, &list, &o, &res), -EINTR);
	assert_int_equal(res.runs, 0);
	store__close(into);
	assert_int_equal(runs_of(f), 0);
	assert_int_equal(count_files(f->results), 1);
	close(fds[0]);
	close(fds[1]);
	strv__free(&list);
	free(from);
}

/* On a file system that has no room for it. */
static int on_a_full_disk(struct fixture *f, const char *from)
{
	const struct merge_opts o = { .cancel_fd = -1 };
	struct strv list = { 0 };
	struct merge_result res;
	struct store *into;
	int runs = 0;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mkdir(f->results, 0755) || mount("tmpfs", f->results, "tmpfs", 0, "size=1m"))
		return 77;
	if (store__open(f->results, true, &into) || strv__add(&list, from))
		return 1;
	if (store__merge(into, &list, &o, &res) != -ENOSPC)
		return 2;
	if (store__runs(into, ignore_run, &runs) || runs)
		return 3;
	store__close(into);
	return count_files(f->results) == 1 ? 0 : 4;
}

static void a_full_disk(void **state)
{
	struct fixture *f = *state;
	char *from = large_source(f, "a", 100);
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid)
		_exit(on_a_full_disk(f, from));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	free(from);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_said(f, "No space left");
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_merge_that_is_killed),
		TEST(a_merge_that_is_cancelled),
		TEST(a_full_disk),
	};

	return cmocka_run_group_tests_name("merge_death", tests, NULL, NULL);
}
