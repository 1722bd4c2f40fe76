// SPDX-License-Identifier: GPL-2.0-only
/* How the child of an experiment ends, and what of its output arrives. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/eventfd.h>

#include "guest_run_fakes.h"

/* --- how a child ends ------------------------------------------------------------------------- */

static void test_ok(void **state)
{
	json_t *e;

	(void)state;
	run_it(do_well);
	assert_end("ok", "", NULL);
	assert_false(cancelled);
	e = event("start", 0);
	assert_non_null(e);
	json_decref(e);
	e = event("progress", 0);
	assert_non_null(e);
	json_decref(e);
	assert_null(event("text", 0));
}

static void do_fail(const struct sink *sink)
{
	send_end_event(sink, "harness error", "open x: No such file");
}

static void test_its_own_verdict_is_kept(void **state)
{
	(void)state;
	run_it(do_fail);
	assert_end("harness error", "open x: No such file", NULL);
}

static void do_nonsense(const struct sink *sink)
{
	send_end_event(sink, "splendid", "");
}

static void test_unknown_status(void **state)
{
	(void)state;
	run_it(do_nonsense);
	assert_end("harness error", "", NULL);
}

static void do_hang(const struct sink *sink)
{
	sink__progress(sink, "fake", 1, 2, "waiting");
	signal(SIGTERM, SIG_IGN);
	/* A process that keeps the pipes open, in the same group. */
	if (!fork())
		pause();
	for (;;)
		pause();
}

static void test_timeout(void **state)
{
	(void)state;
	assert_int_equal(run_limited(do_hang, 1100), 0);
	assert_end("timeout", "timed out after 1.1 s; it was doing: waiting", NULL);
}

static void do_abort(const struct sink *sink)
{
	(void)sink;
	abort();
}

static void test_killed_by_a_signal(void **state)
{
	(void)state;
	run_it(do_abort);
	assert_end("crashed", "the loader was killed by SIGABRT (Aborted); it was doing: starting",
		   NULL);
}

static void do_exit(const struct sink *sink)
{
	sink__progress(sink, "fake", 1, 2, "one");
	sink__progress(sink, "fake", 2, 2, "two");
	_exit(7);
}

static void do_exit_0(const struct sink *sink)
{
	(void)sink;
	_exit(0);
}

static void test_exits(void **state)
{
	(void)state;
	run_it(do_exit);
	assert_end("crashed", "the loader exited with status 7 before its end; it was doing: two",
		   NULL);
	run_it(do_exit_0);
	assert_end("crashed",
		   "the loader exited with status 0 before its end; it was doing: starting", NULL);
}

static void do_end_and_crash(const struct sink *sink)
{
	send_end_event(sink, "ok", "");
	abort();
}

static void test_crash_after_the_end(void **state)
{
	(void)state;
	run_it(do_end_and_crash);
	assert_end("crashed", "the loader was killed by SIGABRT (Aborted); it was doing: starting",
		   NULL);
}

static int daemon_pid_fd = -1;

/* A daemon in another session holds the pipes open; the run must not wait for it. */
static void do_leave_a_daemon(const struct sink *sink)
{
	pid_t pid = fork();

	if (!pid) {
		setsid();
		sleep(60);
		_exit(0);
	}
	if (write(daemon_pid_fd, &pid, sizeof(pid)) != sizeof(pid))
		abort();
	send_end_event(sink, "ok", "");
}

