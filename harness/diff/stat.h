/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_DIFF_STAT_H
#define ASSAY_DIFF_STAT_H

#include <stdbool.h>
#include <stddef.h>

struct record;

/* A number that is known of a program, under veristat's name where that has it. */
struct stat {
	const char *name;
	const char *aliases[3];
	const char *unit; /* "" for none */
	bool time;	  /* taken with a clock: compared as a series of its loads, see changes.h */
	double (*get)(const struct record *r); /* NAN: unknown */
};

extern const struct stat diff_stats[];
extern const size_t nr_diff_stats;

/* By name or alias; len of the name. NULL when there is none. */
const struct stat *stat__find(const char *name, size_t len);
/* The series of a program's timed loads goes by this name: the first alias of its median. */
const char *stat__series(const struct stat *s);
/* (b - a) / a in per cent; 0 when both are 0, NAN when only a is, or one is unknown. */
double stat__pct(double a, double b);

#endif
