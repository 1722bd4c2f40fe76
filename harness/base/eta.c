// SPDX-License-Identifier: GPL-2.0-only
#include "base/eta.h"

#define MIN_STEP  0.5  /* s between samples: shorter ones are noise */
#define MEMORY	  20.0 /* s after which the older rate has half its weight */
#define MIN_KNOWN 3.0  /* s of history before anything is said */

void eta__sample(struct eta *e, double now, double fraction)
{
	double dt = now - e->time, rate, weight, memory;

	if (!e->samples || fraction < e->fraction) {
		*e = (struct eta){
			.first_time = now, .time = now, .fraction = fraction, .samples = 1
		};
		return;
	}
	if (dt < MIN_STEP)
		return;
	rate = (fraction - e->fraction) / dt;
	/* While there is little history the plain average is the better estimate. */
	memory = e->time - e->first_time;
	if (memory > MEMORY)
		memory = MEMORY;
	weight = dt / (dt + memory);
	e->rate += weight * (rate - e->rate);
	e->time = now;
	e->fraction = fraction;
	e->samples++;
}

double eta__left(const struct eta *e, double now)
{
	double left;

	if (e->samples < 2 || e->rate <= 0 || e->time - e->first_time < MIN_KNOWN)
		return -1;
	left = (1 - e->fraction) / e->rate - (now - e->time);
	return left > 0 ? left : 0;
}
