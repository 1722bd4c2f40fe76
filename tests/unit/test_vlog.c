// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/num.h"
#include "base/str.h"
#include "model/vlog.h"

/* --- golden logs ---------------------------------------------------------------------------- */

/* The value of "key=value" in the text of an .expect file; false when there is no such key. */
static bool expected(const char *text, const char *key, char *value, size_t len)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t n = strlen(key);

		if (strncmp(line, key, n) || line[n] != '=')
			continue;
		snprintf(value, len, "%.*s", (int)strcspn(line + n + 1, "\n"), line + n + 1);
		return true;
	}
	return false;
}

static int64_t expected_number(const char *text, const char *key)
{
	char value[32];
	int64_t n;

	if (!expected(text, key, value, sizeof(value)))
		return VLOG_UNKNOWN;
	if (num_i64(value, -1, INT64_MAX, &n))
		fail_msg("%s=%s is no number", key, value);
	return n;
}

static void check_number(const char *file, const char *text, const char *key, int64_t got)
{
	int64_t want = expected_number(text, key);

	if (got != want)
		fail_msg("%s: %s is %lld, not %lld", file, key, (long long)got, (long long)want);
}

static void check_stacks(const char *file, const char *text, const struct vlog_stats *s)
{
	struct strbuf sb = STRBUF_INIT;
	char want[256] = "";

	expected(text, "subprog_stack", want, sizeof(want));
	for (int i = 0; i < s->nr_subprogs; i++)
		strbuf__addf(&sb, "%s%d", i ? "+" : "", s->subprog_stack[i]);
	if (strcmp(strbuf__str(&sb), want))
		fail_msg("%s: subprog_stack is %s, not %s", file, strbuf__str(&sb), want);
	strbuf__free(&sb);
}

static void check_golden(const char *file, const char *log, const char *text)
{
	char want[4200] = "";
	struct vlog v;

	assert_int_equal(vlog__parse(log, expected_number(text, "rejected") == 1, &v), 0);
	check_number(file, text, "insns", v.stats.insns);
	check_number(file, text, "max_states_per_insn", v.stats.max_states_per_insn);
	check_number(file, text, "total_states", v.stats.total_states);
	check_number(file, text, "peak_states", v.stats.peak_states);
	check_number(file, text, "mark_read", v.stats.mark_read);
	check_number(file, text, "verification_time_us", v.stats.verification_time_us);
	check_number(file, text, "stack_depth", v.stats.stack_depth);
	check_number(file, text, "message_insn", v.message_insn);
	check_stacks(file, text, &v.stats);
	if (!expected(text, "message", want, sizeof(want)))
		assert_null(v.message);
	else if (!v.message || strcmp(v.message, want))
		fail_msg("%s: message is \"%s\", not \"%s\"", file, v.message ? v.message : "NULL",
			 want);
	vlog__release(&v);
}

static int golden_count; /* nftw hands nothing through */

static int walk(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char *log = NULL, *text = NULL, *expect = NULL;

	(void)st;
	(void)ftw;
	if (type != FTW_F || !str_ends(path, ".log"))
		return 0;
	expect = str_fmt("%.*s.expect", (int)(strlen(path) - strlen(".log")), path);
	assert_non_null(expect);
	assert_int_equal(file_read(path, 0, &log, NULL), 0);
	if (file_read(expect, 0, &text, NULL))
		fail_msg("%s has no %s beside it", path, expect);
	check_golden(path, log, text);
	golden_count++;
	free(log);
	free(text);
	free(expect);
	return 0;
}

static void test_golden(void **state)
{
	const char *folder = getenv("ASSAY_TESTDATA");

	(void)state;
	golden_count = 0;
	if (!folder)
		folder = "tests/golden";
	if (nftw(folder, walk, 16, FTW_PHYS))
		fail_msg("can't walk %s: run from the project's root or set ASSAY_TESTDATA",
			 folder);
	/* A moved folder must not look like a success. */
	assert_true(golden_count >= 120);
}

/* --- forms ---------------------------------------------------------------------------------- */

#define PROCESSED                                                                               \
	"processed 9 insns (limit 1000000) max_states_per_insn 1 total_states 2 peak_states 3 " \
	"mark_read 4\n"

