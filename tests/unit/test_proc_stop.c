// SPDX-License-Identifier: GPL-2.0-only
/* How programs end: by themselves, at a limit, with a signal, with us. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "proc_fixture.h"

static void stops_at_the_time_limit(void **state)
{
	(void)state;
	expect_run((struct proc_opts){ .argv = SH("sleep 1000"), .timeout_ms = 50 }, -ETIMEDOUT,
		   128 + SIGTERM, "");
}

/* Runs a script that cancels the run by itself ($PPID is this process), so that no test depends
 * on how fast it gets there. */
static int run_cancelled(const char *script, int want_status, const char *want_lines)
{
	struct strbuf lines = STRBUF_INIT;
	struct proc_opts o = {
		.argv = SH(script), .on_line = keep_line, .ctx = &lines, .cancel_fd = cancel_open()
	};
	int status = -1, ret = 0;

	if (proc_run(&o, &status) != -EINTR)
		ret = 1;
	else if (status != want_status)
		ret = 2;
	else if (strcmp(strbuf__str(&lines), want_lines))
		ret = 3;
	strbuf__free(&lines);
	return ret;
}

static int cancel_group(void)
{
	return run_cancelled("sleep 1000 & echo $! >pid; echo a; kill -INT $PPID; wait",
			     128 + SIGTERM, "<a>");
}

static void stops_the_whole_group(void **state)
{
	(void)state;
	assert_int_equal(in_child(cancel_group), 0);
	assert_true(ends(read_pid("pid")));
}

static int cancel_stubborn(void)
{
	return run_cancelled("trap '' TERM; echo a; kill -INT $PPID; sleep 1000; sleep 1000",
			     128 + SIGKILL, "<a>");
}

static void stops_what_ignores_sigterm(void **state)
{
	(void)state;
	assert_int_equal(in_child(cancel_stubborn), 0);
}

static int cancel_stubborn_member(void)
{
	return run_cancelled("top=$PPID; (trap '' TERM; until [ -s pid ]; do sleep 0.01; done; "
			     "kill -INT $top; sleep 1000; sleep 1000) & "
			     "echo $! >pid; wait",
			     128 + SIGTERM, "");
}

static void stops_members_that_ignore_sigterm(void **state)
{
	(void)state;
	assert_int_equal(in_child(cancel_stubborn_member), 0);
	assert_true(ends(read_pid("pid")));
}

/* The shell goes at once, its child has something to say after SIGTERM. */
static int cancel_tidy_member(void)
{
	return run_cancelled(
		"top=$PPID; (exec 2>/dev/null; trap 'sleep 0.2; echo tidy; exit' TERM; "
		"kill -INT $top; while :; do sleep 0.05; done) & wait",
		128 + SIGTERM, "<tidy>");
}

static void lets_the_group_clean_up(void **state)
{
	(void)state;
	assert_int_equal(in_child(cancel_tidy_member), 0);
}

static void stops_a_stopped_program(void **state)
{
	struct proc_opts o = { .argv = SH("kill -STOP $$"), .timeout_ms = 300 };

	(void)state;
	expect_run(o, -ETIMEDOUT, 128 + SIGTERM, "");
}

static void ends_before_the_time_limit(void **state)
{
	(void)state;
	expect_run((struct proc_opts){ .argv = SH("echo a"), .timeout_ms = 60000 }, 0, 0, "<a>");
}

static void does_not_wait_for_grandchildren(void **state)
{
	pid_t pid;

	(void)state;
	expect_run((struct proc_opts){ .argv = SH("sleep 1000 & echo $! >pid; printf a; exit 3") },
		   0, 3, "<a>");
	/* It ended by itself: what it left running on purpose goes on. */
	pid = read_pid("pid");
	assert_int_equal(kill(pid, 0), 0);
	kill(pid, SIGKILL);
}

