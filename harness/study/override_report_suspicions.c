// SPDX-License-Identifier: GPL-2.0-only
/* Answer 3, with its tables. */
#include <math.h>

#include "study/override_answers.h"
#include "study/override_report.h"
#include "study/override_text.h"

#define PERCENT(x) (100 * (x))

static void put_rule(struct strbuf *sb)
{
	strbuf__addf(
		sb,
		"## 3. What do the suspects do?\n\n"
		"**Rule.** For each factor, points are compared that differ in it alone. A level "
		"acts only through time if, at that level, the lower bound of the success without "
		"optimisation is at least %.0f %%; the interval of its difference from the "
		"reference (Newcombe) lies within ±%.0f percentage points; and with the optimised "
		"kprobe the upper bound after the loss is at most %.0f %%, while the upper bound "
		"before it is not below %.0f %% (before the first lost read all are overridden by "
		"definition). A suspicion is supported to act only through time if at least two "
		"levels of one setting do and none contradicts it. It is contradicted, and the "
		"factor has an effect of its own, if one of these intervals lies wholly on the "
		"other side. Whether the factor moves the loss is another question: it does if the "
		"interval of a ratio of times or numbers of reads (Hodges and Lehmann, rank test) "
		"leaves 1 out. That interval is widened by how far points lie apart that are the "
		"same but for the number of reads and rounds (Student's t), as the machine drifts "
		"from point to point. It does not if none does and all intervals of ratios of times "
		"lie within a factor of %.0f; else it is open. All together are supported if every "
		"suspect that was varied is, and contradicted if one is.\n\n"
		"*First reads*: share of a round's first reads that the optimised kprobe overrode, "
		"the same number at every level; median over rounds. It mixes before and after, and "
		"is what one sees who does a fixed number of reads.\n\n"
		"*At once*: rounds that lost it at the first read or before it, as attaching took long. They say "
		"only that it was early, and are left out of times and reads until the loss.\n\n",
		PERCENT(RULE_HOLDS), PERCENT(RULE_MARGIN), PERCENT(RULE_LOST), PERCENT(RULE_HOLDS),
		RULE_TOLD);
}

static void overview(struct strbuf *sb, const struct answers *a)
{
	static const char *const moves[] = { "open", "yes", "not seen" };

	strbuf__addf(
		sb, "| suspect | acts only through time | moves the loss | |\n|---|---|---|---|\n");
	for (size_t i = 0; i < a->nr_suspicions; i++) {
		const struct suspicion *s = &a->suspicions[i];

		if (!s->nr_settings)
			continue;
		strbuf__addf(sb, "| %s | %s | %s | %s", s->title,
			     conclusion__name(s->finding.conclusion), moves[s->moves],
			     s->finding.text);
		if (s->finding.conclusion == NOT_DECIDED && s->finding.missing.n) {
			strbuf__addf(sb, " Missing: ");
			text__escaped(sb, s->finding.missing.v[0]);
			strbuf__addf(sb, ".");
		}
		strbuf__addf(sb, " |\n");
	}
}

static void put_share(struct strbuf *sb, const struct factor_level *l)
{
	if (isnan(l->early_median))
		strbuf__addf(sb, "–");
	else
		strbuf__addf(sb, "%.1f %%", 100 * l->early_median);
}

static void put_shift(struct strbuf *sb, const struct factor_level *l)
{
	if (l->reference || isnan(l->early_difference.value))
		strbuf__addf(sb, "%s", l->reference ? "reference" : "–");
	else if (isinf(l->early_difference.ci.high))
		strbuf__addf(sb, "%+.1f [too few]", 100 * l->early_difference.value);
	else
		text__points(sb, l->early_difference);
}

static void put_loss(struct strbuf *sb, const struct factor_level *l, double median,
		     struct estimate ratio)
{
	text__number(sb, median);
	if (!l->reference && !isnan(ratio.value)) {
		strbuf__addf(sb, " ");
		text__ratio(sb, ratio);
	}
}

