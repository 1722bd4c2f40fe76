// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/fit.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void near(double a, double b, double eps)
{
	if (!(fabs(a - b) <= eps))
		fail_msg("%.17g is not %.17g", a, b);
}

/* The "Norris" data of NIST's Statistical Reference Datasets, linear regression: x, y. */
static const double norris[][2] = {
	{ 0.2, 0.1 },	  { 337.4, 338.8 }, { 118.2, 118.1 }, { 884.6, 888.0 }, { 10.1, 9.2 },
	{ 226.5, 228.1 }, { 666.3, 668.5 }, { 996.3, 998.5 }, { 448.6, 449.1 }, { 777.0, 778.9 },
	{ 558.2, 559.2 }, { 0.4, 0.3 },	    { 0.6, 0.1 },     { 775.5, 778.1 }, { 666.9, 668.8 },
	{ 338.0, 339.3 }, { 447.5, 448.9 }, { 11.6, 10.8 },   { 556.0, 557.7 }, { 228.1, 228.3 },
	{ 995.8, 998.0 }, { 887.6, 888.8 }, { 120.2, 119.6 }, { 0.3, 0.3 },	{ 0.3, 0.6 },
	{ 556.8, 557.6 }, { 339.1, 339.3 }, { 887.2, 888.0 }, { 999.0, 998.5 }, { 779.0, 778.9 },
	{ 11.1, 10.2 },	  { 118.3, 117.6 }, { 229.2, 228.9 }, { 669.1, 668.4 }, { 448.9, 449.2 },
	{ 0.5, 0.2 },
};

/* NIST's certified values. */
static void test_norris(void **state)
{
	double x[ARRAY_SIZE(norris)], y[ARRAY_SIZE(norris)];
	struct fit f;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(norris); i++) {
		x[i] = norris[i][0];
		y[i] = norris[i][1];
	}
	assert_int_equal(fit__line(x, y, ARRAY_SIZE(norris), &f), 0);
	assert_int_equal(f.n, 36);
	near(f.intercept, -0.262323073774029, 1e-11);
	near(f.slope, 1.00211681802045, 1e-13);
	near(f.intercept_se, 0.232818234301152, 1e-12);
	near(f.slope_se, 0.429796848199937e-3, 1e-15);
	near(f.r2, 0.999993745883712, 1e-14);
	/* t of 34 degrees of freedom: 2.0322. */
	near(f.slope_ci.high - f.slope_ci.low, 2 * 2.032245 * f.slope_se, 1e-8);
	near((f.intercept_ci.high + f.intercept_ci.low) / 2, f.intercept, 1e-12);
}

/* The two-sided 95 % column of the tables of Student's t. */
static void test_student(void **state)
{
	static const struct {
		size_t df;
		double t;
	} table[] = {
		{ 1, 12.7062 },	 { 2, 4.3027 },	      { 3, 3.1824 },  { 4, 2.7764 },
		{ 5, 2.5706 },	 { 6, 2.4469 },	      { 7, 2.3646 },  { 10, 2.2281 },
		{ 15, 2.1314 },	 { 20, 2.0860 },      { 30, 2.0423 }, { 60, 2.0003 },
		{ 120, 1.9799 }, { 5000000, 1.9600 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		near(fit__student_t(0.95, table[i].df), table[i].t, 5e-5);
	near(fit__student_t(0.99, 5), 4.0321, 5e-5);
	near(fit__student_t(0.5, 1), 1, 1e-12); /* half of Cauchy's lies within 1 */
	assert_true(isnan(fit__student_t(0.95, 0)));
	assert_true(isnan(fit__student_t(1, 5)));
	assert_true(isnan(fit__student_t(0, 5)));
	assert_true(isnan(fit__student_t(NAN, 5)));
}

static void test_exact(void **state)
{
	const double x[] = { 1, 2, 3, 4 }, y[] = { 5, 7, 9, 11 }, flat[] = { 2, 2, 2, 2 };
	struct fit f;

	(void)state;
	assert_int_equal(fit__line(x, y, 4, &f), 0);
	near(f.slope, 2, 1e-15);
	near(f.intercept, 3, 1e-14);
	near(f.slope_ci.low, 2, 1e-12);
	near(f.slope_ci.high, 2, 1e-12);
	near(f.r2, 1, 0);
	assert_int_equal(fit__line(x, flat, 4, &f), 0);
	near(f.slope, 0, 0);
	near(f.intercept, 2, 0);
}

/* 3 x^1.5, and the same with errors of a tenth up and down. */
static void test_power(void **state)
{
	double x[8], y[8];
	struct fit f;

	(void)state;
	for (int i = 0; i < 8; i++) {
		x[i] = 1000 << i;
		y[i] = 3 * pow(x[i], 1.5);
	}
	assert_int_equal(fit__power(x, y, 8, &f), 0);
	near(f.slope, 1.5, 1e-12);
	near(exp(f.intercept), 3, 1e-10);
	for (int i = 0; i < 8; i++)
		y[i] *= i % 2 ? 1.1 : 1 / 1.1;
	assert_int_equal(fit__power(x, y, 8, &f), 0);
	assert_true(f.slope_ci.low < 1.5 && f.slope_ci.high > 1.5);
	assert_true(f.slope_ci.high - f.slope_ci.low < 0.3);
	assert_true(f.r2 > 0.99 && f.r2 < 1);
}

/* Large values near one another: sums of squares of the values themselves would lose them. */
static void test_far(void **state)
{
	const double x[] = { 1e9, 1e9 + 1, 1e9 + 2, 1e9 + 3 }, y[] = { 1, 3, 2, 4 };
	struct fit f;

	(void)state;
	assert_int_equal(fit__line(x, y, 4, &f), 0);
	near(f.slope, 0.8, 1e-9);
	near(f.slope_se, sqrt(0.9 / 5), 1e-9); /* residual sum of squares 1.8, sxx 5 */
	near(f.r2, 0.64, 1e-9);
}

static void test_refused(void **state)
{
	const double x[] = { 1, 2, 3 }, same[] = { 2, 2, 2 }, odd[] = { 1, NAN, 3 },
		     zero[] = { 0, 1, 2 };
	struct fit f;

	(void)state;
	assert_int_equal(fit__line(x, x, 2, &f), -EINVAL);
	assert_int_equal(fit__line(same, x, 3, &f), -EINVAL);
	assert_int_equal(fit__line(odd, x, 3, &f), -EINVAL);
	assert_int_equal(fit__line(x, odd, 3, &f), -EINVAL);
	assert_int_equal(fit__power(zero, x, 3, &f), -EINVAL);
	assert_int_equal(fit__power(x, zero, 3, &f), -EINVAL);
	assert_int_equal(fit__power(x, odd, 3, &f), -EINVAL);
	assert_int_equal(fit__power(x, x, 2, &f), -EINVAL);
	assert_int_equal(fit__power(x, x, SIZE_MAX, &f), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_norris), cmocka_unit_test(test_student),
		cmocka_unit_test(test_exact),  cmocka_unit_test(test_power),
		cmocka_unit_test(test_far),    cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("fit", tests, NULL, NULL);
}
