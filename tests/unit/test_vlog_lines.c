// SPDX-License-Identifier: GPL-2.0-only
/* Counting the verifier's walk in its log. */
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
#include "base/str.h"
#include "cli/source_line.h"
#include "model/vlog.h"
#include "model/vlog_lines.h"

static const char *golden(void)
{
	const char *folder = getenv("ASSAY_TESTDATA");

	return folder ? folder : "tests/golden";
}

static char *read_golden(const char *name)
{
	char *path = str_fmt("%s/%s.log", golden(), name), *log = NULL;

	if (file_read(path, 0, &log, NULL))
		fail_msg("can't read %s: run from the project's root or set ASSAY_TESTDATA", path);
	free(path);
	return log;
}

/* --- programs whose cost can be computed ----------------------------------------------------- */

/* Lines of tests/objects/lines.bpf.c: how often each of their instructions is met follows from
 * the loops and calls around it. */
struct wanted_line {
	const char *text;
	long line;
	int func;
	int64_t visits, pruned;
	size_t insns;
};

/* Ten turns; the jump back is not taken after the last. */
static const struct wanted_line counted[] = {
	{ "for (int i = 0; i < 10; i++)", 16, 0, 10 + 10 + 9, 0, 3 },
	{ "asm volatile(\"%[sum] += 7\" : [sum] \"+r\"(sum));", 17, 0, 10, 0, 1 },
	{ "int counted(void *ctx)", 11, 0, 2, 0, 2 },
	{ "return 0;", 18, 0, 2, 0, 2 },
};
/* Three calls of four turns. */
static const struct wanted_line called[] = {
	{ "for (int i = 0; i < 4; i++)", 24, 1, 3 * (4 + 4 + 3), 0, 3 },
	{ "asm volatile(\"%[x] *= 3\" : [x] \"+r\"(x));", 25, 1, 3 * 4, 0, 1 },
	/* The comparison's outcome is not known: both ways are walked to the exit. */
	{ "return grow(x) != 0;", 36, 0, 8, 0, 7 },
	{ "static __attribute__((noinline)) long grow(long x)", 21, 1, 3 * 2, 0, 2 },
	{ "return x;", 26, 1, 3, 0, 1 },
};
/* Twelve instructions, one of them reached three times more. */
static const struct wanted_line joined[] = {
	{ "asm volatile(\"if %[x] == 5 goto 1f; if %[x] == 6 goto 1f; if %[x] == 7 goto 1f;\"", 46,
	  0, 12 + 3, 3, 12 },
	{ "long x = bpf_get_prandom_u32();", 44, 0, 2, 0, 2 },
	{ "return 0;", 52, 0, 2, 0, 2 },
	{ "asm volatile(\"r2 = 3\" ::: \"r2\");", 51, 0, 1, 0, 1 },
};

static const struct {
	const char *name;
	int64_t processed;
	size_t funcs, nr;
	const struct wanted_line *lines;
} programs[] = {
	{ "lines-counted", 43, 1, 4, counted },
	{ "lines-called", 67, 2, 5, called },
	{ "lines-joined", 20, 1, 4, joined },
};

static const struct {
	const char *name;
	bool numbers; /* the log has file and line */
	bool names;   /* and the names of static functions */
} kernels[] = {
	{ "5.10.218", false, false },
	{ "6.1.192", false, false },
	{ "6.12.117", true, false },
	{ "7.3.4", true, true },
};

static const struct vlog_line *find_line(const struct vlog_line *lines, size_t n, const char *text,
					 int func)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(lines[i].text, text) && lines[i].func == func)
			return &lines[i];
	fail_msg("no line \"%s\" in function %d", text, func);
	return NULL;
}

static void check_line(const struct vlog_line *got, const struct wanted_line *want, bool numbers)
{
	assert_int_equal(got->visits, want->visits);
	assert_int_equal(got->pruned, want->pruned);
	assert_int_equal(got->nr_insns, want->insns);
	assert_true(got->is_source);
	assert_int_equal(got->line, numbers ? want->line : 0);
	if (numbers)
		assert_string_equal(got->file, "lines.bpf.c");
	else
		assert_null(got->file);
}

