// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void strbuf_starts_empty(void **state)
{
	struct strbuf sb = STRBUF_INIT;

	(void)state;
	assert_string_equal(strbuf__str(&sb), "");
	strbuf__add(&sb, NULL, 0);
	strbuf__addf(&sb, "%s", "");
	assert_int_equal(sb.len, 0);
	assert_false(sb.failed);
	char *s = strbuf__detach(&sb);
	assert_string_equal(s, "");
	free(s);
	strbuf__free(&sb);
	strbuf__free(&sb);
}

static void strbuf_grows(void **state)
{
	struct strbuf sb = STRBUF_INIT;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		strbuf__addf(&sb, "%04d", i);
		assert_int_equal(sb.len, 4 * (i + 1));
		assert_int_equal(sb.data[sb.len], 0);
	}
	assert_memory_equal(sb.data + 4 * 9999, "9999", 5);
	strbuf__add(&sb, "a\0b", 3);
	assert_int_equal(sb.len, 40003);
	assert_memory_equal(sb.data + 40000, "a\0b", 4);
	char *s = strbuf__detach(&sb);
	assert_null(sb.data);
	assert_int_equal(sb.len, 0);
	assert_memory_equal(s, "00000001", 8);
	free(s);
}

static void strbuf_fills_its_capacity_exactly(void **state)
{
	(void)state;
	/* 63 characters and the NUL are the first capacity: one less, exactly, one more. */
	for (int n = 62; n <= 65; n++) {
		struct strbuf sb = STRBUF_INIT;

		strbuf__addf(&sb, "%*s", n, "x");
		assert_int_equal(sb.len, n);
		assert_int_equal(strlen(sb.data), n);
		strbuf__add(&sb, "y", 1);
		assert_int_equal(strlen(sb.data), n + 1);
		strbuf__free(&sb);
	}
}

static void strbuf_keeps_what_it_has_on_failure(void **state)
{
	struct strbuf sb = STRBUF_INIT;

	(void)state;
	strbuf__addf(&sb, "start");
	strbuf__add(&sb, "never read", SIZE_MAX - 2);
	assert_true(sb.failed);
	assert_string_equal(sb.data, "start");
	strbuf__addf(&sb, "more"); /* no hole in the middle */
	assert_string_equal(strbuf__str(&sb), "start");
	assert_null(strbuf__detach(&sb));
	assert_false(sb.failed);
	strbuf__addf(&sb, "usable again");
	assert_string_equal(strbuf__str(&sb), "usable again");
	strbuf__free(&sb);
}

static void fmt_formats(void **state)
{
	char *s = str_fmt("%s/%d", "a", 7);

	(void)state;
	assert_string_equal(s, "a/7");
	free(s);
}

static void strv_adds_and_finds(void **state)
{
	struct strv sv = { 0 };

	(void)state;
	assert_null(sv.v);
	assert_false(strv__has(&sv, ""));
	assert_int_equal(strv__add(&sv, ""), 0);
	assert_true(strv__has(&sv, ""));
	for (int i = 0; i < 100; i++) {
		char *s = str_fmt("item %d", i);

		assert_int_equal(strv__add(&sv, s), 0);
		free(s);
		assert_int_equal(sv.n, i + 2);
		assert_null(sv.v[sv.n]);
	}
	assert_true(strv__has(&sv, "item 99"));
	assert_false(strv__has(&sv, "item 100"));
	assert_false(strv__has(&sv, "item 9 "));
	strv__free(&sv);
	assert_int_equal(sv.n, 0);
	strv__free(&sv);
}

static void expect_split(const char *s, const char *seps, const char *joined)
{
	struct strbuf sb = STRBUF_INIT;
	struct strv sv = { 0 };

	assert_int_equal(strv__split(&sv, s, seps), 0);
	for (size_t i = 0; i < sv.n; i++)
		strbuf__addf(&sb, "<%s>", sv.v[i]);
	assert_string_equal(strbuf__str(&sb), joined);
	if (sv.n)
		assert_null(sv.v[sv.n]);
	strbuf__free(&sb);
	strv__free(&sv);
}