static void assert_message(const char *log, const char *message, int64_t insn)
{
	struct vlog v;

	assert_int_equal(vlog__parse(log, 1, &v), 0);
	if (!message)
		assert_null(v.message);
	else if (!v.message || strcmp(v.message, message))
		fail_msg("\"%s\" gives \"%s\", not \"%s\"", log, v.message ? v.message : "NULL",
			 message);
	assert_int_equal(v.message_insn, insn);
	vlog__release(&v);
	/* An accepted program has no message, whatever the log says. */
	assert_int_equal(vlog__parse(log, 0, &v), 0);
	assert_null(v.message);
	assert_int_equal(v.message_insn, VLOG_UNKNOWN);
	vlog__release(&v);
}

static void test_nothing(void **state)
{
	static const char *const logs[] = { NULL, "", "\n", "\n\n\n", " ", "\r\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		struct vlog v;

		assert_int_equal(vlog__parse(logs[i], 1, &v), 0);
		assert_null(v.message);
		assert_int_equal(v.message_insn, VLOG_UNKNOWN);
		assert_int_equal(v.stats.insns, VLOG_UNKNOWN);
		assert_int_equal(v.stats.stack_depth, VLOG_UNKNOWN);
		assert_int_equal(v.stats.verification_time_us, VLOG_UNKNOWN);
		assert_int_equal(v.stats.mark_read, VLOG_UNKNOWN);
		assert_int_equal(v.stats.nr_subprogs, 0);
		vlog__release(&v);
	}
}

static void test_message_forms(void **state)
{
	(void)state;
	assert_message("R0 !read_ok\n" PROCESSED, "R0 !read_ok", -1);
	assert_message("R0 !read_ok", "R0 !read_ok", -1); /* cut off right behind it */
	assert_message("7: (95) exit\nR0 !read_ok\r\n" PROCESSED, "R0 !read_ok", 7);
	assert_message("12: R1=ctx()\n12: (85) call x#5000\ninvalid func x#5000\n\n" PROCESSED,
		       "invalid func x#5000", 12);
	/* "R1 type" is a reason, "R1=" and "R1_rw=" are states. */
	assert_message("3: (85) call f#6\nR1 type=inv expected=fp\n" PROCESSED,
		       "R1 type=inv expected=fp", 3);
	assert_message("3: (85) call f#6\nbad\nR1=inv3\nR1_rw=invP3 R10=fp0\n R2=2\n" PROCESSED,
		       "bad", 3);
	assert_message("3: (85) call f#6\nR1_w is odd\n" PROCESSED, "R1_w is odd", 3);
	/* The instruction is the last one above, whatever stands between. */
	assert_message("4: (07) r2 += -8\n; int x = 5: 7;\n99: safe\nlast_idx 4 first_idx 0\n"
		       "regs=4 stack=0 before 3: (b7) r2 = 8\nbad thing\n" PROCESSED,
		       "bad thing", 99);
	assert_message("(b7) r0 = 0\n", "(b7) r0 = 0", -1);
}

static void test_message_lines(void **state)
{
	(void)state;
	assert_message("1: (61) r0 = *(u32 *)(r0 +0)\none\ntwo\n" PROCESSED, "one; two", 1);
	assert_message("one \r\ntwo\t\nthree", "one; two; three", -1);
	/* A blank line, a state or an instruction parts them. */
	assert_message("one\n\ntwo\n" PROCESSED, "two", -1);
	assert_message("one\n2: (95) exit\ntwo\n" PROCESSED, "two", 2);
	assert_message("one\n R1=2\ntwo\n" PROCESSED, "two", -1);
	/* Many lines in a row are no reason but something unknown: the end of it is kept. */
	assert_message("1\n2\n3\n4\n5\n6\n", "3; 4; 5; 6", -1);
}

/* The walk broke off without a word (out of memory, signal): no old line is taken for a reason. */
static void test_no_message(void **state)
{
	(void)state;
	assert_message("Global function f() doesn't return scalar. Only those are supported.\n"
		       "0: R1=ctx() R10=fp0\n0: (b7) r0 = 0\n" PROCESSED,
		       NULL, -1);
	assert_message("0: (b7) r0 = 0   ; R0=0\n1: (95) exit\n\nfrom 1 to 5: R0=0\n" PROCESSED,
		       NULL, -1);
	assert_message(PROCESSED, NULL, -1);
}

