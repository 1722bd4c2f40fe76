/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_DIFF_THRESHOLD_H
#define ASSAY_DIFF_THRESHOLD_H

#include <stdbool.h>
#include <stddef.h>

struct strv;

/* How much a number must move to be a change. */
struct threshold {
	double value; /* must be exceeded; 0: any difference */
	bool percent; /* of the value before; of a series the factor less 1, of a share points */
	bool off;     /* never a change */
};

/* What a number is decides how it is compared, and which threshold it has by default. */
enum figure {
	FIGURE_STAT,	/* a statistic that the verifier counts: the same for each load */
	FIGURE_SERIES,	/* samples of a time: rank test */
	FIGURE_SHARE,	/* so many of so many: Newcombe's interval */
	FIGURE_FIT,	/* an estimate with its own interval: z test */
	FIGURE_COUNT,	/* a single value that is no time */
	FIGURE_VIRTUAL, /* a program's loads in virtual time, which is a count: medians */
	FIGURE_TIME,	/* a single value that is a time or a rate: nothing to test with */
};
#define NR_FIGURES (FIGURE_TIME + 1)
/* The class as --threshold names it: "stats", "series", "shares", "fits", "counts", "virtual",
 * "times". */
const char *figure__name(enum figure f);

struct thresholds;
struct thresholds *thresholds__new(void); /* the defaults; NULL on ENOMEM */
void thresholds__free(struct thresholds *t);
/* "insns=5%", "read=100", "series=off", "all=0", several joined by commas: a statistic by name or
 * alias, a class, a metric or a series. A name goes before its class, what comes later before what
 * came first. 0, -ENOMEM, or -EINVAL with what is wrong in *why (caller frees). */
int thresholds__parse(struct thresholds *t, const char *text, char **why);
struct threshold thresholds__of(const struct thresholds *t, enum figure f, const char *name);
/* The names that are neither a statistic nor a class: somebody must know them. */
int thresholds__names(const struct thresholds *t, struct strv *out);

/* Is b beyond the threshold, seen from a? Anything but 0 is, in per cent, from 0. */
bool threshold__passed(struct threshold t, double a, double b);
/* Of a factor: 25 % is passed by more than 1.25 and less than 1/1.25. */
bool threshold__passed_by_factor(struct threshold t, double factor);

#endif
