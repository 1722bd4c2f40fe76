// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/eta.h"
#include "base/term.h"

/* --- time left ------------------------------------------------------------------------------- */

static void assert_near(double got, double want, double tolerance)
{
	if (!(fabs(got - want) <= tolerance))
		fail_msg("%g is not within %g of %g", got, tolerance, want);
}

static void eta_of_steady_work(void **state)
{
	struct eta e = { 0 };

	(void)state;
	assert_true(eta__left(&e, 0) < 0);
	for (int t = 0; t <= 50; t++)
		eta__sample(&e, 1000 + t, t / 100.0);
	assert_near(eta__left(&e, 1050), 50, 0.01);
	assert_near(eta__left(&e, 1060), 40, 0.01); /* no news for a while */
	assert_near(eta__left(&e, 2000), 0, 0);
}

static void eta_says_nothing_too_early(void **state)
{
	struct eta e = { 0 };

	(void)state;
	eta__sample(&e, 0, 0);
	eta__sample(&e, 1, 0.3);
	assert_true(eta__left(&e, 1) < 0);
	eta__sample(&e, 4, 0.4);
	assert_true(eta__left(&e, 4) >= 0);
}

static void eta_of_standing_work(void **state)
{
	struct eta e = { 0 };

	(void)state;
	for (int t = 0; t < 10; t++)
		eta__sample(&e, t, 0.5);
	assert_true(eta__left(&e, 10) < 0);
}

static void eta_follows_a_change_of_pace(void **state)
{
	struct eta e = { 0 };
	double f = 0, now = 0;

	(void)state;
	for (; now < 30; now++, f += 0.01)
		eta__sample(&e, now, f);
	for (; now < 200; now++, f += 0.001)
		eta__sample(&e, now, f);
	assert_near(eta__left(&e, now - 1), (1 - (f - 0.001)) / 0.001, 10);
}

static void eta_starts_anew(void **state)
{
	struct eta e = { 0 };

	(void)state;
	for (int t = 0; t <= 10; t++)
		eta__sample(&e, t, t / 10.0);
	eta__sample(&e, 11, 0);
	assert_true(eta__left(&e, 11) < 0);
	for (int t = 12; t <= 31; t++)
		eta__sample(&e, t, (t - 11) / 100.0);
	assert_near(eta__left(&e, 31), 80, 0.01);
}

static void eta_ignores_bursts(void **state)
{
	struct eta e = { 0 };

	(void)state;
	for (int t = 0; t <= 20; t++)
		for (int k = 0; k < 10; k++)
			eta__sample(&e, t + k * 0.001, t / 100.0);
	assert_near(eta__left(&e, 20), 80, 0.1);
}

/* --- tables ---------------------------------------------------------------------------------- */

static char *render(const struct table *t, bool color)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	table__print(t, f, color);
	fclose(f);
	return text;
}

static void expect_table(struct table *t, bool color, const char *want)
{
	char *got = render(t, color);

	assert_string_equal(got, want);
	free(got);
	table__free(t);
}

#define ROW(...)              \
	(const char *const[]) \
	{                     \
		__VA_ARGS__   \
	}

static void table_aligns(void **state)
{
	static const struct column columns[] = { { "name", ALIGN_LEFT, 0 },
						 { "n", ALIGN_RIGHT, 0 },
						 { "what", ALIGN_LEFT, 0 } };
	struct table *t = table__new(columns, 3);

	(void)state;
	assert_int_equal(table__row(t, ROW("a", "1", "x")), 0);
	assert_int_equal(table__row(t, ROW("longer", "1,000", NULL)), 0);
	assert_int_equal(table__rule(t), 0);
	assert_int_equal(table__row(t, ROW(NULL, NULL, "last")), 0);
	assert_int_equal(table__row(t, ROW(NULL, NULL, NULL)), 0);
	expect_table(t, false,
		     "name        n  what\n"
		     "a           1  x\n"
		     "longer  1,000\n"
		     "\n"
		     "               last\n"
		     "\n");
}

static void table_without_titles_or_rows(void **state)
{
	static const struct column untitled[] = { { NULL, ALIGN_LEFT, 0 }, { "", ALIGN_LEFT, 0 } };
	static const struct column titled[] = { { "a", ALIGN_LEFT, 0 }, { "b", ALIGN_RIGHT, 0 } };
	struct table *t = table__new(untitled, 2);

	(void)state;
	assert_int_equal(table__row(t, ROW("x", "y")), 0);
	expect_table(t, false, "x  y\n");
	expect_table(table__new(titled, 2), false, "a  b\n");
	expect_table(table__new(NULL, 0), false, "");
	table__free(NULL);
}

static void table_counts_characters(void **state)
{
	static const struct column columns[] = { { "größe", ALIGN_LEFT, 0 },
						 { "x", ALIGN_LEFT, 0 } };
	struct table *t = table__new(columns, 2);

	(void)state;
	assert_int_equal(table__row(t, ROW("µs", "1")), 0);
	assert_int_equal(table__row(t, ROW("漢字", "2")), 0);
	assert_int_equal(table__row(t, ROW("\xff\xfe", "3")), 0);
	expect_table(t, false,
		     "größe  x\n"
		     "µs     1\n"
		     "漢字   2\n"
		     "??     3\n");
}