static void test_walk_lines(void **state)
{
	static const char *const lines[] = {
		"func#0 @0",
		"0: R1=ctx(id=0,off=0,imm=0) R10=fp0",
		"0: R1=ctx() R10=fp0",
		"9: frame1: R1=ctx() R10=fp0",
		"9: safe",
		"9:",
		"R0=inv1",
		" R0_w=inv(id=0,umax_value=127,var_off=(0x0; 0x7f)) R10=fp0",
		" frame1: R1=ctx()",
		"frame1: R1=ctx()",
		"from 5 to 9: R0=scalar()",
		"from 5 to 9 (speculative execution): R0=scalar()",
		"from 5 to 9: safe",
		"last_idx 20 first_idx 11",
		"regs=4 stack=0 before 19: (bf) r1 = r6",
		"parent didn't have regs=4 stack=0 marks",
		"parent already had regs=4 stack=0 marks: R0=1",
		"mark_precise: frame0: last_idx 20 first_idx 11 subseq_idx -1 ",
		"mark_precise: frame0: regs=r2 stack= before 19: (bf) r1 = r6",
		"mark_precise: frame0: parent state regs=r2 stack=:  R0=scalar()",
		"force_precise: frame0: forcing r1 to be precise",
		"frame 0: propagating r6,fp-8",
		"propagating r6",
		"propagating fp-8",
		"propagate_backedges: too many iterations",
		"caller:",
		"callee:",
		"returning from callee:",
		"to caller at 5:",
		"cur state: R0=1",
		"old state: R0=1",
		"; return *v; @ progs.bpf.c:34",
		";",
		"Live regs before insn:",
		"Live regs before insn, pruning points (p), and force checkpoints (P):",
		"      0: .1........ (b7) r0 = 0",
		"  1   2: 0.....6... (15) if r6 == 0x0 goto pc+1",
		"123   2: 0.....6... (15) if r6 == 0x0 goto pc+1",
		"stack use/def subprog#0 main (d0,cs0):",
		"(0,5) frame 0 insn 7 +live -8 ",
		"(0) live stack update done in 2 iterations",
		"SCC enter (1)",
		"func 'copyout_bpf' arg0 has btf_id 12 type STRUCT 'iov_iter'",
		"Func#1 is global and valid. Skipping.",
		"Func#1 ('f') is global and assumed valid.",
		"Func#1 is safe for any args that match its prototype",
		"Validating f() func#1...",
		"-- END PROG LOAD LOG --",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char *log = str_fmt("it is bad\n%s\n" PROCESSED, lines[i]);
		struct vlog v;

		assert_int_equal(vlog__parse(log, 1, &v), 0);
		if (!v.message || strcmp(v.message, "it is bad"))
			fail_msg("\"%s\" was taken for a reason", lines[i]);
		vlog__release(&v);
		free(log);
	}
}

/* Reasons that resemble lines of the walk. */
static void test_reasons(void **state)
{
	static const char *const lines[] = {
		"BPF program is too large. Processed 1000001 insn",
		"R0 min value is outside of the array range",
		"func#1 ('f') can't be called here",
		"Func#1 returns nothing",
		"func 'f' arg0 type PTR is not a struct",
		"frame pointer is read only",
		"Caller passes invalid args into func#1 ('f')",
		"parent is missing",
		"back-edge from insn 3 to 1",
		"combined stack size of 2 calls is 576. Too large",
		"0 is not a number",
		"64-bit constant expected",
		"12 34 is odd",
		"processed nothing",
		"verification time is over",
		"subprog 1 is missing",
		"(f) is no function",
		"-- odd --",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char *log = str_fmt("3: (95) exit\n%s\n" PROCESSED, lines[i]);

		assert_message(log, lines[i], 3);
		free(log);
	}
}

static void test_report(void **state)
{
	(void)state;
	assert_message(
		"0: (95) exit\nR0 !read_ok\n\nVerification failed: A: B\n\nReason:\n  text\n\n"
		"Suggestion:\n  more\n\n" PROCESSED,
		"R0 !read_ok", 0);
	/* Only at a line's start, and not the program's own text. */
	assert_message("0: (95) exit\n; Verification failed: x\nR0 !read_ok\n" PROCESSED,
		       "R0 !read_ok", 0);
	/* Nothing but the report. */
	assert_message("Verification failed: A: B\n\nReason:\n  text\n" PROCESSED, NULL, -1);
	/* Two reports: the last one counts. */
	assert_message("0: (95) exit\none\n\nVerification failed: A\n\n3: (95) exit\ntwo\n\n"
		       "Verification failed: B\n" PROCESSED,
		       "two", 3);
}

