// SPDX-License-Identifier: GPL-2.0-only
/* One experiment under supervision, on the host: the runner and the kernel are fakes, the child,
 * its pipes, signals and time limits are real. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

/* The guest's archive as a whole needs libbpf, which no test is linked with; these files do not. */
#define kmsg__open real_kmsg__open
#include "../../harness/guest/kmsg.c"
#undef kmsg__open
int kmsg__open(void);
#include "../../harness/guest/sink.c"
#include "../../harness/guest/supervise.c"
#include "../../harness/guest/run.c"

#include "base/log.h"

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_ERROR };

/* --- fakes ------------------------------------------------------------------------------------ */

/* A record of /dev/kmsg is one message of this socket; the experiment "is the kernel". */
static int kmsg_in = -1;

int kmsg__open(void)
{
	int fds[2];

	if (kmsg_in >= 0)
		close(kmsg_in);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	kmsg_in = fds[1];
	return fds[0];
}

static const char *trace_text;

int trace__mark(uint64_t id)
{
	(void)id;
	return 0;
}

int trace__since(uint64_t id, struct strbuf *out)
{
	(void)id;
	strbuf__add(out, trace_text, strlen(trace_text));
	return 0;
}

uint64_t exp__now_ns(void)
{
	return 1;
}

static void kernel_says(const char *text)
{
	char record[256];
	int n = snprintf(record, sizeof(record), "4,77,12345678,-;%s\n SUBSYSTEM=x\n", text);

	if (send(kmsg_in, record, (size_t)n, 0) != n)
		abort();
}

/* What the child does instead of an experiment. */
static void (*act)(const struct sink *sink);

int runner__run(const struct run_request *rq, const struct sink *sink)
{
	int err = sink__start(sink, rq->ex->name);

	act(sink);
	return err;
}

static void send_end_event(const struct sink *sink, const char *status, const char *reason)
{
	sink__send(sink, json_pack("{ss ss ss ss}", "ev", "end", "experiment", "fake", "status",
				   status, "reason", reason));
}

/* --- the run ------------------------------------------------------------------------------------
 */

static struct strbuf lines;
static int sink_error, sink_after; /* fails with this after so many events */
static struct supervisor supervisor;

static int collect(void *ctx, const char *line, size_t len)
{
	(void)ctx;
	if (sink_error && sink_after-- <= 0)
		return sink_error;
	strbuf__add(&lines, line, len);
	return 0;
}

static struct experiment fake = { .name = "fake" };
static bool cancelled;

static int run_limited(void (*what)(const struct sink *sink), unsigned int timeout_ms)
{
	const struct run_request rq = { .ex = &fake, .timeout_ms = timeout_ms };
	const struct sink sink = { .line = collect };

	act = what;
	strbuf__free(&lines);
	return run__supervise(&rq, &supervisor, &sink, &cancelled);
}

static void run_it(void (*what)(const struct sink *sink))
{
	assert_int_equal(run_limited(what, 60000), 0);
}

/* The nth event of a type; NULL when there are fewer. */
static json_t *event(const char *type, size_t nth)
{
	const char *at = strbuf__str(&lines);

	while (*at) {
		const char *nl = strchr(at, '\n');
		json_t *e = json_loadb(at, (size_t)(nl - at), 0, NULL);

		assert_non_null(e);
		if (strcmp(wire_type(e), type) == 0 && !nth--)
			return e;
		json_decref(e);
		at = nl + 1;
	}
	return NULL;
}

static void assert_end(const char *status, const char *reason, const char *splat)
{
	json_t *end = event("end", 0), *second = event("end", 1);
	const char *got = NULL;

	assert_non_null(end);
	assert_null(second);
	wire_str(end, "status", &got);
	assert_string_equal(got, status);
	wire_str(end, "reason", &got);
	assert_string_equal(got, reason);
	wire_str(end, "experiment", &got);
	assert_string_equal(got, "fake");
	if (splat) {
		assert_int_equal(wire_str(end, "splat", &got), 0);
		assert_string_equal(got, splat);
	} else {
		assert_int_equal(wire_str(end, "splat", &got), -ENOENT);
	}
	json_decref(end);
	/* and it is the last */
	assert_true(str_starts(strrchr(lines.data, '{'), "{\"ev\":\"end\""));
}

