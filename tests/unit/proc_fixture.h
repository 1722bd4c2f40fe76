/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of programs that run under our eyes share: a folder to be in, and what is seen of
 * a program. */
#ifndef TESTS_UNIT_PROC_FIXTURE_H
#define TESTS_UNIT_PROC_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"

#define SH(script) ((const char *const[]){ "sh", "-c", script, NULL })

static inline int setup(void **state)
{
	char *dir = strdup("/tmp/assay-test-proc.XXXXXX");

	*state = dir;
	return dir && mkdtemp(dir) && !chdir(dir) ? 0 : -1;
}

static inline int teardown(void **state)
{
	int err = chdir("/") < 0 ? -errno : dir_remove(*state);

	free(*state);
	return err;
}

static inline void keep_line(void *ctx, const char *line)
{
	strbuf__addf(ctx, "<%s>", line);
}

/* Runs a script and checks result, status and lines ("<a><b>"). */
static inline void expect_run(struct proc_opts o, int want_err, int want_status,
			      const char *want_lines)
{
	struct strbuf lines = STRBUF_INIT;
	int status = -99, err;

	o.on_line = keep_line;
	o.ctx = &lines;
	err = proc_run(&o, &status);
	assert_int_equal(err, want_err);
	assert_int_equal(status, want_status);
	assert_string_equal(strbuf__str(&lines), want_lines);
	strbuf__free(&lines);
}

struct tally {
	size_t lines, bytes, longest;
};

static inline void count_line(void *ctx, const char *line)
{
	struct tally *t = ctx;
	size_t n = strlen(line);

	t->lines++;
	t->bytes += n;
	if (n > t->longest)
		t->longest = n;
}

/* Runs fn in a process of its own, for what can't be undone; returns what it returned. */
static inline int in_child(int (*fn)(void))
{
	pid_t pid = fork();
	int ws = 0;

	if (!pid) {
		/* A shell that starts us in the background has SIGINT ignored. */
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		_exit(fn());
	}
	assert_int_equal(waitpid(pid, &ws, 0), pid);
	return WIFEXITED(ws) ? WEXITSTATUS(ws) : 1000 + WTERMSIG(ws);
}

/* Not running any more: gone, or ended and not yet reaped by whoever adopted it. Waits for it. */
static inline bool ends(pid_t pid)
{
	char *path = str_fmt("/proc/%d/stat", (int)pid), *stat;
	bool gone = false;

	for (int i = 0; i < 1000 && !gone; i++) {
		if (file_read(path, 0, &stat, NULL))
			gone = true;
		else {
			const char *paren = strrchr(stat, ')');

			gone = paren && paren[2] == 'Z';
			free(stat);
		}
		if (!gone)
			usleep(10000);
	}
	free(path);
	return gone;
}

static inline pid_t read_pid(const char *path)
{
	char *text = NULL;
	pid_t pid;

	assert_int_equal(file_read(path, 0, &text, NULL), 0);
	pid = atoi(text);
	free(text);
	assert_true(pid > 1);
	return pid;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
