// SPDX-License-Identifier: GPL-2.0-only
#include "study/override_points.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "model/record.h"
#include "store/store.h"

const char *override_hook__name(enum override_hook h)
{
	static const char *const names[] = { "none",  "int3",	  "optimised",	  "ftrace",
					     "multi", "fmod_ret", "fail_function" };

	return names[h];
}

void proportion__add(struct proportion *to, struct proportion p)
{
	to->k += p.k;
	to->n += p.n;
}

/* --- one point ----------------------------------------------------------------------------- */

static unsigned long long count(const struct study_obs *o, const char *name)
{
	double value = study_obs__metric(o, name);

	return value > 0 && value < 1e18 ? (unsigned long long)llround(value) : 0;
}

/* A share that was measured over n reads, back as a count. */
static struct proportion part(const struct study_obs *o, const char *share, const char *reads)
{
	struct proportion p = { 0, count(o, reads) };
	double value = study_obs__metric(o, share);

	if (!(value >= 0 && value <= 1))
		p.n = 0;
	p.k = p.n ? (unsigned long long)llround(value * (double)p.n) : 0;
	return p;
}

static double at(const struct study_obs *o, const char *series, size_t i)
{
	const struct series *s = study_obs__series(o, series);

	return s && i < s->n ? s->values[i] : NAN;
}

bool override_round__at_once(const struct override_round *r)
{
	return r->lost_read <= 1;
}

static int read_rounds(struct override_point *p)
{
	const struct series *s = study_obs__series(p->obs, "lost_ms");
	double read_ns = fmax(study_obs__metric(p->obs, "overridden_ns_q3"),
			      study_obs__metric(p->obs, "not_overridden_ns_q3"));

	p->tolerance_ms = 1 + (read_ns > 0 ? read_ns / 1e6 : 0);
	if (!s || !s->n)
		return 0;
	p->rounds = calloc(s->n, sizeof(*p->rounds));
	if (!p->rounds)
		return -ENOMEM;
	p->nr_rounds = s->n;
	for (size_t i = 0; i < s->n; i++)
		p->rounds[i] = (struct override_round){
			.lost_read = at(p->obs, "lost_read", i),
			.lost_ms = at(p->obs, "lost_ms", i),
			.flag_ms = at(p->obs, "flag_ms", i),
			.jump_ms = at(p->obs, "jump_ms", i),
			.jump_read = at(p->obs, "jump_read", i),
		};
	return 0;
}

static enum override_hook hook_of(const struct study_obs *o)
{
	const char *name = study_obs__factor(o, "hook");

	for (enum override_hook h = HOOK_NONE; h < NR_OVERRIDE_HOOKS; h++)
		if (!strcmp(name, override_hook__name(h)))
			return h;
	return HOOK_NONE;
}

const char *override_point__factor(const struct override_point *p, const char *name)
{
	const char *value = study_obs__factor(p->obs, name);

	return !strcmp(value, "none") && !strcmp(name, "append") ? "" : value;
}

static const char *label(const struct study_obs *o, const char *name)
{
	const char *value = o->nr_records ? record__get_label(o->records[0], name) : NULL;

	return value ? value : "";
}

const char *override_point__label(const struct override_point *p, const char *name)
{
	return label(p->obs, name);
}

/* The loss is the first reader's, the counts are of all: another one loses its reads a little
 * earlier or later. So before and after are taken from the first one's reads. */
static void split_first(struct override_point *p)
{
	p->before = p->after = (struct proportion){ 0 };
	for (size_t i = 0; i < p->nr_rounds; i++) {
		double lost = p->rounds[i].lost_read;
		struct proportion all = override_point__early(p, i, ~0ull), until = all;

		if (lost >= 1)
			until = override_point__early(p, i, (unsigned long long)lost - 1);
		proportion__add(&p->before, until);
		proportion__add(&p->after, (struct proportion){ all.k - until.k, all.n - until.n });
	}
}

