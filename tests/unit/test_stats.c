// SPDX-License-Identifier: GPL-2.0-only
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/stats.h"

static void near(double a, double b, double eps)
{
	if (!(fabs(a - b) <= eps))
		fail_msg("%.17g is not %.17g", a, b);
}

static void test_empty(void **state)
{
	const double one[] = { 4 };
	struct interval i;

	(void)state;
	assert_true(isnan(stats__median(NULL, 0)));
	assert_true(isnan(stats__quantile(one, 0, 0.5)));
	assert_true(isnan(stats__mad(one, 0)));
	assert_true(isnan(stats__mean(one, 0)));
	assert_true(isnan(stats__stddev(one, 0)));
	assert_true(isnan(stats__stddev(one, 1)));
	assert_true(isnan(stats__min(one, 0)));
	assert_true(isnan(stats__max(one, 0)));
	i = stats__median_ci(one, 0);
	assert_true(isnan(i.low) && isnan(i.high));
	/* More than memory can hold. */
	assert_true(isnan(stats__median(one, SIZE_MAX)));
}

static void test_one(void **state)
{
	const double one[] = { 4 };

	(void)state;
	near(stats__median(one, 1), 4, 0);
	near(stats__quantile(one, 1, 0), 4, 0);
	near(stats__quantile(one, 1, 1), 4, 0);
	near(stats__mad(one, 1), 0, 0);
	near(stats__mean(one, 1), 4, 0);
	near(stats__median_ci(one, 1).low, 4, 0);
	near(stats__median_ci(one, 1).high, 4, 0);
}

/* Order is kept, and the samples are left as they are. */
static void test_unsorted(void **state)
{
	double x[] = { 9, 1, 8, 2, 7 }, copy[5];

	(void)state;
	memcpy(copy, x, sizeof(x));
	near(stats__median(x, 5), 7, 0);
	near(stats__median(x, 4), 5, 0);
	near(stats__min(x, 5), 1, 0);
	near(stats__max(x, 5), 9, 0);
	near(stats__mad(x, 5), 2, 0); /* |x - 7|: 2 6 1 5 0 */
	stats__median_ci(x, 5);
	assert_memory_equal(x, copy, sizeof(x));
}

/* The values of R's quantile(c(15, 20, 35, 40, 50), type = 7). */
static void test_quantile_type7(void **state)
{
	const double x[] = { 50, 15, 40, 20, 35 };

	(void)state;
	near(stats__quantile(x, 5, 0), 15, 0);
	near(stats__quantile(x, 5, 0.05), 16, 1e-12);
	near(stats__quantile(x, 5, 0.25), 20, 0);
	near(stats__quantile(x, 5, 0.40), 29, 1e-12);
	near(stats__quantile(x, 5, 0.5), 35, 0);
	near(stats__quantile(x, 5, 0.95), 48, 1e-12);
	near(stats__quantile(x, 5, 1), 50, 0);
	assert_true(isnan(stats__quantile(x, 5, -0.01)));
	assert_true(isnan(stats__quantile(x, 5, 1.01)));
	assert_true(isnan(stats__quantile(x, 5, NAN)));
}

static void test_mean_stddev(void **state)
{
	const double x[] = { 2, 4, 4, 4, 5, 5, 7, 9 };
	/* Catastrophic for the naive formula (Welford 1962). */
	const double far[] = { 1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16 };

	(void)state;
	near(stats__mean(x, 8), 5, 0);
	near(stats__stddev(x, 8), sqrt(32.0 / 7), 1e-15);
	near(stats__mean(far, 4), 1e9 + 10, 0);
	near(stats__stddev(far, 4), sqrt(30), 1e-9);
	near(stats__stddev((double[]){ 3, 3, 3 }, 3), 0, 0);
}

static void test_quantiles(void **state)
{
	const double x[] = { 40, 10, 20, 30 };
	double q[7] = { -1, -1, -1, -1, -1, -1, -1 };

	(void)state;
	assert_false(stats__quantiles(x, 0, q, 7));
	near(q[0], -1, 0);
	assert_true(stats__quantiles(x, 4, q, 7));
	for (int i = 0; i < 7; i++)
		near(q[i], 10 + 5 * i, 1e-12);
	assert_true(stats__quantiles(x, 1, q, 2));
	near(q[1], 40, 0);
}

static void test_not_finite(void **state)
{
	const double nan_in[] = { 1, NAN, 3 };
	const double inf_in[] = { -INFINITY, 1, INFINITY, INFINITY };
	const double huge[] = { -DBL_MAX, DBL_MAX };

	(void)state;
	assert_true(isnan(stats__median(nan_in, 3)));
	assert_true(isnan(stats__mad(nan_in, 3)));
	assert_true(isnan(stats__min(nan_in, 3)));
	assert_true(isnan(stats__max(nan_in, 3)));
	assert_true(isnan(stats__mean(nan_in, 3)));
	assert_true(isinf(stats__median(inf_in, 4)));
	assert_true(isinf(stats__quantile(inf_in, 4, 1)));
	near(stats__median(inf_in + 1, 1), 1, 0);
	near(stats__median(huge, 2), 0, 0); /* the difference overflows, the median does not */
}

