/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_MODEL_FIT_H
#define ASSAY_MODEL_FIT_H

#include <stddef.h>

#include "model/stats.h"

/* y = intercept + slope x. */
struct fit {
	size_t n; /* points */
	double slope, intercept;
	double slope_se, intercept_se;		/* standard errors */
	struct interval slope_ci, intercept_ci; /* 95 %, Student's t with n - 2 */
	double r2;				/* coefficient of determination */
};

/* Ordinary least squares of y on x, with the textbook's standard errors (Draper and Smith, Applied
 * Regression Analysis, chapter 1): they hold for independent errors of equal size in y. 0, or
 * -EINVAL for fewer than three points, one that is not finite, or x all equal. */
int fit__line(const double *x, const double *y, size_t n, struct fit *out);

/* The power law y = c x^k as the line through the logarithms: slope is k, the growth's exponent,
 * intercept is ln c. Errors are taken to be relative ones. -EINVAL also for what is not positive.
 * -ENOMEM. */
int fit__power(const double *x, const double *y, size_t n, struct fit *out);

/* Student's t for a two-sided probability (0 < p < 1) and df degrees of freedom: 0.95 and 5 give
 * 2.5706. From the finite sums of the distribution for whole df (Abramowitz and Stegun, 26.7.3 and
 * 26.7.4), by bisection. NAN for df == 0 or p outside. */
double fit__student_t(double p, size_t df);

#endif
