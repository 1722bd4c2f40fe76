// SPDX-License-Identifier: GPL-2.0-only
/* Answer 1: does the optimisation of kprobes explain the loss? */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study/override_answers.h"
#include "study/override_text.h"

/* --- rounds -------------------------------------------------------------------------------- */

struct samples {
	double *flag, *lost, *jump, *lag;
	size_t nr_flag, n;
};

/* Optimised, and read through the function that is hooked. By one reader: of several, one may end
 * before the loss that another one sees. */
static bool is_case(const struct override_point *p, const char *kernel)
{
	return p->measured && p->on_default && p->plain && p->success.n && p->readers == 1 &&
	       !strcmp(p->obs->kernel, kernel);
}

static void add_round(struct cause_kernel *k, const struct override_point *p,
		      const struct override_round *r, struct samples *s)
{
	bool lost = !isnan(r->lost_ms), jumped = !isnan(r->jump_ms), flagged = !isnan(r->flag_ms);
	bool early = lost && jumped && r->jump_ms + p->tolerance_ms < r->lost_ms;

	k->lost += lost;
	k->at_once += override_round__at_once(r);
	k->loss_without_jump += lost && !jumped;
	k->jump_without_loss += jumped && !lost;
	k->jump_before_loss += early;
	k->without_flag += lost && !flagged;
	/* While the kernel writes the jump it keeps an int3 of its own at the entry (text_poke_bp):
	 * a round that ends in that time says nothing of the jump. */
	if (!lost || jumped || !flagged) {
		k->rounds.n++;
		k->rounds.k += lost == jumped && !early && (flagged || !lost);
	}
	if (lost) {
		k->with_jump.n++;
		k->with_jump.k += jumped;
	}
	if (flagged)
		s->flag[s->nr_flag++] = r->flag_ms;
	if (lost && jumped) {
		s->lost[s->n] = r->lost_ms;
		s->jump[s->n] = r->jump_ms;
		s->lag[s->n++] = r->jump_ms - r->lost_ms;
	}
}

/* Of the first reader's reads: those from the first one on that found the jump. */
static void add_jumped(struct cause_kernel *k, const struct override_point *p)
{
	for (size_t i = 0; i < p->nr_rounds; i++) {
		struct proportion until, all;

		if (!(p->rounds[i].jump_read >= 1))
			continue;
		until = override_point__early(p, i, (unsigned long long)p->rounds[i].jump_read - 1);
		all = override_point__early(p, i, ~0ull);
		proportion__add(&k->jumped,
				(struct proportion){ all.k - until.k, all.n - until.n });
	}
}

static int count_rounds(const struct override_points *p, struct cause_kernel *k)
{
	struct samples s = { 0 };
	size_t n = 1;

	for (size_t i = 0; i < p->n; i++)
		n += p->v[i].nr_rounds;
	s.flag = calloc(n, 4 * sizeof(double));
	if (!s.flag)
		return -ENOMEM;
	s.lost = s.flag + n;
	s.jump = s.lost + n;
	s.lag = s.jump + n;
	for (size_t i = 0; i < p->n; i++) {
		if (!is_case(&p->v[i], k->kernel))
			continue;
		k->points++;
		proportion__add(&k->before, p->v[i].before);
		proportion__add(&k->after, p->v[i].after);
		add_jumped(k, &p->v[i]);
		for (size_t r = 0; r < p->v[i].nr_rounds; r++)
			add_round(k, &p->v[i], &p->v[i].rounds[r], &s);
	}
	k->flag_ms = stats__median(s.flag, s.nr_flag);
	k->lost_ms = stats__median(s.lost, s.n);
	k->lag_ms = stats__median(s.lag, s.n);
	k->correlation = compare__rank_correlation(s.lost, s.jump, s.n, RULE_Z);
	free(s.flag);
	return 0;
}

/* --- the same points otherwise ------------------------------------------------------------- */