static void check_program(size_t k, size_t p)
{
	char *name = str_fmt("%s/%s", kernels[k].name, programs[p].name), *log = read_golden(name);
	struct vlog_line *lines;
	struct vlog_lines l;
	int64_t sum = 0;
	size_t n;

	assert_int_equal(vlog_lines__read(log, VLOG_UNKNOWN, &l), 0);
	assert_int_equal(l.coverage, VLOG_COVERS_WHOLE);
	assert_int_equal(l.processed, programs[p].processed);
	assert_int_equal(l.visits, programs[p].processed);
	assert_int_equal(l.unplaced, 0);
	assert_int_equal(l.nr_funcs, programs[p].funcs);
	if (kernels[k].names && l.nr_funcs > 1) {
		assert_int_equal(l.funcs[1].name_len, strlen("grow"));
		assert_memory_equal(l.funcs[1].name, "grow", strlen("grow"));
		assert_int_equal(l.funcs[1].insns_self, l.funcs[1].visits);
	}
	assert_int_equal(vlog_lines__by_source(&l, NULL, 0, VLOG_BY_VISITS, &lines, &n), 0);
	for (size_t i = 0; i < programs[p].nr; i++) {
		const struct wanted_line *want = &programs[p].lines[i];

		check_line(find_line(lines, n, want->text, want->func), want, kernels[k].numbers);
	}
	for (size_t i = 0; i < n; i++) {
		assert_true(!i || lines[i].visits <= lines[i - 1].visits);
		sum += lines[i].visits;
	}
	assert_int_equal(sum, l.visits);
	vlog_line__free(lines, n);
	vlog_lines__release(&l);
	free(log);
	free(name);
}

static void test_computed(void **state)
{
	(void)state;
	for (size_t k = 0; k < sizeof(kernels) / sizeof(kernels[0]); k++)
		for (size_t p = 0; p < sizeof(programs) / sizeof(programs[0]); p++)
			check_program(k, p);
}

/* --- every golden log, whole and cut ---------------------------------------------------------- */

static int whole_logs, cut_logs; /* nftw hands nothing through */

/* However a log is cut, what is left never passes for more than it is. */
static void check_cut(const char *path, const char *log, int64_t processed, int64_t visits)
{
	struct vlog_lines l;

	assert_int_equal(vlog_lines__read(log, processed, &l), 0);
	if (l.visits > visits)
		fail_msg("%s: cut to %zu bytes it has more: %lld visits of %lld", path, strlen(log),
			 (long long)l.visits, (long long)visits);
	if (l.coverage == VLOG_COVERS_WHOLE && l.visits + l.unplaced != processed)
		fail_msg("%s: cut to %zu bytes it passes for the whole", path, strlen(log));
	if (l.visits + l.unplaced < processed)
		assert_true(l.coverage == VLOG_COVERS_PART || l.coverage == VLOG_COVERS_NOTHING);
	assert_int_not_equal(l.coverage, VLOG_COVERS_TOO_MUCH);
	vlog_lines__release(&l);
	cut_logs++;
}

static int walk(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char *log = NULL;
	struct vlog_lines l;
	size_t len, step;

	(void)st;
	(void)ftw;
	if (type != FTW_F || !str_ends(path, ".log"))
		return 0;
	assert_int_equal(file_read(path, 0, &log, &len), 0);
	assert_int_equal(vlog_lines__read(log, VLOG_UNKNOWN, &l), 0);
	/* Level 1, 4, and one that is made up and leaves most of the walk out. */
	if (l.coverage != VLOG_COVERS_WHOLE) {
		if (l.coverage != VLOG_COVERS_NOTHING && !strstr(path, "synthetic"))
			fail_msg("%s: covers %s", path, vlog_coverage__name(l.coverage));
		goto out;
	}
	whole_logs++;
	/* Ends cut off, then beginnings; every byte of a short one. */
	step = len / 150 + 1;
	for (size_t at = 0; at < len; at += step) {
		char *head = strndup(log, at);

		assert_non_null(head);
		check_cut(path, head, l.processed, l.visits);
		free(head);
		check_cut(path, log + at, l.processed, l.visits);
	}
out:
	vlog_lines__release(&l);
	free(log);
	return 0;
}

static void test_cut_logs(void **state)
{
	(void)state;
	whole_logs = cut_logs = 0;
	if (nftw(golden(), walk, 16, FTW_PHYS))
		fail_msg("can't walk %s", golden());
	assert_true(whole_logs >= 100);
	assert_true(cut_logs >= 10000);
}

/* --- forms ----------------------------------------------------------------------------------- */

#define PROCESSED(n) "processed " #n " insns (limit 1000000) max_states_per_insn 0 total_states 0\n"