static int set_up(void **state)
{
	(void)state;
	fake.expect_splats = NULL;
	trace_text = "";
	sink_error = 0;
	return 0;
}

/* --- how a child ends ------------------------------------------------------------------------- */

static void do_well(const struct sink *sink)
{
	sink__progress(sink, "fake", 1, 2, "something");
	send_end_event(sink, "ok", "");
}

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

/* --- the stream ----------------------------------------------------------------------------------
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

/* --- the kernel
 * ------------------------------------------------------------------------------------ */

#define WARNING "WARNING: CPU: 0 PID: 7 at kernel/x.c:12 f+0x1/0x2"

static void do_warn(const struct sink *sink)
{
	kernel_says("harmless");
	kernel_says(WARNING);
	kernel_says("RIP: 0010:f+0x1/0x2");
	send_end_event(sink, "ok", "");
}

static void test_undeclared_splat(void **state)
{
	const char *data = "";
	json_t *e;

	(void)state;
	run_it(do_warn);
	assert_end("crashed", WARNING, "WARN");
	e = event("text", 0);
	wire_str(e, "data", &data);
	assert_string_equal(data, "[   12.345678] harmless\n[   12.345678] " WARNING
				  "\n[   12.345678] RIP: 0010:f+0x1/0x2\n");
	json_decref(e);
}

static void do_warn_twice(const struct sink *sink)
{
	kernel_says("WARNING: CPU: 0 PID: 7 at kernel/y.c:9 g+0x1/0x2");
	do_warn(sink);
}

static void test_declared_splat(void **state)
{
	static const char *const expected[] = { "^.*WARNING: .* f\\+0x", NULL };
	static const char *const both[] = { "g\\+", "f\\+", NULL };

	(void)state;
	fake.expect_splats = expected;
	run_it(do_warn);
	assert_end("ok", "", NULL);
	run_it(do_warn_twice);
	assert_end("crashed", "WARNING: CPU: 0 PID: 7 at kernel/y.c:9 g+0x1/0x2", "WARN");
	fake.expect_splats = both;
	run_it(do_warn_twice);
	assert_end("ok", "", NULL);
	run_it(do_warn);
	assert_end("unexpected", "the expected splat /g\\+/ did not appear", NULL);
}

static void do_skip(const struct sink *sink)
{
	send_end_event(sink, "skipped", "no such option");
}

static void test_missing_splat_of_a_skipped_one(void **state)
{
	static const char *const expected[] = { "WARNING", NULL };

	(void)state;
	fake.expect_splats = expected;
	run_it(do_skip);
	assert_end("skipped", "no such option", NULL);
}

/* Words that look like a splat's, in a line that is none, are not the one that was declared. */
static void do_say_harmless(const struct sink *sink)
{
	kernel_says("harmless WARNING");
	send_end_event(sink, "ok", "");
}

static void test_declared_is_only_found_in_splats(void **state)
{
	static const char *const expected[] = { "WARNING", NULL };

	(void)state;
	fake.expect_splats = expected;
	run_it(do_say_harmless);
	assert_end("unexpected", "the expected splat /WARNING/ did not appear", NULL);
}

static void test_bad_declaration(void **state)
{
	static const char *const expected[] = { "(", NULL };
	json_t *end;
	const char *reason = "";

	(void)state;
	fake.expect_splats = expected;
	run_it(do_well);
	end = event("end", 0);
	wire_str(end, "reason", &reason);
	assert_true(str_starts(reason, "mistake in the experiment: expected splat '(' is no"));
	json_decref(end);
}

static void do_oom(const struct sink *sink)
{
	sink__progress(sink, "fake", 0, 0, "taking memory");
	kernel_says("Out of memory: Killed process 41 (init) total-vm:223004kB");
	raise(SIGKILL);
}

static void do_die(const struct sink *sink)
{
	(void)sink;
	raise(SIGKILL);
}

