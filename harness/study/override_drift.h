/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_STUDY_OVERRIDE_DRIFT_H
#define ASSAY_STUDY_OVERRIDE_DRIFT_H

#include "study/override_points.h"

/* How far points that are the same lie apart: those with an optimised kprobe that differ only in
 * how much is measured. The rounds of a point follow each other, so what disturbs the machine for
 * some seconds hits all of them; an interval over rounds does not know it. */
struct drift {
	double ms, reads; /* standard deviation of the logarithm of a point's median */
	size_t df;	  /* degrees of freedom: points less groups; 0: nothing is known */
};

int override_drift__find(const struct override_points *all, struct drift *out); /* -ENOMEM */
/* Widens the interval of the ratio of two levels that have so many points: its half width, as a
 * logarithm, and that of the drift (Student's t) are added as squares. */
void override_drift__widen(double sd, size_t df, size_t points, size_t other_points,
			   struct estimate *ratio);

#endif
