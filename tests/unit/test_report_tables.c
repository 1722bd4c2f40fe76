// SPDX-License-Identifier: GPL-2.0-only
/* The pieces that a report is made of: tables, matrices, notes, numbers, lines. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "base/utf8.h"
#include "cli/report_matrix.h"
#include "cli/report_notes.h"
#include "cli/report_numbers.h"
#include "cli/report_table.h"
#include "cli/report_text.h"
#include "model/record.h"
#include "report_paper.h"

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_WARN };

/* --- tables -------------------------------------------------------------------------------- */

static const struct report_column columns[] = {
	{ "name", NULL, ALIGN_LEFT, false },
	{ "insns", "", ALIGN_RIGHT, false },
	{ "time", "(µs)", ALIGN_RIGHT, false },
	{ "status", NULL, ALIGN_LEFT, true },
};
#define ROW(...) ((const char *const[]){ __VA_ARGS__ })

static void print_table(struct report_table *t, size_t indent, size_t width, bool color,
			const char *should)
{
	struct paper p;

	assert_int_equal(report_table__print(t, paper_new(&p), indent, width, color), 0);
	expect_paper(&p, should);
}

static void tables(void **state)
{
	struct report_table *t = report_table__new(columns, 4);

	(void)state;
	print_table(t, 0, 0, false,
		    "name  insns  time  status\n"
		    "             (µs)\n");
	assert_int_equal(report_table__row(t, ROW("a", "12", "", "ok"), ""), 0);
	assert_int_equal(report_table__row(t, ROW("größe", "", "3", "unexpected"),
					   "R1 invalid mem access 'inv', and one more word"),
			 0);
	assert_int_equal(report_table__row(t, ROW("漢字", "1", "1234567", "skipped"), NULL), 0);
	assert_int_equal(report_table__row(t, ROW("\033[2J\n\xff", "", "", ""), "\x07"), 0);
	print_table(t, 2, 40, false,
		    "  name    insns     time  status\n"
		    "                    (µs)\n"
		    "  a          12           ok\n"
		    "  größe                3  unexpected\n"
		    "      R1 invalid mem access 'inv', and\n"
		    "      one more word\n"
		    "  漢字        1  1234567  skipped\n"
		    "   [2J ?\n");
	report_table__free(t);
	/* Without units there is one line of titles; without columns there is none. */
	t = report_table__new(columns, 2);
	print_table(t, 1, 0, false, " name  insns\n");
	report_table__free(t);
	report_table__free(NULL);
}

static void table_inks(void **state)
{
	struct report_table *t = report_table__new(columns, 4);

	(void)state;
	assert_int_equal(report_table__row(t, ROW("ok", "", "", "ok"), NULL), 0);
	assert_int_equal(report_table__row(t, ROW("crashed", "1", "", "crashed"), NULL), 0);
	assert_int_equal(report_table__row(t, ROW("c", "1", "2", "skipped"), "why"), 0);
	/* Only a status is coloured, and not a good one. */
	print_table(t, 0, 0, true,
		    "\033[1mname\033[0m     \033[1minsns\033[0m  \033[1mtime\033[0m  "
		    "\033[1mstatus\033[0m\n"
		    "                \033[2m(µs)\033[0m\n"
		    "ok                    ok\n"
		    "crashed      1        \033[1;31mcrashed\033[0m\n"
		    "c            1     2  \033[33mskipped\033[0m\n"
		    "    why\n");
	report_table__free(t);
}

/* A long name must neither be cut nor push all other rows out of the terminal. */
static void long_names_have_their_line(void **state)
{
	struct report_table *t = report_table__new(columns, 4);

	(void)state;
	assert_int_equal(report_table__row(t, ROW("a_name_of_twenty_two_c", "1", "2", "ok"), NULL),
			 0);
	assert_int_equal(report_table__row(t, ROW("a_name_of_16_let", "3", "4", "ok"), "note"), 0);
	print_table(t, 0, 43, false,
		    "name                    insns  time  status\n"
		    "                               (µs)\n"
		    "a_name_of_twenty_two_c      1     2  ok\n"
		    "a_name_of_16_let            3     4  ok\n"
		    "    note\n");
	print_table(t, 0, 42, false,
		    "name              insns  time  status\n"
		    "                         (µs)\n"
		    "a_name_of_twenty_two_c\n"
		    "                      1     2  ok\n"
		    "a_name_of_16_let      3     4  ok\n"
		    "    note\n");
	/* However narrow: a name of usual length stays in its row. */
	print_table(t, 0, 10, false,
		    "name              insns  time  status\n"
		    "                         (µs)\n"
		    "a_name_of_twenty_two_c\n"
		    "                      1     2  ok\n"
		    "a_name_of_16_let      3     4  ok\n"
		    "    note\n");
	report_table__free(t);
}