static void assert_covers(const char *log, int64_t processed, enum vlog_coverage want,
			  int64_t visits, int64_t unplaced)
{
	struct vlog_lines l;

	assert_int_equal(vlog_lines__read(log, processed, &l), 0);
	if (l.coverage != want || l.visits != visits || l.unplaced != unplaced)
		fail_msg("\"%s\": covers %s, %lld visits, %lld without a place", log ? log : "NULL",
			 vlog_coverage__name(l.coverage), (long long)l.visits,
			 (long long)l.unplaced);
	vlog_lines__release(&l);
}

static void test_coverage(void **state)
{
	(void)state;
	assert_covers(NULL, VLOG_UNKNOWN, VLOG_COVERS_NOTHING, 0, 0);
	assert_covers("", 9, VLOG_COVERS_NOTHING, 0, 0);
	assert_covers("0: (b7) r0 = 0\n1: (95) exit\n", VLOG_UNKNOWN, VLOG_COVERS_UNKNOWN, 2, 0);
	assert_covers("0: (b7) r0 = 0\n1: (95) exit\n", 2, VLOG_COVERS_WHOLE, 2, 0);
	/* The log's own count is that of the very load that it is of. */
	assert_covers("0: (b7) r0 = 0\n1: (95) exit\n" PROCESSED(2), 7, VLOG_COVERS_WHOLE, 2, 0);
	assert_covers("0: (b7) r0 = 0\n1: (95) exit\n" PROCESSED(3), 2, VLOG_COVERS_PART, 2, 0);
	assert_covers("0: (b7) r0 = 0\n1: (95) exit\n" PROCESSED(1), 2, VLOG_COVERS_TOO_MUCH, 2, 0);
	/* Level 1 has only the last path, level 4 nothing. */
	assert_covers("R0 !read_ok\n" PROCESSED(1), VLOG_UNKNOWN, VLOG_COVERS_NOTHING, 0, 0);
	assert_covers("\nfrom 1 to 3: R10=fp0\n3: (95) exit\nR0 !read_ok\n" PROCESSED(4),
		      VLOG_UNKNOWN, VLOG_COVERS_PART, 1, 0);
	/* Where a path ends, and the ends of a walk that have no line of their own. */
	assert_covers("0: (05) goto pc-1\n0: safe\n\nfrom 3 to 0: safe\n"
		      "from 3 to 0 (speculative execution): safe\n" PROCESSED(4),
		      VLOG_UNKNOWN, VLOG_COVERS_WHOLE, 4, 0);
	assert_covers("0: (05) goto pc-1\ninfinite loop detected at insn 0\n" PROCESSED(2),
		      VLOG_UNKNOWN, VLOG_COVERS_WHOLE, 2, 0);
	assert_covers(
		"0: (05) goto pc-1\nBPF program is too large. Processed 2 insn\n" PROCESSED(2),
		VLOG_UNKNOWN, VLOG_COVERS_WHOLE, 1, 1);
	/* The first line may have lost the number's first digits. */
	assert_covers("2: (b7) r0 = 0\n13: (95) exit\n", 9, VLOG_COVERS_PART, 1, 0);
	/* Numbers that no program has. */
	assert_covers("0: (b7) r0 = 0\n99999999999999999999: (95) exit\n1000000: (95) exit\n", 9,
		      VLOG_COVERS_PART, 1, 0);
}

/* 7.3 prints the program several times before the walk, from instruction 100 on as the walk does.
 */
static void test_not_the_walk(void **state)
{
	(void)state;
	assert_covers("func#0 @0\nsubprog#0: analyzing (depth 0)...\n100: (bf) r6 = r10\tr6: _\n"
		      "stack use/def subprog#0 f (d0,cs0):\n100: (bf) r6 = r10\n"
		      "Live regs before insn:\n    100: .1........ (b7) r2 = 0\n"
		      "0: R1=ctx() R10=fp0\n0: (05) goto pc+99\n100: (95) exit\n" PROCESSED(2),
		      VLOG_UNKNOWN, VLOG_COVERS_WHOLE, 2, 0);
	assert_covers("func#0 @0\n0: R1=ctx() R10=fp0\n0: (b7) r0 = 0\n"
		      "regs=1 stack=0 before 0: (b7) r0 = 0\n"
		      "mark_precise: frame0: regs=r0 stack= before 0: (b7) r0 = 0\n"
		      "1: R0=0\n1: (95) exit\n" PROCESSED(2),
		      VLOG_UNKNOWN, VLOG_COVERS_WHOLE, 2, 0);
	/* A function's own count contradicts. */
	assert_covers("func#0 @0\nfunc#1 @1\n0: R1=ctx()\n0: (95) exit\n1: (95) exit\n"
		      "subprog 0 (f) main insns_self 2 insns_total 2 stack 0\n" PROCESSED(2),
		      VLOG_UNKNOWN, VLOG_COVERS_TOO_MUCH, 2, 0);
}

