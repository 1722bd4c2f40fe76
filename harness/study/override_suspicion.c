// SPDX-License-Identifier: GPL-2.0-only
/* Answer 3: what one factor does while all others stay the same. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "model/fit.h"
#include "study/override_answers.h"
#include "study/override_suspicion.h"
#include "study/override_text.h"

static const struct suspect suspects[] = {
	{ "size", "Size of a read", "4096", { NULL } },
	{ "reads", "Number of reads (iterations)", NULL, { NULL } },
	{ "cache",
	  "Page cache",
	  "warm",
	  { "warm", "drop1", "drop2", "drop3", "dontneed", "fsync", "memcg", "pressure0",
	    "pressure10000" } },
	{ "cache", "Readahead", "warm", { "warm", "readahead", "willneed" } },
	{ "source", "RAM disk and other sources", "tmpfs", { NULL } },
	{ "file", "Contents of the file", "known", { NULL } },
	{ "cpus", "Number of CPUs", NULL, { NULL } },
	{ "threads", "Siblings (SMT)", NULL, { NULL } },
	{ "barrier", "Barriers before the call", "none", { NULL } },
	{ "hint", "Branch hints", "none", { NULL } },
	{ "append", "Speculation (mitigations)", "none", { NULL } },
	{ "preempt", "Preemption", "none", { NULL } },
	{ "readers", "Concurrent readers", NULL, { NULL } },
};

/* --- sorting points into settings and levels ------------------------------------------------ */

static bool is_preempt(const struct suspect *s)
{
	return !strcmp(s->factor, "preempt");
}

/* The level that a point has; NULL when it has none that counts. */
static const char *level_of(const struct suspect *s, const struct override_points *all,
			    const struct override_point *p)
{
	const char *value;

	if (is_preempt(s)) {
		value = override_points__kernel(all, p->obs->kernel)->preempt;
		return *value ? value : "none";
	}
	value = override_point__factor(p, s->factor);
	if (!*value)
		return !strcmp(s->factor, "append") ? "none" : NULL;
	if (!s->levels[0])
		return value;
	for (size_t i = 0; i < SUSPECT_LEVELS && s->levels[i]; i++)
		if (!strcmp(s->levels[i], value))
			return value;
	return NULL;
}

/* Two kernels that differ in preemption alone have the same version and the same traits. */
static char *key_of(const struct suspect *s, const struct override_points *all,
		    const struct override_point *p)
{
	const char *except[] = { "hook", is_preempt(s) ? "kernel" : s->factor, NULL };
	const struct override_kernel *k = override_points__kernel(all, p->obs->kernel);
	char *key = override_point__key(p, except, NULL), *full;

	if (!key || !is_preempt(s))
		return key;
	full = str_fmt("%s %s %d %d", key, k->version, k->has_optprobes, k->cured);
	free(key);
	return full;
}

static char *name_of(const struct suspect *s, const struct override_points *all,
		     const struct override_point *p)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf__addf(&sb, "%s ",
		     is_preempt(s) ? override_points__kernel(all, p->obs->kernel)->version
				   : p->obs->kernel);
	override_point__describe(p, s->factor, &sb);
	if (sb.len && sb.data[sb.len - 1] == ' ')
		sb.data[--sb.len] = '\0';
	return strbuf__detach(&sb);
}

static struct factor_setting *get_setting(struct suspicion *out, const struct suspect *s,
					  const struct override_points *all,
					  const struct override_point *p)
{
	char *key = key_of(s, all, p);
	struct factor_setting *v;

	for (size_t i = 0; key && i < out->nr_settings; i++) {
		if (!strcmp(out->settings[i].key, key)) {
			free(key);
			return &out->settings[i];
		}
	}
	v = key ? realloc(out->settings, (out->nr_settings + 1) * sizeof(*v)) : NULL;
	if (!v) {
		free(key);
		return NULL;
	}
	out->settings = v;
	v += out->nr_settings++;
	*v = (struct factor_setting){ .key = key, .name = name_of(s, all, p) };
	return v->name ? v : NULL;
}

static struct factor_level *get_level(struct factor_setting *s, const char *value)
{
	struct factor_level *v;