static void put_level(struct strbuf *sb, const struct factor_level *l)
{
	strbuf__addf(sb, "| ");
	text__escaped(sb, l->value);
	strbuf__addf(sb, " | ");
	if (l->attempted && l->never_hit == l->attempted)
		strbuf__addf(sb, "never hit");
	else
		text__proportion(sb, l->without);
	strbuf__addf(sb, " | ");
	if (l->reference)
		strbuf__addf(sb, "reference");
	else
		text__points(sb, l->difference);
	strbuf__addf(sb, " | ");
	if (l->before.n + l->after.n) {
		text__of(sb, l->before);
		strbuf__addf(sb, " / ");
		text__of(sb, l->after);
	} else {
		strbuf__addf(sb, "–");
	}
	strbuf__addf(sb, " | ");
	put_share(sb, l);
	strbuf__addf(sb, " | ");
	put_shift(sb, l);
	strbuf__addf(sb, " | %zu of %zu", l->lost_rounds, l->rounds);
	if (l->lost_rounds > l->nr_lost)
		strbuf__addf(sb, ", %zu at once", l->lost_rounds - l->nr_lost);
	strbuf__addf(sb, " | ");
	put_loss(sb, l, l->read_median, l->read_ratio);
	strbuf__addf(sb, " | ");
	put_loss(sb, l, l->ms_median, l->ms_ratio);
	strbuf__addf(sb, " | %s |\n", conclusion__name(l->conclusion));
}

static void put_dose(struct strbuf *sb, const struct factor_setting *s)
{
	strbuf__addf(
		sb,
		"\nOver all levels the reads until the loss go with the power %.2f [%.2f, %.2f] of "
		"the factor, the time with %.2f [%.2f, %.2f]; rank correlation of the time %.2f "
		"[%.2f, %.2f].\n",
		s->read_exponent, s->read_exponent_ci.low, s->read_exponent_ci.high, s->ms_exponent,
		s->ms_exponent_ci.low, s->ms_exponent_ci.high, s->ms_correlation.value,
		s->ms_correlation.ci.low, s->ms_correlation.ci.high);
}

static void put_setting(struct strbuf *sb, const struct suspicion *s,
			const struct factor_setting *set)
{
	strbuf__addf(sb, "\n*");
	text__escaped(sb, set->name);
	strbuf__addf(sb, "* (%s", conclusion__name(set->conclusion));
	if (set->early_reads) {
		strbuf__addf(sb, "; first reads: ");
		text__count(sb, set->early_reads);
	}
	strbuf__addf(
		sb,
		")\n\n| %s | overridden without optimisation | difference, points | optimised: "
		"before / after the loss | first reads | difference, points | rounds lost | reads "
		"until the loss | ms until the loss | only through time "
		"|\n|---|---|---|---|---|---|---|---|---|---|\n",
		s->factor);
	for (size_t i = 0; i < set->nr_levels; i++)
		put_level(sb, &set->levels[i]);
	if (set->has_dose)
		put_dose(sb, set);
}

void override_report__suspicions(struct strbuf *sb, const struct answers *a)
{
	put_rule(sb);
	overview(sb, a);
	for (size_t i = 0; i < a->nr_suspicions; i++) {
		const struct suspicion *s = &a->suspicions[i];

		if (!s->nr_settings)
			continue;
		strbuf__addf(sb, "\n### %s\n\n%s: %s\n", s->title,
			     conclusion__name(s->finding.conclusion), s->finding.text);
		for (size_t j = 0; j < s->nr_settings; j++)
			put_setting(sb, s, &s->settings[j]);
		for (size_t j = 0; j < s->finding.missing.n; j++) {
			strbuf__addf(sb, "%s- missing: ", j ? "" : "\n");
			text__escaped(sb, s->finding.missing.v[j]);
			strbuf__addf(sb, "\n");
		}
	}
	strbuf__addf(sb, "\n**Conclusion: %s.** %s\n\n",
		     conclusion__name(a->suspicions_finding.conclusion),
		     a->suspicions_finding.text);
}
