/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_MODEL_STATS_H
#define ASSAY_MODEL_STATS_H

#include <stdbool.h>
#include <stddef.h>

/* All take samples in any order and leave them as they are (a sorted copy is made); all give NAN
 * for n == 0 or when memory runs out. */
double stats__median(const double *x, size_t n);
double stats__quantile(const double *x, size_t n, double q); /* Hyndman-Fan type 7 */
/* nr of them, 2 at least, from the least to the greatest in equal steps. False, and out left alone,
 * for an x that has no quantile, and when memory ran out. */
bool stats__quantiles(const double *x, size_t n, double *out, size_t nr);
double stats__mad(const double *x, size_t n); /* median absolute deviation, unscaled */
double stats__mean(const double *x, size_t n);
double stats__stddev(const double *x, size_t n); /* n - 1; NAN for n < 2 */
double stats__min(const double *x, size_t n);
double stats__max(const double *x, size_t n);

struct interval {
	double low, high;
};

/* Wilson score interval for k successes of n (Wilson 1927), z = 1.959964 for 95 %; n == 0: 0..1. */
struct interval stats__wilson(unsigned long long k, unsigned long long n, double z);
/* Distribution-free 95 % interval of the median from order statistics (Hahn and Meeker 1991,
 * binomial); the sample's range when n is too small for 95 %. */
struct interval stats__median_ci(const double *x, size_t n);

#endif
