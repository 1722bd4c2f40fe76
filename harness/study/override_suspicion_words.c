// SPDX-License-Identifier: GPL-2.0-only
/* Answer 3 in words. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study/override_suspicion.h"
#include "study/override_text.h"

/* The level where the loss moved most, among those whose interval leaves 1 out. */
struct moved {
	const struct factor_setting *setting;
	const struct factor_level *level, *reference;
	double by; /* |ln ratio| */
};

static const struct factor_level *reference_of(const struct factor_setting *s)
{
	for (size_t i = 0; i < s->nr_levels; i++)
		if (s->levels[i].reference)
			return &s->levels[i];
	return &s->levels[0];
}

static struct moved find_moved(const struct suspicion *s, bool reads)
{
	struct moved m = { .by = 0 };

	for (size_t i = 0; i < s->nr_settings; i++) {
		for (size_t j = 0; j < s->settings[i].nr_levels; j++) {
			const struct factor_level *l = &s->settings[i].levels[j];
			struct estimate r = reads ? l->read_ratio : l->ms_ratio;

			if (l->reference || rule__differs(r) != SUPPORTED ||
			    fabs(log(r.value)) <= m.by)
				continue;
			m = (struct moved){ &s->settings[i], l, reference_of(&s->settings[i]),
					    fabs(log(r.value)) };
		}
	}
	return m;
}

static void say_moved(struct strbuf *sb, const struct moved *m, bool reads)
{
	strbuf__addf(sb, " The %s until the loss %s most from ", reads ? "reads" : "time",
		     reads ? "change" : "changes");
	text__escaped(sb, m->reference->value);
	strbuf__addf(sb, " to ");
	text__escaped(sb, m->level->value);
	strbuf__addf(sb, ": ");
	text__ratio(sb, reads ? m->level->read_ratio : m->level->ms_ratio);
	strbuf__addf(sb, " (");
	text__escaped(sb, m->setting->name);
	strbuf__addf(sb, ").");
}

static void say_without(struct strbuf *sb, const struct suspicion *s)
{
	struct proportion all = { 0 };

	for (size_t i = 0; i < s->nr_settings; i++)
		for (size_t j = 0; j < s->settings[i].nr_levels; j++)
			proportion__add(&all, s->settings[i].levels[j].without);
	strbuf__addf(sb, " Without optimisation ");
	text__proportion(sb, all);
	strbuf__addf(sb, " reads are overridden.");
}

static void say_against(struct strbuf *sb, const struct factor_setting *set)
{
	for (size_t i = 0; i < set->nr_levels; i++) {
		const struct factor_level *l = &set->levels[i];

		if (l->conclusion != CONTRADICTED)
			continue;
		strbuf__addf(sb, " At ");
		text__escaped(sb, l->value);
		strbuf__addf(sb, " (");
		text__escaped(sb, set->name);
		strbuf__addf(sb, ") ");
		if (rule__holds(l->without) == CONTRADICTED ||
		    (!l->reference && rule__equal(l->difference) == CONTRADICTED)) {
			text__proportion(sb, l->without);
			strbuf__addf(
				sb, " reads are overridden without optimisation; difference from ");
			text__escaped(sb, reference_of(set)->value);
			strbuf__addf(sb, " in percentage points: ");
			text__points(sb, l->difference);
		} else {
			text__proportion(sb, l->before);
			strbuf__addf(sb, " reads are overridden before the loss and ");
			text__proportion(sb, l->after);
			strbuf__addf(sb, " after it");
		}
		strbuf__addf(sb, ".");
	}
}

/* Why a level is not decided. */
static int say_level(struct finding *f, const struct factor_setting *set,
		     const struct factor_level *l)
{
	unsigned long long reads = rule__reads_needed();

	if (l->attempted && l->never_hit == l->attempted)
		return finding__missing(f, "reads at %s that come to the hook (%s)", l->value,
					set->name);
	if (rule__holds(l->without) == NOT_DECIDED)
		return finding__missing(
			f,
			"reads without optimisation at %s: %llu of %llu overridden, at "
			"least %llu needed (%s)",
			l->value, l->without.k, l->without.n, reads, set->name);
	if (!l->lost_rounds)
		return finding__missing(f, "a loss at %s: none in %zu rounds (%s)", l->value,
					l->rounds, set->name);
	if (rule__lost(l->after) == NOT_DECIDED)
		return finding__missing(
			f, "reads after the loss at %s: %llu, at least %llu needed (%s)", l->value,
			l->after.n, reads, set->name);
	return finding__missing(f, "a narrower interval of the difference at %s (%s)", l->value,
				set->name);
}

static int say_missing(struct suspicion *s)
{
	int err = 0;

	if (!s->nr_settings)
		return finding__missing(&s->finding, "two measured points that differ in %s alone",
					s->factor);
	for (size_t i = 0; i < s->nr_settings; i++)
		for (size_t j = 0; !err && j < s->settings[i].nr_levels; j++)
			if (s->settings[i].levels[j].conclusion == NOT_DECIDED)
				err = say_level(&s->finding, &s->settings[i],
						&s->settings[i].levels[j]);
	return err;
}

/* Over all levels, how far the ratios of times may be from 1; false when there is none with an
 * interval. */
static bool find_reach(const struct suspicion *s, struct interval *out)
{
	*out = (struct interval){ INFINITY, 0 };
	for (size_t i = 0; i < s->nr_settings; i++) {
		for (size_t j = 0; j < s->settings[i].nr_levels; j++) {
			const struct factor_level *l = &s->settings[i].levels[j];

			if (l->reference || isnan(l->ms_ratio.value) || isinf(l->ms_ratio.ci.high))
				continue;
			out->low = fmin(out->low, l->ms_ratio.ci.low);
			out->high = fmax(out->high, l->ms_ratio.ci.high);
		}
	}
	return out->high > 0;
}