static void test_out_of_memory(void **state)
{
	(void)state;
	run_it(do_oom);
	assert_end("crashed", "guest out of memory; it was doing: taking memory", "out of memory");
	run_it(do_die);
	assert_end("crashed", "the loader was killed by SIGKILL (Killed); it was doing: starting",
		   NULL);
}

static void do_oops(const struct sink *sink)
{
	(void)sink;
	kernel_says("BUG: kernel NULL pointer dereference, address: 0000000000000000");
	kernel_says("Oops: 0002 [#1] SMP");
	raise(SIGKILL);
}

static void do_warn_and_abort(const struct sink *sink)
{
	(void)sink;
	kernel_says(WARNING);
	abort();
}

/* An oops is why the loader died; a warning is not. */
static void test_splat_and_signal(void **state)
{
	(void)state;
	run_it(do_oops);
	assert_end("crashed", "BUG: kernel NULL pointer dereference, address: 0000000000000000",
		   "oops");
	run_it(do_warn_and_abort);
	assert_end("crashed", "the loader was killed by SIGABRT (Aborted); it was doing: starting",
		   "WARN");
}

static void do_warn_and_fail(const struct sink *sink)
{
	kernel_says(WARNING);
	send_end_event(sink, "harness error", "open x: No such file");
}

static void test_splat_and_harness_error(void **state)
{
	(void)state;
	run_it(do_warn_and_fail);
	assert_end("harness error", "open x: No such file", "WARN");
}

static void test_trace_is_kept(void **state)
{
	const char *kind = "", *data = "";
	json_t *e;

	(void)state;
	trace_text = " init [000] bpf_trace_printk: x\n";
	run_it(do_well);
	e = event("text", 0);
	wire_str(e, "kind", &kind);
	wire_str(e, "data", &data);
	assert_string_equal(kind, "trace_pipe");
	assert_string_equal(data, trace_text);
	json_decref(e);
}

static void test_format(void **state)
{
	static const struct {
		const char *record, *text;
	} cases[] = {
		{ "6,1,0,-;x\n", "[    0.000000] x\n" },
		{ "6,1,1234567890,c;a;b\n SUBSYSTEM=y\n", "[ 1234.567890] a;b\n" },
		{ "6,1,5,-;no newline", "[    0.000005] no newline\n" },
		{ "6,1,5,-;caf\\xc3\\xa9 \\x5c\n", "[    0.000005] caf\xc3\xa9 \\\n" },
		{ "6,1,5,-;two\\x0alines\n", "[    0.000005] two\n[    0.000005] lines\n" },
		{ "6,1,5,-;\\x\n", "[    0.000005] \\x\n" },
		{ "6,1,5,-;\\x4\n", "[    0.000005] \\x4\n" },
		{ "6,1,5,-;\n", "[    0.000005] \n" },
		{ "no record\n", "" },
		{ "x;y\n", "" },
		{ "\n6,1,5,-;y", "" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].record);
		char *record = malloc(len + 1); /* with nothing readable behind it */
		struct strbuf out = STRBUF_INIT;

		memcpy(record, cases[i].record, len);
		record = realloc(record, len ? len : 1);
		kmsg__format(record, len, &out);
		assert_string_equal(strbuf__str(&out), cases[i].text);
		strbuf__free(&out);
		free(record);
	}
}

/* --- from outside
 * ---------------------------------------------------------------------------------- */

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

static int set_up_all(void **state)
{
	(void)state;
	return supervisor__init(&supervisor, -1, false);
}

static int tear_down_all(void **state)
{
	(void)state;
	strbuf__free(&lines);
	return 0;
}

#define TEST(t) cmocka_unit_test_setup(t, set_up)

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
		TEST(test_undeclared_splat),
		TEST(test_declared_splat),
		TEST(test_missing_splat_of_a_skipped_one),
		TEST(test_declared_is_only_found_in_splats),
		TEST(test_bad_declaration),
		TEST(test_out_of_memory),
		TEST(test_splat_and_signal),
		TEST(test_splat_and_harness_error),
		TEST(test_trace_is_kept),
		TEST(test_format),
		TEST(test_cancel),
		TEST(test_refuse),
	};

	return cmocka_run_group_tests_name("guest run", tests, set_up_all, tear_down_all);
}
