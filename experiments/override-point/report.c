// SPDX-License-Identifier: GPL-2.0-only
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/experiment.h"
#include "guest/hook.h"
#include "model/record.h"
#include "model/stats.h"
#include "mounted-hook.h"
#include "point.h"
#include "round.h"

#define Z_95 1.959964

#define QUANTILES 101 /* 0 %, 1 %, … 100 % */

#define CURE "kprobe-override-kept" /* a feature of the patch series */

/* --- labels ------------------------------------------------------------------------------ */

static const char *body_label(const struct point *p)
{
	if (p->target.alloc)
		return "result";
	if (p->target.body == BODY_UNKNOWN)
		return "buffer";
	return p->readers > 1 ? "sum" : NULL;
}

/* What the kernel is like, whatever it is called. */
static void label_kernel(struct record *r, const struct point *p)
{
	const char *preempt = "none";

	if (exp__has(p->e, NEED_CONFIG, "CONFIG_PREEMPT"))
		preempt = "full";
	else if (exp__has(p->e, NEED_CONFIG, "CONFIG_PREEMPT_VOLUNTARY"))
		preempt = "voluntary";
	record__label(r, "preempt", preempt);
	record__label(r, "optprobes",
		      exp__has(p->e, NEED_CONFIG, "CONFIG_OPTPROBES") ? "yes" : "no");
	if (exp__has(p->e, NEED_FEATURE, CURE))
		record__label(r, "cure", "yes");
}

void report__labels(struct record *r, const struct point *p)
{
	static const char *const always[] = { "point", "hook", "target", "size" };
	const char *body = body_label(p);

	for (const struct param *param = point_params; param->name; param++) {
		bool wanted = false;
		char number[24];
		const char *value = number;

		if (param->type == PARAM_STRING)
			value = exp__param_str(p->e, param->name);
		else
			snprintf(number, sizeof(number), "%" PRIu64,
				 exp__param_u64(p->e, param->name));
		for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
			wanted |= !strcmp(param->name, always[i]);
		if (wanted || strcmp(value, param->value) != 0)
			record__label(r, param->name, value);
	}
	if (p->target.symbol)
		record__label(r, "symbol", p->target.symbol);
	if (body)
		record__label(r, "body", body);
	label_kernel(r, p);
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

/* Of all readers. */
struct totals {
	uint64_t attempted, outcomes[NR_OVERRIDE_OUTCOMES], short_reads, looped;
	uint64_t runs, requests, body_low, body_high, resident, looked, odd_cache;
};

static struct totals add_up(const struct point *p, const struct found *f)
{
	struct totals sum = { 0 };

	for (unsigned int i = 0; i < p->readers; i++) {
		const struct reading *r = &f->readings[i];

		for (int o = 0; o < NR_OVERRIDE_OUTCOMES; o++)
			sum.outcomes[o] += r->ledger.outcomes[o];
		sum.attempted += r->attempts;
		sum.short_reads += r->ledger.short_reads;
		sum.looped += r->ledger.looped;
		sum.runs += r->runs;
		sum.requests += r->requests;
		sum.body_low += r->body_low;
		sum.body_high += r->body_high;
		sum.resident += r->resident;
		sum.looked += r->looked;
		sum.odd_cache += r->odd_cache;
	}
	return sum;
}

static void counts(struct record *r, const struct found *f, const struct totals *sum)
{
	record__metric(r, "rounds", "rounds", (double)f->nr_rounds);
	record__metric(r, "attempted", "reads", (double)sum->attempted);
	if (f->missed >= 0)
		record__metric(r, "hits", "hits", (double)sum->runs + (double)f->missed);
	known_metric(r, "nmissed", "hits", f->nmissed);
	record__metric(r, "runs", "runs", (double)sum->runs);
	record__metric(r, "requests", "runs", (double)sum->requests);
	known_metric(r, "body_calls", "calls", f->body_calls);
	for (int i = 0; i < NR_OVERRIDE_OUTCOMES; i++)
		record__metric(r, override_outcome__name(i), "reads", (double)sum->outcomes[i]);
	record__metric(r, "short_reads", "reads", (double)sum->short_reads);
	record__metric(r, "looped", "reads", (double)sum->looped);
	record__metric(r, "refused", "attempts", (double)f->refused);
	record__metric(r, "attach_errno", "", (double)-f->attach_err);
}

static void times(struct record *r, const struct times *t, const char *name)
{
	double q[QUANTILES];
	char series[64];

	if (!stats__quantiles(t->ns, t->n, q, QUANTILES))
		return;
	metric(r, name, "_ns_median", "ns", q[50]);
	metric(r, name, "_ns_q1", "ns", q[25]);
	metric(r, name, "_ns_q3", "ns", q[75]);
	snprintf(series, sizeof(series), "latency_%s", name);
	record__series(r, series, "ns", q, QUANTILES);
}

static void metrics(struct record *r, const struct point *p, const struct found *f,
		    const struct totals *sum)
{
	uint64_t good = sum->outcomes[OUTCOME_OVERRIDDEN] + sum->outcomes[OUTCOME_MISBEHAVED];
	const struct times *first = f->readings[0].ledger.times;

	if (p->calls_counted)
		known_metric(r, "calls_per_read", "calls", p->calls);
	counts(r, f, sum);
	fraction(r, "success", good, sum->attempted);
	if (p->hook == POINT_OPTIMISED) {
		record__metric(r, "reads_before", "reads", (double)f->before.reads);
		record__metric(r, "reads_after", "reads", (double)f->after.reads);
		fraction(r, "success_before", f->before.overridden, f->before.reads);
		fraction(r, "success_after", f->after.overridden, f->after.reads);
	}
	if (p->companion != COMPANION_NONE)
		record__metric(r, "companion_runs", "runs", (double)f->companion);
	if (sum->looked)
		record__metric(r, "resident", "pages per read",
			       (double)sum->resident / (double)sum->looked);
	for (int i = 0; i < NR_OVERRIDE_OUTCOMES; i++)
		times(r, &first[i], override_outcome__name(i));
	times(r, &first[LEDGER_UNHOOKED], "unhooked");
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
		{ "jump_read", "read number", offsetof(struct moments, jump_read) },
		{ "attach_ms", "ms", offsetof(struct moments, attach_ms) },
	};

	for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++) {
		for (size_t i = 0; i < f->nr_rounds; i++)
			memcpy(&v[i], (const char *)&f->moments[i] + columns[c].at, sizeof(*v));
		record__series(r, columns[c].name, columns[c].unit, v, f->nr_rounds);
	}
}

