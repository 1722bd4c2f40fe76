// SPDX-License-Identifier: GPL-2.0-only
#include "model/compare.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define NORMAL_95 1.959963984540054
#define ROUNDING  1e-12 /* 2 of 20 is not more than 10 % */

static struct estimate unknown(double low, double high)
{
	return (struct estimate){ NAN, { low, high } };
}

struct estimate compare__proportions(struct proportion a, struct proportion b, double z)
{
	struct interval ia, ib;
	struct estimate d;
	double pa, pb;

	if (!a.n || !b.n || a.k > a.n || b.k > b.n)
		return unknown(-1, 1);
	ia = stats__wilson(a.k, a.n, z);
	ib = stats__wilson(b.k, b.n, z);
	pa = (double)a.k / (double)a.n;
	pb = (double)b.k / (double)b.n;
	d.value = pa - pb;
	d.ci.low = d.value - hypot(pa - ia.low, ib.high - pb);
	d.ci.high = d.value + hypot(ia.high - pa, pb - ib.low);
	return d;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Ways to have each number of pairs with x above y, among all orders of a x and b y without ties,
 * as shares: P(U = u), u from 0 to a b. The recurrence of Mann and Whitney (1947): the largest of
 * all is an x, which is above every y, or a y. Caller frees. */
static double *rank_distribution(size_t a, size_t b)
{
	size_t pairs = a * b;
	double *p = calloc((b + 1) * (pairs + 1), sizeof(*p)), *result;

	if (!p)
		return NULL;
	/* p[j] is the distribution for i x and j y; i grows in place. */
	for (size_t j = 0; j <= b; j++)
		p[j * (pairs + 1)] = 1;
	for (size_t i = 1; i <= a; i++) {
		for (size_t j = 1; j <= b; j++) {
			double *here = p + j * (pairs + 1), *fewer_y = p + (j - 1) * (pairs + 1);
			double largest_is_x = (double)i / (double)(i + j);

			for (size_t u = i * j + 1; u-- > 0;)
				here[u] = (u >= j ? here[u - j] * largest_is_x : 0) +
					  (u <= i * (j - 1) ? fewer_y[u] * (1 - largest_is_x) : 0);
		}
	}
	result = calloc(pairs + 1, sizeof(*result));
	for (size_t u = 0; result && u <= pairs; u++)
		result[u] = p[b * (pairs + 1) + u];
	free(p);
	return result;
}

/* The normal quantile of a two-sided level, by bisection on erf. */
static double normal_quantile(double level)
{
	double low = 0, high = 40;

	for (int i = 0; i < 100; i++) {
		double middle = (low + high) / 2;

		if (erf(middle / M_SQRT2) < level)
			low = middle;
		else
			high = middle;
	}
	return high;
}

/* The rank r (from 1) of the difference that bounds the interval from below: the largest with
 * 2 P(U < r) <= 1 - level. 0: none has. */
static int rank_of_bound(size_t a, size_t b, double level, size_t *rank)
{
	double *p, below = 0, middle, spread;
	size_t r = 0;

	*rank = 0;
	if (a + b > COMPARE_EXACT) {
		middle = (double)a * (double)b / 2;
		spread = sqrt((double)a * (double)b * (double)(a + b + 1) / 12);
		middle -= normal_quantile(level) * spread;
		/* The next smaller rank: rather too wide than too narrow. */
		*rank = middle >= 1 ? (size_t)middle : 0;
		return 0;
	}
	p = rank_distribution(a, b);
	if (!p)
		return -ENOMEM;
	while (r < a * b) {
		below += p[r];
		if (2 * below > 1 - level + ROUNDING)
			break;
		r++;
	}
	free(p);
	*rank = r;
	return 0;
}

static bool any_nan(const double *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (isnan(x[i]))
			return true;
	return false;
}

struct estimate compare__shift(const double *x, size_t nr_x, const double *y, size_t nr_y,
			       double level)
{
	struct estimate result = unknown(-INFINITY, INFINITY);
	size_t pairs = nr_x * nr_y, rank;
	double *d;

	if (!nr_x || !nr_y || nr_x > SIZE_MAX / sizeof(*d) / nr_y || any_nan(x, nr_x) ||
	    any_nan(y, nr_y) || !(level > 0 && level < 1))
		return result;
	d = malloc(pairs * sizeof(*d));
	if (!d)
		return result;
	for (size_t i = 0; i < nr_x; i++)
		for (size_t j = 0; j < nr_y; j++)
			d[i * nr_y + j] = x[i] - y[j];
	qsort(d, pairs, sizeof(*d), compare);
	if (!rank_of_bound(nr_x, nr_y, level, &rank)) {
		result.value = pairs % 2 ? d[pairs / 2] : (d[pairs / 2 - 1] + d[pairs / 2]) / 2;
		if (rank)
			result.ci = (struct interval){ d[rank - 1], d[pairs - rank] };
	}
	free(d);
	return result;
}

struct estimate compare__ratio(const double *x, size_t nr_x, const double *y, size_t nr_y,
			       double level)
{
	struct estimate result = unknown(0, INFINITY);
	double *logs;

	if (!nr_x || !nr_y || nr_x > SIZE_MAX / sizeof(*logs) - nr_y)
		return result;
	logs = calloc(nr_x + nr_y, sizeof(*logs));
	if (!logs)
		return result;
	/* The logarithm of what is not positive is no number, and makes the result none. */
	for (size_t i = 0; i < nr_x; i++)
		logs[i] = x[i] > 0 ? log(x[i]) : NAN;
	for (size_t i = 0; i < nr_y; i++)
		logs[nr_x + i] = y[i] > 0 ? log(y[i]) : NAN;
	result = compare__shift(logs, nr_x, logs + nr_x, nr_y, level);
	result.value = exp(result.value);
	result.ci.low = exp(result.ci.low);
	result.ci.high = exp(result.ci.high);
	free(logs);
	return result;
}

size_t compare__shift_needs(double level)
{
	double ways = 1; /* to draw n of 2n */
	size_t n = 0;

	do {
		n++;
		ways *= 2.0 * (2.0 * (double)n - 1) / (double)n;
	} while (2 / ways > 1 - level + ROUNDING);
	return n;
}

/* Ranks from 1 on; equal ones get the mean of theirs. */
static void rank(const double *x, size_t n, double *out)
{
	for (size_t i = 0; i < n; i++) {
		size_t below = 0, equal = 0;

		for (size_t j = 0; j < n; j++) {
			below += x[j] < x[i];
			equal += x[j] == x[i];
		}
		out[i] = (double)below + ((double)equal + 1) / 2;
	}
}

static double pearson(const double *x, const double *y, size_t n)
{
	double mean_x = stats__mean(x, n), mean_y = stats__mean(y, n), sxx = 0, syy = 0, sxy = 0;

	for (size_t i = 0; i < n; i++) {
		sxx += (x[i] - mean_x) * (x[i] - mean_x);
		syy += (y[i] - mean_y) * (y[i] - mean_y);
		sxy += (x[i] - mean_x) * (y[i] - mean_y);
	}
	return sxx > 0 && syy > 0 ? sxy / sqrt(sxx * syy) : NAN;
}

struct estimate compare__rank_correlation(const double *x, const double *y, size_t n, double z)
{
	struct estimate result = unknown(-1, 1);
	double *ranks, r, half;