static void does_not_follow_a_flood_of_grandchildren(void **state)
{
	struct tally t = { 0 };
	struct proc_opts o = { .argv = SH("yes & echo $! >pid; exit 3"),
			       .on_line = count_line,
			       .ctx = &t };
	int status;

	(void)state;
	assert_int_equal(proc_run(&o, &status), 0);
	assert_int_equal(status, 3);
	assert_true(ends(read_pid("pid"))); /* of SIGPIPE */
}

static int cancelled_before(void)
{
	struct proc_opts o = { .argv = SH("echo x >started"), .cancel_fd = cancel_open() };

	if (o.cancel_fd < 0 || cancel_pending(o.cancel_fd))
		return 1;
	raise(SIGTERM);
	if (!cancel_pending(o.cancel_fd) || !cancel_pending(o.cancel_fd))
		return 2;
	if (proc_run(&o, NULL) != -EINTR || file_exists("started"))
		return 3;
	return 0;
}

static int nohup_stays(void)
{
	int fd;

	signal(SIGHUP, SIG_IGN);
	fd = cancel_open();
	raise(SIGHUP);
	if (fd < 0 || cancel_pending(fd))
		return 1;
	raise(SIGINT);
	return cancel_pending(fd) ? 0 : 2;
}

static void can_be_cancelled(void **state)
{
	(void)state;
	assert_false(cancel_pending(-1));
	assert_int_equal(in_child(cancelled_before), 0);
	assert_int_equal(in_child(nohup_stays), 0);
}

static int clean_signals(void)
{
	struct strbuf lines = STRBUF_INIT;
	struct proc_opts o = { .argv = (const char *const[]){ "grep", "-E", "^Sig(Blk|Ign)",
							      "/proc/self/status", NULL },
			       .on_line = keep_line,
			       .ctx = &lines,
			       .cancel_fd = cancel_open() };
	/* 32 and 33 are glibc's own: its sigaction refuses them, and make 4.3 starts its children
	 * with both ignored. */
	const unsigned long long glibc = 3ull << 31;
	unsigned long long blocked = 1, ignored = 1;
	int n;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_DFL); /* kept when it is ignored, and CI may start us so */
	if (o.cancel_fd < 0 || proc_run(&o, NULL))
		return 1;
	n = sscanf(strbuf__str(&lines), "<SigBlk:\t%llx><SigIgn:\t%llx>", &blocked, &ignored);
	strbuf__free(&lines);
	return n != 2 || blocked || (ignored & ~glibc) ? 2 : 0;
}

static void resets_signals(void **state)
{
	(void)state;
	assert_int_equal(in_child(clean_signals), 0);
}

static void has_its_own_group(void **state)
{
	(void)state;
	expect_run((struct proc_opts){ .argv = SH("test $(cut -d' ' -f5 /proc/$$/stat) = $$") }, 0,
		   0, "");
}

static void dies_with_us(void **state)
{
	int fds[2], ws;
	pid_t pid, middle;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	middle = fork();
	if (!middle) {
		static const char *const argv[] = { "sleep", "1000", NULL };
		struct spawn_opts o = { .argv = argv, .stdout_fd = -1, .stderr_fd = -1 };
		int pidfd;

		if (proc_spawn(&o, &pid, &pidfd) || write(fds[1], &pid, sizeof(pid)) < 0)
			_exit(1);
		raise(SIGKILL);
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &pid, sizeof(pid)), sizeof(pid));
	close(fds[0]);
	assert_int_equal(waitpid(middle, &ws, 0), middle);
	assert_true(ends(pid));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(stops_at_the_time_limit),
		TEST(stops_the_whole_group),
		TEST(stops_what_ignores_sigterm),
		TEST(stops_members_that_ignore_sigterm),
		TEST(lets_the_group_clean_up),
		TEST(stops_a_stopped_program),
		TEST(ends_before_the_time_limit),
		TEST(does_not_wait_for_grandchildren),
		TEST(does_not_follow_a_flood_of_grandchildren),
		TEST(can_be_cancelled),
		TEST(resets_signals),
		TEST(has_its_own_group),
		TEST(dies_with_us),
	};

	return cmocka_run_group_tests_name("proc stop", tests, NULL, NULL);
}
