// SPDX-License-Identifier: GPL-2.0-only
#include "model/fit.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* Above that many degrees of freedom t is the normal distribution's to four digits. */
#define DF_NORMAL  100000
#define BISECTIONS 200

/* The probability of |T| <= t. */
static double student_inside(double t, size_t df)
{
	double theta = atan2(t, sqrt((double)df)), cos2 = cos(theta) * cos(theta);
	bool odd = df % 2;
	/* Terms from cos^1 or cos^0 on, each of which is the one before times cos^2 and a ratio. */
	double term = odd ? cos(theta) : 1, sum = odd && df == 1 ? 0 : term;

	for (size_t k = odd ? 3 : 2; k + 2 <= df; k += 2) {
		term *= cos2 * (double)(k - 1) / (double)k;
		sum += term;
	}
	sum *= sin(theta);
	return odd ? (theta + sum) * M_2_PI : sum;
}

double fit__student_t(double p, size_t df)
{
	double low = 0, high = 1;

	if (!df || !(p > 0 && p < 1))
		return NAN;
	if (df > DF_NORMAL)
		df = DF_NORMAL;
	while (student_inside(high, df) < p && high < 1e300)
		high *= 2;
	for (int i = 0; i < BISECTIONS; i++) {
		double middle = low + (high - low) / 2;

		if (student_inside(middle, df) < p)
			low = middle;
		else
			high = middle;
	}
	return high;
}

static struct interval around(double value, double half)
{
	return (struct interval){ value - half, value + half };
}

int fit__line(const double *x, const double *y, size_t n, struct fit *out)
{
	double mean_x = 0, mean_y = 0, sxx = 0, sxy = 0, syy = 0, residual = 0, variance, t;

	if (n < 3)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (!isfinite(x[i]) || !isfinite(y[i]))
			return -EINVAL;
		mean_x += x[i] / (double)n;
		mean_y += y[i] / (double)n;
	}
	/* About the means: the sums of squares of large numbers would cancel. */
	for (size_t i = 0; i < n; i++) {
		sxx += (x[i] - mean_x) * (x[i] - mean_x);
		sxy += (x[i] - mean_x) * (y[i] - mean_y);
		syy += (y[i] - mean_y) * (y[i] - mean_y);
	}
	if (!(sxx > 0))
		return -EINVAL;
	*out = (struct fit){ .n = n, .slope = sxy / sxx };
	out->intercept = mean_y - out->slope * mean_x;
	for (size_t i = 0; i < n; i++) {
		double r = y[i] - mean_y - out->slope * (x[i] - mean_x);

		residual += r * r;
	}
	variance = residual / (double)(n - 2);
	out->slope_se = sqrt(variance / sxx);
	out->intercept_se = sqrt(variance * (1 / (double)n + mean_x * mean_x / sxx));
	out->r2 = syy > 0 ? 1 - residual / syy : 1;
	t = fit__student_t(0.95, n - 2);
	out->slope_ci = around(out->slope, t * out->slope_se);
	out->intercept_ci = around(out->intercept, t * out->intercept_se);
	return 0;
}

int fit__power(const double *x, const double *y, size_t n, struct fit *out)
{
	double *logs;
	int err = 0;

	if (n < 3)
		return -EINVAL;
	if (n > SIZE_MAX / (2 * sizeof(*logs)))
		return -ENOMEM;
	logs = calloc(n, 2 * sizeof(*logs));
	if (!logs)
		return -ENOMEM;
	for (size_t i = 0; !err && i < n; i++) {
		if (!(x[i] > 0) || !(y[i] > 0)) {
			err = -EINVAL;
			break;
		}
		logs[i] = log(x[i]);
		logs[n + i] = log(y[i]);
	}
	if (!err)
		err = fit__line(logs, logs + n, n, out);
	free(logs);
	return err;
}
