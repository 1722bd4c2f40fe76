// SPDX-License-Identifier: GPL-2.0-only
/* The four answers: rule, comparison, conclusion. */
#include <math.h>
#include <string.h>

#include "study/override_answers.h"
#include "study/override_report.h"
#include "study/override_text.h"

#define PERCENT(x) (100 * (x))

static void put_conclusion(struct strbuf *sb, const struct finding *f)
{
	strbuf__addf(sb, "\n**Conclusion: %s.** %s\n", conclusion__name(f->conclusion), f->text);
	if (f->conclusion == NOT_DECIDED && f->missing.n) {
		strbuf__addf(sb, "\nTo decide it, these are missing:\n\n");
		for (size_t i = 0; i < f->missing.n; i++) {
			strbuf__addf(sb, "- ");
			text__escaped(sb, f->missing.v[i]);
			strbuf__addf(sb, "\n");
		}
	} else if (f->missing.n) {
		strbuf__addf(sb, "\nNot decided apart:\n\n");
		for (size_t i = 0; i < f->missing.n; i++) {
			strbuf__addf(sb, "- ");
			text__escaped(sb, f->missing.v[i]);
			strbuf__addf(sb, "\n");
		}
	}
	strbuf__addf(sb, "\n");
}

static void put_ms(struct strbuf *sb, double ms)
{
	text__number(sb, ms);
}

/* --- 1 ------------------------------------------------------------------------------------- */

static void cause_rule(struct strbuf *sb)
{
	strbuf__addf(
		sb,
		"## 1. Does optimisation explain the loss?\n\n"
		"**Rule.** For each kernel on which the default kprobe became optimised, all of "
		"these are asked of the points that nothing else disturbs (no other probe, no "
		"nesting, result 0) and that have one reader:\n\n"
		"- *Together*: in a round, the override is lost and the program finds a jump at the "
		"function's entry, not before the loss, and kprobes/list said `[OPTIMIZED]`; or "
		"there is neither a loss nor a jump. Supported if at least %.0f %% of the rounds "
		"are so, with a lower bound above one half; contradicted if the upper bound is "
		"below %.0f %%. A round with the flag that ends between the loss and the jump does "
		"not count: the kernel writes the jump in steps, with an int3 of its own at the "
		"entry. But if the upper bound of the losses that end with a jump is below one "
		"half, it is contradicted.\n"
		"- *Before and after*: supported if the lower bound of the success before the loss "
		"is at least %.0f %% and the upper bound after it at most %.0f %%. Before the first "
		"lost read all are overridden by definition; what counts is that none is after "
		"it.\n"
		"- *Sysctl off*, *ftrace entry*: the same points with the hook `int3` or `ftrace`. "
		"Supported if the lower bound of the success is at least %.0f %%.\n\n"
		"And once for all: the same kprobe on a kernel without CONFIG_OPTPROBES, the same. "
		"The answer is supported if one kernel supports all four and none contradicts one, "
		"and the kernel without OPTPROBES supports it, too.\n\n",
		PERCENT(RULE_ROUNDS), PERCENT(RULE_ROUNDS), PERCENT(RULE_HOLDS), PERCENT(RULE_LOST),
		PERCENT(RULE_HOLDS));
}

static void cause_rows(struct strbuf *sb, const struct cause *c)
{
	strbuf__addf(sb, "| | ");
	for (size_t i = 0; i < c->nr_kernels; i++)
		strbuf__addf(sb, "%s | ", c->kernels[i].kernel);
	strbuf__addf(sb, "\n|---|");
	for (size_t i = 0; i < c->nr_kernels; i++)
		strbuf__addf(sb, "---|");
}

/* A row of the table: fn writes the cell of a kernel. */
static void row(struct strbuf *sb, const struct cause *c, const char *title,
		void (*fn)(struct strbuf *, const struct cause_kernel *))
{
	strbuf__addf(sb, "\n| %s | ", title);
	for (size_t i = 0; i < c->nr_kernels; i++) {
		fn(sb, &c->kernels[i]);
		strbuf__addf(sb, " | ");
	}
}

static void verdict(struct strbuf *sb, struct proportion p, enum conclusion c)
{
	text__proportion(sb, p);
	strbuf__addf(sb, ": %s", conclusion__name(c));
}

static void cell_rounds(struct strbuf *sb, const struct cause_kernel *k)
{
	verdict(sb, k->rounds, k->fits);
}

static void cell_misfits(struct strbuf *sb, const struct cause_kernel *k)
{
	strbuf__addf(sb, "%zu / %zu / %zu / %zu", k->loss_without_jump, k->jump_without_loss,
		     k->jump_before_loss, k->without_flag);
}