/* --- numbers ------------------------------------------------------------------------------- */

static void numbers(void **state)
{
	static const struct {
		double v;
		const char *s;
	} cases[] = {
		{ 0, "0" },
		{ -3, "-3" },
		{ 400000, "400000" },
		{ 0.5, "0.5" },
		{ 12345.678, "12345.7" },
		{ 1e15, "1e+15" },
		{ 1.0 / 3, "0.3333" },
		{ INFINITY, "inf" },
		{ NAN, "-" },
		{ 1e-9, "1e-09" },
	};
	char buf[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(report_number__str(cases[i].v, buf, sizeof(buf)), cases[i].s);
}

#define PLAIN(x)                      \
	{                             \
		.known = true, .v = x \
	}
#define RATE(x, l, h)                                                       \
	{                                                                   \
		.known = true, .bounded = true, .v = x, .low = l, .high = h \
	}

/* n numbers print as the cells, joined by '|'. */
static void expect_cells(const struct report_number *n, size_t count, const char *should)
{
	char **cells = report_numbers__cells(n, count);
	struct strbuf sb = STRBUF_INIT;
	size_t i;

	assert_non_null(cells);
	for (i = 0; i < count; i++) {
		strbuf__addf(&sb, "%s%s", i ? "|" : "", cells[i]);
		free(cells[i]);
	}
	assert_string_equal(strbuf__str(&sb), should);
	strbuf__free(&sb);
	free(cells);
}

static void columns_of_numbers(void **state)
{
	const struct report_number mixed[] = { PLAIN(1), PLAIN(2.5), PLAIN(0.125),
					       { 0 },	 PLAIN(NAN), PLAIN(INFINITY) };
	const struct report_number apart[] = { PLAIN(100), PLAIN(0.0001235), PLAIN(2.5) };
	const struct report_number huge[] = { PLAIN(1e300), PLAIN(0.5) };
	const struct report_number rates[] = {
		RATE(0.775, 0.760, 0.790), RATE(0, 0, 0.0038), PLAIN(0.5), { 0 }
	};
	const struct report_number odd[] = { RATE(NAN, NAN, NAN), RATE(1e200, 0, INFINITY),
					     RATE(0, 0, 0) };
	/* One of 400,000 was lost. */
	const struct report_number nearly[] = { RATE(399999.0 / 400000, 0.99998584, 0.99999956),
						RATE(1, 0.9999904, 1) };

	(void)state;
	expect_cells(mixed, 6, "1.000|2.500|0.125||-|inf");
	expect_cells(apart, 3, "100|0.0001235|2.5");
	expect_cells(huge, 2, "1e+300|0.5");
	expect_cells(rates, 4, "0.775 [0.760, 0.790]|0.000 [0.000, 0.004]|0.500|");
	expect_cells(odd, 3, "- [-, -]|1e+200 [0.000, inf]|0.000 [0.000, 0.000]");
	expect_cells(nearly, 2, "0.999997 [0.999986, 1.000000]|1.000000 [0.999990, 1.000000]");
	expect_cells(NULL, 0, "");
}

/* --- lines --------------------------------------------------------------------------------- */

static void lines_are_wrapped(void **state)
{
	struct paper p;

	(void)state;
	paper_new(&p);
	report_text__wrap(p.out, NULL, "> ", "", 10);
	report_text__wrap(p.out, NULL, "> ", "  a\nb   cdefghijklmnop qrs", 10);
	report_text__wrap(p.out, NULL, "", "long enough to need no wrapping", 0);
	report_text__wrap(p.out, INK_BAD, "  x: ", "größer größer", 12);
	fputs("12345", p.out);
	report_text__wrap_from(p.out, 5, 1, "678 90", 8);
	expect_paper(&p, "> \n"
			 "> a b\n"
			 "  cdefghijklmnop\n"
			 "  qrs\n"
			 "long enough to need no wrapping\n"
			 "  \033[1;31mx: \033[0mgrößer\n"
			 "     größer\n"
			 "12345678\n"
			 " 90\n");
}

static void width_of_the_report(void **state)
{
	static const struct {
		const char *columns;
		size_t width;
	} cases[] = { { NULL, 120 }, { "", 120 },   { "100", 100 }, { "20", 60 },
		      { "0", 120 },  { "8o", 120 }, { "-5", 120 },  { "99999999999", 120 } };
	struct paper p;
	size_t i;

	(void)state;
	paper_new(&p);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (cases[i].columns)
			setenv("COLUMNS", cases[i].columns, 1);
		else
			unsetenv("COLUMNS");
		assert_int_equal(report_text__width(p.out), cases[i].width);
	}
	unsetenv("COLUMNS");
	expect_paper(&p, "");
}

