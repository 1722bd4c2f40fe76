// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "study/override_rule.h"
#include "study/override_text.h"

/* --- rules --------------------------------------------------------------------------------- */

/* Of n of n the Wilson interval begins at n / (n + z^2), which is 0.99 at n = 380.3. */
static void test_holds(void **state)
{
	(void)state;
	assert_int_equal(rule__reads_needed(), 381);
	assert_int_equal(rule__holds((struct proportion){ 381, 381 }), SUPPORTED);
	assert_int_equal(rule__holds((struct proportion){ 380, 380 }), NOT_DECIDED);
	assert_int_equal(rule__holds((struct proportion){ 0, 0 }), NOT_DECIDED);
	/* 98.5 to 99.3 %: neither. */
	assert_int_equal(rule__holds((struct proportion){ 2970, 3000 }), NOT_DECIDED);
	assert_int_equal(rule__holds((struct proportion){ 9800, 10000 }), CONTRADICTED);
	assert_int_equal(rule__holds((struct proportion){ 9980, 10000 }), SUPPORTED);
}

static void test_lost(void **state)
{
	(void)state;
	assert_int_equal(rule__lost((struct proportion){ 0, 381 }), SUPPORTED);
	assert_int_equal(rule__lost((struct proportion){ 0, 380 }), NOT_DECIDED);
	assert_int_equal(rule__lost((struct proportion){ 0, 0 }), NOT_DECIDED);
	assert_int_equal(rule__lost((struct proportion){ 200, 10000 }), CONTRADICTED);
}

/* 4 of 4: the interval begins at 4 / (4 + 3.84) = 0.51. */
static void test_rounds(void **state)
{
	(void)state;
	assert_int_equal(rule__rounds_needed(), 4);
	assert_int_equal(rule__rounds((struct proportion){ 4, 4 }), SUPPORTED);
	assert_int_equal(rule__rounds((struct proportion){ 3, 3 }), NOT_DECIDED);
	assert_int_equal(rule__rounds((struct proportion){ 19, 20 }), SUPPORTED);
	/* 18 of 20 go up to 97 %. */
	assert_int_equal(rule__rounds((struct proportion){ 18, 20 }), NOT_DECIDED);
	assert_int_equal(rule__rounds((struct proportion){ 0, 5 }), CONTRADICTED);
	assert_int_equal(rule__rounds((struct proportion){ 0, 0 }), NOT_DECIDED);
}

static void test_equal_and_differs(void **state)
{
	(void)state;
	assert_int_equal(rule__equal((struct estimate){ 0, { -0.009, 0.009 } }), SUPPORTED);
	assert_int_equal(rule__equal((struct estimate){ 0, { -0.02, 0.009 } }), NOT_DECIDED);
	assert_int_equal(rule__equal((struct estimate){ 0.2, { 0.011, 0.4 } }), CONTRADICTED);
	assert_int_equal(rule__equal((struct estimate){ -0.2, { -0.4, -0.011 } }), CONTRADICTED);
	assert_int_equal(rule__equal((struct estimate){ NAN, { -1, 1 } }), NOT_DECIDED);
	assert_int_equal(rule__differs((struct estimate){ 2, { 1.1, 3 } }), SUPPORTED);
	assert_int_equal(rule__differs((struct estimate){ 0.5, { 0.3, 0.9 } }), SUPPORTED);
	assert_int_equal(rule__differs((struct estimate){ 2, { 0.9, 3 } }), NOT_DECIDED);
	assert_int_equal(rule__differs((struct estimate){ 2, { 0, INFINITY } }), NOT_DECIDED);
	assert_int_equal(rule__differs((struct estimate){ NAN, { 2, 3 } }), NOT_DECIDED);
}

static void test_combined(void **state)
{
	(void)state;
	assert_int_equal(conclusion__both(SUPPORTED, SUPPORTED), SUPPORTED);
	assert_int_equal(conclusion__both(SUPPORTED, NOT_DECIDED), NOT_DECIDED);
	assert_int_equal(conclusion__both(NOT_DECIDED, CONTRADICTED), CONTRADICTED);
	assert_int_equal(conclusion__any(NOT_DECIDED, SUPPORTED), SUPPORTED);
	assert_int_equal(conclusion__any(CONTRADICTED, SUPPORTED), CONTRADICTED);
	assert_int_equal(conclusion__any(NOT_DECIDED, NOT_DECIDED), NOT_DECIDED);
	assert_string_equal(conclusion__name(NOT_DECIDED), "not decided");
}

/* --- numbers in words ---------------------------------------------------------------------- */

#define IS(text, call)                                       \
	do {                                                 \
		struct strbuf sb = STRBUF_INIT;              \
		call;                                        \
		assert_string_equal(strbuf__str(&sb), text); \
		strbuf__free(&sb);                           \
	} while (0)

static void test_text(void **state)
{
	struct strv names = { 0 };

	(void)state;
	IS("12,345", text__count(&sb, 12345));
	/* A bound is never rounded to what it is not. */
	IS("0–0.077 %", text__interval(&sb, (struct proportion){ 0, 4987 }));
	IS("99.977–100 %", text__interval(&sb, (struct proportion){ 16800, 16800 }));
	IS("–", text__interval(&sb, (struct proportion){ 0, 0 }));
	IS("–", text__proportion(&sb, (struct proportion){ 0, 0 }));
	IS("+0.50 [-0.20, 1.20]", text__points(&sb, (struct estimate){ 0.005, { -0.002, 0.012 } }));
	IS("× 2 [1.5, 2.5]", text__ratio(&sb, (struct estimate){ 2, { 1.5, 2.5 } }));
	IS("× 2 [too few]", text__ratio(&sb, (struct estimate){ 2, { 0, INFINITY } }));
	IS("–", text__ratio(&sb, (struct estimate){ NAN, { 0, INFINITY } }));
	IS("1.23 µs", text__ns(&sb, 1234));
	IS("1 ms", text__ns(&sb, 999700));
	IS("-300 ns", text__ns(&sb, -300));
	IS("–", text__ns(&sb, NAN));
	IS("1 read", text__counted(&sb, 1, "read", "reads"));
	IS("0 reads", text__counted(&sb, 0, "read", "reads"));
	IS("a\\|b &lt;c&amp;", text__escaped(&sb, "a|b <c&"));
	IS("1,500", text__number(&sb, 1499.6));
	IS("-1.5e+03", text__number(&sb, -1500));
	strv__add(&names, "a");
	IS("a", text__list(&sb, &names));
	strv__add(&names, "b");
	strv__add(&names, "c");
	IS("a, b and c", text__list(&sb, &names));
	strv__free(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_holds),	 cmocka_unit_test(test_lost),
		cmocka_unit_test(test_rounds),	 cmocka_unit_test(test_equal_and_differs),
		cmocka_unit_test(test_combined), cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
