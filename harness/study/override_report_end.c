// SPDX-License-Identifier: GPL-2.0-only
/* The document's end: what limits the conclusions, and how to repeat it all. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/term.h"
#include "store/store.h"
#include "study/override_answers.h"
#include "study/override_report.h"
#include "study/override_text.h"

/* --- limits -------------------------------------------------------------------------------- */

static bool any_accel(const struct study_data *d, const char *accel)
{
	for (size_t i = 0; i < d->nr_obs; i++)
		if (d->obs[i].guest && d->obs[i].guest->accel &&
		    !strcmp(d->obs[i].guest->accel, accel))
			return true;
	return false;
}

static bool differs(const struct answers *a, const char *factor)
{
	for (size_t i = 0; i < nr_override_defaults; i++) {
		if (strcmp(override_defaults[i].factor, factor) != 0)
			continue;
		for (size_t j = 0; j < a->points.n; j++)
			if (a->points.v[j].measured && override_point__differs(&a->points.v[j], i))
				return true;
	}
	return false;
}

static void put_machine(struct strbuf *sb, const struct answers *a)
{
	bool tcg = any_accel(a->points.data, "tcg");

	if (!tcg)
		return;
	strbuf__addf(
		sb,
		"- Guests ran under TCG, which emulates the CPU: times and their ratios are not those of "
		"hardware, and no CPU speculates.\n");
	if (differs(a, "threads"))
		strbuf__addf(
			sb,
			"- Siblings are threads of QEMU here: they share nothing that siblings of real CPUs "
			"share.\n");
	if (differs(a, "append"))
		strbuf__addf(
			sb,
			"- Mitigations were switched by the kernel's command line; what they mitigate does "
			"not exist under TCG.\n");
}

/* So many intervals at 95 %, of which some leave out the truth by chance. */
static void put_chance(struct strbuf *sb, const struct answers *a)
{
	size_t n = 0, out = 0, few = 0;

	for (size_t i = 0; i < a->nr_suspicions; i++) {
		for (size_t j = 0; j < a->suspicions[i].nr_settings; j++) {
			const struct factor_setting *s = &a->suspicions[i].settings[j];

			for (size_t l = 0; l < s->nr_levels; l++) {
				const struct estimate r[] = { s->levels[l].ms_ratio,
							      s->levels[l].read_ratio };

				for (int k = 0; k < 2 && !s->levels[l].reference; k++) {
					if (isnan(r[k].value))
						continue;
					few += isinf(r[k].ci.high) != 0;
					n += isinf(r[k].ci.high) == 0;
					out += rule__differs(r[k]) == SUPPORTED;
				}
			}
		}
	}
	if (n)
		strbuf__addf(
			sb,
			"- %zu intervals of ratios were computed for the suspects, and %zu leave out 1. If "
			"no factor moved the loss, about %.0f would by chance: a single one is weak "
			"evidence.\n",
			n, out, ceil((1 - RULE_LEVEL) * (double)n));
	if (few)
		strbuf__addf(
			sb,
			"- %zu ratios have no interval: they would need at least %zu rounds at both "
			"levels.\n",
			few, compare__shift_needs(RULE_LEVEL));
}

static void put_drift(struct strbuf *sb, const struct drift *d)
{
	strbuf__addf(
		sb,
		"- The rounds of a point follow each other: what disturbs the machine for a few seconds "
		"hits all of them. ");
	if (d->df)
		strbuf__addf(
			sb,
			"Points that are the same lie apart by a factor of %.2f in the time until the "
			"loss and of %.2f in its reads (one standard deviation, %zu degrees of "
			"freedom); the intervals of the ratios were widened by that. Those of first reads "
			"and powers were not.\n",
			exp(d->ms), exp(d->reads), d->df);
	else
		strbuf__addf(
			sb,
			"This run has no points that are the same, so no interval knows of it.\n");
}

