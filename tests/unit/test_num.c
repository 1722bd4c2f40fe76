// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <locale.h>
#include <string.h>

#include "base/num.h"

#define UNTOUCHED 4242

static void expect_u64(const char *s, int err, uint64_t value)
{
	uint64_t v = UNTOUCHED;

	assert_int_equal(num_u64(s, 0, UINT64_MAX, &v), err);
	assert_true(v == (err ? UNTOUCHED : value));
}

static void u64_reads(void **state)
{
	(void)state;
	expect_u64("0", 0, 0);
	expect_u64("007", 0, 7); /* decimal, not octal */
	expect_u64("18446744073709551615", 0, UINT64_MAX);
	expect_u64("0x0", 0, 0);
	expect_u64("0XfF", 0, 255);
	expect_u64("0xffffffffffffffff", 0, UINT64_MAX);
	expect_u64("000000000000000000000000000000000001", 0, 1);
}

static void u64_refuses(void **state)
{
	static const char *const bad[] = { "",	  " ",	" 1", "1 ",  "+1",   "-1",  "x",   "0x",
					   "0xg", "1x", "1.", "1e3", "0x-1", "--1", "1\n", "12a" };

	(void)state;
	expect_u64(NULL, -EINVAL, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_u64(bad[i], -EINVAL, 0);
	expect_u64("18446744073709551616", -ERANGE, 0);
	expect_u64("0x10000000000000000", -ERANGE, 0);
	expect_u64("99999999999999999999999999", -ERANGE, 0);
	expect_u64("99999999999999999999999999x", -EINVAL, 0);
}

static void u64_keeps_to_the_range(void **state)
{
	uint64_t v = UNTOUCHED;

	(void)state;
	assert_int_equal(num_u64("9", 10, 20, &v), -ERANGE);
	assert_int_equal(num_u64("21", 10, 20, &v), -ERANGE);
	assert_int_equal(v, UNTOUCHED);
	assert_int_equal(num_u64("10", 10, 20, &v), 0);
	assert_int_equal(v, 10);
	assert_int_equal(num_u64("20", 10, 20, &v), 0);
	assert_int_equal(v, 20);
}

static void expect_i64(const char *s, int err, int64_t value)
{
	int64_t v = UNTOUCHED;

	assert_int_equal(num_i64(s, INT64_MIN, INT64_MAX, &v), err);
	assert_true(v == (err ? UNTOUCHED : value));
}

static void i64_reads(void **state)
{
	int64_t v = UNTOUCHED;

	(void)state;
	expect_i64("0", 0, 0);
	expect_i64("-0", 0, 0);
	expect_i64("-1", 0, -1);
	expect_i64("-0x10", 0, -16);
	expect_i64("9223372036854775807", 0, INT64_MAX);
	expect_i64("-9223372036854775808", 0, INT64_MIN);
	expect_i64("9223372036854775808", -ERANGE, 0);
	expect_i64("-9223372036854775809", -ERANGE, 0);
	expect_i64("-", -EINVAL, 0);
	expect_i64("--1", -EINVAL, 0);
	expect_i64("- 1", -EINVAL, 0);
	expect_i64("", -EINVAL, 0);
	expect_i64(NULL, -EINVAL, 0);
	assert_int_equal(num_i64("-6", -5, 5, &v), -ERANGE);
	assert_int_equal(num_i64("-5", -5, 5, &v), 0);
	assert_int_equal(v, -5);
}

static void expect_double(const char *s, int err, double value)
{
	double v = UNTOUCHED;

	assert_int_equal(num_double(s, -1e308, 1e308, &v), err);
	assert_true(v == (err ? UNTOUCHED : value));
}

static void double_reads(void **state)
{
	static const char *const bad[] = {
		"",    ".",   "-",     "-.", "e5", "1e",    "1e+", "1,5",
		"inf", "nan", "0x1p3", " 1", "1 ", "1.2.3", "1f",  "+-1"
	};
	double v = UNTOUCHED;

	(void)state;
	expect_double("0", 0, 0);
	expect_double("1.5", 0, 1.5);
	expect_double(".5", 0, 0.5);
	expect_double("-5.", 0, -5);
	expect_double("+2e-3", 0, 0.002);
	expect_double("1E2", 0, 100);
	expect_double("0.1", 0, 0.1);
	expect_double("1e-400", 0, 0); /* too small to tell from nothing: that is what it is */
	expect_double("1e400", -ERANGE, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_double(bad[i], -EINVAL, 0);
	expect_double(NULL, -EINVAL, 0);
	assert_int_equal(num_double("0.09", 0.1, 0.2, &v), -ERANGE);
	assert_int_equal(num_double("0.1", 0.1, 0.2, &v), 0);
}

static void double_ignores_the_locale(void **state)
{
	(void)state;
	/* Where the locale is missing this is the same as the test above. */
	setlocale(LC_ALL, "de_DE.UTF-8");
	expect_double("1.5", 0, 1.5);
	expect_double("1,5", -EINVAL, 0);
	setlocale(LC_ALL, "C");
}

static void expect_size(const char *s, int err, uint64_t value)
{
	uint64_t v = UNTOUCHED;

	assert_int_equal(num_size(s, 0, UINT64_MAX, &v), err);
	assert_true(v == (err ? UNTOUCHED : value));
}

static void size_reads(void **state)
{
	uint64_t v = UNTOUCHED;

	(void)state;
	expect_size("4096", 0, 4096);
	expect_size("64K", 0, 65536);
	expect_size("64k", 0, 65536);
	expect_size("2M", 0, 2 << 20);
	expect_size("1G", 0, 1 << 30);
	expect_size("0x10K", 0, 16384);
	expect_size("16777215T", 0, 16777215ull << 40);
	expect_size("16777216T", -ERANGE, 0);
	expect_size("K", -EINVAL, 0);
	expect_size("1KB", -EINVAL, 0);
	expect_size("1 K", -EINVAL, 0);
	expect_size("-1K", -EINVAL, 0);
	expect_size("1.5G", -EINVAL, 0);
	expect_size("", -EINVAL, 0);
	expect_size(NULL, -EINVAL, 0);
	assert_int_equal(num_size("2K", 0, 2047, &v), -ERANGE);
	assert_int_equal(num_size("2K", 0, 2048, &v), 0);
}

static void expect_ms(const char *s, int err, uint64_t value)
{
	uint64_t v = UNTOUCHED;

	assert_int_equal(num_duration_ms(s, 0, UINT64_MAX, &v), err);
	assert_true(v == (err ? UNTOUCHED : value));
}

static void duration_reads(void **state)
{
	(void)state;
	expect_ms("500ms", 0, 500);
	expect_ms("30s", 0, 30000);
	expect_ms("2m", 0, 120000);
	expect_ms("1h", 0, 3600000);
	expect_ms("7", 0, 7000);
	expect_ms("0", 0, 0);
	expect_ms("5124095576030h", 0, 5124095576030ull * 3600000);
	expect_ms("5124095576031h", -ERANGE, 0);
	expect_ms("s", -EINVAL, 0);
	expect_ms("1 s", -EINVAL, 0);
	expect_ms("1d", -EINVAL, 0);
	expect_ms("1m30s", -EINVAL, 0);
	expect_ms("-1s", -EINVAL, 0);
	expect_ms("", -EINVAL, 0);
	expect_ms(NULL, -EINVAL, 0);
}

static void bool_reads(void **state)
{
	static const char *const yes[] = { "yes", "on", "true", "1", "YES", "On" };
	static const char *const no[] = { "no", "off", "false", "0", "False" };
	static const char *const bad[] = { "", "y", "2", "yess", " yes", "01" };
	int v;

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		v = UNTOUCHED;
		assert_int_equal(num_bool(yes[i], &v), 0);
		assert_int_equal(v, 1);
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		v = UNTOUCHED;
		assert_int_equal(num_bool(no[i], &v), 0);
		assert_int_equal(v, 0);
	}
	v = UNTOUCHED;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(num_bool(bad[i], &v), -EINVAL);
	assert_int_equal(num_bool(NULL, &v), -EINVAL);
	assert_int_equal(v, UNTOUCHED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(u64_reads),
		cmocka_unit_test(u64_refuses),
		cmocka_unit_test(u64_keeps_to_the_range),
		cmocka_unit_test(i64_reads),
		cmocka_unit_test(double_reads),
		cmocka_unit_test(double_ignores_the_locale),
		cmocka_unit_test(size_reads),
		cmocka_unit_test(duration_reads),
		cmocka_unit_test(bool_reads),
	};

	return cmocka_run_group_tests_name("num", tests, NULL, NULL);
}
