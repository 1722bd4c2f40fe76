// SPDX-License-Identifier: GPL-2.0-only
/* Does the patched kernel keep what the unpatched one loses? */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study/override_answers.h"
#include "study/override_text.h"

static const char *const but_kernel[] = { "kernel", NULL };

static bool is_default_kprobe(const struct override_point *p)
{
	return p->measured && p->plain && p->hook == HOOK_OPTIMISED && p->success.n;
}

static bool wanted(const struct override_point *p, const char *kernel)
{
	return is_default_kprobe(p) && !strcmp(p->obs->kernel, kernel);
}

/* The points on one kernel that the other has as well; their number or -ENOMEM. */
static int add(const struct override_points *all, const char *kernel, const char *other,
	       struct proportion *success, struct proportion *rounds)
{
	int points = 0;

	for (size_t i = 0; i < all->n; i++) {
		const struct override_point *p = &all->v[i];
		int found;

		if (!wanted(p, kernel))
			continue;
		found = override_points__partner(all, p, but_kernel, wanted, other);
		if (found < 0)
			return found;
		if (!found)
			continue;
		points++;
		proportion__add(success, p->success);
		rounds->n += p->nr_rounds;
		for (size_t r = 0; r < p->nr_rounds; r++)
			rounds->k += !isnan(p->rounds[r].lost_ms);
	}
	return points;
}

static int compare(const struct override_points *all, struct cure_pair *p)
{
	int before, after;

	before = add(all, p->before->name, p->after->name, &p->success_before, &p->rounds_before);
	after = add(all, p->after->name, p->before->name, &p->success_after, &p->rounds_after);
	p->points = after > 0 ? (size_t)after : 0;
	return before < 0 ? before : after < 0 ? after : 0;
}

/* Before, it is lost in the rounds; after, it holds, no round loses it, and there are rounds enough
 * to know that fewer do. */
static void decide(struct cure_pair *p)
{
	enum conclusion keeps = rule__holds(p->success_after);

	p->fewer = compare__proportions(p->rounds_before, p->rounds_after, RULE_Z);
	if (keeps == SUPPORTED && p->rounds_after.k)
		keeps = CONTRADICTED;
	else if (keeps == SUPPORTED && !(p->fewer.ci.low > 0))
		keeps = NOT_DECIDED;
	p->conclusion = conclusion__both(rule__rounds(p->rounds_before), keeps);
}

static int conclude(struct cure *c)
{
	struct finding *f = &c->finding;
	struct strbuf sb = STRBUF_INIT;
	int err = 0;

	for (size_t i = 0; !err && i < c->nr_pairs; i++) {
		const struct cure_pair *p = &c->pairs[i];

		f->conclusion = conclusion__any(f->conclusion, p->conclusion);
		if (p->conclusion == NOT_DECIDED)
			err = finding__missing(
				f,
				"rounds and reads on %s and %s: %llu and %llu rounds, "
				"%llu reads with the cure (at least %llu rounds before "
				"and %llu reads after)",
				p->before->name, p->after->name, p->rounds_before.n,
				p->rounds_after.n, p->success_after.n, rule__rounds_needed(),
				rule__reads_needed());
	}
	if (!err && !c->nr_pairs)
		err = finding__missing(
			f, "a kernel with the cure and the same version without it, both "
			   "with the default kprobe");
	strbuf__addf(&sb, f->conclusion == SUPPORTED	  ? "The cure keeps the override."
			  : f->conclusion == CONTRADICTED ? "The cure does not do what it should."
							  : "It is open what the cure does.");
	for (size_t i = 0; i < c->nr_pairs; i++) {
		const struct cure_pair *p = &c->pairs[i];

		strbuf__addf(&sb, " %s loses it in ", p->before->name);
		text__of(&sb, p->rounds_before);
		strbuf__addf(&sb, " rounds, %s in ", p->after->name);
		text__of(&sb, p->rounds_after);
		strbuf__addf(&sb, ", where ");
		text__proportion(&sb, p->success_after);
		strbuf__addf(&sb, " reads are overridden.");
	}
	f->text = strbuf__detach(&sb);
	return err ? err : f->text ? 0 : -ENOMEM;
}

int override_cure__find(const struct override_points *all, struct cure *c)
{
	int err = 0;

	c->pairs = calloc(all->nr_kernels * all->nr_kernels + 1, sizeof(*c->pairs));
	if (!c->pairs)
		return -ENOMEM;
	for (size_t i = 0; i < all->nr_kernels; i++) {
		for (size_t j = 0; !err && j < all->nr_kernels; j++) {
			const struct override_kernel *after = &all->kernels[i];
			const struct override_kernel *before = &all->kernels[j];
			struct cure_pair *pair = &c->pairs[c->nr_pairs];

			if (!after->cured || before->cured || !before->has_optprobes ||
			    strcmp(after->version, before->version) != 0 ||
			    strcmp(after->preempt, before->preempt) != 0)
				continue;
			*pair = (struct cure_pair){ .before = before, .after = after };
			err = compare(all, pair);
			decide(pair);
			c->nr_pairs += pair->points > 0;
		}
	}
	err = err ?: conclude(c);
	return err ?: override_cure__others(all, c);
}

void override_cure__release(struct cure *c)
{
	for (size_t i = 0; i < c->nr_figures; i++)
		free(c->figures[i].labels);
	free(c->figures);
	free(c->slowdowns);
	free(c->pairs);
	finding__release(&c->finding);
	finding__release(&c->others_finding);
	*c = (struct cure){ 0 };
}
