// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/log.h"
#include "diff/logdiff.h"

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_WARN };

static void test_messages(void **state)
{
	static const char *const cases[][2] = {
		{ "invalid indirect read from stack R1 off -128+126 size 127",
		  "invalid indirect read from stack RN off -128+126 size 127" },
		/* The kernel's own rewording stays one. */
		{ "invalid indirect read from stack off -128+126 size 127",
		  "invalid indirect read from stack off -128+126 size 127" },
		{ "R10 !read_ok", "RN !read_ok" },
		{ "unknown func bpf_strtol#105", "unknown func bpf_strtol#N" },
		{ "attach_btf_id 25668 points to wrong type name vfs_read",
		  "attach_btf_id N points to wrong type name vfs_read" },
		{ "fd 9999 is not pointing to valid bpf_map",
		  "fd N is not pointing to valid bpf_map" },
		{ "[2] Invalid name_offset:910319", "[N] Invalid name_offset:N" },
		{ "caller has id=12 and map id:7", "caller has id=N and map id:N" },
		{ "as p 00000000287859fd as lx ffffffff81060d11\n", "as p ADDR as lx ADDR" },
		{ "0x5620219e54b0 through a map: 0x219e54b0", "ADDR through a map: ADDR" },
		{ "build id 406c3fd85a0292b19793de39ecf5a0a276973032, not", "build id ADDR, not" },
		{ "r1 == 0x2a  and\t more\r\n", "r1 == 0x2a and more" },
		/* Words that only look like it. */
		{ "infinite loop detected at insn 12", "infinite loop detected at insn 12" },
		{ "BPF program is too large. Processed 1000001 insn",
		  "BPF program is too large. Processed 1000001 insn" },
		{ "RCU R1x", "RCU R1x" },
		{ "deadbeefdeadbeef_x", "deadbeefdeadbeef_x" },
		{ "fid=7 pid 7", "fid=7 pid 7" },
		{ "bytes \xff\xfe", "bytes ??" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *once = logdiff__message(cases[i][0]), *twice = logdiff__message(once);

		assert_string_equal(once, cases[i][1]);
		/* A baseline holds what was normalised already. */
		assert_string_equal(twice, once);
		free(once);
		free(twice);
	}
	char *none = logdiff__message(NULL);

	assert_string_equal(none, "");
	free(none);
}

static void test_lines(void **state)
{
	static const char *const cases[][2] = {
		{ "14: (15) if r1 == 0x0 goto pc+1       ; R1_w=scalar(id=1)",
		  "14: (15) if r1 == 0x0 goto pc+1" },
		{ "10: (85) call bpf_kstrtol#156\r", "10: (85) call bpf_kstrtol#N" },
		{ "25: (18) r1 = 0xffff8880027aac00", "25: (18) r1 = ADDR" },
		{ "from 14 to 16: safe", "16: safe" },
		{ "16: safe", "16: safe" },
		{ "R1 !read_ok", "RN !read_ok" },
		{ "the reasonprocessed 0 insns (limit 1000000)", "the reason" },
		/* What is not compared. */
		{ "0: R1=ctx(id=0,off=0,imm=0) R10=fp0", "" },
		{ " R0_w=inv1 R1_w=inv(id=1) R10=fp0", "" },
		{ " frame1: R1_w=fp-8 R10=fp0", "" },
		{ "from 17 to 19: R0=0 R1_w=42 R10=fp0", "" },
		{ "; return !bpf_kstrtol(text);", "" },
		{ "last_idx 3 first_idx 0", "" },
		{ "regs=2 stack=0 before 2: (b7) r1 = 0", "" },
		{ "mark_precise: frame0: last_idx 3 first_idx 0", "" },
		{ "verification time 325 usec", "" },
		{ "stack depth 16", "" },
		{ "processed 24 insns (limit 1000000) max_states_per_insn 0", "" },
		{ "      0: .1........ (79) r1 = *(u64 *)(r1 +104)", "" },
		{ "  1   2: 0......... (95) exit", "" },
		{ "(0,4,7) frame 2 insn 7 +written -304", "" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *line = logdiff__line(cases[i][0], strlen(cases[i][0]));

		assert_non_null(line);
		assert_string_equal(line, cases[i][1]);
		free(line);
	}
}

/* --- logs as kernels printed them ------------------------------------------------------------- */

static char *golden(const char *kernel, const char *name)
{
	char path[256], *text = NULL;

	snprintf(path, sizeof(path), "tests/golden/%s/%s.log", kernel, name);
	if (file_read(path, 0, &text, NULL))
		fail_msg("%s can't be read", path);
	return text;
}

static int find(const char *a, const char *b, const char *name, struct logdiff *d)
{
	char *la = golden(a, name), *lb = golden(b, name);
	int found = logdiff__find(la, lb, d);

	free(la);
	free(lb);
	assert_true(found >= 0);
	return found;
}

/* The same program, judged alike by kernels that print their states in different forms. */
static void test_same_in_other_words(void **state)
{
	static const char *const alike[] = { "min-negative", "null-check", "subprog", "precise",
					     "mask-127",     "loop",	   "tiny" };
	struct logdiff d;

	(void)state;
	for (size_t i = 0; i < sizeof(alike) / sizeof(alike[0]); i++) {
		if (find("6.1.192", "6.18.44", alike[i], &d))
			fail_msg("%s: \"%s\" against \"%s\"", alike[i], d.a, d.b);
		assert_null(d.context);
	}
	assert_int_equal(find("5.10.218-stock", "6.1.192", "mask-127", &d), 0);
}

static void test_flip(void **state)
{
	struct logdiff d;

	(void)state;
	assert_int_equal(find("5.10.218-stock", "5.10.262", "mask-126", &d), 1);
	assert_string_equal(d.a, "invalid indirect read from stack R1 off -128+126 size 127");
	assert_non_null(strstr(d.b, "26: (18) r1 = 0x"));
	assert_non_null(strstr(d.context, "25: (85) call bpf_probe_read_user#112"));
	assert_true(d.line_a > 25 && d.line_b > 25);
	logdiff__release(&d);
}

static void test_reworded(void **state)
{
	struct logdiff d;

	(void)state;
	assert_int_equal(find("5.10.218-stock", "6.1.192", "deref", &d), 1);
	assert_string_equal(d.a, "R1 invalid mem access 'inv'");
	assert_string_equal(d.b, "R1 invalid mem access 'scalar'");
	logdiff__release(&d);
}

static void test_ends(void **state)
{
	struct logdiff d;

	(void)state;
	assert_int_equal(logdiff__find("0: (95) exit\n1: (95) exit\n", "0: (95) exit", &d), 1);
	assert_string_equal(d.a, "1: (95) exit");
	assert_int_equal(d.line_a, 2);
	assert_null(d.b);
	assert_int_equal(d.line_b, 0);
	assert_string_equal(d.context, "0: (95) exit");
	logdiff__release(&d);
	assert_int_equal(logdiff__find("", "", &d), 0);
	assert_int_equal(logdiff__find("", "a reason\n", &d), 1);
	assert_null(d.a);
	assert_null(d.context);
	assert_string_equal(d.b, "a reason");
	logdiff__release(&d);
	logdiff__release(&d);
	/* The report that newer kernels add says nothing new. */
	assert_int_equal(logdiff__find("R1 bad\n", "R1 bad\n\nVerification failed: x\nAt:\n", &d),
			 0);
}

/* The line before is a's, though b's was taken for the same. */
static void test_context(void **state)
{
	struct logdiff d;

	(void)state;
	assert_int_equal(logdiff__find("0: (85) call f#105\n1: (95) exit\n",
				       "0: (85) call f#112\n1: (bf) r1 = r0\n", &d),
			 1);
	assert_string_equal(d.context, "0: (85) call f#105");
	logdiff__release(&d);
}

/* What a baseline holds was normalised before, and is once more when it is compared. */
static void test_twice(void **state)
{
	static const char *const parts[] = {
		"R1", "#12", "[3]",  "0x12345678", " fd ", "7",	   "id=", "id:", "deadbeefdeadbeef",
		"_",  " ",   "x",    "\t",	   "#",	   "uid=", "[",	  "N",	 "R",
		"0x", "]",   "\xff", "\xc3\xa9",   "ADDR", "a"
	};
	unsigned int seed = 1;

	(void)state;
	for (int turn = 0; turn < 20000; turn++) {
		char text[128] = "", *once, *twice;

		for (int i = 0; i < 8; i++)
			strcat(text, parts[(unsigned int)rand_r(&seed) %
					   (sizeof(parts) / sizeof(parts[0]))]);
		once = logdiff__message(text);
		twice = logdiff__message(once);
		assert_non_null(twice);
		if (strcmp(once, twice) != 0)
			fail_msg("'%s' becomes '%s', then '%s'", text, once, twice);
		free(once);
		free(twice);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_same_in_other_words),
		cmocka_unit_test(test_flip),
		cmocka_unit_test(test_reworded),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_context),
		cmocka_unit_test(test_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
