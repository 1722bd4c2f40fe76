// SPDX-License-Identifier: GPL-2.0-only
#include "diff/finder.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "diff/side.h"
#include "diff/stat.h"
#include "model/timing.h"

#define FAMILY	      0.05 /* chance that any test of a comparison shouts for nothing */
#define NORMAL_95     1.959963984540054
#define VIRTUAL_LEAST 5	 /* samples for a median of virtual times */
#define PACE_LEAST    20 /* series from which the pace of a side is taken */

/* --- may they be compared? ------------------------------------------------------------------- */

static int refuse(struct finder *f, const char *what, const char *a, const char *b)
{
	f->alike = false;
	return finder__say(&f->out->refused,
			   "times are not compared: %s %s against %s, only counts are", what,
			   a ? a : "unknown", b ? b : "unknown");
}

static bool differ(const char *a, const char *b)
{
	return !a || !b || strcmp(a, b) != 0;
}

int measure__begin(struct finder *f)
{
	const struct guest_info *a = &f->a->guest, *b = &f->b->guest;
	char cpus_a[16], cpus_b[16];
	int err = 0;

	f->alike = true;
	/* A baseline holds no figures: there is nothing to refuse. */
	if (f->a->from_baseline || f->b->from_baseline) {
		f->alike = false;
		return 0;
	}
	if (differ(a->accel, b->accel))
		err = refuse(f, "accelerator", a->accel, b->accel);
	if (!err && differ(a->timing, b->timing))
		err = refuse(f, "timing", a->timing, b->timing);
	if (!err && differ(a->cpu_model, b->cpu_model))
		err = refuse(f, "CPU", a->cpu_model, b->cpu_model);
	if (!err && a->cpus != b->cpus) {
		snprintf(cpus_a, sizeof(cpus_a), "%u", a->cpus);
		snprintf(cpus_b, sizeof(cpus_b), "%u", b->cpus);
		err = refuse(f, "number of CPUs", cpus_a, cpus_b);
	}
	return err;
}

/* Objects with the same members, whatever their order; unknown is none. */
static bool same_params(const char *a, const char *b)
{
	json_t *ja = json_loads(a ? a : "{}", 0, NULL), *jb = json_loads(b ? b : "{}", 0, NULL);
	/* The points of a study are told apart by a label of their records. */
	bool same = (ja && json_object_get(ja, "point")) || (ja && jb && json_equal(ja, jb));

	json_decref(ja);
	json_decref(jb);
	return same;
}

/* Were the two measured with the same parameters? *err: 0 or -ENOMEM. */
static bool is_alike(struct finder *f, const char *experiment, int *err)
{
	const struct whole *a = side__whole(f->a, experiment), *b = side__whole(f->b, experiment);

	*err = 0;
	if (!a || !b || same_params(a->params, b->params))
		return true;
	*err = finder__say(&f->out->refused,
			   "figures of %s are not compared: parameters %s against %s", experiment,
			   a->params ? a->params : "{}", b->params ? b->params : "{}");
	return false;
}

/* --- what a figure is ------------------------------------------------------------------------ */

static const struct metric *companion(const struct record *r, const char *name, const char *end)
{
	char *full = str_fmt("%s%s", name, end);
	const struct metric *m = full ? record__get_metric(r, full) : NULL;

	free(full);
	return m;
}

/* The end of another metric's interval, which is compared as part of that. */
static bool is_bound(const struct record *r, const char *name)
{
	static const char *const ends[] = { "_low", "_high" };

	for (size_t i = 0; i < 2; i++) {
		size_t len = strlen(name), end = strlen(ends[i]);
		char *base = str_ends(name, ends[i]) ? strndup(name, len - end) : NULL;
		bool is = base && record__get_metric(r, base);

		free(base);
		if (is)
			return true;
	}
	return false;
}

static bool counts(const struct record *r, const char *k, const char *n, struct proportion *out)
{
	const struct metric *mk = record__get_metric(r, k), *mn = record__get_metric(r, n);

	if (!mk || !mn || mk->value < 0 || mn->value < 1 || mk->value > mn->value ||
	    mn->value > 1e15)
		return false;
	out->k = (unsigned long long)mk->value;
	out->n = (unsigned long long)mn->value;
	return true;
}

/* A share is "success" with its interval, or "overridden", of "attempted" or "reads". */
static bool share_of(const struct record *r, const char *name, struct proportion *out)
{
	if (strcmp(name, "success") == 0 || strcmp(name, "overridden") == 0)
		return counts(r, "overridden", "attempted", out) ||
		       counts(r, "overridden", "reads", out);
	return false;
}

/* --- collecting ------------------------------------------------------------------------------ */