	for (size_t i = 0; i < s->nr_levels; i++)
		if (!strcmp(s->levels[i].value, value))
			return &s->levels[i];
	v = realloc(s->levels, (s->nr_levels + 1) * sizeof(*v));
	if (!v)
		return NULL;
	s->levels = v;
	v += s->nr_levels++;
	*v = (struct factor_level){ .value = value };
	return v;
}

static int add_rounds(struct factor_level *l, const struct override_point *p)
{
	size_t most = l->rounds + p->nr_rounds;
	double *ms = realloc(l->lost_ms, most * sizeof(*ms)), *reads;
	const struct override_point **points;

	if (ms)
		l->lost_ms = ms;
	reads = realloc(l->lost_read, most * sizeof(*reads));
	if (reads)
		l->lost_read = reads;
	points = realloc(l->optimised, (l->nr_optimised + 1) * sizeof(*points));
	if (points)
		l->optimised = points;
	if (!points || (most && (!ms || !reads)))
		return -ENOMEM;
	l->optimised[l->nr_optimised++] = p;
	l->rounds = most;
	for (size_t i = 0; i < p->nr_rounds; i++) {
		if (isnan(p->rounds[i].lost_ms) || isnan(p->rounds[i].lost_read))
			continue;
		l->lost_rounds++;
		if (override_round__at_once(&p->rounds[i]))
			continue;
		l->lost_ms[l->nr_lost] = p->rounds[i].lost_ms;
		l->lost_read[l->nr_lost++] = p->rounds[i].lost_read;
	}
	return 0;
}

static int add_point(struct factor_level *l, const struct override_point *p)
{
	l->attempted += p->attempted;
	l->never_hit += p->outcomes[OUTCOME_NEVER_HIT];
	if (!p->optimised) {
		proportion__add(&l->hooks[p->hook], p->success);
		return 0;
	}
	if (!p->success.n)
		return 0;
	proportion__add(&l->before, p->before);
	proportion__add(&l->after, p->after);
	return add_rounds(l, p);
}

static int sort_points(const struct suspect *s, const struct override_points *all,
		       struct suspicion *out)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct override_point *p = &all->v[i];
		const char *value;
		struct factor_setting *setting;
		struct factor_level *level;
		int err;

		if (!p->measured || !p->plain || !p->asks)
			continue;
		value = level_of(s, all, p);
		if (!value)
			continue;
		setting = get_setting(out, s, all, p);
		level = setting ? get_level(setting, value) : NULL;
		err = level ? add_point(level, p) : -ENOMEM;
		if (err)
			return err;
	}
	return 0;
}

/* --- order, reference ----------------------------------------------------------------------- */

static bool number(const char *s, double *value)
{
	return !num_double(s, -1e300, 1e300, value);
}

/* Numbers by value, before words by name. */
static int by_value(const void *a, const void *b)
{
	const char *s = ((const struct factor_level *)a)->value;
	const char *t = ((const struct factor_level *)b)->value;
	double x, y;
	bool s_is = number(s, &x), t_is = number(t, &y);

	if (s_is != t_is)
		return s_is ? -1 : 1;
	return s_is ? (x > y) - (x < y) : strcmp(s, t);
}

static bool all_numbers(const struct factor_setting *s)
{
	double x;

	for (size_t i = 0; i < s->nr_levels; i++)
		if (!number(s->levels[i].value, &x))
			return false;
	return true;
}

/* The usual value, or else the first: of numbers the smallest; of numbers of reads the largest, as
 * few reads say little. */
static struct factor_level *choose_reference(const struct suspect *s, struct factor_setting *set)
{
	size_t chosen = strcmp(s->factor, "reads") ? 0 : set->nr_levels - 1;

	qsort(set->levels, set->nr_levels, sizeof(*set->levels), by_value);
	for (size_t i = 0; s->reference && i < set->nr_levels; i++)
		if (!strcmp(set->levels[i].value, s->reference))
			chosen = i;
	set->levels[chosen].reference = true;
	return &set->levels[chosen];
}

static void drop_single(struct suspicion *out)
{
	size_t n = 0;

	for (size_t i = 0; i < out->nr_settings; i++) {
		if (out->settings[i].nr_levels > 1)
			out->settings[n++] = out->settings[i];
		else
			factor_setting__release(&out->settings[i]);
	}
	out->nr_settings = n;
}

