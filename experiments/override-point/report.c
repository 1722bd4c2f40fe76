// SPDX-License-Identifier: GPL-2.0-only
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/experiment.h"
#include "model/record.h"
#include "model/stats.h"
#include "point.h"
#include "round.h"

#define Z_95 1.959964

/* --- labels ------------------------------------------------------------------------------ */

void report__labels(struct record *r, const struct point *p, const struct param *params)
{
	for (const struct param *param = params; param->name; param++) {
		bool always = !strcmp(param->name, "point") || !strcmp(param->name, "hook") ||
			      !strcmp(param->name, "target") || !strcmp(param->name, "size");
		char number[24];
		const char *value = number;

		if (param->type == PARAM_STRING)
			value = exp__param_str(p->e, param->name);
		else
			snprintf(number, sizeof(number), "%" PRIu64,
				 exp__param_u64(p->e, param->name));
		if (always || strcmp(value, param->value) != 0)
			record__label(r, param->name, value);
	}
	record__label(r, "symbol", p->target.symbol);
	if (!p->target.has_body)
		record__label(r, "body", "buffer");
}

static void label_refusal(struct record *r, const struct found *f)
{
	char text[256];

	if (!f->refused)
		return;
	snprintf(text, sizeof(text), "%s: %s", exp__err_name(f->attach_err),
		 f->reason ? f->reason : "no reason given");
	record__label(r, "refused", text);
}

/* --- metrics ----------------------------------------------------------------------------- */

static void metric(struct record *r, const char *name, const char *suffix, const char *unit,
		   double value)
{
	char full[64];

	snprintf(full, sizeof(full), "%s%s", name, suffix);
	record__metric(r, full, unit, value);
}

static void known_metric(struct record *r, const char *name, const char *unit, int64_t value)
{
	if (value >= 0)
		record__metric(r, name, unit, (double)value);
}

static void fraction(struct record *r, const char *name, uint64_t k, uint64_t n)
{
	struct interval ci = stats__wilson(k, n, Z_95);

	if (!n)
		return;
	metric(r, name, "", "", (double)k / (double)n);
	metric(r, name, "_low", "", ci.low);
	metric(r, name, "_high", "", ci.high);
}

static void counts(struct record *r, const struct found *f)
{
	record__metric(r, "rounds", "rounds", (double)f->nr_rounds);
	record__metric(r, "attempted", "reads", (double)f->attempted);
	if (f->missed >= 0)
		record__metric(r, "hits", "hits", (double)f->runs + (double)f->missed);
	known_metric(r, "nmissed", "hits", f->nmissed);
	record__metric(r, "runs", "runs", (double)f->runs);
	record__metric(r, "requests", "runs", (double)f->requests);
	known_metric(r, "body_calls", "calls", f->body_calls);
	for (int i = 0; i < NR_OVERRIDE_OUTCOMES; i++)
		record__metric(r, override_outcome__name(i), "reads", (double)f->outcomes[i]);
	record__metric(r, "short_reads", "reads", (double)f->short_reads);
	record__metric(r, "looped", "reads", (double)f->looped);
	record__metric(r, "refused", "attempts", (double)f->refused);
	record__metric(r, "attach_errno", "", (double)-f->attach_err);
}

static void times(struct record *r, struct times *t, const char *name)
{
	double q[TALLY_QUANTILES];
	char series[64];

	if (!times__quantiles(t, q))
		return;
	metric(r, name, "_ns_median", "ns", q[50]);
	metric(r, name, "_ns_q1", "ns", q[25]);
	metric(r, name, "_ns_q3", "ns", q[75]);
	snprintf(series, sizeof(series), "latency_%s", name);
	record__series(r, series, "ns", q, TALLY_QUANTILES);
}

static void metrics(struct record *r, const struct point *p, struct found *f)
{
	uint64_t good = f->outcomes[OUTCOME_OVERRIDDEN] + f->outcomes[OUTCOME_MISBEHAVED];

	known_metric(r, "calls_per_read", "calls", p->calls);
	counts(r, f);
	fraction(r, "success", good, f->attempted);
	if (p->hook == POINT_OPTIMISED) {
		record__metric(r, "reads_before", "reads", (double)f->before.reads);
		record__metric(r, "reads_after", "reads", (double)f->after.reads);
		fraction(r, "success_before", f->before.overridden, f->before.reads);
		fraction(r, "success_after", f->after.overridden, f->after.reads);
	}
	for (int i = 0; i < NR_OVERRIDE_OUTCOMES; i++)
		times(r, &f->first.times[i], override_outcome__name(i));
	times(r, &f->first.times[TALLY_UNHOOKED], "unhooked");
}

