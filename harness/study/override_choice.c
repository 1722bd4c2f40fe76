// SPDX-License-Identifier: GPL-2.0-only
/* Answer 4: which hook should one use, on which kernel, at what cost per call? */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "model/record.h"
#include "study/override_answers.h"
#include "study/override_text.h"

/* Those that override by BPF, from the one that asks least of the system: a default kprobe on
 * either kind of function, then trampolines, then what forbids optimisation for the whole machine.
 */
static const enum override_hook choices[] = { HOOK_OPTIMISED, HOOK_FTRACE, HOOK_FMOD_RET,
					      HOOK_MULTI, HOOK_INT3 };
#define NR_CHOICES (sizeof(choices) / sizeof(choices[0]))

struct advice { /* for a kernel */
	const struct override_kernel *kernel;
	const struct hook_cell *with, *without; /* an ftrace entry; NULL */
	enum conclusion here;
	bool measured;
};

static bool needs_entry(enum override_hook h)
{
	return h == HOOK_FTRACE || h == HOOK_FMOD_RET || h == HOOK_MULTI;
}

/* --- the table ----------------------------------------------------------------------------- */

static struct hook_cell *get_cell(struct choice *c, const struct override_kernel *k,
				  enum override_hook h)
{
	struct hook_cell *v;

	for (size_t i = 0; i < c->nr_cells; i++)
		if (c->cells[i].kernel == k && c->cells[i].hook == h)
			return &c->cells[i];
	v = realloc(c->cells, (c->nr_cells + 1) * sizeof(*v));
	if (!v)
		return NULL;
	c->cells = v;
	v += c->nr_cells++;
	*v = (struct hook_cell){ .kernel = k, .hook = h };
	return v;
}

/* On copyout with nothing else at it. fmod_ret can only be asked for results other than 0. */
static bool is_candidate(const struct override_point *p)
{
	if (p->hook == HOOK_NONE || strcmp(override_point__factor(p, "target"), "copyout") != 0)
		return false;
	if (p->hook != HOOK_FMOD_RET)
		return p->plain;
	return !strcmp(override_point__factor(p, "companion"), "none") &&
	       !strcmp(override_point__factor(p, "nesting"), "none");
}

static int fill_cells(const struct override_points *all, struct choice *c)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct override_point *p = &all->v[i];
		const struct record *r = p->obs->nr_records ? p->obs->records[0] : NULL;
		struct hook_cell *cell;

		if (!is_candidate(p))
			continue;
		cell = get_cell(c, override_points__kernel(all, p->obs->kernel), p->hook);
		if (!cell)
			return -ENOMEM;
		cell->points++;
		cell->refused += p->refused;
		cell->skipped += p->obs->status == STATUS_SKIPPED;
		if (p->refused && p->refusal)
			cell->reason = p->refusal;
		else if (p->obs->status == STATUS_SKIPPED && !cell->reason)
			cell->reason = p->obs->reason;
		if (r && !cell->symbol)
			cell->symbol = record__get_label(r, "symbol");
		if (p->measured && p->asks)
			proportion__add(&cell->success, p->success);
		cell->silent += p->measured && !p->asks;
		cell->holds = rule__holds(cell->success);
	}
	return 0;
}

static int by_kernel_and_hook(const void *a, const void *b)
{
	const struct hook_cell *x = a, *y = b;

	if (x->kernel != y->kernel)
		return x->kernel < y->kernel ? -1 : 1; /* the order of the kernels' array */
	return (int)x->hook - (int)y->hook;
}

/* --- costs --------------------------------------------------------------------------------- */

static const char *const but_hook_and_kernel[] = { "hook", "kernel", NULL };

static void free_keys(char **keys, size_t n)
{
	for (size_t i = 0; keys && i < n; i++)
		free(keys[i]);
	free(keys);
}

/* Of all points, but for hook and kernel. Caller frees. */
static int get_keys(const struct override_points *all, char ***out)
{
	char **keys = calloc(all->n + 1, sizeof(*keys));

	for (size_t i = 0; keys && i < all->n; i++) {
		keys[i] = override_point__key(&all->v[i], but_hook_and_kernel, NULL);
		if (!keys[i]) {
			free_keys(keys, all->n);
			keys = NULL;
		}
	}
	*out = keys;
	return keys ? 0 : -ENOMEM;
}

/* Times are compared where most hooks and kernels were measured with all else equal; NULL: nowhere.
 */
static const char *widest_setting(const struct override_points *all, char *const *keys)
{
	const char *widest = NULL;
	size_t most = 0;

	for (size_t i = 0; i < all->n; i++) {
		size_t n = 0;

		for (size_t j = 0; all->v[i].measured && all->v[i].plain && j < all->n; j++)
			n += all->v[j].measured && !strcmp(keys[i], keys[j]);
		if (n > most) {
			most = n;
			widest = keys[i];
		}
	}
	return widest;
}

