// SPDX-License-Identifier: GPL-2.0-only
#include "model/compare.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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
 * as shares: P(U = u), u from 0 to most. The recurrence of Mann and Whitney (1947): the largest of
 * all is an x, which is above every y, or a y. Caller frees. */
static double *rank_distribution(size_t a, size_t b, size_t most)
{
	size_t row = most + 1;
	double *p = calloc((b + 1) * row, sizeof(*p)), *result;

	if (!p)
		return NULL;
	/* p[j] is the distribution for i x and j y; i grows in place. */
	for (size_t j = 0; j <= b; j++)
		p[j * row] = 1;
	for (size_t i = 1; i <= a; i++) {
		for (size_t j = 1; j <= b; j++) {
			double *here = p + j * row, *fewer_y = p + (j - 1) * row;
			double largest_is_x = (double)i / (double)(i + j);

			for (size_t u = (i * j < most ? i * j : most) + 1; u-- > 0;)
				here[u] = (u >= j ? here[u - j] * largest_is_x : 0) +
					  (u <= i * (j - 1) ? fewer_y[u] * (1 - largest_is_x) : 0);
		}
	}
	result = calloc(row, sizeof(*result));
	if (result)
		memcpy(result, p + b * row, row * sizeof(*result));
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

/* The largest r up to most + 1 with 2 P(U < r) <= 1 - level. */
static int exact_rank(size_t a, size_t b, double level, size_t most, size_t *rank)
{
	double *p = rank_distribution(a, b, most), below = 0;
	size_t r = 0;

	if (!p)
		return -ENOMEM;
	while (r <= most) {
		below += p[r];
		if (2 * below > 1 - level + ROUNDING)
			break;
		r++;
	}
	free(p);
	*rank = r;
	return 0;
}

/* The rank r (from 1) of the difference that bounds the interval from below: the largest with
 * 2 P(U < r) <= 1 - level. 0: none has. */
static int rank_of_bound(size_t a, size_t b, double level, size_t *rank)
{
	double middle = (double)a * (double)b / 2;
	double spread = sqrt((double)a * (double)b * (double)(a + b + 1) / 12);
	size_t most;
	int err;

	middle -= normal_quantile(level) * spread;
	/* The next smaller rank: rather too wide than too narrow. */
	*rank = middle >= 1 ? (size_t)middle : 0;
	if (a + b > COMPARE_EXACT)
		return 0;
	/* Only the tail is needed, and the normal one tells about how long it is. */
	most = *rank + (size_t)(spread / 2) + 2;
	do {
		most = most < a * b ? most : a * b;
		err = exact_rank(a, b, level, most, rank);
	} while (!err && *rank > most && most < a * b && (most *= 2));
	return err;
}

/* Sorted; NULL when memory ran out or one of them is no finite number. Caller frees. */
static double *sorted(const double *x, size_t n)
{
	double *copy = calloc(n, sizeof(*copy));

	for (size_t i = 0; copy && i < n; i++) {
		copy[i] = x[i];
		if (!isfinite(x[i])) {
			free(copy);
			return NULL;
		}
	}
	if (copy)
		qsort(copy, n, sizeof(*copy), compare);
	return copy;
}

/* How many of the differences x - y are at most d; both sorted. */
static size_t differences_upto(const double *x, size_t nr_x, const double *y, size_t nr_y, double d)
{
	size_t n = 0, above = 0; /* y that are too small for this x, and for all after it */

	for (size_t i = 0; i < nr_x && above < nr_y; i++) {
		while (above < nr_y && x[i] - y[above] > d)
			above++;
		n += nr_y - above;
	}
	return n;
}

/* Numbers in the order of the doubles that they stand for, and back. */
static int64_t order_of(double d)
{
	int64_t bits;

	memcpy(&bits, &d, sizeof(bits));
	return bits < 0 ? INT64_MIN - bits : bits;
}

static double double_at(int64_t order)
{
	int64_t bits = order < 0 ? INT64_MIN - order : order;
	double d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

/* The k-th smallest (from 1) of all differences x - y, both sorted, by halving the range of
 * doubles: series of 100,000 samples have 10^10 of them, which no memory holds. */
static double difference(const double *x, size_t nr_x, const double *y, size_t nr_y, size_t k)
{
	int64_t low = order_of(x[0] - y[nr_y - 1]), high = order_of(x[nr_x - 1] - y[0]);

	while (low < high) {
		int64_t middle = low + (int64_t)(((uint64_t)high - (uint64_t)low) / 2);

		if (differences_upto(x, nr_x, y, nr_y, double_at(middle)) >= k)
			high = middle;
		else
			low = middle + 1;
	}
	return double_at(low);
}

struct estimate compare__shift(const double *x, size_t nr_x, const double *y, size_t nr_y,
			       double level)
{
	struct estimate result = unknown(-INFINITY, INFINITY);
	size_t pairs = nr_x * nr_y, rank;
	double *a, *b;

	if (!nr_x || !nr_y || nr_x > SIZE_MAX / nr_y || !(level > 0 && level < 1))
		return result;
	a = sorted(x, nr_x);
	b = sorted(y, nr_y);
	if (a && b && !rank_of_bound(nr_x, nr_y, level, &rank)) {
		result.value = difference(a, nr_x, b, nr_y, (pairs + 1) / 2);
		if (pairs % 2 == 0)
			result.value =
				(result.value + difference(a, nr_x, b, nr_y, pairs / 2 + 1)) / 2;
		if (rank)
			result.ci = (struct interval){
				difference(a, nr_x, b, nr_y, rank),
				difference(a, nr_x, b, nr_y, pairs - rank + 1),
			};
	}
	free(a);
	free(b);
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

static bool any_nan(const double *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (isnan(x[i]))
			return true;
	return false;
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