	if (n < 2 || n > SIZE_MAX / (2 * sizeof(*ranks)) || any_nan(x, n) || any_nan(y, n))
		return result;
	ranks = calloc(n, 2 * sizeof(*ranks));
	if (!ranks)
		return result;
	rank(x, n, ranks);
	rank(y, n, ranks + n);
	r = pearson(ranks, ranks + n, n);
	free(ranks);
	if (isnan(r))
		return result;
	result.value = fmax(-1, fmin(1, r));
	if (n < 4)
		return result;
	half = z * sqrt((1 + r * r / 2) / ((double)n - 3));
	result.ci.low = tanh(atanh(result.value) - half);
	result.ci.high = tanh(atanh(result.value) + half);
	return result;
}

/* Linear between the quantiles. */
static double between(const double *quantiles, size_t nr, double share)
{
	double at = share * (double)(nr - 1);
	size_t i = (size_t)at;

	if (i + 1 >= nr)
		return quantiles[nr - 1];
	return quantiles[i] + (at - (double)i) * (quantiles[i + 1] - quantiles[i]);
}

struct interval compare__median_of_quantiles(const double *quantiles, size_t nr, double n)
{
	struct interval result = { NAN, NAN };
	double half;

	if (nr < 2 || !(n > 0) || any_nan(quantiles, nr))
		return result;
	half = NORMAL_95 / (2 * sqrt(n));
	result.low = between(quantiles, nr, fmax(0, 0.5 - half));
	result.high = between(quantiles, nr, fmin(1, 0.5 + half));
	return result;
}