static void strv_splits(void **state)
{
	(void)state;
	expect_split("", ",", "");
	expect_split(",", ",", "");
	expect_split(" , ,\t,", ",", "");
	expect_split("a", ",", "<a>");
	expect_split("a,b", ",", "<a><b>");
	expect_split(",a,,b,", ",", "<a><b>");
	expect_split("  a b ,\tc\n", ",", "<a b><c>");
	expect_split("a b;c", " ;", "<a><b><c>");
	expect_split("a,b", "", "<a,b>");
}

static void strv_split_appends(void **state)
{
	struct strv sv = { 0 };

	(void)state;
	assert_int_equal(strv__add(&sv, "first"), 0);
	assert_int_equal(strv__split(&sv, "x y", " "), 0);
	assert_int_equal(sv.n, 3);
	assert_string_equal(sv.v[0], "first");
	assert_string_equal(sv.v[2], "y");
	strv__free(&sv);
}

static void nearest_finds_typos(void **state)
{
	static const char *const names[] = { "masked-read", "copyout-trampoline", "override",
					     "strtol" };
	const size_t n = ARRAY_SIZE(names);

	(void)state;
	assert_string_equal(str_nearest("override", names, n), "override");
	assert_string_equal(str_nearest("overide", names, n), "override");
	assert_string_equal(str_nearest("voerride", names, n), "override");
	assert_string_equal(str_nearest("maskedread", names, n), "masked-read");
	assert_string_equal(str_nearest("sttrol", names, n), "strtol");
	assert_string_equal(str_nearest("copyout_trampolin", names, n), "copyout-trampoline");
}

static void nearest_suggests_nothing_far(void **state)
{
	static const char *const names[] = { "override", "strtol" };

	(void)state;
	assert_null(str_nearest("", names, 2));
	assert_null(str_nearest("x", names, 2));
	assert_null(str_nearest("bananas", names, 2));
	assert_null(str_nearest("ovr", names, 2));
	assert_null(str_nearest("override", NULL, 0));
	/* A beginning is near, and not of just one letter. */
	assert_string_equal(str_nearest("ove", names, 2), "override");
	assert_null(str_nearest("o", names, 2));
	/* Length 6: two edits are near, three are not. */
	assert_string_equal(str_nearest("strxxl", names, 2), "strtol");
	assert_null(str_nearest("sxxxol", names, 2));
}

static void nearest_short_names(void **state)
{
	static const char *const names[] = { "-v", "b" };

	(void)state;
	assert_string_equal(str_nearest("-V", names, 2), "-v");
	assert_string_equal(str_nearest("ab", names, 2), "b");
	/* One edit away, but nothing in common. */
	assert_null(str_nearest("a", names + 1, 1));
	assert_null(str_nearest("", names + 1, 1));
}

static void nearest_counts_transpositions_with_edits_between(void **state)
{
	/* "ca" -> "ac" -> "abc": 2. The restricted variant of the distance gives 3. */
	static const char *const names[] = { "xxxxxxabc" };
	static const char *const two[] = { "xxabc" };

	(void)state;
	assert_string_equal(str_nearest("xxxxxxca", names, 1), "xxxxxxabc");
	assert_null(str_nearest("xxca", two, 1)); /* 2 of 4 is too far */
}

static void nearest_takes_the_nearer_then_the_first(void **state)
{
	static const char *const names[] = { "5.10.262", "5.10.218-stock", "5.10.218", "5.10.219" };

	(void)state;
	assert_string_equal(str_nearest("5.10.217", names, 4), "5.10.218");
	assert_string_equal(str_nearest("5.10.219", names, 4), "5.10.219");
	assert_string_equal(str_nearest("5.10.21", names, 4), "5.10.218");
}

static void nearest_copes_with_huge_names(void **state)
{
	static const char *const names[] = { "override" };
	char *huge = malloc(1 << 20);

	(void)state;
	memset(huge, 'a', (1 << 20) - 1);
	huge[(1 << 20) - 1] = 0;
	assert_null(str_nearest(huge, names, 1));
	free(huge);
}

static void starts_and_ends(void **state)
{
	(void)state;
	assert_true(str_starts("abc", ""));
	assert_true(str_starts("abc", "abc"));
	assert_false(str_starts("abc", "abcd"));
	assert_false(str_starts("", "a"));
	assert_true(str_ends("abc", ""));
	assert_true(str_ends("abc", "bc"));
	assert_true(str_ends("abc", "abc"));
	assert_false(str_ends("bc", "abc"));
	assert_false(str_ends("", "a"));
}

