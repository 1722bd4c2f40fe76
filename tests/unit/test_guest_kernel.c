// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel says while an experiment runs: kept, and judged. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "guest_run_fakes.h"

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

/* Nobody can say that there was no splat among what was lost. */
static void test_lost_messages(void **state)
{
	static const char lost[] =
		"the kernel said more than its buffer holds: what was lost can't be searched for "
		"splats; a larger one: --append log_buf_len=16M";
	static const char *const expected[] = { "WARNING", NULL };
	const char *data = "";
	json_t *e;

	(void)state;
	kmsg_lost = true;
	run_it(do_well);
	assert_end("harness error", lost, NULL);
	e = event("text", 0);
	wire_str(e, "data", &data);
	assert_string_equal(data, "(messages were lost: the kernel's buffer overran)\n");
	json_decref(e);
	kmsg_lost = true;
	fake.expect_splats = expected;
	run_it(do_well);
	assert_end("harness error", lost, NULL);
	fake.expect_splats = NULL;
	kmsg_lost = true;
	run_it(do_warn);
	assert_end("crashed", WARNING, "WARN");
	kmsg_lost = true;
	run_it(do_skip);
	assert_end("skipped", "no such option", NULL);
}

static void test_no_messages(void **state)
{
	const char *text = "";
	json_t *e;

	(void)state;
	kmsg_error = -EPERM;
	run_it(do_well);
	assert_end("ok", "", NULL);
	e = event("log", 0);
	assert_non_null(e);
	wire_str(e, "text", &text);
	assert_string_equal(text, "the kernel's messages can't be read (Operation not permitted): "
				  "splats go unseen");
	json_decref(e);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_undeclared_splat),
		TEST(test_declared_splat),
		TEST(test_missing_splat_of_a_skipped_one),
		TEST(test_declared_is_only_found_in_splats),
		TEST(test_bad_declaration),
		TEST(test_out_of_memory),
		TEST(test_splat_and_signal),
		TEST(test_splat_and_harness_error),
		TEST(test_lost_messages),
		TEST(test_no_messages),
		TEST(test_trace_is_kept),
		TEST(test_format),
	};

	return cmocka_run_group_tests_name("guest kernel", tests, set_up_all, tear_down_all);
}