static bool has_lost(const struct override_point *p)
{
	for (size_t i = 0; i < p->nr_rounds; i++)
		if (!isnan(p->rounds[i].lost_ms))
			return true;
	return false;
}

static bool is_lost_case(const struct override_point *p, const char *kernel)
{
	return is_case(p, kernel) && has_lost(p);
}

static int same_with_hook(const struct override_points *all, const char *kernel,
			  enum override_hook hook, struct proportion *out)
{
	static const char *const but_hook[] = { "hook", NULL };

	for (size_t i = 0; i < all->n; i++) {
		const struct override_point *p = &all->v[i];
		int found;

		if (p->hook != hook || !p->measured || !p->plain || strcmp(p->obs->kernel, kernel))
			continue;
		found = override_points__partner(all, p, but_hook, is_lost_case, kernel);
		if (found < 0)
			return found;
		if (found)
			proportion__add(out, p->success);
	}
	return 0;
}

/* Default kprobes on kernels without OPTPROBES, where the same version with it lost the override.
 */
static int without_optprobes(const struct override_points *all, struct cause *c)
{
	static const char *const but_kernel[] = { "kernel", NULL };
	int err = 0;

	for (size_t i = 0; !err && i < all->n; i++) {
		const struct override_point *p = &all->v[i];
		const struct override_kernel *k = override_points__kernel(all, p->obs->kernel);
		bool paired = false;

		if (k->has_optprobes || p->hook != HOOK_OPTIMISED || !p->measured || !p->plain)
			continue;
		for (size_t j = 0; !paired && j < all->nr_kernels; j++) {
			int found = 0;

			if (all->kernels[j].optimises && all->kernels[j].has_optprobes &&
			    !strcmp(all->kernels[j].version, k->version))
				found = override_points__partner(all, p, but_kernel, is_lost_case,
								 all->kernels[j].name);
			if (found < 0)
				return found;
			paired = found;
		}
		if (!paired)
			continue;
		proportion__add(&c->without_optprobes, p->success);
		if (!strv__has(&c->optprobes_kernels, k->name))
			err = strv__add(&c->optprobes_kernels, k->name);
	}
	c->by_config = rule__holds(c->without_optprobes);
	return err;
}

/* --- with something else at the function --------------------------------------------------- */

static struct cause_beside *get_beside(struct cause_besides *list, const char *what)
{
	struct cause_beside *v;

	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->v[i].what, what))
			return &list->v[i];
	v = realloc(list->v, (list->n + 1) * sizeof(*v));
	if (!v)
		return NULL;
	list->v = v;
	v += list->n++;
	*v = (struct cause_beside){ .what = strdup(what) };
	return v->what ? v : NULL;
}

static int add_beside(struct cause_besides *list, const struct override_point *p, const char *what)
{
	struct cause_beside *b = get_beside(list, what);
	int err = !b					   ? -ENOMEM
		  : strv__has(&b->kernels, p->obs->kernel) ? 0
							   : strv__add(&b->kernels, p->obs->kernel);

	if (err)
		return err;
	proportion__add(&b->success, p->success);
	for (size_t r = 0; r < p->nr_rounds; r++) {
		b->lost.n++;
		b->lost.k += !isnan(p->rounds[r].lost_ms);
		b->jumped += !isnan(p->rounds[r].jump_ms);
	}
	return 0;
}

static int find_beside(const struct override_points *all, struct cause *c)
{
	int err = 0;

	for (size_t i = 0; !err && i < all->n; i++) {
		const struct override_point *p = &all->v[i];
		struct strbuf what = STRBUF_INIT;

		if (!p->measured || !p->on_default)
			continue;
		override_point__describe(p, NULL, &what);
		if (!p->plain)
			err = add_beside(&c->beside, p, strbuf__str(&what));
		else if (!p->optimised && p->success.n)
			err = add_beside(&c->never, p, override_point__label(p, "symbol"));
		strbuf__free(&what);
	}
	return err;
}