static void table_cuts(void **state)
{
	static const struct column columns[] = { { "title", ALIGN_LEFT, 4 },
						 { "n", ALIGN_RIGHT, 1 } };
	struct table *t = table__new(columns, 2);

	(void)state;
	assert_int_equal(table__row(t, ROW("four", "1")), 0);
	assert_int_equal(table__row(t, ROW("fives", "22")), 0);
	assert_int_equal(table__row(t, ROW("ääääää", "")), 0);
	assert_int_equal(table__row(t, ROW("漢字漢字", "")), 0);
	expect_table(t, false,
		     "tit…  n\n"
		     "four  1\n"
		     "fiv…  …\n"
		     "äää…\n"
		     "漢…\n");
}

static void table_cells_stay_on_their_line(void **state)
{
	static const struct column columns[] = { { "a", ALIGN_LEFT, 0 } };
	struct table *t = table__new(columns, 1);

	(void)state;
	assert_int_equal(table__row(t, ROW("x\ny\tz\033[2J\xc2\x9b"
					   "1m")),
			 0);
	expect_table(t, false, "a\nx y z [2J? 1m\n");
}

static void table_colors_only_when_asked(void **state)
{
	static const struct column columns[] = { { "s", ALIGN_LEFT, 0 }, { "t", ALIGN_RIGHT, 0 } };
	struct table *t = table__new(columns, 2);
	char *plain, *colored;

	(void)state;
	assert_int_equal(table__row(t, ROW("ok", "crashed")), 0);
	assert_int_equal(table__row(t, ROW("okay", "unexpected")), 0);
	plain = render(t, false);
	assert_null(strchr(plain, '\033'));
	colored = render(t, true);
	assert_non_null(strstr(colored, "\033[32mok\033[0m  "));
	assert_non_null(strstr(colored, "\n\033[32mok\033[0m       \033[1;31mcrashed\033[0m\n"));
	assert_non_null(strstr(colored, "okay  \033[31munexpected\033[0m\n"));
	free(plain);
	free(colored);
	table__free(t);
}

/* --- numbers --------------------------------------------------------------------------------- */

static void seconds(void **state)
{
	static const struct {
		double s;
		const char *want;
	} cases[] = {
		{ 0, "0.0 s" },
		{ 0.04, "0.0 s" },
		{ 1.24, "1.2 s" },
		{ 9.94, "9.9 s" },
		{ 9.96, "10 s" },
		{ 59.4, "59 s" },
		{ 59.6, "1 min 0 s" },
		{ 200, "3 min 20 s" },
		{ 3599.4, "59 min 59 s" },
		{ 3599.6, "1 h 0 min" },
		{ 3661, "1 h 1 min" },
		{ 90000, "25 h 0 min" },
		{ -1, "?" },
		{ NAN, "?" },
		{ INFINITY, "?" },
	};
	char buf[32];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(fmt_seconds(cases[i].s, buf, sizeof(buf)), cases[i].want);
	assert_string_equal(fmt_seconds(200, buf, 4), "3 m");
}

static void bytes(void **state)
{
	static const struct {
		double n;
		const char *want;
	} cases[] = {
		{ 0, "0 B" },	      { 999, "999 B" },	 { 1000, "1.0 kB" },  { 1234, "1.2 kB" },
		{ 9949, "9.9 kB" },   { 9951, "10 kB" }, { 245e6, "245 MB" }, { 999499, "999 kB" },
		{ 999500, "1.0 MB" }, { 6e9, "6.0 GB" }, { 2e18, "2.0 EB" },  { 1e22, "10000 EB" },
		{ -1, "?" },	      { NAN, "?" },
	};
	char buf[32];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(fmt_bytes(cases[i].n, buf, sizeof(buf)), cases[i].want);
}

static void counts(void **state)
{
	char buf[32];

	(void)state;
	assert_string_equal(fmt_count(0, buf, sizeof(buf)), "0");
	assert_string_equal(fmt_count(999, buf, sizeof(buf)), "999");
	assert_string_equal(fmt_count(1000, buf, sizeof(buf)), "1,000");
	assert_string_equal(fmt_count(1234567, buf, sizeof(buf)), "1,234,567");
	assert_string_equal(fmt_count(UINT64_MAX, buf, sizeof(buf)), "18,446,744,073,709,551,615");
	assert_string_equal(fmt_count(1234567, buf, 4), "1,2");
}

#define TEST(f) cmocka_unit_test(f)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(eta_of_steady_work),
		TEST(eta_says_nothing_too_early),
		TEST(eta_of_standing_work),
		TEST(eta_follows_a_change_of_pace),
		TEST(eta_starts_anew),
		TEST(eta_ignores_bursts),
		TEST(table_aligns),
		TEST(table_without_titles_or_rows),
		TEST(table_counts_characters),
		TEST(table_cuts),
		TEST(table_cells_stay_on_their_line),
		TEST(table_colors_only_when_asked),
		TEST(seconds),
		TEST(bytes),
		TEST(counts),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