static struct vlog_stats stats_of(const char *log)
{
	struct vlog v;

	assert_int_equal(vlog__parse(log, 0, &v), 0);
	return v.stats;
}

static void test_stats_forms(void **state)
{
	struct vlog_stats s = stats_of("verification time 5 usec\nstack depth 128+0\n" PROCESSED);

	(void)state;
	assert_int_equal(s.verification_time_us, 5);
	assert_int_equal(s.stack_depth, 128);
	assert_int_equal(s.nr_subprogs, 2);
	assert_int_equal(s.insns, 9);
	assert_int_equal(s.max_states_per_insn, 1);
	assert_int_equal(s.total_states, 2);
	assert_int_equal(s.peak_states, 3);
	assert_int_equal(s.mark_read, 4);
	/* Without level 4 there is only the last line, and it may lack its newline. */
	s = stats_of("processed 7 insns (limit 1000000) max_states_per_insn 0");
	assert_int_equal(s.insns, 7);
	assert_int_equal(s.max_states_per_insn, 0);
	assert_int_equal(s.total_states, VLOG_UNKNOWN);
	assert_int_equal(s.stack_depth, VLOG_UNKNOWN);
	s = stats_of("stack depth \n" PROCESSED);
	assert_int_equal(s.stack_depth, VLOG_UNKNOWN);
	assert_int_equal(s.insns, 9);
	s = stats_of("stack depth max 96\n" PROCESSED);
	assert_int_equal(s.stack_depth, 96);
	assert_int_equal(s.nr_subprogs, 0);
}

static void test_stats_of_73(void **state)
{
	struct vlog_stats s;

	(void)state;
	s = stats_of(
		"stack depth max 0\nsubprog 1 (b c) static insns_self 1 insns_total 1 stack 8\n"
		"subprog 0 (stack 5) main insns_self 1 insns_total 1 stack 88\n" PROCESSED);
	assert_int_equal(s.stack_depth, 96);
	assert_int_equal(s.nr_subprogs, 2);
	assert_int_equal(s.subprog_stack[0], 88);
	assert_int_equal(s.subprog_stack[1], 8);
}

static void test_stats_odd(void **state)
{
	struct vlog_stats s;

	(void)state;
	s = stats_of("stack depth 1+\nprocessed 99999999999999999999 insns (limit 1)\n");
	assert_int_equal(s.stack_depth, VLOG_UNKNOWN);
	assert_int_equal(s.insns, VLOG_UNKNOWN);
	s = stats_of("stack depth 99999999999+1\nstack depth -8\nstack depth x\n" PROCESSED);
	assert_int_equal(s.stack_depth, VLOG_UNKNOWN);
	s = stats_of("verification time x usec\n" PROCESSED);
	assert_int_equal(s.verification_time_us, VLOG_UNKNOWN);
	/* The last ones count, not what a log holds further up. */
	s = stats_of(
		"verification time 1 usec\nprocessed 1 insns (limit 1)\n0: (95) exit\n" PROCESSED);
	assert_int_equal(s.insns, 9);
	assert_int_equal(s.verification_time_us, VLOG_UNKNOWN);
	/* A line that is not known yet, in between. */
	s = stats_of("verification time 3 usec\nweather fine\nstack depth 8\n" PROCESSED);
	assert_int_equal(s.verification_time_us, 3);
	assert_message("2: (95) exit\nbad\nverification time 3 usec\nweather fine\n" PROCESSED,
		       "bad", 2);
}

/* "in func info" has no newline in the kernel. */
static void test_glued(void **state)
{
	struct vlog v;

	(void)state;
	assert_int_equal(vlog__parse("4: (95) exit\ninvalid type id 7 in func infoverification "
				     "time 62 usec\nstack depth 0\n" PROCESSED,
				     1, &v),
			 0);
	assert_string_equal(v.message, "invalid type id 7 in func info");
	assert_int_equal(v.message_insn, 4);
	assert_int_equal(v.stats.verification_time_us, 62);
	vlog__release(&v);
	assert_message("nonzero tailing record in line_info" PROCESSED,
		       "nonzero tailing record in line_info", -1);
}

