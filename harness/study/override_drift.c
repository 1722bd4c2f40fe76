// SPDX-License-Identifier: GPL-2.0-only
#include "study/override_drift.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/fit.h"
#include "study/override_rule.h"

struct member {
	char *key;
	double ms, reads; /* logarithms of the medians */
};

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->key, ((const struct member *)b)->key);
}

static bool medians(const struct override_point *p, double *scratch, struct member *m)
{
	size_t n = 0;

	for (size_t i = 0; i < p->nr_rounds; i++)
		if (p->rounds[i].lost_ms > 0 && !override_round__at_once(&p->rounds[i]))
			scratch[n++] = p->rounds[i].lost_ms;
	m->ms = log(stats__median(scratch, n));
	n = 0;
	for (size_t i = 0; i < p->nr_rounds; i++)
		if (p->rounds[i].lost_read > 1)
			scratch[n++] = p->rounds[i].lost_read;
	m->reads = log(stats__median(scratch, n));
	return isfinite(m->ms) && isfinite(m->reads);
}

static int collect(const struct override_points *all, struct member *v, size_t *n)
{
	size_t most = 1;
	double *scratch;
	int err = 0;

	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].nr_rounds > most)
			most = all->v[i].nr_rounds;
	scratch = calloc(most, sizeof(*scratch));
	if (!scratch)
		return -ENOMEM;
	for (size_t i = 0; !err && i < all->n; i++) {
		const struct override_point *p = &all->v[i];

		if (!p->measured || !p->optimised || !medians(p, scratch, &v[*n]))
			continue;
		v[*n].key = override_point__key(p, NULL, NULL);
		if (v[*n].key)
			(*n)++;
		else
			err = -ENOMEM;
	}
	free(scratch);
	return err;
}

/* Of the members of one group, about their mean. */
static void add_group(const struct member *v, size_t n, double *ms, double *reads)
{
	double mean_ms = 0, mean_reads = 0;

	for (size_t i = 0; i < n; i++) {
		mean_ms += v[i].ms / (double)n;
		mean_reads += v[i].reads / (double)n;
	}
	for (size_t i = 0; i < n; i++) {
		*ms += (v[i].ms - mean_ms) * (v[i].ms - mean_ms);
		*reads += (v[i].reads - mean_reads) * (v[i].reads - mean_reads);
	}
}

int override_drift__find(const struct override_points *all, struct drift *out)
{
	struct member *v = calloc(all->n + 1, sizeof(*v));
	double ms = 0, reads = 0;
	size_t n = 0;
	int err;

	*out = (struct drift){ 0 };
	if (!v)
		return -ENOMEM;
	err = collect(all, v, &n);
	qsort(v, n, sizeof(*v), by_key);
	for (size_t i = 0, end; !err && i < n; i = end) {
		for (end = i + 1; end < n && !strcmp(v[i].key, v[end].key); end++)
			;
		add_group(&v[i], end - i, &ms, &reads);
		out->df += end - i - 1;
	}
	if (out->df) {
		out->ms = sqrt(ms / (double)out->df);
		out->reads = sqrt(reads / (double)out->df);
	}
	for (size_t i = 0; i < n; i++)
		free(v[i].key);
	free(v);
	return err;
}

void override_drift__widen(double sd, size_t df, size_t points, size_t other_points,
			   struct estimate *r)
{
	double middle = log(r->value), drift;

	if (!df || !points || !other_points || !isfinite(middle) || !isfinite(r->ci.high) ||
	    !(r->ci.low > 0))
		return;
	drift = fit__student_t(RULE_LEVEL, df) * sd *
		sqrt(1 / (double)points + 1 / (double)other_points);
	r->ci.low = exp(middle - hypot(middle - log(r->ci.low), drift));
	r->ci.high = exp(middle + hypot(log(r->ci.high) - middle, drift));
}
