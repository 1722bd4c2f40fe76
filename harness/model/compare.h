/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_MODEL_COMPARE_H
#define ASSAY_MODEL_COMPARE_H

#include <stddef.h>

#include "model/stats.h"

/* An estimate and its interval; the interval is from -INFINITY to INFINITY where the data are too
 * few for the confidence that was asked for. */
struct estimate {
	double value;
	struct interval ci;
};

/* k successes of n. */
struct proportion {
	unsigned long long k, n;
};

/* The difference a - b of two independent proportions, with the interval that Newcombe builds from
 * their Wilson scores (Statistics in Medicine 17, 1998, 873-890, method 10, no correction for
 * continuity). NAN, with the interval -1..1, when one has no trials. */
struct estimate compare__proportions(struct proportion a, struct proportion b, double z);

/* By how much x lies above y: the median of all differences x - y (Hodges and Lehmann 1963), with
 * the interval that the rank test of Mann and Whitney gives (Hollander and Wolfe, Nonparametric
 * Statistical Methods, chapter 4): its distribution exactly while the two together have at most
 * COMPARE_EXACT samples, else as a normal one. No assumption on shape but that both have the same.
 * Ties make the interval wider than needed, never narrower. NAN when one is empty, holds what is no
 * finite number, or memory runs out. level: 0.95. Takes memory for the samples, not for their
 * pairs. */
#define COMPARE_EXACT 60
struct estimate compare__shift(const double *x, size_t nr_x, const double *y, size_t nr_y,
			       double level);

/* The same of the logarithms: how many times as large x is as y. NAN also for what is not
 * positive; the interval is then 0..INFINITY. */
struct estimate compare__ratio(const double *x, size_t nr_x, const double *y, size_t nr_y,
			       double level);

/* The fewest samples on each side, equally many, for which compare__shift has an interval: 4 for
 * 0.95. */
size_t compare__shift_needs(double level);

/* Spearman's rank correlation (ties get the mean of their ranks), with the interval by Fisher's z
 * and the standard error of Bonett and Wright (Psychometrika 65, 2000, 23-28). NAN for fewer than
 * two points or when all x or all y are equal; no interval (-1..1) for fewer than four points. */
struct estimate compare__rank_correlation(const double *x, const double *y, size_t n, double z);

/* A 95 % interval of the median of n samples of which only the quantiles are left (nr of them, from
 * the smallest to the largest at equal steps): read off where the binomial's normal approximation
 * puts its ranks. The whole range when n is too small. NAN for nr < 2 or n == 0. */
struct interval compare__median_of_quantiles(const double *quantiles, size_t nr, double n);

#endif