static void cell_at_once(struct strbuf *sb, const struct cause_kernel *k)
{
	strbuf__addf(sb, "%zu of %zu", k->at_once, k->lost);
}

static void cell_times(struct strbuf *sb, const struct cause_kernel *k)
{
	put_ms(sb, k->flag_ms);
	strbuf__addf(sb, " / ");
	put_ms(sb, k->lost_ms);
	strbuf__addf(sb, " / ");
	put_ms(sb, k->lost_ms + k->lag_ms);
}

static void cell_correlation(struct strbuf *sb, const struct cause_kernel *k)
{
	if (isnan(k->correlation.value))
		strbuf__addf(sb, "–");
	else
		strbuf__addf(sb, "%.3f [%.3f, %.3f]", k->correlation.value, k->correlation.ci.low,
			     k->correlation.ci.high);
}

static void cell_before(struct strbuf *sb, const struct cause_kernel *k)
{
	verdict(sb, k->before, rule__holds(k->before));
}

static void cell_after(struct strbuf *sb, const struct cause_kernel *k)
{
	verdict(sb, k->after, rule__lost(k->after));
}

static void cell_jumped(struct strbuf *sb, const struct cause_kernel *k)
{
	if (k->jumped.n)
		verdict(sb, k->jumped, rule__lost(k->jumped));
	else
		strbuf__addf(sb, "–");
}

static void cell_int3(struct strbuf *sb, const struct cause_kernel *k)
{
	verdict(sb, k->int3, k->by_sysctl);
}

static void cell_ftrace(struct strbuf *sb, const struct cause_kernel *k)
{
	verdict(sb, k->ftrace, k->by_entry);
}

/* intro ends with the title of the first column. */
static void put_besides(struct strbuf *sb, const struct cause_besides *list, const char *intro)
{
	if (!list->n)
		return;
	strbuf__addf(sb,
		     "\n%s | kernels | rounds that lost it | rounds with a jump | overridden |\n"
		     "|---|---|---|---|---|\n",
		     intro);
	for (size_t i = 0; i < list->n; i++) {
		const struct cause_beside *b = &list->v[i];

		strbuf__addf(sb, "| ");
		text__escaped(sb, b->what);
		strbuf__addf(sb, " | ");
		text__list(sb, &b->kernels);
		strbuf__addf(sb, " | ");
		text__of(sb, b->lost);
		strbuf__addf(sb, " | %zu | ", b->jumped);
		text__proportion(sb, b->success);
		strbuf__addf(sb, " |\n");
	}
}

void override_report__cause(struct strbuf *sb, const struct answers *a)
{
	const struct cause *c = &a->cause;

	cause_rule(sb);
	if (c->nr_kernels) {
		cause_rows(sb, c);
		row(sb, c, "rounds in which loss and jump go together", cell_rounds);
		row(sb, c,
		    "rounds with a loss without a jump / a jump without a loss / the jump before the loss / "
		    "a loss without the flag",
		    cell_misfits);
		row(sb, c,
		    "flag / loss / jump, ms after the attach (medians; jump: loss and median lag)",
		    cell_times);
		row(sb, c, "rounds that lost it at the first read or before it", cell_at_once);
		row(sb, c, "rank correlation of the times of loss and jump", cell_correlation);
		row(sb, c, "overridden before the loss", cell_before);
		row(sb, c, "overridden after the loss", cell_after);
		row(sb, c, "overridden from the first read on that found the jump", cell_jumped);
		row(sb, c, "the same points, sysctl off (`int3`)", cell_int3);
		row(sb, c, "the same points, ftrace entry (`ftrace`)", cell_ftrace);
		strbuf__addf(sb, "\n\n");
	} else {
		strbuf__addf(sb, "No kprobe of this run became optimised.\n\n");
	}
	if (c->without_optprobes.n) {
		strbuf__addf(sb, "Without CONFIG_OPTPROBES (");
		text__list(sb, &c->optprobes_kernels);
		strbuf__addf(sb, "), the same kprobe: ");
		verdict(sb, c->without_optprobes, c->by_config);
		strbuf__addf(sb, ".\n");
	} else {
		strbuf__addf(sb, "There is no pair of points with and without CONFIG_OPTPROBES.\n");
	}
	put_besides(
		sb, &c->never,
		"The default kprobe where it was never optimised, on kernels that optimise others "
		"(`can_optimize` refuses a function with an entry in the exception tables, as copyout "
		"itself is on x86 from 6.4 on), which is not part of the rule:\n\n"
		"| function");
	put_besides(
		sb, &c->beside,
		"The default kprobe on these kernels with something else at the function, which "
		"is not part of the rule:\n\n"
		"| with");
	put_conclusion(sb, &c->finding);
}