/* --- lines ----------------------------------------------------------------------------------- */

static const char two_lines[] = "func#0 @0\n0: R1=ctx()\n; a = b;\n0: (b7) r0 = 0\n"
				";  c = d; @ e.c:7\n1: (b7) r1 = 0\n2: (b7) r2 = 0\n"
				";  @ e.c:0\n3: (95) exit\n" PROCESSED(4);

static void test_places(void **state)
{
	/* The second one's text is another: of another build. */
	static const struct vlog_place places[] = { { "x/e.c", "a = b;", 5 },
						    { "x/e.c", "z = y;", 9 } };
	static const struct vlog_place wrong[] = { { "x/e.c", "a = c;", 5 }, { "y/e.c", "", 6 } };
	struct vlog_line *lines;
	struct vlog_lines l;
	size_t n;

	(void)state;
	assert_int_equal(vlog_lines__read(two_lines, VLOG_UNKNOWN, &l), 0);
	assert_int_equal(vlog_lines__by_source(&l, places, 2, VLOG_BY_FIRST, &lines, &n), 0);
	assert_int_equal(n, 3);
	assert_string_equal(lines[0].file, "x/e.c");
	assert_int_equal(lines[0].line, 5);
	assert_string_equal(lines[1].file, "x/e.c");
	assert_int_equal(lines[1].line, 7);
	assert_string_equal(lines[1].text, "c = d;");
	assert_int_equal(lines[1].nr_insns, 2);
	assert_string_equal(lines[2].text, "");
	assert_int_equal(lines[2].line, 0);
	vlog_line__free(lines, n);
	assert_int_equal(vlog_lines__by_source(&l, wrong, 2, VLOG_BY_INSNS, &lines, &n), 0);
	assert_string_equal(lines[0].text, "c = d;");
	assert_string_equal(lines[0].file, "e.c"); /* two files are called so */
	assert_null(find_line(lines, n, "a = b;", 0)->file);
	vlog_line__free(lines, n);
	vlog_lines__release(&l);
	/* Without any source each instruction stands for itself, unless a place is known. */
	assert_int_equal(vlog_lines__read("0: (b7) r0 = 0   ; R0=0\n1: (95) exit\n", 2, &l), 0);
	assert_int_equal(vlog_lines__by_source(&l, places, 1, VLOG_BY_FIRST, &lines, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(lines[0].text, "a = b;");
	assert_true(lines[0].is_source);
	assert_string_equal(lines[1].text, "(95) exit");
	assert_false(lines[1].is_source);
	vlog_line__free(lines, n);
	vlog_lines__release(&l);
}

static void test_disassembly(void **state)
{
	static const char text[] = "0000000000000010 <prog>:\n"
				   "; prog():\n; /home/u/experiments/e/e.bpf.c:12\n; \tint a = 1;\n"
				   "       2:\tr0 = 0\n"
				   "; other():\n; /home/u/experiments/e/e.bpf.c:12\n"
				   "       3:\tr1 = 0 ll\n\t\t0000000000000018:  R_BPF_64_64\tmap\n"
				   "; /usr/include/x.h:3\n       5:\texit\n";
	struct source_places p;

	(void)state;
	assert_int_equal(source_places__read(text, &p), 0);
	assert_int_equal(p.n, 4);
	assert_string_equal(p.v[0].file, "experiments/e/e.bpf.c");
	assert_int_equal(p.v[0].line, 12);
	assert_string_equal(p.v[0].text, "int a = 1;");
	/* The line goes on. */
	assert_string_equal(p.v[1].text, "int a = 1;");
	assert_null(p.v[2].file);
	assert_string_equal(p.v[3].file, "x.h");
	assert_null(p.v[3].text);
	source_places__release(&p);
	assert_int_equal(source_places__read("", &p), 0);
	assert_int_equal(p.n, 0);
	source_places__release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_computed), cmocka_unit_test(test_cut_logs),
		cmocka_unit_test(test_coverage), cmocka_unit_test(test_not_the_walk),
		cmocka_unit_test(test_places),	 cmocka_unit_test(test_disassembly),
	};

	return cmocka_run_group_tests_name("vlog_lines", tests, NULL, NULL);
}
