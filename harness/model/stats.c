// SPDX-License-Identifier: GPL-2.0-only
#include "model/stats.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A NaN among the samples makes every result NaN: it has no place in an order. */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* A sorted copy, or NULL when there is nothing to sort, a NaN, or no memory. */
static double *sorted(const double *x, size_t n)
{
	double *copy;

	if (!x || !n || n > SIZE_MAX / sizeof(*x))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (isnan(x[i]))
			return NULL;
	}
	copy = malloc(n * sizeof(*x));
	if (!copy)
		return NULL;
	memcpy(copy, x, n * sizeof(*x));
	qsort(copy, n, sizeof(*copy), compare);
	return copy;
}

/* Hyndman and Fan 1996, definition 7: linear between the order statistics, at (n - 1) q. */
static double quantile_sorted(const double *x, size_t n, double q)
{
	double h = (double)(n - 1) * q;
	size_t i = (size_t)h;
	double f = h - (double)i, d;

	if (i + 1 >= n)
		return x[n - 1];
	if (f == 0 || x[i] == x[i + 1])
		return x[i];
	d = x[i + 1] - x[i];
	return isfinite(d) ? x[i] + f * d : x[i] * (1 - f) + x[i + 1] * f;
}

double stats__quantile(const double *x, size_t n, double q)
{
	double *s, result;

	if (!(q >= 0 && q <= 1))
		return NAN;
	s = sorted(x, n);
	if (!s)
		return NAN;
	result = quantile_sorted(s, n, q);
	free(s);
	return result;
}

bool stats__quantiles(const double *x, size_t n, double *out, size_t nr)
{
	double *s = sorted(x, n);

	if (!s)
		return false;
	for (size_t i = 0; i < nr; i++)
		out[i] = quantile_sorted(s, n, (double)i / (double)(nr - 1));
	free(s);
	return true;
}

double stats__median(const double *x, size_t n)
{
	return stats__quantile(x, n, 0.5);
}

double stats__mad(const double *x, size_t n)
{
	double *s = sorted(x, n), median, result;

	if (!s)
		return NAN;
	median = quantile_sorted(s, n, 0.5);
	for (size_t i = 0; i < n; i++)
		s[i] = s[i] == median ? 0 : fabs(s[i] - median);
	qsort(s, n, sizeof(*s), compare);
	result = quantile_sorted(s, n, 0.5);
	free(s);
	return result;
}

static long double mean_of(const double *x, size_t n)
{
	long double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += x[i];
	return sum / n;
}

double stats__mean(const double *x, size_t n)
{
	return x && n ? (double)mean_of(x, n) : NAN;
}

double stats__stddev(const double *x, size_t n)
{
	long double mean, squares = 0;

	if (!x || n < 2)
		return NAN;
	mean = mean_of(x, n);
	for (size_t i = 0; i < n; i++)
		squares += (x[i] - mean) * (x[i] - mean);
	return (double)sqrtl(squares / (n - 1));
}

double stats__min(const double *x, size_t n)
{
	double m = x && n ? x[0] : NAN;

	for (size_t i = 1; i < n && !isnan(m); i++) {
		if (!(x[i] >= m))
			m = x[i];
	}
	return m;
}

double stats__max(const double *x, size_t n)
{
	double m = x && n ? x[0] : NAN;

	for (size_t i = 1; i < n && !isnan(m); i++) {
		if (!(x[i] <= m))
			m = x[i];
	}
	return m;
}

struct interval stats__wilson(unsigned long long k, unsigned long long n, double z)
{
	double p, z2n, centre, half, scale;

	if (!n)
		return (struct interval){ 0, 1 };
	if (k > n || !isfinite(z))
		return (struct interval){ NAN, NAN };
	p = (double)k / (double)n;
	z2n = z * z / (double)n;
	scale = 1 / (1 + z2n);
	centre = (p + z2n / 2) * scale;
	half = fabs(z) * sqrt(p * (1 - p) / (double)n + z2n / (4 * (double)n)) * scale;
	/* At the ends the bound is exact; computed, it would be off by rounding. */
	return (struct interval){
		.low = k == 0 ? 0 : fmax(0, centre - half),
		.high = k == n ? 1 : fmin(1, centre + half),
	};
}

/* The largest rank r (from 1) with P(B < r) <= 2.5 % for B binomial(n, 1/2): the interval from the
 * r-th smallest to the r-th largest sample covers the median with at least 95 %. 0: none does. */
static size_t median_rank(size_t n)
{
	double below = 0, lg_n;
	size_t r = 0;
	int sign;

	lg_n = lgamma_r((double)n + 1, &sign);
	while (r <= n / 2) {
		below += exp(lg_n - lgamma_r((double)r + 1, &sign) -
			     lgamma_r((double)(n - r) + 1, &sign) - (double)n * M_LN2);
		if (below > 0.025)
			break;
		r++;
	}
	return r;
}

struct interval stats__median_ci(const double *x, size_t n)
{
	struct interval result = { NAN, NAN };
	double *s = sorted(x, n);
	size_t r;

	if (!s)
		return result;
	r = median_rank(n);
	if (!r)
		r = 1;
	result.low = s[r - 1];
	result.high = s[n - r];
	free(s);
	return result;
}
