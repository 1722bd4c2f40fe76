// SPDX-License-Identifier: GPL-2.0-only
/* What stands around the answers: design, taxonomy, cure, pictures. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "model/record.h"
#include "store/store.h"
#include "study/override_answers.h"
#include "study/override_report.h"
#include "study/override_text.h"

/* --- design -------------------------------------------------------------------------------- */

static int add_once(struct strv *v, const char *s)
{
	return strv__has(v, s) ? 0 : strv__add(v, s);
}

static void put_kernels(struct strbuf *sb, const struct answers *a)
{
	strbuf__addf(
		sb,
		"| kernel | release | preemption | OPTPROBES | cure | a kprobe became optimised |\n"
		"|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < a->points.nr_kernels; i++) {
		const struct override_kernel *k = &a->points.kernels[i];

		strbuf__addf(sb, "| %s | %s | %s | %s | %s | %s |\n", k->name, k->release,
			     *k->preempt ? k->preempt : "not known",
			     k->has_optprobes ? "yes" : "no", k->cured ? "yes" : "no",
			     k->optimises ? "yes" : "not seen");
	}
	strbuf__addf(sb, "\n");
}

/* Numbers by value, before words by name. */
static int by_value(const void *a, const void *b)
{
	const char *s = *(char *const *)a, *t = *(char *const *)b;
	uint64_t x = 0, y = 0;
	bool s_is = !num_u64(s, 0, UINT64_MAX, &x), t_is = !num_u64(t, 0, UINT64_MAX, &y);

	if (s_is != t_is)
		return s_is ? -1 : 1;
	return s_is ? (x > y) - (x < y) : strcmp(s, t);
}

/* A factor and all its values in the data; nothing when it has one that goes without saying. */
static void put_factor(struct strbuf *sb, const struct answers *a, const char *factor)
{
	struct strv values = { 0 };

	for (size_t i = 0; i < a->points.n; i++) {
		const char *v = override_point__factor(&a->points.v[i], factor);

		add_once(&values, *v ? v : "none");
	}
	if (values.n > 1) {
		qsort(values.v, values.n, sizeof(*values.v), by_value);
		strbuf__addf(sb, "| %s | ", factor);
		for (size_t i = 0; i < values.n; i++) {
			strbuf__addf(sb, "%s", i ? " · " : "");
			text__escaped(sb, values.v[i]);
		}
		strbuf__addf(sb, " |\n");
	}
	strv__free(&values);
}

static void put_blocks(struct strbuf *sb, const struct study_data *d)
{
	strbuf__addf(sb, "\n| block | what | for answer | points measured |\n|---|---|---|---|\n");
	for (size_t i = 0; i < d->nr_blocks; i++) {
		size_t n = 0;

		for (size_t j = 0; j < d->nr_obs; j++)
			n += study_obs__in(&d->obs[j], d->blocks[i].name);
		if (!n)
			continue;
		strbuf__addf(sb, "| %s | ", d->blocks[i].name);
		text__escaped(sb, d->blocks[i].title);
		strbuf__addf(sb, " | %s | %zu |\n", d->blocks[i].answers, n);
	}
}

static void put_guests(struct strbuf *sb, const struct study_data *d)
{
	struct strv ways = { 0 };

	for (size_t i = 0; i < d->nr_obs; i++) {
		const struct guest_info *g = d->obs[i].guest;
		char *way;

		if (!g)
			continue;
		way = str_fmt("%s, %s time", g->accel ? g->accel : "?",
			      g->timing ? g->timing : "?");
		if (way)
			add_once(&ways, way);
		free(way);
	}
	strbuf__addf(sb, "Accelerator and timing: ");
	text__list(sb, &ways);
	strbuf__addf(sb, ".");
	strv__free(&ways);
}