/* One that nobody asks for does not make the others less sure. 0 or -ENOMEM. */
static int add_candidate(struct finder *f, const struct candidate *c)
{
	size_t n = f->nr_candidates;
	struct candidate *v = f->candidates;

	if (thresholds__of(f->o->thresholds, c->figure, c->what).off)
		return 0;
	if (!(n & (n - 1))) {
		v = realloc(v, (n ? 2 * n : 1) * sizeof(*v));
		if (!v)
			return -ENOMEM;
		f->candidates = v;
	}
	v[n] = *c;
	f->nr_candidates++;
	return 0;
}

/* The least two-sided p value of the rank test: all of one side below all of the other. */
static double least_p(size_t na, size_t nb)
{
	double ways =
		lgamma((double)(na + nb + 1)) - lgamma((double)na + 1) - lgamma((double)nb + 1);

	return na && nb ? 2 * exp(-ways) : 1;
}

static const struct series *series_of(const struct record *r, const char *name)
{
	for (size_t i = 0; i < r->nr_series; i++)
		if (strcmp(r->series[i].name, name) == 0)
			return &r->series[i];
	return NULL;
}

/* Virtual times are counts: what differs between two boots is no chance that a test could tell of.
 * Kernels print the time of a verification in whole microseconds, and a difference of one is how
 * it was rounded. */
static bool is_rounding(const double *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (x[i] != floor(x[i]))
			return false;
	return true;
}

static int compare_virtual(struct finder *f, const struct candidate *v)
{
	struct threshold t = thresholds__of(f->o->thresholds, FIGURE_VIRTUAL, v->what);
	double a, b, least;
	struct change *c;

	if (t.off)
		return 0;
	if (v->na < VIRTUAL_LEAST || v->nb < VIRTUAL_LEAST) {
		f->too_short++;
		return 0;
	}
	a = stats__median(v->xa, v->na);
	b = stats__median(v->xb, v->nb);
	least = is_rounding(v->xa, v->na) && is_rounding(v->xb, v->nb) ? 1 : 0;
	if (!threshold__passed(t, a, b) || fabs(b - a) <= least)
		return 0;
	c = finder__add(f, CHANGE_MEASURE, v->a, v->b);
	if (!c)
		return -ENOMEM;
	c->what = v->what;
	c->unit = v->unit;
	c->va = a;
	c->vb = b;
	c->pct = stat__pct(a, b);
	return 0;
}

static int collect_series(struct finder *f, const struct cell *a, const struct cell *b)
{
	int err = 0;

	for (size_t i = 0; !err && i < a->record->nr_series; i++) {
		const struct series *sa = &a->record->series[i];
		const struct series *sb = series_of(b->record, sa->name);
		const struct candidate c = {
			.a = a,
			.b = b,
			.figure = FIGURE_SERIES,
			.what = sa->name,
			.unit = sa->unit,
			.xa = sa->values,
			.na = sa->n,
			.xb = sb ? sb->values : NULL,
			.nb = sb ? sb->n : 0,
			.least = least_p(sa->n, sb ? sb->n : 0),
		};

		/* Codes, orders of events and the like have no median. */
		if (!sb || !timing__is_time(sa->unit) || !sa->n || !sb->n)
			continue;
		/* Of another clock. */
		if (strcmp(sa->unit, sb->unit) != 0)
			continue;
		/* A load never waits; what an experiment measures may, at the host's pace. */
		if (a->record->kind == RECORD_PROGRAM && timing__is_virtual_time(sa->unit))
			err = compare_virtual(f, &c);
		else
			err = add_candidate(f, &c);
	}
	return err;
}

static int add_figure(struct finder *f, const struct cell *a, const struct cell *b,
		      const struct metric *ma, const struct metric *mb)
{
	enum figure figure = timing__is_time(ma->unit) ? FIGURE_TIME : FIGURE_COUNT;
	struct threshold t = thresholds__of(f->o->thresholds, figure, ma->name);
	struct change *c;

	if ((figure == FIGURE_TIME && !f->alike) || !threshold__passed(t, ma->value, mb->value))
		return 0;
	c = finder__add(f, CHANGE_MEASURE, a, b);
	if (!c)
		return -ENOMEM;
	c->what = ma->name;
	c->unit = ma->unit;
	c->va = ma->value;
	c->vb = mb->value;
	c->pct = stat__pct(ma->value, mb->value);
	return 0;
}

static bool estimate_of(const struct record *r, const struct metric *m, struct estimate *out)
{
	const struct metric *low = companion(r, m->name, "_low");
	const struct metric *high = companion(r, m->name, "_high");

	if (!low || !high || !(low->value <= high->value))
		return false;
	*out = (struct estimate){ m->value, { low->value, high->value } };
	return true;
}