static void notes_are_shared(void **state)
{
	struct report_notes n = { 0 };
	struct paper p;

	(void)state;
	assert_int_equal(report_notes__add(&n, INK_NOTICE, "skipped", "a", "no hook"), 0);
	assert_int_equal(report_notes__add(&n, INK_BAD, "unexpected", "b", "no hook"), 0);
	assert_int_equal(report_notes__add(&n, INK_NOTICE, "skipped", "c (cpu=1)", "no hook"), 0);
	assert_int_equal(report_notes__add(&n, INK_NOTICE, "skipped", "a", "no hook"), 0);
	assert_int_equal(report_notes__add(&n, INK_NOTICE, "skipped", "d", "no hook"), 0);
	assert_int_equal(report_notes__add(&n, INK_BAD, "crashed", "d", ""), 0);
	report_notes__print(&n, paper_new(&p), 2, 100, false);
	expect_paper(&p, "  skipped: a, c (cpu=1) and d: no hook\n"
			 "  unexpected: b: no hook\n"
			 "  crashed: d\n");
	report_notes__print(&n, paper_new(&p), 0, 20, true);
	expect_paper(&p, "\033[33mskipped: \033[0ma, c\n"
			 "         (cpu=1) and\n"
			 "         d: no hook\n"
			 "\033[1;31munexpected: \033[0mb: no\n"
			 "            hook\n"
			 "\033[1;31mcrashed: \033[0md\n");
	report_notes__release(&n);
}

/* --- matrices ------------------------------------------------------------------------------ */

#define S(s) ((char *)(s))

static void a_matrix_is_drawn(void **state)
{
	char *rows[] = { S("0x00"), S("ä") }, *cells[] = { S("..x"), S("xx?") };
	char *cols[] = { S("1"), S("16"), S("256") };
	struct matrix m = {
		S("verdicts"), S("mask"), S("size"), S(". accepted, x rejected"), rows, cells,
		cols,	       2,	  3
	};
	struct paper p;
	char *sum;

	(void)state;
	report_matrix__draw(&m, "map (kind=full)", paper_new(&p), 2, 20);
	expect_paper(&p, "  map (kind=full): verdicts\n"
			 "    . accepted, x\n"
			 "    rejected\n"
			 "        size\n"
			 "          2\n"
			 "         15\n"
			 "  mask  166\n"
			 "  0x00  ..x\n"
			 "     ä  xx?\n");
	sum = report_matrix__sum(&m, "map");
	assert_string_equal(sum, "map: verdicts, 2 by 3 (mask by size)");
	free(sum);
	/* Without names of axes and legend; the widest and the tallest that is drawn by itself. */
	m.row_axis = m.col_axis = m.legend = S("");
	report_matrix__draw(&m, "map", paper_new(&p), 0, 0);
	expect_paper(&p, "map: verdicts\n"
			 "        2\n"
			 "       15\n"
			 "      166\n"
			 "0x00  ..x\n"
			 "   ä  xx?\n");
	sum = report_matrix__sum(&m, "map");
	assert_string_equal(sum, "map: verdicts, 2 by 3");
	free(sum);
	assert_true(report_matrix__is_small(&m, 9));
	assert_false(report_matrix__is_small(&m, 8));
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(tables),
		T(table_inks),
		T(long_names_have_their_line),
		T(numbers),
		T(columns_of_numbers),
		T(lines_are_wrapped),
		T(width_of_the_report),
		T(notes_are_shared),
		T(a_matrix_is_drawn),
	};

	return cmocka_run_group_tests_name("report_tables", tests, NULL, NULL);
}