static int fill_costs(const struct override_points *all, struct choice *c)
{
	char **keys;
	const char *widest;
	int err = get_keys(all, &keys);

	if (err)
		return err;
	widest = widest_setting(all, keys);
	for (size_t i = 0; !err && widest && i < all->n; i++) {
		const struct override_point *p = &all->v[i];

		for (size_t j = 0; p->measured && !err && j < c->nr_cells; j++) {
			struct hook_cell *cell = &c->cells[j];

			if (!strcmp(cell->kernel->name, p->obs->kernel) && cell->hook == p->hook &&
			    !strcmp(keys[i], widest) && !cell->cost.points)
				err = override_cost__find(all, p, &cell->cost);
		}
	}
	free_keys(keys, all->n);
	return err;
}

static int by_size(const void *a, const void *b)
{
	const struct saving *x = a, *y = b;
	uint64_t s = 0, t = 0;

	num_size(x->size, 0, UINT64_MAX, &s);
	num_size(y->size, 0, UINT64_MAX, &t);
	if (strcmp(x->kernel, y->kernel) != 0)
		return strcmp(x->kernel, y->kernel);
	if (s != t)
		return s < t ? -1 : 1;
	return (int)x->hook - (int)y->hook;
}

static bool is_known(const struct choice *c, const struct override_point *p)
{
	for (size_t i = 0; i < c->nr_savings; i++)
		if (c->savings[i].hook == p->hook &&
		    !strcmp(c->savings[i].kernel, p->obs->kernel) &&
		    !strcmp(c->savings[i].size, override_point__factor(p, "size")))
			return true;
	return false;
}

/* Sizes of the usual read, on every kernel. */
static int fill_savings(const struct override_points *all, struct choice *c)
{
	int err = 0;

	c->savings = calloc(all->n + 1, sizeof(*c->savings));
	if (!c->savings)
		return -ENOMEM;
	for (size_t i = 0; !err && i < all->n; i++) {
		const struct override_point *p = &all->v[i];
		struct saving *s = &c->savings[c->nr_savings];
		struct strbuf unusual = STRBUF_INIT;

		override_point__describe(p, "size", &unusual);
		if (p->measured && !unusual.len && p->hook != HOOK_NONE && !is_known(c, p)) {
			*s = (struct saving){ .kernel = p->obs->kernel,
					      .size = override_point__factor(p, "size"),
					      .hook = p->hook };
			err = override_cost__find(all, p, &s->cost);
			c->nr_savings += !err && s->cost.points;
		}
		strbuf__free(&unusual);
	}
	qsort(c->savings, c->nr_savings, sizeof(*c->savings), by_size);
	return err;
}

/* --- the choice ---------------------------------------------------------------------------- */

/* Not fail_function: it is the control, and no program's hook. */
static bool eligible(const struct hook_cell *cell, const struct override_kernel *k, bool entry)
{
	return cell->kernel == k && cell->hook != HOOK_FAIL_FUNCTION && cell->holds == SUPPORTED &&
	       needs_entry(cell->hook) == entry;
}

/* Their medians can't be told apart, or not by more than it is worth: a machine drifts as much. */
static bool same_cost(const struct hook_cost *a, const struct hook_cost *cheapest)
{
	return (a->overridden_ci.low <= cheapest->overridden_ci.high &&
		cheapest->overridden_ci.low <= a->overridden_ci.high) ||
	       a->overridden[0] <= cheapest->overridden[0] * (1 + RULE_COST);
}

/* The cheapest that holds; of those whose cost can't be told from it, the one that asks least. */
static struct hook_cell *recommend(struct choice *c, const struct override_kernel *k, bool entry)
{
	struct hook_cell *cheapest = NULL;

	for (size_t i = 0; i < c->nr_cells; i++) {
		struct hook_cell *cell = &c->cells[i];

		if (eligible(cell, k, entry) && cell->cost.overridden[0] > 0 &&
		    (!cheapest || cell->cost.overridden[0] < cheapest->cost.overridden[0]))
			cheapest = cell;
	}
	for (size_t h = 0; h < NR_CHOICES; h++) {
		for (size_t i = 0; i < c->nr_cells; i++) {
			struct hook_cell *cell = &c->cells[i];

			if (cell->hook == choices[h] && eligible(cell, k, entry) &&
			    (!cheapest || same_cost(&cell->cost, &cheapest->cost))) {
				cell->recommended = true;
				return cell;
			}
		}
	}
	return NULL;
}

/* What is known of a kernel: a hook that holds, that none does, or neither. */
static enum conclusion on_kernel(const struct choice *c, const struct override_kernel *k,
				 bool *there, bool *measured)
{
	bool open = false, any = false;

	*measured = *there = false;
	for (size_t i = 0; i < c->nr_cells; i++) {
		const struct hook_cell *cell = &c->cells[i];

		if (cell->kernel != k || cell->hook == HOOK_FAIL_FUNCTION)
			continue;
		*there = true;
		*measured |= cell->success.n > 0;
		any |= cell->holds == SUPPORTED;
		open |= cell->success.n && cell->holds == NOT_DECIDED;
	}
	return any ? SUPPORTED : *measured && !open ? CONTRADICTED : NOT_DECIDED;
}