static int collect_metric(struct finder *f, const struct cell *a, const struct cell *b,
			  const struct metric *ma, const struct metric *mb)
{
	struct candidate c = { .a = a, .b = b, .what = ma->name, .unit = ma->unit };
	const struct record *ra = a->record, *rb = b->record;

	/* Samples say more than what was made of them. */
	if (is_bound(ra, ma->name) || (series_of(ra, ma->name) && series_of(rb, ma->name)))
		return 0;
	if (share_of(ra, ma->name, &c.ka) && share_of(rb, ma->name, &c.kb)) {
		/* One of the two says it. */
		if (strcmp(ma->name, "overridden") == 0 && record__get_metric(ra, "success"))
			return 0;
		c.figure = FIGURE_SHARE;
		c.unit = "";
		return add_candidate(f, &c);
	}
	if (estimate_of(ra, ma, &c.ea) && estimate_of(rb, mb, &c.eb)) {
		c.figure = FIGURE_FIT;
		/* An interval of times is a time; one of an exponent is none. */
		return timing__is_time(ma->unit) && !f->alike ? 0 : add_candidate(f, &c);
	}
	return add_figure(f, a, b, ma, mb);
}

static int compare_matrix(struct finder *f, const struct cell *a, const struct cell *b,
			  const struct matrix *ma, const struct matrix *mb)
{
	size_t differ = 0;
	struct change *c;

	if (ma->nr_rows != mb->nr_rows || ma->nr_cols != mb->nr_cols)
		return finder__say(&f->out->refused,
				   "matrix %s of %s %s is not compared: %zu x %zu cells against "
				   "%zu x %zu",
				   ma->name, a->experiment, a->name, ma->nr_rows, ma->nr_cols,
				   mb->nr_rows, mb->nr_cols);
	for (size_t i = 0; i < ma->nr_rows; i++)
		for (size_t j = 0; j < ma->nr_cols; j++)
			differ += ma->cells[i][j] != mb->cells[i][j];
	if (!differ)
		return 0;
	c = finder__add(f, CHANGE_MEASURE, a, b);
	if (!c)
		return -ENOMEM;
	c->what = ma->name;
	c->unit = "cells";
	c->va = (double)(ma->nr_rows * ma->nr_cols);
	c->vb = (double)differ;
	c->pct = 100 * c->vb / c->va;
	c->test = "cells that differ";
	return 0;
}

static int compare_matrices(struct finder *f, const struct cell *a, const struct cell *b)
{
	int err = 0;

	for (size_t i = 0; i < a->record->nr_matrices; i++)
		for (size_t j = 0; j < b->record->nr_matrices && !err; j++)
			if (strcmp(a->record->matrices[i].name, b->record->matrices[j].name) == 0)
				err = compare_matrix(f, a, b, &a->record->matrices[i],
						     &b->record->matrices[j]);
	return err;
}

int measure__cells(struct finder *f, const struct cell *a, const struct cell *b)
{
	const struct metric *mb;
	int err = 0;

	if (!a->record || !b->record || !is_alike(f, a->experiment, &err))
		return err;
	err = compare_matrices(f, a, b);
	for (size_t i = 0; i < a->record->nr_metrics && !err; i++) {
		mb = record__get_metric(b->record, a->record->metrics[i].name);
		if (mb)
			err = collect_metric(f, a, b, &a->record->metrics[i], mb);
	}
	return err || !f->alike ? err : collect_series(f, a, b);
}

/* --- testing --------------------------------------------------------------------------------- */