/* Newcombe 1998, table I, method 3 (score, no continuity correction): four decimals. */
static void test_wilson_published(void **state)
{
	static const struct {
		unsigned long long k, n;
		double low, high;
	} t[] = {
		{ 81, 263, 0.2553, 0.3662 },
		{ 15, 148, 0.0624, 0.1605 },
		{ 0, 20, 0.0000, 0.1611 },
		{ 1, 29, 0.0061, 0.1718 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct interval w = stats__wilson(t[i].k, t[i].n, 1.959964);

		near(w.low, t[i].low, 5e-5);
		near(w.high, t[i].high, 5e-5);
	}
}

/* Both bounds are the roots of (p - k/n)^2 = z^2 p (1 - p) / n, which defines the interval. */
static void test_wilson_equation(void **state)
{
	const double z = 1.959964;

	(void)state;
	for (unsigned long long n = 1; n < 400; n += 7) {
		for (unsigned long long k = 0; k <= n; k++) {
			struct interval w = stats__wilson(k, n, z);
			double p = (double)k / n, bounds[] = { w.low, w.high };

			assert_true(w.low <= p && p <= w.high);
			assert_true(w.low >= 0 && w.high <= 1);
			for (int i = 0; i < 2; i++) {
				double b = bounds[i];

				near((b - p) * (b - p), z * z * b * (1 - b) / n, 1e-12);
			}
		}
	}
}

static void test_wilson_edges(void **state)
{
	struct interval w;

	(void)state;
	w = stats__wilson(0, 0, 1.96);
	assert_true(w.low == 0 && w.high == 1);
	w = stats__wilson(0, 400000, 1.959964);
	assert_true(w.low == 0);
	near(w.high, 9.6036e-6, 1e-9); /* z^2 / (n + z^2) */
	w = stats__wilson(400000, 400000, 1.959964);
	assert_true(w.high == 1);
	near(w.low, 1 - 9.6036e-6, 1e-9);
	w = stats__wilson(5, 10, 0);
	assert_true(w.low == 0.5 && w.high == 0.5);
	w = stats__wilson(11, 10, 1.96); /* nonsense in, nothing out */
	assert_true(isnan(w.low) && isnan(w.high));
	w = stats__wilson(1ULL << 62, 1ULL << 63, 1.959964);
	assert_true(w.low <= 0.5 && w.high >= 0.5 && w.high - w.low < 1e-8);
}

/* Ranks of the distribution-free 95 % interval of the median, as the tables of order statistics
 * have them; the samples are their own ranks. */
static void test_median_ci_ranks(void **state)
{
	static const struct {
		size_t n;
		double low, high;
	} t[] = {
		{ 2, 1, 2 },   { 5, 1, 5 },    { 6, 1, 6 },    { 8, 1, 8 },    { 9, 2, 8 },
		{ 10, 2, 9 },  { 11, 2, 10 },  { 12, 3, 10 },  { 15, 4, 12 },  { 20, 6, 15 },
		{ 25, 8, 18 }, { 30, 10, 21 }, { 40, 14, 27 }, { 50, 18, 33 }, { 100, 40, 61 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		double x[100];
		struct interval ci;

		for (size_t j = 0; j < t[i].n; j++)
			x[j] = (double)(t[i].n - j);
		ci = stats__median_ci(x, t[i].n);
		near(ci.low, t[i].low, 0);
		near(ci.high, t[i].high, 0);
	}
}

/* Coverage, computed apart with Pascal's triangle: at least 95 %, and one rank further in less. */
static void test_median_ci_coverage(void **state)
{
	long double pascal[202] = { 1 };
	double x[200];

	(void)state;
	for (size_t n = 1; n <= 200; n++) {
		long double inside = 0, tighter = 0;
		struct interval ci;

		for (size_t k = n; k > 0; k--)
			pascal[k] = (pascal[k] + pascal[k - 1]) / 2;
		pascal[0] /= 2;
		x[n - 1] = (double)n;
		ci = stats__median_ci(x, n);
		for (size_t k = (size_t)ci.low; k < (size_t)ci.high; k++)
			inside += pascal[k];
		for (size_t k = (size_t)ci.low + 1; k + 1 < (size_t)ci.high; k++)
			tighter += pascal[k];
		assert_true(n < 6 || inside >= 0.95L);
		assert_true(tighter < 0.95L);
		near(ci.low + ci.high, (double)n + 1, 0);
	}
}

/* Large samples: 2^-n underflows, the ranks must still come out. */
static void test_median_ci_large(void **state)
{
	const size_t n = 300000;
	double *x = malloc(n * sizeof(*x));
	struct interval ci;

	(void)state;
	assert_non_null(x);
	for (size_t i = 0; i < n; i++)
		x[i] = (double)(i + 1);
	ci = stats__median_ci(x, n);
	/* n/2 -+ 1.96 sqrt(n)/2 */
	near(ci.low, n / 2.0 - 1.959964 * sqrt((double)n) / 2, 2);
	near(ci.high, n / 2.0 + 1.959964 * sqrt((double)n) / 2, 2);
	free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),		cmocka_unit_test(test_one),
		cmocka_unit_test(test_unsorted),	cmocka_unit_test(test_quantile_type7),
		cmocka_unit_test(test_mean_stddev),	cmocka_unit_test(test_quantiles),
		cmocka_unit_test(test_not_finite),	cmocka_unit_test(test_wilson_published),
		cmocka_unit_test(test_wilson_equation), cmocka_unit_test(test_wilson_edges),
		cmocka_unit_test(test_median_ci_ranks), cmocka_unit_test(test_median_ci_coverage),
		cmocka_unit_test(test_median_ci_large),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
