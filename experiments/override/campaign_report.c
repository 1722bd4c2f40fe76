// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaign.h"
#include "guest/pass.h"
#include "guest/experiment.h"
#include "model/record.h"
#include "model/stats.h"

#define Z_95 1.959964

static const struct {
	const char *name, *unit;
} columns[] = {
	{ "overridden", "reads" }, { "body_calls", "calls" }, { "program_runs", "runs" },
	{ "runs_jump", "runs" },   { "optimised", "" },	      { "elapsed", "us" },
};

static void add_metrics(struct record *r, const struct campaign *c, const struct override_state *g)
{
	struct interval ci = stats__wilson(c->outcomes[READ_UNTOUCHED], c->reads, Z_95);

	record__metric(r, "reads", "reads", (double)c->reads);
	record__metric(r, "overridden", "reads", (double)c->outcomes[READ_UNTOUCHED]);
	record__metric(r, "copied", "reads", (double)c->outcomes[READ_COPIED]);
	record__metric(r, "mixed", "reads", (double)c->outcomes[READ_MIXED]);
	record__metric(r, "success", "", (double)c->outcomes[READ_UNTOUCHED] / (double)c->reads);
	record__metric(r, "success_low", "", ci.low);
	record__metric(r, "success_high", "", ci.high);
	record__metric(r, "body_calls", "calls", (double)c->body);
	record__metric(r, "program_runs", "runs", (double)g->runs);
	record__metric(r, "override_requests", "runs", (double)g->requests);
	record__metric(r, "runs_int3", "runs", (double)g->runs_int3);
	record__metric(r, "runs_jump", "runs", (double)g->runs_jump);
	record__metric(r, "runs_call", "runs", (double)g->runs_call);
	record__metric(r, "missed", "hits", hook__missed());
	record__metric(r, "elapsed", "ms", (double)c->elapsed_ns / 1e6);
	if (c->first_lost) {
		record__metric(r, "first_lost", "read number", (double)c->first_lost);
		record__metric(r, "last_overridden", "read number", (double)c->last_overridden);
	}
	if (c->first_lost && c->enabled_ns)
		record__metric(r, "lost_after", "ms", (double)(c->lost_ns - c->enabled_ns) / 1e6);
	for (size_t i = 0; i < NR_SERIES; i++)
		record__series(r, columns[i].name, columns[i].unit, c->series[i], c->batches);
}

static void check_always(struct record *r, const struct campaign *c, const struct override_state *g)
{
	uint64_t calls = c->reads * campaign__calls_per_read(c->reader->size);

	exp__check(
		r, !c->disagreeing,
		"in every batch copyout's body ran for the reads that were not overridden, and for "
		"no other",
		"%zu of %zu batches differ", c->disagreeing, c->batches);
	exp__check(r, g->runs == calls, "the program runs for every call of copyout",
		   "%" PRIu64 " runs, %" PRIu64 " calls", (uint64_t)g->runs, calls);
	exp__check(r, g->requests == g->runs, "bpf_override_return never says no",
		   "%" PRIu64 " of %" PRIu64, (uint64_t)g->requests, (uint64_t)g->runs);
	exp__check(r, !c->short_reads, "every read returns its whole size, copied or not",
		   "%" PRIu64 " of %" PRIu64 " do not", c->short_reads, c->reads);
	exp__check(r, c->outcomes[READ_MIXED] <= (calls > c->reads), "no read is done in part",
		   "%" PRIu64 " reads", c->outcomes[READ_MIXED]);
}

static void check_kept(struct record *r, const struct campaign *c, const struct override_state *g,
		       const char *flags)
{
	bool ftrace = c->hook->ftrace;
	uint64_t seen = ftrace ? g->runs_call : g->runs_int3;

	exp__check(r, c->outcomes[READ_UNTOUCHED] == c->reads, "every read is overridden",
		   "%" PRIu64 " of %" PRIu64, c->outcomes[READ_UNTOUCHED], c->reads);
	exp__check(r, seen == g->runs,
		   ftrace ? "the program always finds a call at copyout's entry"
			  : "the program always finds an int3 at copyout's entry",
		   "%" PRIu64 " of %" PRIu64, seen, (uint64_t)g->runs);
	exp__check(r, flags && !hook__optimised(flags) && !strstr(flags, "FTRACE") == !ftrace,
		   ftrace ? "the kprobe's flags are FTRACE, without OPTIMIZED"
			  : "the kprobe has neither flag, FTRACE or OPTIMIZED",
		   "'%s'", flags ? flags : "no such kprobe");
}

/* The flag appears when the optimisation is queued, not when it is done (kernel/kprobes.c,
 * optimize_kprobe): what counts is the byte that the program finds at copyout's entry. */
static void check_lost(struct record *r, const struct campaign *c, const char *flags)
{
	exp__check(r, c->series[S_OVERRIDDEN][0] == (double)c->iterations,
		   "before optimisation is allowed every read is overridden", "%.0f of %" PRIu64,
		   c->series[S_OVERRIDDEN][0], c->iterations);
	exp__check(r, hook__optimised(flags), "the kprobe's flag says OPTIMIZED", "'%s'",
		   flags ? flags : "no such kprobe");
	exp__check(r, c->first_lost, "then the override is lost",
		   c->first_lost ? "from read %" PRIu64 " on"
				 : "not in %" PRIu64 " reads, the limit of limit_s was reached",
		   c->first_lost ? c->first_lost : c->reads);
	if (!c->first_lost)
		return;
	exp__check(r, c->last_overridden < c->first_lost, "and never comes back",
		   "the last overridden is read %" PRIu64 " of %" PRIu64, c->last_overridden,
		   c->reads);
	exp__check(r, !c->jumped,
		   "no read is overridden whose program found a jump at copyout's entry",
		   "%zu of %zu batches have some", c->jumped, c->batches);
}

int campaign__report(const struct context *ctx, const struct campaign *c)
{
	struct record *r = exp__measurement(ctx->e, "copyout");
	char *flags = exp__kprobe_flags(c->hook->symbol);
	char size[24];

	snprintf(size, sizeof(size), "%zu", c->reader->size);
	record__label(r, "hook", c->hook->name);
	record__label(r, "size", size);
	record__label(r, "kprobe_flags", flags && *flags ? flags : "none");
	add_metrics(r, c, ctx->state);
	check_always(r, c, ctx->state);
	if (c->hook->loses)
		check_lost(r, c, flags);
	else
		check_kept(r, c, ctx->state, flags);
	free(flags);
	return exp__emit(ctx->e, r);
}