static void globs(void **state)
{
	(void)state;
	assert_true(str_glob("over*", "override"));
	assert_true(str_glob("*", ""));
	assert_true(str_glob("[ab]?", "bx"));
	assert_false(str_glob("over", "override"));
	assert_false(str_glob("", "a"));
}

static void expect_utf8(const char *in, size_t len, const char *out)
{
	/* A copy of exactly len bytes, so that a sanitizer sees a read past its end. */
	char *exact = malloc(len ? len : 1), *clean;

	memcpy(exact, in, len);
	clean = str_utf8(exact, len);
	assert_string_equal(clean, out);
	free(clean);
	free(exact);
}

static void utf8_cleans(void **state)
{
	(void)state;
	expect_utf8("", 0, "");
	expect_utf8("plain", 5, "plain");
	expect_utf8("a\0b\0", 4, "ab");
	expect_utf8("äß€😀", 11, "äß€😀");
	expect_utf8("\xff\xfe", 2, "??");
	expect_utf8("a\x80z", 3, "a?z");
	expect_utf8("\xc3", 1, "?"); /* cut off */
	expect_utf8("\xe2\x82", 2, "??");
	expect_utf8("\xe2\x82z", 3, "??z");
	expect_utf8("\xf0\x9f\x98", 3, "???");
	expect_utf8("\xc0\x80", 2, "??"); /* over-long NUL */
	expect_utf8("\xc1\xbf", 2, "??");
	expect_utf8("\xe0\x9f\xbf", 3, "???"); /* over-long */
	expect_utf8("\xe0\xa0\x80", 3, "\xe0\xa0\x80");
	expect_utf8("\xed\x9f\xbf", 3, "\xed\x9f\xbf");
	expect_utf8("\xed\xa0\x80", 3, "???"); /* surrogate */
	expect_utf8("\xee\x80\x80", 3, "\xee\x80\x80");
	expect_utf8("\xf0\x8f\xbf\xbf", 4, "????"); /* over-long */
	expect_utf8("\xf4\x8f\xbf\xbf", 4, "\xf4\x8f\xbf\xbf");
	expect_utf8("\xf4\x90\x80\x80", 4, "????"); /* above U+10FFFF */
	expect_utf8("\xf5\x80\x80\x80", 4, "????");
}

static void utf8_measures(void **state)
{
	(void)state;
	assert_int_equal(utf8_width(""), 0);
	assert_int_equal(utf8_width("abc"), 3);
	assert_int_equal(utf8_width("äöü"), 3);
	assert_int_equal(utf8_width("a\xcc\x88"), 1); /* a, combining diaeresis */
	assert_int_equal(utf8_width("漢字"), 4);
	assert_int_equal(utf8_width("\xff\xff"), 2);
	assert_int_equal(utf8_fit("äbc", 0), 0);
	assert_int_equal(utf8_fit("äbc", 1), 2);
	assert_int_equal(utf8_fit("äbc", 2), 3);
	assert_int_equal(utf8_fit("äbc", 9), 4);
	assert_int_equal(utf8_fit("漢字", 3), 3);	/* half a character is none */
	assert_int_equal(utf8_fit("a\xcc\x88z", 1), 3); /* the mark stays with its letter */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strbuf_starts_empty),
		cmocka_unit_test(strbuf_grows),
		cmocka_unit_test(strbuf_fills_its_capacity_exactly),
		cmocka_unit_test(strbuf_keeps_what_it_has_on_failure),
		cmocka_unit_test(fmt_formats),
		cmocka_unit_test(strv_adds_and_finds),
		cmocka_unit_test(strv_splits),
		cmocka_unit_test(strv_split_appends),
		cmocka_unit_test(nearest_finds_typos),
		cmocka_unit_test(nearest_suggests_nothing_far),
		cmocka_unit_test(nearest_short_names),
		cmocka_unit_test(nearest_counts_transpositions_with_edits_between),
		cmocka_unit_test(nearest_takes_the_nearer_then_the_first),
		cmocka_unit_test(nearest_copes_with_huge_names),
		cmocka_unit_test(starts_and_ends),
		cmocka_unit_test(globs),
		cmocka_unit_test(utf8_cleans),
		cmocka_unit_test(utf8_measures),
	};

	return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