/* --- 2 ------------------------------------------------------------------------------------- */

static void rest_outcomes(struct strbuf *sb, const struct rest *r)
{
	strbuf__addf(
		sb, "| outcome | where | hooks | kernels | points | reads with it, of all there |\n"
		    "|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < r->nr_rows; i++) {
		const struct rest_row *row = &r->rows[i];

		strbuf__addf(sb, "| `%s` | ", override_outcome__name(row->outcome));
		text__escaped(sb, *row->where ? row->where : "nothing unusual");
		strbuf__addf(sb, "%s | ", row->everywhere ? "" : " (not explained)");
		text__list(sb, &row->hooks);
		strbuf__addf(sb, " | ");
		text__list(sb, &row->kernels);
		strbuf__addf(sb, " | %zu | ", row->points);
		text__of(sb, row->of);
		strbuf__addf(sb, " |\n");
	}
}

static void rest_refusals(struct strbuf *sb, const struct rest *r)
{
	strbuf__addf(
		sb,
		"\nRefused when attached:\n\n"
		"| errno and reason | target | hooks | kernels | points |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < r->nr_refusals; i++) {
		const struct rest_refusal *row = &r->refusals[i];

		strbuf__addf(sb, "| ");
		text__escaped(sb, row->reason);
		strbuf__addf(sb, " | ");
		text__escaped(sb, row->where);
		strbuf__addf(sb, " | ");
		text__list(sb, &row->hooks);
		strbuf__addf(sb, " | ");
		text__list(sb, &row->kernels);
		strbuf__addf(sb, " | %zu |\n", row->points);
	}
}

void override_report__rest(struct strbuf *sb, const struct answers *a)
{
	const struct rest *r = &a->rest;

	strbuf__addf(
		sb,
		"## 2. What is left when optimisation is off, and which outcome is it?\n\n"
		"**Rule.** All points count whose kprobe is not optimised: the hooks `int3`, "
		"`ftrace`, `multi`, `fmod_ret`, `fail_function`, and the default kprobe where it "
		"was not seen to become optimised. Nothing is left (supported) if, where "
		"nothing else disturbs the hook (no other probe, no nesting, result 0), the lower "
		"bound of the success among the reads that came to it is at least %.0f %%, no such "
		"point by itself is below that, and every other outcome is explained. An outcome is "
		"explained by the unusual value of a factor if all points with that value show it, "
		"on all kernels and with all hooks or with those named. `fmod_ret` whose program "
		"returns 0 does not count: by its definition the function then goes on. What "
		"disturbs the hook can explain any outcome, every other factor only that the reads "
		"never came to it.\n\n",
		PERCENT(RULE_HOLDS));
	text__counted(sb, r->points, "point is", "points are");
	strbuf__addf(sb, " without optimisation, with ");
	text__counted(sb, r->reads, "read", "reads");
	strbuf__addf(sb, "; in %zu of them nothing else disturbs the hook, and ", r->plain_points);
	text__proportion(sb, r->plain);
	strbuf__addf(sb, " of the reads that came to it were overridden.\n\n");
	if (r->nr_rows)
		rest_outcomes(sb, r);
	if (r->nr_refusals)
		rest_refusals(sb, r);
	put_conclusion(sb, &r->finding);
}

/* --- 4 ------------------------------------------------------------------------------------- */

static void put_attach(struct strbuf *sb, const struct hook_cell *c)
{
	if (c->success.n || c->silent)
		strbuf__addf(sb, "yes%s", c->silent ? ", but 0 can't be asked for" : "");
	else if (c->refused)
		strbuf__addf(sb, "refused");
	else if (c->skipped)
		strbuf__addf(sb, "not there");
	else
		strbuf__addf(sb, "no reads");
	if (!c->success.n && !c->silent && c->reason) {
		strbuf__addf(sb, ": ");
		text__escaped(sb, c->reason);
	}
}

static const struct hook_cost no_cost = {
	.unhooked = { NAN, NAN, NAN },
	.overridden = { NAN, NAN, NAN },
	.lost = { NAN, NAN, NAN },
	.overridden_ratio = { NAN, { NAN, NAN } },
	.lost_ratio = { NAN, { NAN, NAN } },
};