static int read_point(const struct study_obs *o, struct override_point *p)
{
	uint64_t readers;
	int err;

	*p = (struct override_point){ .obs = o, .hook = hook_of(o) };
	if (*label(o, "refused"))
		p->refusal = label(o, "refused");
	p->refused = p->refusal || count(o, "refused") > 0;
	p->attempted = count(o, "attempted");
	p->measured = (o->status == STATUS_OK || o->status == STATUS_UNEXPECTED) && !p->refused &&
		      p->attempted;
	p->plain = true;
	for (size_t i = 0; i < NR_OVERRIDE_DISTURBING; i++)
		p->plain &= !override_point__differs(p, i);
	p->asks = p->hook != HOOK_NONE &&
		  (p->hook != HOOK_FMOD_RET || !count(o, "runs") || count(o, "requests"));
	for (int i = 0; i < NR_OVERRIDE_OUTCOMES; i++)
		p->outcomes[i] = count(o, override_outcome__name(i));
	p->success.k = p->outcomes[OUTCOME_OVERRIDDEN] + p->outcomes[OUTCOME_MISBEHAVED];
	if (p->attempted > p->outcomes[OUTCOME_NEVER_HIT])
		p->success.n = p->attempted - p->outcomes[OUTCOME_NEVER_HIT];
	if (p->success.k > p->success.n)
		p->success.k = p->success.n;
	p->before = part(o, "success_before", "reads_before");
	p->after = part(o, "success_after", "reads_after");
	if (num_u64(study_obs__factor(o, "readers"), 1, UINT64_MAX, &readers))
		readers = 1;
	p->readers = readers;
	err = read_rounds(p);
	if (!err && p->readers > 1)
		split_first(p);
	return err;
}

/* --- kernels ------------------------------------------------------------------------------- */

static bool ends(const struct override_kernel *k, const char *end)
{
	return str_ends(k->name, end);
}

static struct override_kernel *add_kernel(struct override_points *p, const struct study_obs *o)
{
	struct override_kernel *k;
	const char *release = o->guest && o->guest->release ? o->guest->release : o->kernel;

	for (size_t i = 0; i < p->nr_kernels; i++)
		if (!strcmp(p->kernels[i].name, o->kernel))
			return &p->kernels[i];
	k = &p->kernels[p->nr_kernels++]; /* there is room for one per point */
	*k = (struct override_kernel){ .name = o->kernel, .release = release };
	snprintf(k->version, sizeof(k->version), "%.*s", (int)strspn(release, "0123456789."),
		 release);
	k->preempt = ends(k, "-preempt") ? "full" : "";
	k->has_optprobes = !ends(k, "-nooptprobes");
	k->cured = ends(k, "-cure");
	return k;
}

static bool seen_optimised(const struct override_point *p)
{
	const struct series *states = study_obs__series(p->obs, "state");

	for (size_t i = 0; i < p->nr_rounds; i++)
		if (!isnan(p->rounds[i].flag_ms) || !isnan(p->rounds[i].jump_ms))
			return true;
	for (size_t i = 0; states && i < states->n; i++)
		if (states->values[i] == 2)
			return true;
	return false;
}

static bool has_lost(const struct override_point *p)
{
	for (size_t i = 0; i < p->nr_rounds; i++)
		if (!isnan(p->rounds[i].lost_ms))
			return true;
	return false;
}

/* What the guest says of itself is better than what its name suggests. */
static void learn(struct override_kernel *k, const struct override_point *p)
{
	const char *preempt = label(p->obs, "preempt"), *optprobes = label(p->obs, "optprobes");
	const char *cure = label(p->obs, "cure");

	if (*preempt)
		k->preempt = preempt;
	if (*optprobes)
		k->has_optprobes = !strcmp(optprobes, "yes");
	if (*cure)
		k->cured = !strcmp(cure, "yes");
	k->optimises |= p->hook == HOOK_OPTIMISED && seen_optimised(p);
}

const struct override_kernel *override_points__kernel(const struct override_points *p,
						      const char *name)
{
	for (size_t i = 0; i < p->nr_kernels; i++)
		if (!strcmp(p->kernels[i].name, name))
			return &p->kernels[i];
	return NULL;
}

int override_points__read(const struct study_data *d, struct override_points *out)
{
	int err = 0;

	*out = (struct override_points){ .data = d };
	out->v = calloc(d->nr_obs + 1, sizeof(*out->v));
	out->kernels = calloc(d->nr_obs + 1, sizeof(*out->kernels));
	if (!out->v || !out->kernels)
		err = -ENOMEM;
	for (size_t i = 0; !err && i < d->nr_obs; i++) {
		struct override_kernel *k = add_kernel(out, &d->obs[i]);

		if (strcmp(d->obs[i].experiment, "override-point") != 0)
			continue;
		err = read_point(&d->obs[i], &out->v[out->n]);
		learn(k, &out->v[out->n]);
		out->n++;
	}
	for (size_t i = 0; !err && i < out->n; i++) {
		struct override_point *p = &out->v[i];

		p->on_default = p->hook == HOOK_OPTIMISED &&
				override_points__kernel(out, p->obs->kernel)->optimises;
		p->optimised = p->on_default && (seen_optimised(p) || has_lost(p));
	}
	if (err)
		override_points__release(out);
	return err;
}

