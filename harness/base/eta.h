/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_BASE_ETA_H
#define ASSAY_BASE_ETA_H

/* Estimates the time left from how a fraction grew: an exponentially smoothed rate, so that it
 * follows a change of pace without jumping. Initialise with zeros. */
struct eta {
	double first_time, time, fraction; /* of the first and the last sample that counted */
	double rate;			   /* per second; 0: none yet */
	int samples;
};

/* Times in seconds on any clock that does not go back. A fraction that falls starts anew. */
void eta__sample(struct eta *e, double now, double fraction);
/* Seconds from now to the end, negative when there is too little to tell. */
double eta__left(const struct eta *e, double now);

#endif