/* --- conclusion ---------------------------------------------------------------------------- */

static void decide(struct cause_kernel *k)
{
	k->fits = rule__rounds(k->rounds);
	if (stats__wilson(k->with_jump.k, k->with_jump.n, RULE_Z).high < 0.5)
		k->fits = CONTRADICTED;
	k->changes = conclusion__both(rule__holds(k->before), rule__lost(k->after));
	if (k->jumped.n)
		k->changes = conclusion__both(k->changes, rule__lost(k->jumped));
	k->by_sysctl = rule__holds(k->int3);
	k->by_entry = rule__holds(k->ftrace);
	k->all = conclusion__both(conclusion__both(k->fits, k->changes),
				  conclusion__both(k->by_sysctl, k->by_entry));
}

static int say_missing(struct finding *f, const struct cause_kernel *k)
{
	unsigned long long reads = rule__reads_needed();
	int err = 0;

	if (k->fits == NOT_DECIDED)
		err = finding__missing(f,
				       "on %s, rounds that agree: %llu of %llu do (at least %llu "
				       "are needed)",
				       k->kernel, k->rounds.k, k->rounds.n, rule__rounds_needed());
	if (!err && k->changes == NOT_DECIDED)
		err = finding__missing(f,
				       "on %s, reads before and after the loss: there are %llu and "
				       "%llu (at least %llu each)",
				       k->kernel, k->before.n, k->after.n, reads);
	if (!err && k->by_sysctl == NOT_DECIDED)
		err = finding__missing(f, "on %s, reads with the sysctl off: %llu (at least %llu)",
				       k->kernel, k->int3.n, reads);
	if (!err && k->by_entry == NOT_DECIDED)
		err = finding__missing(f, "on %s, reads with an ftrace entry: %llu (at least %llu)",
				       k->kernel, k->ftrace.n, reads);
	return err;
}

static void say_against(struct strbuf *sb, const struct cause_kernel *k)
{
	strbuf__addf(sb, " On %s ", k->kernel);
	if (k->fits == CONTRADICTED) {
		strbuf__addf(sb, "loss and jump do not go together: of ");
		text__counted(sb, k->rounds.n, "round", "rounds");
		strbuf__addf(sb,
			     ", %zu had a loss without a jump, %zu a jump without a loss, %zu "
			     "the jump first.",
			     k->loss_without_jump, k->jump_without_loss, k->jump_before_loss);
	} else if (k->changes == CONTRADICTED) {
		strbuf__addf(sb, "the loss is not for good: ");
		text__proportion(sb, k->before);
		strbuf__addf(sb, " were overridden before it, ");
		text__proportion(sb, k->after);
		strbuf__addf(sb, " after it.");
	} else {
		bool sysctl = k->by_sysctl == CONTRADICTED;

		strbuf__addf(sb, "overrides fail without optimisation, too: with %s ",
			     sysctl ? "the sysctl off" : "an ftrace entry");
		text__proportion(sb, sysctl ? k->int3 : k->ftrace);
		strbuf__addf(sb, " hold.");
	}
}

/* What the kernels that support it have in common, added up. */
static int say_for(struct strbuf *sb, const struct cause *c)
{
	struct cause_kernel sum = { 0 };
	struct strv names = { 0 };
	int err = 0;

	for (size_t i = 0; !err && i < c->nr_kernels; i++) {
		const struct cause_kernel *k = &c->kernels[i];

		if (k->all != SUPPORTED)
			continue;
		err = strv__add(&names, k->kernel);
		proportion__add(&sum.rounds, k->rounds);
		proportion__add(&sum.before, k->before);
		proportion__add(&sum.after, k->after);
		proportion__add(&sum.int3, k->int3);
		proportion__add(&sum.ftrace, k->ftrace);
	}
	if (names.n) {
		strbuf__addf(sb, " On ");
		text__list(sb, &names);
		strbuf__addf(sb, ", loss and jump go together in ");
		text__of(sb, sum.rounds);
		strbuf__addf(sb, " rounds. ");
		text__of(sb, sum.before);
		strbuf__addf(sb, " reads were overridden before the loss, ");
		text__of(sb, sum.after);
		strbuf__addf(sb, " after it; with the sysctl off ");
		text__of(sb, sum.int3);
		strbuf__addf(sb, ", with an ftrace entry ");
		text__of(sb, sum.ftrace);
		strbuf__addf(sb, ".");
	}
	strv__free(&names);
	return err;
}