/* --- effects -------------------------------------------------------------------------------- */

/* Both over the hooks that both have: else the mix of hooks would make a difference. */
static void compare_without(struct factor_level *l, const struct factor_level *reference)
{
	for (int h = 0; h < NR_OVERRIDE_HOOKS; h++) {
		if (!l->hooks[h].n || !reference->hooks[h].n)
			continue;
		proportion__add(&l->without, l->hooks[h]);
		proportion__add(&l->without_reference, reference->hooks[h]);
	}
	l->difference = compare__proportions(l->without, l->without_reference, RULE_Z);
}

static unsigned long long reads_of(const struct override_point *p)
{
	uint64_t reads;

	return num_u64(override_point__factor(p, "reads"), 1, UINT64_MAX, &reads) ? 0 : reads;
}

/* Over how many reads of a round all levels can be compared: what the best point of each has. */
static unsigned long long common_reads(const struct factor_setting *s)
{
	unsigned long long fewest = ~0ull;

	for (size_t i = 0; i < s->nr_levels; i++) {
		const struct factor_level *l = &s->levels[i];
		unsigned long long most = 0;

		for (size_t j = 0; j < l->nr_optimised; j++)
			if (reads_of(l->optimised[j]) > most)
				most = reads_of(l->optimised[j]);
		if (l->nr_optimised && most < fewest)
			fewest = most;
	}
	return fewest == ~0ull ? 0 : fewest;
}

static int find_early(struct factor_level *l, unsigned long long reads)
{
	l->early = calloc(l->rounds + 1, sizeof(*l->early));
	if (!l->early)
		return -ENOMEM;
	for (size_t i = 0; i < l->nr_optimised; i++) {
		/* A round goes on to the loss even when it was to have fewer reads; to take the
		 * long ones of these would favour late losses. */
		if (reads_of(l->optimised[i]) < reads)
			continue;
		for (size_t r = 0; r < l->optimised[i]->nr_rounds; r++) {
			struct proportion p = override_point__early(l->optimised[i], r, reads);

			if (p.n && p.n >= reads)
				l->early[l->nr_early++] = (double)p.k / (double)p.n;
		}
	}
	l->early_median = stats__median(l->early, l->nr_early);
	l->ms_median = stats__median(l->lost_ms, l->nr_lost);
	l->read_median = stats__median(l->lost_read, l->nr_lost);
	return 0;
}

static size_t points_that_lost(const struct factor_level *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->nr_optimised; i++) {
		bool lost = false;

		for (size_t r = 0; r < l->optimised[i]->nr_rounds; r++)
			lost |= l->optimised[i]->rounds[r].lost_read > 1;
		n += lost;
	}
	return n;
}

static void compare_optimised(struct factor_level *l, const struct factor_level *reference,
			      const struct drift *drift)
{
	size_t points = points_that_lost(l), others = points_that_lost(reference);

	l->early_difference = compare__shift(l->early, l->nr_early, reference->early,
					     reference->nr_early, RULE_LEVEL);
	l->ms_ratio = compare__ratio(l->lost_ms, l->nr_lost, reference->lost_ms, reference->nr_lost,
				     RULE_LEVEL);
	l->read_ratio = compare__ratio(l->lost_read, l->nr_lost, reference->lost_read,
				       reference->nr_lost, RULE_LEVEL);
	override_drift__widen(drift->ms, drift->df, points, others, &l->ms_ratio);
	override_drift__widen(drift->reads, drift->df, points, others, &l->read_ratio);
}