static void test_leftover(void **state)
{
	int fds[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	daemon_pid_fd = fds[1];
	assert_int_equal(run_limited(do_leave_a_daemon, 10000), 0);
	assert_end("ok", "", NULL);
	assert_int_equal(read(fds[0], &pid, sizeof(pid)), sizeof(pid));
	if (file_exists("/proc/thread-self/children"))
		assert_int_equal(kill(pid, 0), -1);
	kill(pid, SIGKILL);
	close(fds[0]);
	close(fds[1]);
}

/* --- the stream --------------------------------------------------------------------------------
 */

static void do_send_much(const struct sink *sink)
{
	size_t len = WIRE_LINE_MAX - 100;
	char *text = malloc(len + 1);

	memset(text, 'y', len);
	text[len] = '\0';
	for (int i = 0; i < 3; i++)
		sink__send(sink, json_pack("{ss ss}", "ev", "big", "text", text));
	for (int i = 0; i < 1000; i++)
		sink__send(sink, json_pack("{ss si}", "ev", "small", "i", i));
	send_end_event(sink, "ok", "");
	free(text);
}

static void test_everything_arrives(void **state)
{
	json_t *e;

	(void)state;
	run_it(do_send_much);
	assert_end("ok", "", NULL);
	e = event("big", 2);
	assert_int_equal(json_string_length(json_object_get(e, "text")), WIRE_LINE_MAX - 100);
	json_decref(e);
	e = event("small", 999);
	assert_int_equal(json_integer_value(json_object_get(e, "i")), 999);
	json_decref(e);
	assert_null(event("small", 1000));
}

static void do_stop_in_mid_line(const struct sink *sink)
{
	static const char half[] = "{\"ev\":\"half";

	sink->line(sink->ctx, half, sizeof(half) - 1);
	_exit(1);
}

static void test_unfinished_line(void **state)
{
	(void)state;
	run_it(do_stop_in_mid_line);
	assert_end("crashed",
		   "the loader exited with status 1 before its end; it was doing: starting", NULL);
	assert_null(strstr(lines.data, "half"));
}

static void do_flood(const struct sink *sink)
{
	for (;;)
		sink__progress(sink, "fake", 1, 2, "flooding");
}

static void test_sink_fails(void **state)
{
	(void)state;
	sink_error = -EIO;
	sink_after = 5;
	assert_int_equal(run_limited(do_flood, 60000), -EIO);
}

static void do_print(const struct sink *sink)
{
	dprintf(1, "one\ntwo");
	dprintf(2, " and more\nlast \xff");
	send_end_event(sink, "ok", "");
}

static void do_print_much(const struct sink *sink)
{
	for (int i = 0; i < 1000; i++)
		dprintf(1, "%d\n", i);
	send_end_event(sink, "ok", "");
}

static void assert_log(size_t nth, const char *text)
{
	json_t *e = event("log", nth);
	const char *got = "";

	assert_non_null(e);
	wire_str(e, "text", &got);
	assert_string_equal(got, text);
	json_decref(e);
}

static void test_what_it_prints(void **state)
{
	(void)state;
	run_it(do_print);
	assert_end("ok", "", NULL);
	assert_log(0, "fake printed: one");
	assert_log(1, "fake printed: two and more");
	assert_log(2, "fake printed: last ?");
	assert_null(event("log", 3));
	run_it(do_print_much);
	assert_log(198, "fake printed: 198");
	assert_log(199, "fake printed more than 199 lines; the rest is dropped");
	assert_null(event("log", 200));
}

/* --- from outside ----------------------------------------------------------------------------- */

static void test_cancel(void **state)
{
	const int none = supervisor.cancel_fd;

	(void)state;
	supervisor.cancel_fd = eventfd(1, 0);
	assert_int_equal(run_limited(do_hang, 60000), 0);
	close(supervisor.cancel_fd);
	supervisor.cancel_fd = none;
	assert_true(cancelled);
	assert_non_null(strstr(lines.data, "\"status\":\"harness error\",\"reason\":\"cancelled"));
}

static void test_refuse(void **state)
{
	const struct sink sink = { .line = collect };

	(void)state;
	strbuf__free(&lines);
	assert_int_equal(run__refuse(&sink, "fake", "no kernel %d", 5), 0);
	assert_end("harness error", "no kernel 5", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ok),
		TEST(test_its_own_verdict_is_kept),
		TEST(test_unknown_status),
		TEST(test_timeout),
		TEST(test_killed_by_a_signal),
		TEST(test_exits),
		TEST(test_crash_after_the_end),
		TEST(test_leftover),
		TEST(test_everything_arrives),
		TEST(test_unfinished_line),
		TEST(test_sink_fails),
		TEST(test_what_it_prints),
		TEST(test_cancel),
		TEST(test_refuse),
	};

	return cmocka_run_group_tests_name("guest run", tests, set_up_all, tear_down_all);
}
