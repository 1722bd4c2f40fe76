// SPDX-License-Identifier: GPL-2.0-only
/* Answer 2: what is left when optimisation is off, which outcome is it, and where? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "study/override_answers.h"
#include "study/override_text.h"

/* --- explaining an outcome ----------------------------------------------------------------- */

/* What points with an outcome have in common: a factor's unusual value, perhaps on one kernel or
 * with one hook only. */
struct pattern {
	size_t factor; /* of override_defaults */
	const char *value;
	const char *kernel, *hook; /* NULL: any */
};

static bool fits(const struct pattern *w, const struct override_point *p)
{
	return !strcmp(override_point__factor(p, override_defaults[w->factor].factor), w->value) &&
	       (!w->kernel || !strcmp(w->kernel, p->obs->kernel)) &&
	       (!w->hook || !strcmp(w->hook, override_hook__name(p->hook)));
}

static bool considered(const struct override_point *p)
{
	return p->measured && !p->optimised && p->asks;
}

/* How many points that wait for an explanation the pattern has; 0 when it also has one that does
 * not show the outcome. */
static size_t covers(const struct override_points *all, const struct pattern *w,
		     enum override_outcome o, const bool *waiting)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		if (!considered(&all->v[i]) || !fits(w, &all->v[i]))
			continue;
		if (!all->v[i].outcomes[o])
			return 0;
		n += waiting[i];
	}
	return n;
}

/* The pattern that covers most, among those with and without kernel and hook as asked for. */
static size_t best_pattern(const struct override_points *all, enum override_outcome o,
			   const bool *waiting, bool kernel, bool hook, struct pattern *best)
{
	size_t most = 0;

	for (size_t i = 0; i < all->n; i++) {
		if (!waiting[i])
			continue;
		for (size_t f = 0; f < nr_override_defaults; f++) {
			struct pattern w = { .factor = f };
			size_t n;

			/* Any factor may explain that reads do not come to the hook; that it fails
			 * where nothing disturbs it has to stand out. */
			if (!override_point__differs(&all->v[i], f) ||
			    (o != OUTCOME_NEVER_HIT && f >= NR_OVERRIDE_DISTURBING))
				continue;
			w.value = override_point__factor(&all->v[i], override_defaults[f].factor);
			w.kernel = kernel ? all->v[i].obs->kernel : NULL;
			w.hook = hook ? override_hook__name(all->v[i].hook) : NULL;
			n = covers(all, &w, o, waiting);
			if (n > most) {
				most = n;
				*best = w;
			}
		}
	}
	return most;
}

static int add_name(struct strv *names, const char *name)
{
	return strv__has(names, name) ? 0 : strv__add(names, name);
}

static int add_point(struct rest_row *row, const struct override_point *p)
{
	row->points++;
	row->of.k += p->outcomes[row->outcome];
	row->of.n += p->attempted;
	return add_name(&row->hooks, override_hook__name(p->hook))
		       ?: add_name(&row->kernels, p->obs->kernel);
}

static struct rest_row *new_row(struct rest *r, enum override_outcome o)
{
	struct rest_row *v = realloc(r->rows, (r->nr_rows + 1) * sizeof(*v));

	if (!v)
		return NULL;
	r->rows = v;
	v[r->nr_rows] = (struct rest_row){ .outcome = o };
	return &v[r->nr_rows++];
}

static int add_explained(struct rest *r, const struct override_points *all, enum override_outcome o,
			 bool *waiting, const struct pattern *w)
{
	struct rest_row *row = new_row(r, o);
	int err = 0;

	if (!row)
		return -ENOMEM;
	row->everywhere = true;
	row->by_hook = w->hook;
	row->by_kernel = w->kernel;
	row->where = str_fmt("%s=%s", override_defaults[w->factor].factor, w->value);
	if (!row->where)
		return -ENOMEM;
	for (size_t i = 0; !err && i < all->n; i++) {
		if (!considered(&all->v[i]) || !fits(w, &all->v[i]))
			continue;
		waiting[i] = false;
		err = add_point(row, &all->v[i]);
	}
	return err;
}

/* No factor's value explains it: the points one by one. */
static int add_others(struct rest *r, const struct override_points *all, enum override_outcome o,
		      const bool *waiting)
{
	int err = 0;

	for (size_t i = 0; !err && i < all->n; i++) {
		struct strbuf sb = STRBUF_INIT;
		struct rest_row *row;

		if (!waiting[i])
			continue;
		row = new_row(r, o);
		if (!row)
			return -ENOMEM;
		override_point__describe(&all->v[i], NULL, &sb);
		row->where = sb.len ? strbuf__detach(&sb) : strdup("");
		err = row->where ? add_point(row, &all->v[i]) : -ENOMEM;
	}
	return err;
}

static int explain(struct rest *r, const struct override_points *all, enum override_outcome o)
{
	bool *waiting = calloc(all->n + 1, sizeof(*waiting));
	int err = 0;

	if (!waiting)
		return -ENOMEM;
	for (size_t i = 0; i < all->n; i++)
		waiting[i] = considered(&all->v[i]) && all->v[i].outcomes[o];
	for (int narrow = 0; !err && narrow < 4; narrow++) {
		struct pattern w = { 0 };

		while (!err && best_pattern(all, o, waiting, narrow & 2, narrow & 1, &w))
			err = add_explained(r, all, o, waiting, &w);
	}
	err = err ?: add_others(r, all, o, waiting);
	free(waiting);
	return err;
}

/* --- refused at attach --------------------------------------------------------------------- */