static void say_supported(struct strbuf *sb, const struct suspicion *s, bool any,
			  struct interval reach)
{
	if (s->moves == SUPPORTED) {
		strbuf__addf(sb, "Acts only through the time until the loss.");
	} else if (!any) {
		strbuf__addf(
			sb,
			"Does not act on the override itself; with fewer than %zu rounds that lost it "
			"at a level, nothing is known of the time until the loss.",
			compare__shift_needs(RULE_LEVEL));
	} else {
		strbuf__addf(
			sb,
			s->moves == CONTRADICTED
				? "No effect was seen, not on the loss either: "
				: "Does not act on the override itself; on the time until the loss no "
				  "effect was seen, but the data are too rough to leave one out: ");
		strbuf__addf(
			sb,
			"the intervals of all ratios of that time have 1 in them, and reach from "
			"%.2g to %.2g.",
			reach.low, reach.high);
	}
	say_without(sb, s);
}

static enum conclusion moves_loss(bool moved, bool any, struct interval reach)
{
	if (moved)
		return SUPPORTED;
	return any && reach.low >= 1 / RULE_TOLD && reach.high <= RULE_TOLD ? CONTRADICTED
									    : NOT_DECIDED;
}

int suspicion__conclude(struct suspicion *s)
{
	struct interval reach;
	struct moved reads = find_moved(s, true), time = find_moved(s, false);
	struct strbuf sb = STRBUF_INIT;
	int err = say_missing(s);
	bool any;

	any = find_reach(s, &reach);
	s->moves = moves_loss(reads.level || time.level, any, reach);
	switch (s->finding.conclusion) {
	case SUPPORTED:
		say_supported(&sb, s, any, reach);
		break;
	case CONTRADICTED:
		strbuf__addf(&sb, "Has an effect of its own.");
		for (size_t i = 0; i < s->nr_settings; i++)
			say_against(&sb, &s->settings[i]);
		break;
	case NOT_DECIDED:
		strbuf__addf(&sb, "Open.");
		break;
	}
	if (reads.level)
		say_moved(&sb, &reads, true);
	if (time.level)
		say_moved(&sb, &time, false);
	s->finding.text = strbuf__detach(&sb);
	return err ? err : s->finding.text ? 0 : -ENOMEM;
}

/* --- all of them ---------------------------------------------------------------------------- */

enum bucket { OWN_EFFECT, THROUGH_TIME, NO_EFFECT, NO_OWN_EFFECT, OPEN, NOT_VARIED, NR_BUCKETS };

static enum bucket bucket_of(const struct suspicion *s)
{
	if (!s->nr_settings)
		return NOT_VARIED;
	if (s->finding.conclusion == SUPPORTED)
		return s->moves == SUPPORTED	  ? THROUGH_TIME
		       : s->moves == CONTRADICTED ? NO_EFFECT
						  : NO_OWN_EFFECT;
	return s->finding.conclusion == CONTRADICTED ? OWN_EFFECT : OPEN;
}

/* The number of suspects in the bucket, or -ENOMEM. */
static int add_titles(const struct answers *a, enum bucket bucket, struct strbuf *sb)
{
	static const char *const intros[NR_BUCKETS] = {
		[OWN_EFFECT] = "With an effect of their own",
		[THROUGH_TIME] = "Only through the time until the loss",
		[NO_EFFECT] = "Without an effect that was seen",
		[NO_OWN_EFFECT] =
			"Not on the override itself, and too little is known of the time until the loss",
		[OPEN] = "Not decided",
		[NOT_VARIED] = "Not varied in this run",
	};
	struct strv titles = { 0 };
	int err = 0, n;

	for (size_t i = 0; !err && i < a->nr_suspicions; i++)
		if (bucket_of(&a->suspicions[i]) == bucket)
			err = strv__add(&titles, a->suspicions[i].title);
	if (titles.n) {
		strbuf__addf(sb, " %s: ", intros[bucket]);
		text__list(sb, &titles);
		strbuf__addf(sb, ".");
	}
	n = (int)titles.n;
	strv__free(&titles);
	return err ? err : n;
}

int suspicions__conclude(struct answers *a)
{
	static const char *const summaries[] = {
		[NOT_DECIDED] = "It is open whether all suspects leave the override itself alone.",
		[SUPPORTED] = "None of the suspects that were varied acts on the override itself.",
		[CONTRADICTED] = "Some suspects act on the override itself.",
	};
	struct finding *f = &a->suspicions_finding;
	struct strbuf sb = STRBUF_INIT;
	int n[NR_BUCKETS] = { 0 }, err = 0;

	for (enum bucket b = 0; !err && b < NR_BUCKETS; b++) {
		n[b] = add_titles(a, b, &sb);
		err = n[b] < 0 ? n[b] : 0;
	}
	for (size_t i = 0; !err && i < a->nr_suspicions; i++) {
		const struct suspicion *s = &a->suspicions[i];

		if (bucket_of(s) == OPEN && s->finding.missing.n)
			err = finding__missing(f, "%s: %s", s->title, s->finding.missing.v[0]);
	}
	if (!err && n[NOT_VARIED] == (int)a->nr_suspicions)
		err = finding__missing(f, "points that differ in one factor alone");
	if (n[OWN_EFFECT])
		f->conclusion = CONTRADICTED;
	else if (!n[OPEN] && n[NOT_VARIED] < (int)a->nr_suspicions)
		f->conclusion = SUPPORTED;
	f->text = str_fmt("%s%s", summaries[f->conclusion], strbuf__str(&sb));
	if (!err && (sb.failed || !f->text))
		err = -ENOMEM;
	strbuf__free(&sb);
	return err;
}
