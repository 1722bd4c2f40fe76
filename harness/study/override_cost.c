// SPDX-License-Identifier: GPL-2.0-only
/* What a hook costs or saves per read, at one point. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include "base/num.h"
#include "model/record.h"
#include "study/override_answers.h"

/* The experiment takes the time of at most so many reads without the hook. */
#define UNHOOKED_READS 200

static void read_times(const struct override_point *p, const char *name, double out[3])
{
	static const char *const ends[] = { "median", "q1", "q3" };
	char metric[64];

	for (int i = 0; i < 3; i++) {
		snprintf(metric, sizeof(metric), "%s_ns_%s", name, ends[i]);
		out[i] = study_obs__metric(p->obs, metric);
	}
}

static struct interval median_interval(const struct override_point *p, const char *name, double n)
{
	char series[64];
	const struct series *s;

	snprintf(series, sizeof(series), "latency_%s", name);
	s = study_obs__series(p->obs, series);
	if (!s)
		return (struct interval){ NAN, NAN };
	return compare__median_of_quantiles(s->values, s->n, n);
}

/* The interval goes from the lowest to the highest ratio of what both intervals hold: rather too
 * wide than too narrow. */
static struct estimate ratio(const struct override_point *p, const char *name, double n,
			     const double times[3], const struct hook_cost *c, double nr_unhooked)
{
	struct interval a = median_interval(p, name, n);
	struct interval b = median_interval(p, "unhooked", nr_unhooked);
	struct estimate r = { NAN, { 0, INFINITY } };

	if (!(times[0] > 0) || !(c->unhooked[0] > 0))
		return r;
	r.value = times[0] / c->unhooked[0];
	if (a.low > 0 && b.low > 0)
		r.ci = (struct interval){ a.low / b.high, a.high / b.low };
	return r;
}

static double readers_of(const struct override_point *p)
{
	uint64_t readers;

	return num_u64(override_point__factor(p, "readers"), 1, 1000, &readers) ? 1
										: (double)readers;
}

bool override_cost__of(const struct override_point *p, struct hook_cost *out)
{
	uint64_t reads;
	double unhooked = UNHOOKED_READS, first = 1 / readers_of(p);

	if (!num_u64(override_point__factor(p, "reads"), 1, UINT64_MAX, &reads))
		unhooked = fmin(unhooked, (double)reads);
	read_times(p, "unhooked", out->unhooked);
	read_times(p, override_outcome__name(OUTCOME_OVERRIDDEN), out->overridden);
	read_times(p, override_outcome__name(OUTCOME_NOT_OVERRIDDEN), out->lost);
	out->overridden_ratio = ratio(p, override_outcome__name(OUTCOME_OVERRIDDEN),
				      (double)p->outcomes[OUTCOME_OVERRIDDEN] * first,
				      out->overridden, out, unhooked);
	out->lost_ratio = ratio(p, override_outcome__name(OUTCOME_NOT_OVERRIDDEN),
				(double)p->outcomes[OUTCOME_NOT_OVERRIDDEN] * first, out->lost, out,
				unhooked);
	out->calls = study_obs__metric(p->obs, "calls_per_read");
	return out->unhooked[0] > 0 && (out->overridden[0] > 0 || out->lost[0] > 0);
}
