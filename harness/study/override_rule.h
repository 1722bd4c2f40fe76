/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_STUDY_OVERRIDE_RULE_H
#define ASSAY_STUDY_OVERRIDE_RULE_H

#include <stddef.h>

#include "model/compare.h"

/* The rules by which the override study draws its conclusions. Their thresholds are constants and
 * stated in the document; what they are held against comes from the data. */
#define RULE_HOLDS  0.99 /* an override that holds: lower bound of the success at least this */
#define RULE_LOST   0.01 /* one that is lost: upper bound at most this */
#define RULE_MARGIN 0.01 /* no difference: its interval lies within -this and this */
#define RULE_ROUNDS 0.95 /* of rounds: share that must fit, with a lower bound above one half */
#define RULE_TOLD \
	3.0 /* no effect on a time: the intervals of its ratios lie within this and 1/this */
#define RULE_COST  0.10 /* costs that differ by less than this share are the same */
#define RULE_LEVEL 0.95 /* of intervals of ratios */
#define RULE_Z	   1.959964

enum conclusion {
	NOT_DECIDED,
	SUPPORTED,
	CONTRADICTED,
};

const char *conclusion__name(enum conclusion c); /* "not decided", "supported", "contradicted" */
/* Both must hold: contradicted when one is, supported when both are. */
enum conclusion conclusion__both(enum conclusion a, enum conclusion b);
/* One may hold: contradicted when one is, supported when one is. */
enum conclusion conclusion__any(enum conclusion a, enum conclusion b);

/* The override holds: supported when the Wilson interval lies above RULE_HOLDS, contradicted when
 * it lies below. */
enum conclusion rule__holds(struct proportion p);
/* It is lost: the same with RULE_LOST. */
enum conclusion rule__lost(struct proportion p);
/* Two rates are equal: supported when the interval of their difference lies within the margin,
 * contradicted when it lies outside. */
enum conclusion rule__equal(struct estimate difference);
/* Rounds fit: supported when at least RULE_ROUNDS of them do and the interval lies above one half,
 * contradicted when it lies below RULE_ROUNDS. */
enum conclusion rule__rounds(struct proportion p);
/* A ratio differs from 1: supported when its interval leaves 1 out; never contradicted. */
enum conclusion rule__differs(struct estimate ratio);

/* The fewest reads, all of them overridden, for which rule__holds is supported; and the fewest
 * rounds, all fitting, for rule__rounds. */
unsigned long long rule__reads_needed(void);
unsigned long long rule__rounds_needed(void);

#endif