void override_report__design(struct strbuf *sb, const struct answers *a)
{
	static const char *const amounts[] = { "reads", "rounds" };
	const struct study_data *d = a->points.data;
	unsigned long long reads = 0, rounds = 0;
	size_t measured = 0;

	for (size_t i = 0; i < a->points.n; i++) {
		reads += a->points.v[i].attempted;
		rounds += a->points.v[i].nr_rounds;
		measured += a->points.v[i].measured;
	}
	strbuf__addf(
		sb,
		"## Design\n\nA point is a hook on a function, a way to read, and a machine; one "
		"factor is varied while the others stay the same, and hooks and kernels are crossed "
		"with it. The %s form has ",
		d->form);
	text__counted(sb, d->nr_planned, "point", "points");
	strbuf__addf(
		sb,
		", of which %zu were done; %zu of these are points of override-point that counted "
		"reads: ",
		d->nr_obs, measured);
	text__counted(sb, reads, "read", "reads");
	strbuf__addf(sb, " in ");
	text__counted(sb, rounds, "round", "rounds");
	strbuf__addf(sb, " from attach to detach. ");
	put_guests(sb, d);
	strbuf__addf(
		sb,
		" The points of one boot were measured in an order that their ids shuffle, so that a "
		"drift of the machine does not follow a factor.\n\n");
	put_kernels(sb, a);
	strbuf__addf(sb, "| factor | values |\n|---|---|\n");
	put_factor(sb, a, "hook");
	for (size_t i = 0; i < nr_override_defaults; i++)
		put_factor(sb, a, override_defaults[i].factor);
	for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++)
		put_factor(sb, a, amounts[i]);
	put_blocks(sb, d);
	strbuf__addf(sb, "\n");
}

/* --- taxonomy ------------------------------------------------------------------------------ */

static const char *const meanings[NR_OVERRIDE_OUTCOMES] = {
	[OUTCOME_OVERRIDDEN] = "the body was skipped, and the caller went on as without a hook",
	[OUTCOME_MISBEHAVED] =
		"the body was skipped, and the caller looped or returned something else",
	[OUTCOME_NOT_OVERRIDDEN] =
		"the program ran and asked for it, and the body ran nevertheless",
	[OUTCOME_PARTLY] = "of several calls in one read some were overridden",
	[OUTCOME_MISSED_RECURSION] = "the probe was hit, and the kernel did not run the program",
	[OUTCOME_MISSED_NMISSED] = "hit inside another probe: counted as missed by the kernel",
	[OUTCOME_NEVER_HIT] = "the read did not come to the hook",
	[OUTCOME_UNEXPLAINED] = "the evidence does not suffice",
};

static void put_where(struct strbuf *sb, const struct rest *r, enum override_outcome o,
		      unsigned long long optimised)
{
	unsigned long long unexplained = 0;
	bool more = optimised > 0;

	if (optimised) {
		strbuf__addf(sb, "optimised kprobe: ");
		text__count(sb, optimised);
	}
	for (size_t i = 0; i < r->nr_rows; i++) {
		if (r->rows[i].outcome != o)
			continue;
		if (!r->rows[i].everywhere) {
			unexplained += r->rows[i].of.k;
			continue;
		}
		strbuf__addf(sb, "%s", more ? "; " : "");
		text__escaped(sb, r->rows[i].where);
		strbuf__addf(sb, ": ");
		text__count(sb, r->rows[i].of.k);
		more = true;
	}
	if (o == OUTCOME_NOT_OVERRIDDEN && r->silent_points) {
		strbuf__addf(sb, "%sfmod\\_ret that asks for 0: ", more ? "; " : "");
		text__count(sb, r->silent.n - r->silent.k);
		more = true;
	}
	if (unexplained) {
		strbuf__addf(sb, "%snot explained: ", more ? "; " : "");
		text__count(sb, unexplained);
	}
}

static void put_outcome(struct strbuf *sb, const struct answers *a, enum override_outcome o,
			unsigned long long all)
{
	struct strv hooks = { 0 };
	unsigned long long n = 0, optimised = 0;
	size_t points = 0;

	for (size_t i = 0; i < a->points.n; i++) {
		const struct override_point *p = &a->points.v[i];

		if (!p->measured || p->hook == HOOK_NONE || !p->outcomes[o])
			continue;
		n += p->outcomes[o];
		optimised += p->optimised ? p->outcomes[o] : 0;
		points++;
		add_once(&hooks, override_hook__name(p->hook));
	}
	strbuf__addf(sb, "| `%s` | %s | ", override_outcome__name(o), meanings[o]);
	text__count(sb, n);
	strbuf__addf(sb, " | %.3g %% | %zu | ", all ? 100 * (double)n / (double)all : 0, points);
	text__list(sb, &hooks);
	strbuf__addf(sb, " | ");
	put_where(sb, &a->rest, o, optimised);
	strbuf__addf(sb, " |\n");
	strv__free(&hooks);
}