static void spans(struct record *r, const struct ledger *t, double *v)
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

			v[i] = c == 0	? change->state
			       : c == 1 ? change->when.ms
					: change->when.round;
		}
		record__series(r, names[c], units[c], v, f->nr_changes);
	}
}

static void series(struct record *r, const struct found *f)
{
	size_t n = f->nr_rounds + f->readings[0].ledger.nr_spans + f->nr_changes;
	double *v = calloc(n + 1, sizeof(*v));

	if (!v)
		return;
	moments(r, f, v);
	spans(r, &f->readings[0].ledger, v);
	changes(r, f, v);
	free(v);
}

/* --- checks ------------------------------------------------------------------------------ */

static void check_counters(struct record *r, const struct point *p, const struct found *f,
			   const struct totals *sum)
{
	if (f->missed >= 0)
		exp__check(r, f->missed + f->nmissed == f->missed_by_reads,
			   "what the kernel's probe missed is what reads were found to have missed",
			   "%" PRId64 " hits without a run and %" PRId64 " nmissed, %" PRId64
			   " by reads",
			   f->missed, f->nmissed, f->missed_by_reads);
	else if (mounted_hook__has_hits(p) && sum->attempted)
		exp__check(r, false, "the kernel's count of hits can be told from other threads'",
			   "others hit the probe all the time, or " HOOK_PROFILE
			   " does not list it");
	if (f->body_calls >= 0 && p->calls)
		exp__check(r,
			   (uint64_t)f->body_calls >= sum->body_low &&
				   (uint64_t)f->body_calls <= sum->body_high,
			   "the body ran as often as the outcomes say",
			   "%" PRId64 " times, they say %" PRIu64 " to %" PRIu64, f->body_calls,
			   sum->body_low, sum->body_high);
	if (sum->looked)
		exp__check(r, !sum->odd_cache,
			   "before each read the page cache is in the state that was asked for",
			   "before %" PRIu64 " of %" PRIu64 " it was not", sum->odd_cache,
			   sum->looked);
}

static void check(struct record *r, const struct point *p, const struct found *f,
		  const struct totals *sum)
{
	uint64_t have = 0, unexplained = sum->outcomes[OUTCOME_UNEXPLAINED];

	for (int i = 0; i < NR_OVERRIDE_OUTCOMES; i++)
		have += sum->outcomes[i];
	exp__check(r, have == sum->attempted && !unexplained, "every read is accounted for",
		   "%" PRIu64 " of %" PRIu64 " have an outcome, %" PRIu64 " are unexplained", have,
		   sum->attempted, unexplained);
	check_counters(r, p, f, sum);
}

void report__found(struct record *r, const struct point *p, const struct found *f)
{
	struct totals sum = add_up(p, f);

	label_refusal(r, f);
	metrics(r, p, f, &sum);
	series(r, f);
	check(r, p, f, &sum);
}