/* More subprograms than there is room for: the first ones are kept, the sum is whole. */
static void test_many_subprogs(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	struct vlog_stats s;

	(void)state;
	strbuf__addf(&sb, "stack depth 8");
	for (int i = 1; i < 300; i++)
		strbuf__addf(&sb, "+8");
	strbuf__addf(&sb, "\n" PROCESSED);
	s = stats_of(strbuf__str(&sb));
	assert_int_equal(s.nr_subprogs, VLOG_MAX_SUBPROGS);
	assert_int_equal(s.stack_depth, 2400);
	strbuf__free(&sb);

	strbuf__addf(&sb, "verification time 6 usec\nstack depth max 512\n");
	for (int i = 0; i < VLOG_MAX_SUBPROGS; i++)
		strbuf__addf(&sb, "subprog %d (f%d) static insns_self 1 insns_total 1 stack 16\n",
			     i, i);
	strbuf__addf(&sb, "subprog 9999999 (f) static insns_self 1 insns_total 1 stack 16\n");
	strbuf__addf(&sb, PROCESSED);
	s = stats_of(strbuf__str(&sb));
	assert_int_equal(s.nr_subprogs, VLOG_MAX_SUBPROGS);
	assert_int_equal(s.stack_depth, 16 * (VLOG_MAX_SUBPROGS + 1));
	assert_int_equal(s.verification_time_us, 6);
	strbuf__free(&sb);
}

/* Long logs and long lines: quadratic reading would not come to an end. */
static void test_huge(void **state)
{
	static const char state_line[] = " R0=scalar(umax=255,var_off=(0x0; 0xff)) R10=fp0\n";
	size_t n = 32u << 20, len = sizeof(state_line) - 1;
	char *log = malloc(n + 4096);
	struct vlog v;
	size_t at;

	(void)state;
	assert_non_null(log);
	at = (size_t)sprintf(log, "77: (85) call f#1\n");
	while (at < n) {
		memcpy(log + at, state_line, len);
		at += len;
	}
	sprintf(log + at, "it is bad\n" PROCESSED);
	assert_int_equal(vlog__parse(log, 1, &v), 0);
	assert_string_equal(v.message, "it is bad");
	assert_int_equal(v.message_insn, 77);
	vlog__release(&v);

	memset(log, 'x', n);
	log[n] = '\0';
	assert_int_equal(vlog__parse(log, 1, &v), 0);
	assert_int_equal(strlen(v.message), 4096); /* cut */
	vlog__release(&v);

	memset(log, '\n', n);
	assert_int_equal(vlog__parse(log, 1, &v), 0);
	assert_null(v.message);
	vlog__release(&v);
	free(log);
}

/* Every prefix of a real log: a log that was cut off anywhere is no reason to stumble. */
static void test_cut_anywhere(void **state)
{
	static const char log[] = "func#0 @0\n0: R1=ctx() R10=fp0\n; x @ a.c:1\n"
				  "10: (79) r0 = *(u64 *)(r1 +0)\ninvalid access, off=0 size=8\n"
				  "R1 min value is outside of the allowed memory range\n"
				  "verification time 54 usec\nstack depth 8+16\n" PROCESSED;

	(void)state;
	for (size_t i = 0; i < sizeof(log); i++) {
		char *cut = strndup(log, i);
		struct vlog v;

		assert_int_equal(vlog__parse(cut, 1, &v), 0);
		if (i == sizeof(log) - 1)
			assert_string_equal(v.message,
					    "invalid access, off=0 size=8; R1 min value is "
					    "outside of the allowed memory range");
		vlog__release(&v);
		free(cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),	      cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_message_forms), cmocka_unit_test(test_message_lines),
		cmocka_unit_test(test_no_message),    cmocka_unit_test(test_walk_lines),
		cmocka_unit_test(test_reasons),	      cmocka_unit_test(test_report),
		cmocka_unit_test(test_stats_forms),   cmocka_unit_test(test_stats_of_73),
		cmocka_unit_test(test_stats_odd),     cmocka_unit_test(test_glued),
		cmocka_unit_test(test_many_subprogs), cmocka_unit_test(test_huge),
		cmocka_unit_test(test_cut_anywhere),
	};

	return cmocka_run_group_tests_name("vlog", tests, NULL, NULL);
}