void override_report__taxonomy(struct strbuf *sb, const struct answers *a)
{
	unsigned long long all = 0;
	size_t refused = 0;

	for (size_t i = 0; i < a->points.n; i++) {
		refused += a->points.v[i].refused;
		if (a->points.v[i].measured && a->points.v[i].hook != HOOK_NONE)
			all += a->points.v[i].attempted;
	}
	strbuf__addf(
		sb,
		"## What became of the reads\n\nEvery read under a hook has one outcome, from "
		"counts in the kernel, in the program and in the function's body, from what the "
		"caller returned and what is in its buffer.\n\n"
		"| outcome | what it means | reads | share | points | hooks | "
		"where |\n|---|---|---|---|---|---|---|\n");
	for (enum override_outcome o = 0; o < NR_OVERRIDE_OUTCOMES; o++)
		put_outcome(sb, a, o, all);
	strbuf__addf(sb, "\n");
	text__counted(sb, refused, "point was", "points were");
	strbuf__addf(sb, " refused at attach: no read of them is in the table.\n\n");
}

/* --- cure ---------------------------------------------------------------------------------- */

static void put_pairs(struct strbuf *sb, const struct cure *c)
{
	strbuf__addf(sb,
		     "| before | after | points | rounds that lost it before | after | difference, "
		     "points | reads overridden before | after | "
		     "|\n|---|---|---|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < c->nr_pairs; i++) {
		const struct cure_pair *p = &c->pairs[i];

		strbuf__addf(sb, "| %s | %s | %zu | ", p->before->name, p->after->name, p->points);
		text__of(sb, p->rounds_before);
		strbuf__addf(sb, " | ");
		text__of(sb, p->rounds_after);
		strbuf__addf(sb, " | ");
		text__points(sb, p->fewer);
		strbuf__addf(sb, " | ");
		text__proportion(sb, p->success_before);
		strbuf__addf(sb, " | ");
		text__proportion(sb, p->success_after);
		strbuf__addf(sb, " | %s |\n", conclusion__name(p->conclusion));
	}
}

static bool is_of(const struct study_obs *o, const char *experiment)
{
	return !strcmp(o->experiment, experiment) && o->nr_records;
}

/* What experiment override-cure measured on both kernels of a pair. */
static void put_figures(struct strbuf *sb, const struct cure *c)
{
	if (!c->nr_figures)
		return;
	strbuf__addf(
		sb,
		"\nTimes with and without the cure, one figure each, without an interval; what the "
		"measurements are says [override-cure](../experiments/override-cure/README.md). "
		"`plain` is the time of a read without a probe, under a breakpoint and under a "
		"jump.\n\n"
		"| kernels | measurement | | unit | before | after | ratio |\n"
		"|---|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < c->nr_figures; i++) {
		const struct cure_figure *f = &c->figures[i];

		strbuf__addf(sb, "| %s, %s | %s ", f->before, f->after, f->record);
		text__escaped(sb, f->labels);
		strbuf__addf(sb, " | ");
		text__escaped(sb, f->metric);
		strbuf__addf(sb, " | %s | ", f->unit);
		text__number(sb, f->value_before);
		strbuf__addf(sb, " | ");
		text__number(sb, f->value_after);
		strbuf__addf(sb, " | ");
		text__number(sb, f->value_before > 0 ? f->value_after / f->value_before : NAN);
		strbuf__addf(sb, " |\n");
	}
}

static void put_slowdown(struct strbuf *sb, struct estimate e)
{
	strbuf__addf(sb, " × %.2f [%.2f, %.2f] |", e.value, e.ci.low, e.ci.high);
}