/* --- series ------------------------------------------------------------------------------ */

static void moments(struct record *r, const struct found *f, double *v)
{
	static const struct {
		const char *name, *unit;
		size_t at;
	} columns[] = {
		{ "lost_read", "read number", offsetof(struct moments, lost_read) },
		{ "lost_ms", "ms", offsetof(struct moments, lost_ms) },
		{ "flag_ms", "ms", offsetof(struct moments, flag_ms) },
		{ "jump_ms", "ms", offsetof(struct moments, jump_ms) },
		{ "attach_ms", "ms", offsetof(struct moments, attach_ms) },
	};

	for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++) {
		for (size_t i = 0; i < f->nr_rounds; i++)
			memcpy(&v[i], (const char *)&f->moments[i] + columns[c].at, sizeof(*v));
		record__series(r, columns[c].name, columns[c].unit, v, f->nr_rounds);
	}
}

static void spans(struct record *r, const struct tally *t, double *v)
{
	static const char *const names[] = { "run_outcome", "run_reads", "run_start", "run_round" };
	static const char *const units[] = { "code", "reads", "ms", "round" };

	for (int c = 0; c < 4; c++) {
		for (size_t i = 0; i < t->nr_spans; i++) {
			const struct span *s = &t->spans[i];

			v[i] = c == 0	? s->code
			       : c == 1 ? (double)s->reads
			       : c == 2 ? s->start_ms
					: s->round;
		}
		record__series(r, names[c], units[c], v, t->nr_spans);
	}
}

static void changes(struct record *r, const struct found *f, double *v)
{
	static const char *const names[] = { "state", "state_ms", "state_round" };
	static const char *const units[] = { "code", "ms", "round" };

	for (int c = 0; c < 3; c++) {
		for (size_t i = 0; i < f->nr_changes; i++) {
			const struct change *change = &f->changes[i];

			v[i] = c == 0 ? change->state : c == 1 ? change->ms : change->round;
		}
		record__series(r, names[c], units[c], v, f->nr_changes);
	}
}

static void series(struct record *r, const struct found *f)
{
	size_t n = f->nr_rounds + f->first.nr_spans + f->nr_changes;
	double *v = calloc(n + 1, sizeof(*v));

	if (!v)
		return;
	moments(r, f, v);
	spans(r, &f->first, v);
	changes(r, f, v);
	free(v);
}

/* --- checks ------------------------------------------------------------------------------ */

static void check(struct record *r, const struct point *p, const struct found *f)
{
	uint64_t sum = 0, unexplained = f->outcomes[OUTCOME_UNEXPLAINED];

	for (int i = 0; i < NR_OVERRIDE_OUTCOMES; i++)
		sum += f->outcomes[i];
	exp__check(r, sum == f->attempted && !unexplained, "every read is accounted for",
		   "%" PRIu64 " of %" PRIu64 " have an outcome, %" PRIu64 " are unexplained", sum,
		   f->attempted, unexplained);
	if (f->missed >= 0)
		exp__check(r, f->missed + f->nmissed == f->missed_reads,
			   "what the kernel's probe missed is what reads were found to have missed",
			   "%" PRId64 " hits without a run and %" PRId64 " nmissed, %" PRId64
			   " by reads",
			   f->missed, f->nmissed, f->missed_reads);
	if (f->body_calls >= 0 && p->calls)
		exp__check(r,
			   (uint64_t)f->body_calls >= f->body_low &&
				   (uint64_t)f->body_calls <= f->body_high,
			   "the body ran as often as the outcomes say",
			   "%" PRId64 " times, they say %" PRIu64 " to %" PRIu64, f->body_calls,
			   f->body_low, f->body_high);
}

void report__found(struct record *r, const struct point *p, struct found *f)
{
	label_refusal(r, f);
	metrics(r, p, f);
	series(r, f);
	check(r, p, f);
}
