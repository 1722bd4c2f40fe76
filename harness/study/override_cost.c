// SPDX-License-Identifier: GPL-2.0-only
/* What a hook costs or saves per read. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/record.h"
#include "study/override_answers.h"

/* The experiment takes the time of at least so many reads without the hook, if it takes any. */
#define UNHOOKED_READS 50

/* Medians and quartiles of points. */
struct sample {
	double *v[3];
	size_t n;
	struct interval within; /* of the median, of the last point by itself */
};

static int sample__init(struct sample *s, size_t most)
{
	*s = (struct sample){ .within = { NAN, NAN } };
	s->v[0] = calloc(most + 1, 3 * sizeof(double));
	s->v[1] = s->v[0] ? s->v[0] + most : NULL;
	s->v[2] = s->v[0] ? s->v[1] + most : NULL;
	return s->v[0] ? 0 : -ENOMEM;
}

static void add(struct sample *s, const struct override_point *p, const char *name, double reads)
{
	static const char *const ends[] = { "median", "q1", "q3" };
	const struct series *latency;
	double times[3];
	char text[64];

	for (int i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "%s_ns_%s", name, ends[i]);
		times[i] = study_obs__metric(p->obs, text);
		if (!(times[i] > 0))
			return;
	}
	for (int i = 0; i < 3; i++)
		s->v[i][s->n] = times[i];
	s->n++;
	snprintf(text, sizeof(text), "latency_%s", name);
	latency = study_obs__series(p->obs, text);
	if (latency)
		s->within = compare__median_of_quantiles(latency->values, latency->n, reads);
}

/* Over the points; of one point alone, from its reads. */
static struct interval interval_of(const struct sample *s)
{
	return s->n == 1 ? s->within : stats__median_ci(s->v[0], s->n);
}

static void summarise(const struct sample *s, double out[3])
{
	for (int i = 0; i < 3; i++)
		out[i] = stats__median(s->v[i], s->n);
}

/* From the lowest to the highest ratio that both intervals allow: rather too wide than too narrow.
 */
static struct estimate ratio(const struct sample *a, const struct sample *b)
{
	struct interval x = interval_of(a), y = interval_of(b);
	struct estimate r = { stats__median(a->v[0], a->n) / stats__median(b->v[0], b->n),
			      { 0, INFINITY } };

	if (x.low > 0 && y.low > 0)
		r.ci = (struct interval){ x.low / y.high, x.high / y.low };
	return r;
}

static const char *const but_hook[] = { "hook", NULL };

static int collect(const struct override_points *all, const struct override_point *like,
		   struct sample *unhooked, struct sample *overridden, struct sample *lost)
{
	char *key = override_point__key(like, but_hook, NULL);
	int err = key ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < all->n; i++) {
		const struct override_point *p = &all->v[i];
		char *other = p->measured ? override_point__key(p, but_hook, NULL) : NULL;

		if (p->measured && !other)
			err = -ENOMEM;
		if (!other || strcmp(key, other) != 0) {
			free(other);
			continue;
		}
		free(other);
		add(unhooked, p, "unhooked", UNHOOKED_READS);
		if (p->hook != like->hook)
			continue;
		add(overridden, p, override_outcome__name(OUTCOME_OVERRIDDEN),
		    (double)p->outcomes[OUTCOME_OVERRIDDEN]);
		add(lost, p, override_outcome__name(OUTCOME_NOT_OVERRIDDEN),
		    (double)p->outcomes[OUTCOME_NOT_OVERRIDDEN]);
	}
	free(key);
	return err;
}

int override_cost__find(const struct override_points *all, const struct override_point *p,
			struct hook_cost *out)
{
	struct sample unhooked, overridden = { .n = 0 }, lost = { .n = 0 };
	int err = sample__init(&unhooked, all->n);

	*out = (struct hook_cost){ .calls = study_obs__metric(p->obs, "calls_per_read") };
	err = err ?: sample__init(&overridden, all->n);
	err = err ?: sample__init(&lost, all->n);
	err = err ?: collect(all, p, &unhooked, &overridden, &lost);
	if (!err) {
		out->unhooked_points = unhooked.n;
		out->points = overridden.n > lost.n ? overridden.n : lost.n;
		summarise(&unhooked, out->unhooked);
		summarise(&overridden, out->overridden);
		summarise(&lost, out->lost);
		out->overridden_ci = interval_of(&overridden);
		out->overridden_ratio = ratio(&overridden, &unhooked);
		out->lost_ratio = ratio(&lost, &unhooked);
	}
	free(unhooked.v[0]);
	free(overridden.v[0]);
	free(lost.v[0]);
	return err;
}