static int decide_kernel(struct choice *c, const struct override_kernel *k, struct advice *out)
{
	unsigned long long reads = rule__reads_needed();
	bool there, measured;

	*out = (struct advice){ .kernel = k };
	out->here = on_kernel(c, k, &there, &measured);
	if (!there)
		return 0;
	if (!measured)
		return finding__missing(&c->finding, "a hook on %s that attaches and is measured",
					k->name);
	out->measured = true;
	out->with = recommend(c, k, true);
	out->without = recommend(c, k, false);
	if (out->here == NOT_DECIDED)
		return finding__missing(&c->finding, "reads on %s: at least %llu with each hook",
					k->name, reads);
	return 0;
}

static enum override_hook hook_or_none(const struct hook_cell *cell)
{
	return cell ? cell->hook : HOOK_NONE;
}

static bool same_advice(const struct advice *a, const struct advice *b)
{
	return a->measured && b->measured && a->here == b->here &&
	       hook_or_none(a->with) == hook_or_none(b->with) &&
	       hook_or_none(a->without) == hook_or_none(b->without);
}

/* The hook with what it showed, over all kernels with the same advice as the i-th. */
static void say_hook(struct strbuf *sb, const struct advice *v, size_t n, size_t i, bool entry)
{
	const struct hook_cell *cell = entry ? v[i].with : v[i].without;
	double low = INFINITY, high = 0;
	struct proportion sum = { 0 };

	for (size_t j = i; j < n; j++) {
		const struct hook_cell *other = entry ? v[j].with : v[j].without;

		if (!same_advice(&v[i], &v[j]))
			continue;
		proportion__add(&sum, other->success);
		low = fmin(low, other->cost.overridden_ratio.ci.low);
		high = fmax(high, other->cost.overridden_ratio.ci.high);
	}
	strbuf__addf(sb, "%s`%s` where the function has %s ftrace entry (",
		     cell->hook == HOOK_OPTIMISED ? "the default kprobe, " : "",
		     override_hook__name(cell->hook), entry ? "an" : "no");
	text__of(sb, sum);
	strbuf__addf(sb, " reads overridden");
	if (high > 0 && isfinite(high))
		strbuf__addf(sb, "; such a read takes %.2f to %.2f times as long as without a hook",
			     low, high);
	strbuf__addf(sb, ")");
}

static int say_advice(struct strbuf *sb, const struct advice *v, size_t n, size_t i)
{
	struct strv names = { 0 };
	int err = 0;

	for (size_t j = 0; j < i; j++)
		if (same_advice(&v[i], &v[j]))
			return 0; /* said */
	for (size_t j = i; !err && j < n; j++)
		if (same_advice(&v[i], &v[j]))
			err = strv__add(&names, v[j].kernel->name);
	strbuf__addf(sb, " On ");
	text__list(sb, &names);
	strbuf__addf(sb, ": ");
	if (v[i].with)
		say_hook(sb, v, n, i, true);
	strbuf__addf(sb, "%s", v[i].with && v[i].without ? "; " : "");
	if (v[i].without)
		say_hook(sb, v, n, i, false);
	if (!v[i].with && !v[i].without)
		strbuf__addf(sb, "%s", v[i].here == CONTRADICTED ? "none holds" : "not decided");
	strbuf__addf(sb, ".");
	strv__free(&names);
	return err;
}

static int conclude(const struct override_points *all, struct choice *c)
{
	static const char *const summaries[] = {
		[NOT_DECIDED] = "It is open whether every kernel has a hook that holds.",
		[SUPPORTED] = "On every kernel that was measured there is a hook that holds.",
		[CONTRADICTED] = "Not every kernel has a hook that holds.",
	};
	struct advice *v = calloc(all->nr_kernels + 1, sizeof(*v));
	struct strbuf sb = STRBUF_INIT;
	bool any = false;
	int err = v ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < all->nr_kernels; i++) {
		err = decide_kernel(c, &all->kernels[i], &v[i]);
		if (err || !v[i].measured)
			continue;
		c->finding.conclusion =
			any ? conclusion__both(c->finding.conclusion, v[i].here) : v[i].here;
		any = true;
	}
	for (size_t i = 0; !err && i < all->nr_kernels; i++)
		if (v[i].measured)
			err = say_advice(&sb, v, all->nr_kernels, i);
	c->finding.text = str_fmt("%s%s", summaries[c->finding.conclusion], strbuf__str(&sb));
	strbuf__free(&sb);
	free(v);
	return err ? err : c->finding.text ? 0 : -ENOMEM;
}

int override_choice__find(const struct override_points *p, struct choice *c)
{
	int err = fill_cells(p, c);

	if (c->nr_cells)
		qsort(c->cells, c->nr_cells, sizeof(*c->cells), by_kernel_and_hook);
	err = err ?: fill_costs(p, c);
	err = err ?: fill_savings(p, c);
	return err ?: conclude(p, c);
}

void override_choice__release(struct choice *c)
{
	free(c->cells);
	free(c->savings);
	finding__release(&c->finding);
	*c = (struct choice){ 0 };
}