static int find_missing(struct cause *c)
{
	struct finding *f = &c->finding;
	int err = 0;

	for (size_t i = 0; !err && i < c->nr_kernels; i++)
		err = say_missing(f, &c->kernels[i]);
	if (!err && !c->nr_kernels)
		err = finding__missing(f, "a kprobe that became optimised");
	if (!err && c->by_config == NOT_DECIDED)
		err = finding__missing(
			f,
			"default kprobes without CONFIG_OPTPROBES beside the same with it: "
			"%llu reads (at least %llu)",
			c->without_optprobes.n, rule__reads_needed());
	return err;
}

static int conclude(struct cause *c)
{
	static const char *const summaries[] = {
		[NOT_DECIDED] = "It is open whether optimisation explains the loss.",
		[SUPPORTED] = "Optimisation explains the loss.",
		[CONTRADICTED] = "Optimisation does not explain the loss, or not alone.",
	};
	enum conclusion on_kernels = NOT_DECIDED;
	struct finding *f = &c->finding;
	struct strbuf sb = STRBUF_INIT;
	int err = find_missing(c);

	for (size_t i = 0; i < c->nr_kernels; i++)
		on_kernels = conclusion__any(on_kernels, c->kernels[i].all);
	f->conclusion = conclusion__both(on_kernels, c->by_config);
	strbuf__addf(&sb, "%s", summaries[f->conclusion]);
	for (size_t i = 0; i < c->nr_kernels; i++)
		if (c->kernels[i].all == CONTRADICTED)
			say_against(&sb, &c->kernels[i]);
	err = err ?: say_for(&sb, c);
	if (c->without_optprobes.n) {
		strbuf__addf(&sb, " Without CONFIG_OPTPROBES ");
		text__of(&sb, c->without_optprobes);
		strbuf__addf(&sb, " reads were overridden by the same kprobe.");
	}
	f->text = strbuf__detach(&sb);
	return err ? err : f->text ? 0 : -ENOMEM;
}

int override_cause__find(const struct override_points *p, struct cause *c)
{
	int err = 0;

	c->kernels = calloc(p->nr_kernels + 1, sizeof(*c->kernels));
	if (!c->kernels)
		return -ENOMEM;
	for (size_t i = 0; !err && i < p->nr_kernels; i++) {
		struct cause_kernel *k = &c->kernels[c->nr_kernels];

		if (!p->kernels[i].optimises)
			continue;
		*k = (struct cause_kernel){ .kernel = p->kernels[i].name };
		err = count_rounds(p, k);
		err = err ?: same_with_hook(p, k->kernel, HOOK_INT3, &k->int3);
		err = err ?: same_with_hook(p, k->kernel, HOOK_FTRACE, &k->ftrace);
		decide(k);
		c->nr_kernels += k->points > 0;
	}
	err = err ?: without_optprobes(p, c);
	err = err ?: find_beside(p, c);
	return err ?: conclude(c);
}

static void release_besides(struct cause_besides *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].what);
		strv__free(&list->v[i].kernels);
	}
	free(list->v);
}

void override_cause__release(struct cause *c)
{
	release_besides(&c->beside);
	release_besides(&c->never);
	free(c->kernels);
	strv__free(&c->optprobes_kernels);
	finding__release(&c->finding);
	*c = (struct cause){ 0 };
}