static void choice_table(struct strbuf *sb, const struct choice *c)
{
	strbuf__addf(
		sb,
		"| kernel | hook | function | attaches | overridden | holds | read without hook | "
		"read overridden | ratio | read lost | ratio | |\n"
		"|---|---|---|---|---|---|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < c->nr_cells; i++) {
		const struct hook_cell *cell = &c->cells[i];
		const struct hook_cost *cost = cell->cost.points ? &cell->cost : &no_cost;

		strbuf__addf(sb, "| %s | `%s` | ", cell->kernel->name,
			     override_hook__name(cell->hook));
		text__escaped(sb, cell->symbol ? cell->symbol : "–");
		strbuf__addf(sb, " | ");
		put_attach(sb, cell);
		strbuf__addf(sb, " | ");
		if (cell->success.n)
			text__proportion(sb, cell->success);
		else
			strbuf__addf(sb, "–");
		strbuf__addf(sb, " | %s | ",
			     cell->holds == SUPPORTED	   ? "yes"
			     : cell->holds == CONTRADICTED ? "no"
			     : cell->success.n		   ? "too few reads"
							   : "–");
		text__ns_list(sb, cost->unhooked, 3);
		strbuf__addf(sb, " | ");
		text__ns_list(sb, cost->overridden, 3);
		strbuf__addf(sb, " | ");
		text__ratio(sb, cost->overridden_ratio);
		strbuf__addf(sb, " | ");
		text__ns_list(sb, cost->lost, 3);
		strbuf__addf(sb, " | ");
		text__ratio(sb, cost->lost_ratio);
		strbuf__addf(sb, " | %s |\n", cell->recommended ? "**use this**" : "");
	}
}

static void savings_table(struct strbuf *sb, const struct choice *c)
{
	strbuf__addf(
		sb,
		"\nWhat an override costs and saves, by the size of the read: the hook's cost stays "
		"much the same, what is saved is the copying. *Per call* is the difference of the "
		"medians divided by the calls that a read makes.\n\n"
		"| kernel | bytes | hook | read without hook | read overridden | ratio | per call | "
		"|\n"
		"|---|---|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < c->nr_savings; i++) {
		const struct saving *s = &c->savings[i];
		struct estimate r = s->cost.overridden_ratio;

		if (isnan(r.value))
			continue;
		strbuf__addf(sb, "| %s | %s | `%s` | ", s->kernel, s->size,
			     override_hook__name(s->hook));
		text__ns(sb, s->cost.unhooked[0]);
		strbuf__addf(sb, " | ");
		text__ns(sb, s->cost.overridden[0]);
		strbuf__addf(sb, " | ");
		text__ratio(sb, r);
		strbuf__addf(sb, " | ");
		text__ns(sb, (s->cost.overridden[0] - s->cost.unhooked[0]) / s->cost.calls);
		strbuf__addf(sb, " | %s |\n",
			     r.ci.high < 1  ? "saves"
			     : r.ci.low > 1 ? "costs"
					    : "");
	}
}

void override_report__choice(struct strbuf *sb, const struct answers *a)
{
	const struct choice *c = &a->choice;

	strbuf__addf(
		sb,
		"## 4. Which hook should one use, on which kernel, at what cost per call?\n\n"
		"**Rule.** A hook holds if the lower bound of its success is at least %.0f %%, over "
		"all points of that kernel on copyout that nothing else disturbs, among the reads "
		"that came to it. Of those that hold, separately for functions with and without an "
		"ftrace entry, the one whose overridden read takes least is recommended. If the "
		"intervals of the medians overlap, or these differ by less than %.0f %%, they cost "
		"the same, and the one comes first that asks least of the system: the default "
		"kprobe, then `fmod_ret`, `multi`, and last `int3`, which forbids optimisation for "
		"the whole machine. `fail_function`, the kernel's own, is a control. `fmod_ret` is "
		"judged by results other than 0, as after 0 the function goes on. The answer is "
		"supported if every kernel that was measured has a hook that holds, contradicted if "
		"one has none.\n\n"
		"Times are of one read, with quartiles, from points where hooks and kernels differ "
		"and nothing else: the median over points that were measured several times, and for "
		"the read without a hook over all points of the kernel, as the machine drifts. "
		"Their interval is that of the median over points, or of one point over its reads; "
		"the ratio's is what both intervals allow.\n\n",
		PERCENT(RULE_HOLDS), PERCENT(RULE_COST));
	if (c->nr_cells)
		choice_table(sb, c);
	if (c->nr_savings)
		savings_table(sb, c);
	put_conclusion(sb, &c->finding);
}