static void put_unmeasured(struct strbuf *sb, const struct study_data *d)
{
	struct strv seen = { 0 };

	if (!strcmp(d->form, "quick"))
		strbuf__addf(
			sb,
			"- This is the quick form: fewer levels, reads and rounds than the full one "
			"(`--full`) has, and not all of its blocks.\n");
	if (d->nr_obs < d->nr_planned)
		strbuf__addf(sb, "- The run is not complete: %zu of %zu points were done.\n",
			     d->nr_obs, d->nr_planned);
	for (size_t i = 0; i < d->nr_obs; i++) {
		const struct study_obs *o = &d->obs[i];
		const char *reason = o->reason ? o->reason : "no reason is known";
		struct strv kernels = { 0 };
		size_t n = 0;
		char *key = str_fmt("%s: %s", status__name(o->status), reason);

		if (!key || o->status == STATUS_OK || strv__has(&seen, key)) {
			free(key);
			continue;
		}
		strv__add(&seen, key);
		for (size_t j = i; j < d->nr_obs; j++) {
			if (d->obs[j].status != o->status ||
			    strcmp(d->obs[j].reason ? d->obs[j].reason : "no reason is known",
				   reason) != 0)
				continue;
			n++;
			if (!strv__has(&kernels, d->obs[j].kernel))
				strv__add(&kernels, d->obs[j].kernel);
		}
		strbuf__addf(sb, "- ");
		text__counted(sb, n, "point", "points");
		strbuf__addf(sb, " on ");
		text__list(sb, &kernels);
		strbuf__addf(sb, " %s %s: ", n == 1 ? "is" : "are", status__name(o->status));
		text__escaped(sb, reason);
		strbuf__addf(sb, "\n");
		strv__free(&kernels);
		free(key);
	}
	strv__free(&seen);
}

void override_report__limits(struct strbuf *sb, const struct answers *a)
{
	strbuf__addf(sb, "## Limits\n\n");
	put_machine(sb, a);
	put_chance(sb, a);
	strbuf__addf(
		sb,
		"- Reads of one round depend on each other: an optimised kprobe loses all from one read on. "
		"So its times are compared over rounds, never over reads. Intervals of success rates "
		"take reads as independent.\n");
	put_drift(sb, &a->drift);
	strbuf__addf(
		sb,
		"- The kernels are built by this project for the experiment. A distribution's kernel may have "
		"other functions on its error-injection list, and other functions with an ftrace entry.\n");
	put_unmeasured(sb, a->points.data);
	strbuf__addf(sb, "\n");
}

/* --- how to repeat ------------------------------------------------------------------------- */

static void put_host(struct strbuf *sb, const char *host)
{
	json_t *tools = json_loads(host ? host : "", 0, NULL), *value;
	const char *name;

	if (json_is_object(tools)) {
		strbuf__addf(sb, "\n| recorded with the run | |\n|---|---|\n");
		json_object_foreach (tools, name, value) {
			char *text = json_is_string(value) ? strdup(json_string_value(value))
							   : json_dumps(value, JSON_ENCODE_ANY);

			strbuf__addf(sb, "| %s | ", name);
			text__escaped(sb, text ? text : "");
			strbuf__addf(sb, " |\n");
			free(text);
		}
	}
	json_decref(tools);
}

static double seconds_of(const struct study_data *d)
{
	double sum = 0;

	for (size_t i = 0; i < d->nr_obs; i++)
		if (d->obs[i].seconds > 0)
			sum += d->obs[i].seconds;
	return sum;
}

void override_report__repeat(struct strbuf *sb, const struct answers *a)
{
	const struct study_data *d = a->points.data;
	const char *full = strcmp(d->form, "full") ? "" : " --full";
	char took[32];

	strbuf__addf(sb,
		     "## How to repeat\n\n"
		     "    assay study %s%s          # measures; goes on where it was interrupted\n"
		     "    assay study %s --report -o docs/override.md\n"
		     "    assay plot --format svg -o docs/override\n\n"
		     "This document is of run `%s`, begun %s",
		     d->study, full, d->study, d->run, d->started);
	if (d->ended)
		strbuf__addf(sb, " and ended %s", d->ended);
	strbuf__addf(sb, ", in the %s form.", d->form);
	if (seconds_of(d) > 0)
		strbuf__addf(sb, " Its points took %s in all.",
			     fmt_seconds(seconds_of(d), took, sizeof(took)));
	strbuf__addf(sb, "\n");
	put_host(sb, d->host);
}