void override_points__release(struct override_points *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->v[i].rounds);
	free(p->v);
	free(p->kernels);
	*p = (struct override_points){ 0 };
}

/* --- what points share --------------------------------------------------------------------- */

char *override_point__key(const struct override_point *p, const char *const *except,
			  const char *keep)
{
	static const char *const amounts[] = { "point", "reads", "rounds", "after", "limit_ms" };
	json_t *factors = json_copy(p->obs->params);
	char *key = NULL;
	int err;

	if (!factors)
		return NULL;
	err = json_object_set_new(factors, "kernel", json_string(p->obs->kernel));
	err |= json_object_set_new(factors, "append",
				   json_string(override_point__factor(p, "append")));
	for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++)
		if (!keep || strcmp(keep, amounts[i]) != 0)
			json_object_del(factors, amounts[i]);
	for (; except && *except; except++)
		json_object_del(factors, *except);
	if (!err)
		key = json_dumps(factors, JSON_SORT_KEYS | JSON_COMPACT);
	json_decref(factors);
	return key;
}

int override_points__partner(const struct override_points *all, const struct override_point *p,
			     const char *const *except,
			     bool (*wanted)(const struct override_point *p, const char *kernel),
			     const char *kernel)
{
	char *key = override_point__key(p, except, NULL);
	int found = key ? 0 : -ENOMEM;

	for (size_t i = 0; !found && i < all->n; i++) {
		char *other;

		if (!wanted(&all->v[i], kernel))
			continue;
		other = override_point__key(&all->v[i], except, NULL);
		found = !other ? -ENOMEM : !strcmp(key, other);
		free(other);
	}
	free(key);
	return found;
}

struct proportion override_point__early(const struct override_point *p, size_t round,
					unsigned long long reads)
{
	const struct series *code = study_obs__series(p->obs, "run_outcome");
	const struct series *length = study_obs__series(p->obs, "run_reads");
	const struct series *in = study_obs__series(p->obs, "run_round");
	struct proportion result = { 0 };

	if (!code || !length || !in || code->n != length->n || code->n != in->n || !code->n)
		return result;
	for (size_t i = 0; i < code->n && result.n < reads; i++) {
		unsigned long long here;

		/* Rounds are counted from wherever the first one is. */
		if (in->values[i] - in->values[0] != (double)round || !(length->values[i] > 0))
			continue;
		here = (unsigned long long)length->values[i];
		if (here > reads - result.n)
			here = reads - result.n;
		result.n += here;
		if (code->values[i] == OUTCOME_OVERRIDDEN || code->values[i] == OUTCOME_MISBEHAVED)
			result.k += here;
	}
	return result;
}

/* --- in words ------------------------------------------------------------------------------ */

const struct override_default override_defaults[] = {
	{ "nesting", "none" },	 { "companion", "none" }, { "result", "0" },  { "source", "tmpfs" },
	{ "target", "copyout" }, { "cache", "warm" },	  { "size", "4096" }, { "file", "known" },
	{ "barrier", "none" },	 { "hint", "none" },	  { "readers", "1" }, { "cpus", "1" },
	{ "threads", "1" },	 { "append", "" },
};
const size_t nr_override_defaults = sizeof(override_defaults) / sizeof(override_defaults[0]);

bool override_point__differs(const struct override_point *p, size_t which)
{
	const char *value = override_point__factor(p, override_defaults[which].factor);

	/* 0 of cpus and threads: whatever the guest has. */
	return *value && strcmp(value, "0") != 0
		       ? strcmp(value, override_defaults[which].value) != 0
		       : false;
}

void override_point__describe(const struct override_point *p, const char *except, struct strbuf *sb)
{
	bool more = false;

	for (size_t i = 0; i < nr_override_defaults; i++) {
		const char *factor = override_defaults[i].factor;

		if (!override_point__differs(p, i) || (except && !strcmp(except, factor)))
			continue;
		strbuf__addf(sb, "%s%s=%s", more ? " " : "", factor,
			     override_point__factor(p, factor));
		more = true;
	}
}
