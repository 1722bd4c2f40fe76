// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/compare.h"

#define Z95 1.959964

static void near(double a, double b, double eps)
{
	if (!(fabs(a - b) <= eps))
		fail_msg("%.17g is not %.17g", a, b);
}

/* Newcombe 1998, Table II: the eight examples, method 10. */
static void test_proportions(void **state)
{
	static const struct {
		struct proportion a, b;
		double low, high;
	} cases[] = {
		{ { 56, 70 }, { 48, 80 }, 0.0524, 0.3339 },
		{ { 9, 10 }, { 3, 10 }, 0.1705, 0.8090 },
		{ { 6, 7 }, { 2, 7 }, 0.0582, 0.8062 },
		{ { 5, 56 }, { 0, 29 }, -0.0381, 0.1926 },
		{ { 0, 10 }, { 0, 20 }, -0.1611, 0.2775 },
		{ { 0, 10 }, { 0, 10 }, -0.2775, 0.2775 },
		{ { 10, 10 }, { 0, 20 }, 0.6791, 1 },
		{ { 10, 10 }, { 0, 10 }, 0.6075, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct estimate d = compare__proportions(cases[i].a, cases[i].b, Z95);

		near(d.ci.low, cases[i].low, 0.00005);
		near(d.ci.high, cases[i].high, 0.00005);
		near(d.value,
		     (double)cases[i].a.k / (double)cases[i].a.n -
			     (double)cases[i].b.k / (double)cases[i].b.n,
		     1e-15);
	}
}

static void test_proportions_without_data(void **state)
{
	const struct proportion none = { 0, 0 }, some = { 3, 5 }, wrong = { 6, 5 };
	struct estimate d;

	(void)state;
	d = compare__proportions(none, some, Z95);
	assert_true(isnan(d.value) && d.ci.low == -1 && d.ci.high == 1);
	assert_true(isnan(compare__proportions(some, none, Z95).value));
	assert_true(isnan(compare__proportions(some, wrong, Z95).value));
}

/* Hollander and Wolfe 1973, example 4.1 (permeability of the chorioamnion), which R's wilcox.test
 * quotes: estimate 0.305, 95 % interval -0.15 to 0.76. */
static const double at_term[] = { 0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46 };
static const double early[] = { 1.15, 0.88, 0.90, 0.74, 1.21 };

static void test_shift(void **state)
{
	struct estimate d = compare__shift(at_term, 10, early, 5, 0.95);
	struct estimate back = compare__shift(early, 5, at_term, 10, 0.95);

	(void)state;
	near(d.value, 0.305, 1e-12);
	near(d.ci.low, -0.15, 1e-12);
	near(d.ci.high, 0.76, 1e-12);
	near(back.value, -0.305, 1e-12);
	near(back.ci.low, -0.76, 1e-12);
	near(back.ci.high, 0.15, 1e-12);
}

/* With 3 and 3 even the widest interval covers 90 % only; with 4 and 4 it is 97 % (2 of 70 orders
 * are outside), and is the whole range of differences. */
static void test_shift_of_few(void **state)
{
	const double x[] = { 11, 12, 13, 14 }, y[] = { 1, 2, 3, 4 };
	struct estimate d = compare__shift(x, 3, y, 3, 0.95);

	(void)state;
	near(d.value, 10, 0);
	assert_true(isinf(d.ci.low) && isinf(d.ci.high));
	d = compare__shift(x, 4, y, 4, 0.95);
	near(d.ci.low, 7, 0);
	near(d.ci.high, 13, 0);
	assert_int_equal(compare__shift_needs(0.95), 4);
	assert_int_equal(compare__shift_needs(0.90), 3);
	assert_true(isnan(compare__shift(x, 0, y, 4, 0.95).value));
	assert_true(isnan(compare__shift((double[]){ NAN }, 1, y, 4, 0.95).value));
}

/* Critical values of U, two-sided, 5 % (tables after Mann and Whitney 1947): 10 and 10: 23; 20 and
 * 20: 127; 5 and 8: 6. The bound is the difference of the next rank. With x = 0 and y = 0, 1, 2, …
 * scaled apart, the differences are all distinct and their ranks can be read off. */
static void test_shift_ranks(void **state)
{
	static const struct {
		size_t a, b, critical;
	} cases[] = { { 10, 10, 23 }, { 20, 20, 127 }, { 5, 8, 6 } };

	(void)state;
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		double x[20], y[20];

		for (size_t i = 0; i < cases[c].a; i++)
			x[i] = (double)(i * cases[c].b);
		for (size_t j = 0; j < cases[c].b; j++)
			y[j] = -(double)j;
		/* The differences are 0, 1, 2, … a b - 1. */
		near(compare__shift(x, cases[c].a, y, cases[c].b, 0.95).ci.low,
		     (double)cases[c].critical, 1e-9);
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* All pairs are looked at, ties, signs and zeros among them. */
static void test_shift_by_hand(void **state)
{
	double x[40], y[40], all[1600];
	unsigned int seed = 7;

	(void)state;
	for (int turn = 0; turn < 50; turn++) {
		size_t a = 6 + (size_t)rand_r(&seed) % 20, b = 6 + (size_t)rand_r(&seed) % 20;
		size_t n = a * b, low = 0, high = 0;
		struct estimate d;

		for (size_t i = 0; i < a; i++)
			x[i] = (rand_r(&seed) % 41 - 20) / (turn % 2 ? 8.0 : 1e-9);
		for (size_t j = 0; j < b; j++)
			y[j] = (rand_r(&seed) % 41 - 20) / (turn % 3 ? 8.0 : 3.0);
		for (size_t i = 0; i < n; i++)
			all[i] = x[i / b] - y[i % b];
		qsort(all, n, sizeof(*all), by_value);
		d = compare__shift(x, a, y, b, 0.95);
		near(d.value, n % 2 ? all[n / 2] : (all[n / 2 - 1] + all[n / 2]) / 2, 0);
		/* The bounds are differences, as far from either end. */
		for (size_t i = 0; i < n; i++) {
			low += all[i] < d.ci.low;
			high += all[i] > d.ci.high;
		}
		assert_true(low < n && all[low] == d.ci.low);
		assert_true(high < n && all[n - 1 - high] == d.ci.high);
	}
}

/* 4 10^8 pairs; with one after another in memory it would take 3 GB. */
static void test_shift_of_very_many(void **state)
{
	size_t n = 20000;
	double *x = calloc(n, sizeof(*x)), *y = calloc(n, sizeof(*y));
	struct estimate d;

	(void)state;
	assert_non_null(x);
	assert_non_null(y);
	for (size_t i = 0; i < n; i++) {
		x[i] = 100 + (double)(i * 7919 % n) / 100;
		y[i] = (double)(i * 104729 % n) / 100;
	}
	d = compare__shift(x, n, y, n, 0.95);
	near(d.value, 100, 1e-9);
	assert_true(d.ci.low > 95 && d.ci.low < 100 && d.ci.high > 100 && d.ci.high < 105);
	x[17] = INFINITY;
	assert_true(isnan(compare__shift(x, n, y, n, 0.95).value));
	free(x);
	free(y);
}

/* Above COMPARE_EXACT the normal approximation: 50 and 50, by hand, 1250 - 1.96 sqrt(2500 101 / 12)
 * = 965.7, so the 965th. */
static void test_shift_of_many(void **state)
{
	double x[50], y[50];

	(void)state;
	for (size_t i = 0; i < 50; i++) {
		x[i] = (double)(i * 50);
		y[i] = -(double)i;
	}
	near(compare__shift(x, 50, y, 50, 0.95).ci.low, 964, 1e-9);
	near(compare__shift(x, 50, y, 50, 0.95).ci.high, 2500 - 965, 1e-9);
}

static void test_ratio(void **state)
{
	const double x[] = { 40, 44, 48, 52 }, y[] = { 10, 11, 12, 13 }, zero[] = { 0, 1, 2, 3 };
	struct estimate r = compare__ratio(x, 4, y, 4, 0.95);

	(void)state;
	near(r.value, 4, 0.02);
	near(r.ci.low, 40.0 / 13, 1e-9);
	near(r.ci.high, 52.0 / 10, 1e-9);
	r = compare__ratio(zero, 4, y, 4, 0.95);
	assert_true(isnan(r.value) && r.ci.low == 0 && isinf(r.ci.high));
	r = compare__ratio(x, 0, y, 4, 0.95);
	assert_true(isnan(r.value) && r.ci.low == 0 && isinf(r.ci.high));
}

/* The usual textbook example, IQ and hours of television of ten people: -29/165. */
static void test_rank_correlation(void **state)
{
	const double iq[] = { 106, 100, 86, 101, 99, 103, 97, 113, 112, 110 };
	const double hours[] = { 7, 27, 2, 50, 28, 29, 20, 12, 6, 17 };
	const double tied[] = { 1, 2, 2, 3 }, other[] = { 10, 20, 30, 40 };
	struct estimate r = compare__rank_correlation(iq, hours, 10, Z95);
	double se = sqrt((1 + r.value * r.value / 2) / 7);

	(void)state;
	near(r.value, -29.0 / 165, 1e-12);
	near(r.ci.low, tanh(atanh(r.value) - Z95 * se), 1e-12);
	near(r.ci.high, tanh(atanh(r.value) + Z95 * se), 1e-12);
	/* Mean ranks 1 2.5 2.5 4 against 1 2 3 4: Pearson's of these is 4.5 / sqrt(4.5 * 5). */
	near(compare__rank_correlation(tied, other, 4, Z95).value, 4.5 / sqrt(22.5), 1e-12);
	r = compare__rank_correlation(other, other, 4, Z95);
	near(r.value, 1, 0);
	near(r.ci.low, 1, 0);
	assert_true(
		isnan(compare__rank_correlation(other, (double[]){ 5, 5, 5, 5 }, 4, Z95).value));
	r = compare__rank_correlation(other, other, 3, Z95);
	assert_true(r.ci.low == -1 && r.ci.high == 1);
}

/* Of the quantiles 0, 1, … 100 the interval is at 50 -+ 98 / sqrt(n). */
static void test_median_of_quantiles(void **state)
{
	double q[101];
	struct interval i;

	(void)state;
	for (int k = 0; k <= 100; k++)
		q[k] = k;
	i = compare__median_of_quantiles(q, 101, 400);
	near(i.low, 50 - 4.9, 0.001);
	near(i.high, 50 + 4.9, 0.001);
	i = compare__median_of_quantiles(q, 101, 2);
	near(i.low, 0, 0);
	near(i.high, 100, 0);
	assert_true(isnan(compare__median_of_quantiles(q, 1, 10).low));
	assert_true(isnan(compare__median_of_quantiles(q, 101, 0).low));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proportions),
		cmocka_unit_test(test_proportions_without_data),
		cmocka_unit_test(test_shift),
		cmocka_unit_test(test_shift_of_few),
		cmocka_unit_test(test_shift_ranks),
		cmocka_unit_test(test_shift_of_many),
		cmocka_unit_test(test_shift_by_hand),
		cmocka_unit_test(test_shift_of_very_many),
		cmocka_unit_test(test_ratio),
		cmocka_unit_test(test_rank_correlation),
		cmocka_unit_test(test_median_of_quantiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