/* How the loss goes with the dose, where the factor is one. */
static int find_dose(struct factor_setting *s)
{
	size_t n = 0, levels = 0, at = 0;
	double *x;
	struct fit ms, reads;

	for (size_t i = 0; i < s->nr_levels; i++) {
		n += s->levels[i].nr_lost;
		levels += s->levels[i].nr_lost > 0;
	}
	if (!all_numbers(s) || levels < 3)
		return 0;
	x = calloc(n, 3 * sizeof(*x));
	if (!x)
		return -ENOMEM;
	for (size_t i = 0; i < s->nr_levels; i++) {
		for (size_t j = 0; j < s->levels[i].nr_lost; j++, at++) {
			number(s->levels[i].value, &x[at]);
			x[n + at] = s->levels[i].lost_ms[j];
			x[2 * n + at] = s->levels[i].lost_read[j];
		}
	}
	s->has_dose = !fit__power(x, x + n, n, &ms) && !fit__power(x, x + 2 * n, n, &reads);
	if (s->has_dose) {
		s->ms_exponent = ms.slope;
		s->ms_exponent_ci = ms.slope_ci;
		s->read_exponent = reads.slope;
		s->read_exponent_ci = reads.slope_ci;
		s->ms_correlation = compare__rank_correlation(x, x + n, n, RULE_Z);
	}
	free(x);
	return 0;
}

/* Before the first lost read all are overridden by definition, however few they are: what is asked
 * of them is only that they do not contradict it. */
static void decide(struct factor_level *l)
{
	enum conclusion same = l->reference ? SUPPORTED : rule__equal(l->difference);

	l->conclusion = conclusion__both(conclusion__both(rule__holds(l->without), same),
					 rule__lost(l->after));
	if (rule__holds(l->before) == CONTRADICTED)
		l->conclusion = CONTRADICTED;
}

static int measure_setting(const struct suspect *s, struct factor_setting *set,
			   const struct drift *drift)
{
	struct factor_level *reference = choose_reference(s, set);
	bool by_level = !strcmp(s->factor, "reads");
	size_t supported = 0;
	int err = 0;

	set->early_reads = by_level ? 0 : common_reads(set);
	for (size_t i = 0; !err && i < set->nr_levels; i++) {
		double reads = (double)set->early_reads;

		if (by_level)
			number(set->levels[i].value, &reads);
		err = find_early(&set->levels[i], (unsigned long long)reads);
	}
	for (size_t i = 0; !err && i < set->nr_levels; i++) {
		struct factor_level *l = &set->levels[i];

		compare_without(l, reference);
		compare_optimised(l, reference, drift);
		decide(l);
		if (l->conclusion == CONTRADICTED)
			set->conclusion = CONTRADICTED;
		supported += l->conclusion == SUPPORTED;
	}
	if (set->conclusion == NOT_DECIDED && supported > 1)
		set->conclusion = SUPPORTED;
	return err ?: find_dose(set);
}

static int find(const struct suspect *s, const struct override_points *all,
		const struct drift *drift, struct suspicion *out)
{
	enum conclusion c = NOT_DECIDED;
	int err;

	*out = (struct suspicion){ .factor = s->factor, .title = s->title };
	err = sort_points(s, all, out);
	drop_single(out);
	for (size_t i = 0; !err && i < out->nr_settings; i++) {
		err = measure_setting(s, &out->settings[i], drift);
		c = conclusion__any(c, out->settings[i].conclusion);
	}
	out->finding.conclusion = c;
	return err ?: suspicion__conclude(out);
}

int override_suspicions__find(const struct override_points *p, struct answers *out)
{
	size_t n = sizeof(suspects) / sizeof(suspects[0]);
	int err = override_drift__find(p, &out->drift);

	out->suspicions = calloc(n, sizeof(*out->suspicions));
	if (!out->suspicions)
		return -ENOMEM;
	for (size_t i = 0; !err && i < n; i++) {
		err = find(&suspects[i], p, &out->drift, &out->suspicions[i]);
		out->nr_suspicions++;
	}
	return err ?: suspicions__conclude(out);
}

void factor_setting__release(struct factor_setting *s)
{
	for (size_t i = 0; i < s->nr_levels; i++) {
		free(s->levels[i].early);
		free(s->levels[i].lost_ms);
		free(s->levels[i].lost_read);
		free(s->levels[i].optimised);
	}
	free(s->levels);
	free(s->key);
	free(s->name);
}

void override_suspicion__release(struct suspicion *s)
{
	for (size_t i = 0; i < s->nr_settings; i++)
		factor_setting__release(&s->settings[i]);
	free(s->settings);
	finding__release(&s->finding);
	*s = (struct suspicion){ 0 };
}