static int add_refusal(struct rest *r, const struct override_point *p)
{
	const char *target = override_point__factor(p, "target");
	const char *reason = p->refusal ? p->refusal : "no reason is known";
	struct rest_refusal *v;
	size_t i;

	for (i = 0; i < r->nr_refusals; i++)
		if (!strcmp(r->refusals[i].reason, reason) && !strcmp(r->refusals[i].where, target))
			break;
	if (i == r->nr_refusals) {
		v = realloc(r->refusals, (i + 1) * sizeof(*v));
		if (!v)
			return -ENOMEM;
		r->refusals = v;
		v[i] = (struct rest_refusal){ .reason = reason, .where = strdup(target) };
		r->nr_refusals++;
		if (!v[i].where)
			return -ENOMEM;
	}
	v = &r->refusals[i];
	v->points++;
	return add_name(&v->hooks, override_hook__name(p->hook))
		       ?: add_name(&v->kernels, p->obs->kernel);
}

/* --- conclusion ---------------------------------------------------------------------------- */

static void say_outcomes(struct strbuf *sb, const struct rest *r)
{
	for (enum override_outcome o = OUTCOME_MISBEHAVED; o < NR_OVERRIDE_OUTCOMES; o++) {
		size_t unexplained = 0;
		bool more = false;

		if (!r->outcomes[o])
			continue;
		strbuf__addf(sb, " `%s`: ", override_outcome__name(o));
		text__counted(sb, r->outcomes[o], "read", "reads");
		for (size_t i = 0; i < r->nr_rows; i++) {
			const struct rest_row *row = &r->rows[i];

			if (row->outcome != o)
				continue;
			unexplained += row->everywhere ? 0 : row->points;
			if (!row->everywhere)
				continue;
			strbuf__addf(sb, "%s", more ? ", " : ", with ");
			text__escaped(sb, row->where);
			if (row->by_hook)
				strbuf__addf(sb, " and `%s`", row->hooks.v[0]);
			if (row->by_kernel)
				strbuf__addf(sb, " on %s", row->kernels.v[0]);
			more = true;
		}
		if (unexplained) {
			strbuf__addf(sb, "; not explained in ");
			text__counted(sb, unexplained, "point", "points");
		}
		strbuf__addf(sb, ".");
	}
}

static int conclude(struct rest *r)
{
	struct finding *f = &r->finding;
	struct strbuf sb = STRBUF_INIT;
	bool unexplained = false;
	int err = 0;

	f->conclusion = rule__holds(r->plain);
	if (f->conclusion == NOT_DECIDED)
		err = finding__missing(
			f,
			"reads without optimisation that nothing else disturbs: %llu of "
			"%llu are overridden (at least %llu are needed)",
			r->plain.k, r->plain.n, rule__reads_needed());
	for (size_t i = 0; !err && i < r->nr_rows; i++)
		unexplained |= !r->rows[i].everywhere;
	if (!err && f->conclusion == SUPPORTED && (unexplained || r->plain_failing)) {
		f->conclusion = r->plain_failing ? CONTRADICTED : NOT_DECIDED;
		if (!r->plain_failing)
			err = finding__missing(
				f, "an explanation of the outcomes that no single factor "
				   "explains");
	}
	if (f->conclusion == SUPPORTED)
		strbuf__addf(&sb, "Nothing is left where the hook stands alone: ");
	else if (f->conclusion == CONTRADICTED)
		strbuf__addf(&sb, "Overrides fail without optimisation, too: ");
	else
		strbuf__addf(&sb, "It is open what is left without optimisation: ");
	text__proportion(&sb, r->plain);
	strbuf__addf(&sb, " reads that came to the hook were overridden.");
	if (r->plain_failing) {
		strbuf__addf(&sb, " The rule fails in ");
		text__counted(&sb, r->plain_failing, "point", "points");
		strbuf__addf(&sb, " by itself.");
	}
	if (r->nr_rows)
		strbuf__addf(&sb, " The other outcomes in all these points:");
	say_outcomes(&sb, r);
	if (r->silent_points) {
		strbuf__addf(&sb, " `fmod_ret` that returns 0, and so asks for nothing: ");
		text__of(&sb, r->silent);
		strbuf__addf(&sb, " reads overridden.");
	}
	f->text = strbuf__detach(&sb);
	return err ? err : f->text ? 0 : -ENOMEM;
}

int override_rest__find(const struct override_points *all, struct rest *r)
{
	int err = 0;

	for (size_t i = 0; !err && i < all->n; i++) {
		const struct override_point *p = &all->v[i];

		if (p->refused)
			err = add_refusal(r, p);
		if (p->measured && p->hook != HOOK_NONE && !p->asks) {
			r->silent_points++;
			proportion__add(&r->silent, p->success);
		}
		if (!considered(p))
			continue;
		r->points++;
		r->reads += p->attempted;
		for (int o = 0; o < NR_OVERRIDE_OUTCOMES; o++)
			r->outcomes[o] += p->outcomes[o];
		if (!p->plain)
			continue;
		r->plain_points++;
		proportion__add(&r->plain, p->success);
		r->plain_failing += rule__holds(p->success) == CONTRADICTED;
	}
	for (enum override_outcome o = OUTCOME_MISBEHAVED; !err && o < NR_OVERRIDE_OUTCOMES; o++)
		err = explain(r, all, o);
	return err ?: conclude(r);
}

void override_rest__release(struct rest *r)
{
	for (size_t i = 0; i < r->nr_rows; i++) {
		free(r->rows[i].where);
		strv__free(&r->rows[i].hooks);
		strv__free(&r->rows[i].kernels);
	}
	for (size_t i = 0; i < r->nr_refusals; i++) {
		free(r->refusals[i].where);
		strv__free(&r->refusals[i].hooks);
		strv__free(&r->refusals[i].kernels);
	}
	free(r->rows);
	free(r->refusals);
	finding__release(&r->finding);
	*r = (struct rest){ 0 };
}