/* What a probe that does not override costs, with and without the cure. */
static void put_slowdowns(struct strbuf *sb, const struct cure *c)
{
	if (!c->nr_slowdowns)
		return;
	strbuf__addf(
		sb,
		"\nHow many times as long as without a probe a read takes under one that does not "
		"override, on each kernel in one boot (ratio of batches, Hodges and Lehmann, 95 %% "
		"interval); the cure leaves such a probe on the jump:\n\n"
		"| kernel | cure | without a probe | on a jump | on a breakpoint |\n"
		"|---|---|---|---|---|\n");
	for (size_t i = 0; i < c->nr_slowdowns; i++) {
		const struct cure_slowdown *p = &c->slowdowns[i];

		strbuf__addf(sb, "| %s | %s | ", p->kernel->name, p->kernel->cured ? "yes" : "no");
		text__number(sb, p->no_probe);
		strbuf__addf(sb, " ns |");
		put_slowdown(sb, p->jump);
		put_slowdown(sb, p->int3);
		strbuf__addf(sb, "\n");
	}
}

/* word: what each of the finding's reasons is. */
static void put_finding(struct strbuf *sb, const struct finding *f, const char *word)
{
	strbuf__addf(sb, "\n**Conclusion: %s.** %s\n", conclusion__name(f->conclusion), f->text);
	for (size_t i = 0; i < f->missing.n; i++) {
		strbuf__addf(sb, "%s- %s ", i ? "" : "\n", word);
		text__escaped(sb, f->missing.v[i]);
		strbuf__addf(sb, "\n");
	}
}

static void put_others(struct strbuf *sb, const struct cure *c)
{
	const struct finding *f = &c->others_finding;

	strbuf__addf(
		sb,
		"\n**Rule for other probes.** On the kernels with the cure all checks of "
		"override-cure hold that are about a probe which does not override: it becomes a "
		"jump when it is alone, and when the overriding one beside it has gone.\n");
	put_slowdowns(sb, c);
	put_figures(sb, c);
	put_finding(sb, f, "failed");
}

void override_report__cure(struct strbuf *sb, const struct answers *a)
{
	const struct finding *f = &a->cure.finding;

	strbuf__addf(
		sb,
		"## The cure: before and after\n\n"
		"**Rule.** The default kprobe on a kernel with the cure, against the same points on "
		"the same version without it. Supported if the override is lost in the rounds "
		"before (at least %.0f %%, lower bound above one half) and in no round after, the "
		"interval of the difference (Newcombe) lies above 0, and the lower bound of the "
		"success after is at least %.0f %%.\n\n",
		100 * RULE_ROUNDS, 100 * RULE_HOLDS);
	if (a->cure.nr_pairs)
		put_pairs(sb, &a->cure);
	put_finding(sb, f, "missing:");
	put_others(sb, &a->cure);
	strbuf__addf(sb, "\n");
}

/* --- pictures ------------------------------------------------------------------------------ */

static size_t levels(const struct answers *a, const char *factor)
{
	size_t n = 0;

	for (size_t i = 0; i < a->nr_suspicions; i++)
		for (size_t j = 0; j < a->suspicions[i].nr_settings; j++)
			if (!strcmp(a->suspicions[i].factor, factor) &&
			    a->suspicions[i].settings[j].nr_levels > n)
				n = a->suspicions[i].settings[j].nr_levels;
	return n;
}

static void picture(struct strbuf *sb, bool there, const char *name, const char *caption)
{
	if (there)
		strbuf__addf(sb, "![%s](override/%s.svg)\n\n*%s*\n\n", caption, name, caption);
}

void override_report__pictures(struct strbuf *sb, const struct answers *a)
{
	const struct study_data *d = a->points.data;
	bool order = false;

	for (size_t i = 0; i < d->nr_obs; i++)
		order |= is_of(&d->obs[i], "read-path");
	strbuf__addf(sb, "## Pictures\n\n");
	picture(sb, a->points.n, "override-success-reads",
		"Success against the number of reads, one line per hook; the optimisation is "
		"marked.");
	picture(sb, a->points.n, "override-factors",
		"Success by factor with its 95 % interval, without optimisation and with it.");
	picture(sb, levels(a, "cpus") > 1, "override-flip-cpus",
		"Time until the override is lost, by number of CPUs.");
	picture(sb, a->points.n, "override-latency", "Time of one read, by outcome.");
	picture(sb, order, "override-order",
		"Order in time of probe, entry and return, cached and uncached.");
}