static int cmp_doubles(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The number of tests over which the level is divided: Bonferroni's, leaving out those whose data
 * could not reach the level that is left (Tarone, Biometrics 46, 1990, 515-522). 0 when memory ran
 * out. */
static size_t divisor(const struct finder *f)
{
	double *least = calloc(f->nr_candidates + 1, sizeof(*least));
	size_t k, able = f->nr_candidates;

	if (!least)
		return 0;
	for (size_t i = 0; i < f->nr_candidates; i++)
		least[i] = f->candidates[i].least;
	qsort(least, f->nr_candidates, sizeof(*least), cmp_doubles);
	/* The more tests, the fewer are able to reach the level. */
	for (k = 1;; k++) {
		while (able && least[able - 1] > FAMILY / (double)k)
			able--;
		if (able <= k)
			break;
	}
	free(least);
	return k;
}

/* By how much a whole side is faster: the machine was busier, or the kernel is slower throughout.
 * The median over all series of the ratios of their medians; 1 when there are few. */
static int find_pace(const struct finder *f, double *pace, size_t *n)
{
	double *ratios = calloc(f->nr_candidates + 1, sizeof(*ratios));

	*n = 0;
	*pace = 1;
	if (!ratios)
		return -ENOMEM;
	for (size_t i = 0; i < f->nr_candidates; i++) {
		const struct candidate *c = &f->candidates[i];
		double a, b;

		if (c->figure != FIGURE_SERIES)
			continue;
		a = stats__median(c->xa, c->na);
		b = stats__median(c->xb, c->nb);
		if (a > 0 && b > 0)
			ratios[(*n)++] = b / a;
	}
	if (*n >= PACE_LEAST)
		*pace = stats__median(ratios, *n);
	free(ratios);
	return 0;
}

static bool excludes(struct interval i, double v)
{
	return i.low > v || i.high < v;
}

/* Samples of a rate that is 0 somewhere have no ratio, and are no change. */
static bool test_series(const struct candidate *c, struct threshold t, double level, double pace,
			struct change *out)
{
	struct estimate r = compare__ratio(c->xb, c->nb, c->xa, c->na, level);

	out->effect = r;
	out->test = "rank test";
	out->va = stats__median(c->xa, c->na);
	out->vb = stats__median(c->xb, c->nb);
	if (isnan(r.value) || !excludes(r.ci, 1) || !excludes(r.ci, pace))
		return false;
	if (!t.percent)
		return threshold__passed(t, out->va, out->vb);
	/* Beyond what the whole side did, and still there without that. */
	return threshold__passed_by_factor(t, r.value / pace) &&
	       threshold__passed_by_factor(t, r.value) && (r.value < 1) == (r.value < pace);
}

/* z: the quantile that belongs to the level, two-sided. */
static bool test_share(const struct candidate *c, struct threshold t, double z, struct change *out)
{
	struct estimate d = compare__proportions(c->kb, c->ka, z);

	out->effect = d;
	out->test = "Newcombe";
	out->va = (double)c->ka.k / (double)c->ka.n;
	out->vb = (double)c->kb.k / (double)c->kb.n;
	return excludes(d.ci, 0) && fabs(d.value) > (t.percent ? t.value / 100 : t.value);
}

static bool test_fit(const struct candidate *c, struct threshold t, double z, struct change *out)
{
	double sa = (c->ea.ci.high - c->ea.ci.low) / (2 * NORMAL_95);
	double sb = (c->eb.ci.high - c->eb.ci.low) / (2 * NORMAL_95);
	double half = z * sqrt(sa * sa + sb * sb), d = c->eb.value - c->ea.value;

	out->effect = (struct estimate){ d, { d - half, d + half } };
	out->test = "z test";
	out->va = c->ea.value;
	out->vb = c->eb.value;
	return excludes(out->effect.ci, 0) && threshold__passed(t, out->va, out->vb);
}

/* The quantile z of the normal distribution with erfc(z / sqrt 2) = p, by halving. */
static double quantile(double p)
{
	double low = 0, high = 40;

	while (high - low > 1e-9) {
		double mid = (low + high) / 2;

		*(erfc(mid / M_SQRT2) > p ? &low : &high) = mid;
	}
	return low;
}

static int test(struct finder *f, const struct candidate *c, double alpha, double pace)
{
	struct threshold t = thresholds__of(f->o->thresholds, c->figure, c->what);
	struct change result = { .what = c->what, .unit = c->unit }, *change;
	bool changed;

	if (c->least > alpha)
		return 0;
	f->out->tests++;
	if (c->figure == FIGURE_SERIES)
		changed = test_series(c, t, 1 - alpha, pace, &result);
	else if (c->figure == FIGURE_SHARE)
		changed = test_share(c, t, quantile(alpha), &result);
	else
		changed = test_fit(c, t, quantile(alpha), &result);
	if (!changed)
		return 0;
	change = finder__add(f, CHANGE_MEASURE, c->a, c->b);
	if (!change)
		return -ENOMEM;
	result.kind = CHANGE_MEASURE;
	result.a = c->a;
	result.b = c->b;
	result.pct = stat__pct(result.va, result.vb);
	*change = result;
	return 0;
}

static int say_pace(struct finder *f, double pace, size_t n)
{
	if (n < PACE_LEAST || (pace < 1.1 && pace > 1 / 1.1))
		return 0;
	return finder__say(
		&f->out->notes,
		"times of %s are %.2f times those of %s over all %zu series: the machine, or "
		"the kernel as a whole; what is listed goes beyond that",
		f->b->title, pace, f->a->title, n);
}

int measure__end(struct finder *f)
{
	size_t k = divisor(f), n = 0, unable = 0;
	double pace = 1, alpha = k ? FAMILY / (double)k : 0;
	int err = k ? find_pace(f, &pace, &n) : -ENOMEM;

	for (size_t i = 0; !err && i < f->nr_candidates; i++) {
		unable += f->candidates[i].least > alpha;
		err = test(f, &f->candidates[i], alpha, pace);
	}
	if (!err)
		err = say_pace(f, pace, n);
	f->out->untested = unable + f->too_short;
	return err;
}
