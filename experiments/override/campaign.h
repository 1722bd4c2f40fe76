/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads through one hook, batch by batch. Part of override.c. */
#ifndef OVERRIDE_CAMPAIGN_H
#define OVERRIDE_CAMPAIGN_H

#include "hook.h"
#include "reader.h"

/* Whole batches wanted after the first lost read: a loss that is not for good would show. */
#define BATCHES_AFTER 3

/* How copyout is hooked. */
struct hook {
	const char *name, *symbol, *variant;
	bool ftrace;   /* the kprobe hangs on an ftrace entry */
	bool optimise; /* after the first batch kprobes may be optimised */
	bool loses;    /* expected to lose the override then */
};

static const struct hook hooks[] = {
	{ "int3", "copyout_bpf", "plain", false, false, false },
	{ "optimised", "copyout_bpf", "plain", false, true, true },
	{ "ftrace", "copyout_ftrace", "ftrace", true, true, false },
};

enum column { S_OVERRIDDEN, S_BODY, S_RUNS, S_JUMPS, S_OPTIMISED, S_ELAPSED, NR_SERIES };
static const struct {
	const char *name, *unit;
} columns[] = {
	{ "overridden", "reads" }, { "body_calls", "calls" }, { "program_runs", "runs" },
	{ "runs_jump", "runs" },   { "optimised", "" },	      { "elapsed", "us" },
};

struct campaign {
	const struct hook *hook;
	struct reader *reader;
	uint64_t iterations, wanted;

	double *series[NR_SERIES];
	size_t batches, capacity;
	uint64_t reads, outcomes[NR_OUTCOMES], body, short_reads;
	uint64_t first_lost, last_overridden; /* numbers of reads, from 1; 0: none */
	size_t disagreeing; /* batches in which buffer and body counts don't fit */
	size_t jumped; /* batches in which a read was overridden although all runs saw a jump */
	size_t after;  /* whole batches since the first lost read */
	uint64_t enabled_ns, lost_ns; /* optimisation allowed, first read lost */
	uint64_t elapsed_ns;
};

static void campaign__free(struct campaign *c)
{
	for (size_t i = 0; i < NR_SERIES; i++)
		free(c->series[i]);
}

static int campaign__grow(struct campaign *c)
{
	size_t capacity = c->capacity ? c->capacity * 2 : 64;

	if (c->batches < c->capacity)
		return 0;
	for (size_t i = 0; i < NR_SERIES; i++) {
		double *bigger = realloc(c->series[i], capacity * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		c->series[i] = bigger;
	}
	c->capacity = capacity;
	return 0;
}

/* The reads of a batch, nothing else: `outcomes` are those of this batch. */
static void batch__read(struct campaign *c, globals *g, uint64_t *outcomes)
{
	arm(g);
	for (uint64_t i = 0; i < c->iterations; i++) {
		enum outcome outcome;
		long n = reader__read(c->reader, &outcome);

		c->reads++;
		outcomes[outcome]++;
		c->short_reads += n != (long)c->reader->size;
		if (outcome == OVERRIDDEN) {
			c->last_overridden = c->reads;
		} else if (!c->first_lost) {
			c->first_lost = c->reads;
			c->lost_ns = exp__now_ns();
		}
	}
	disarm(g);
}

static int batch(struct context *ctx, struct campaign *c)
{
	uint64_t outcomes[NR_OUTCOMES] = { 0 }, body_before = 0, body_after = 0;
	uint64_t calls = calls_per_read(c->reader->size), runs, jumps, start, took;
	uint64_t runs_before = ctx->g->runs, jumps_before = ctx->g->runs_jump;
	bool lost_before = c->first_lost;
	int err = campaign__grow(c);
	char *flags;

	if (!err)
		err = body_calls(&body_before);
	if (err)
		return err;
	start = exp__now_ns();
	batch__read(c, ctx->g, outcomes);
	took = exp__now_ns() - start;
	err = body_calls(&body_after);
	if (err)
		return err;
	flags = exp__kprobe_flags(c->hook->symbol);
	runs = ctx->g->runs - runs_before;
	jumps = ctx->g->runs_jump - jumps_before;

	c->series[S_OVERRIDDEN][c->batches] = (double)outcomes[OVERRIDDEN];
	c->series[S_BODY][c->batches] = (double)(body_after - body_before);
	c->series[S_RUNS][c->batches] = (double)runs;
	c->series[S_JUMPS][c->batches] = (double)jumps;
	c->series[S_OPTIMISED][c->batches] = optimised(flags);
	c->series[S_ELAPSED][c->batches] = (double)took / 1e3;
	c->batches++;
	free(flags);

	for (size_t i = 0; i < NR_OUTCOMES; i++)
		c->outcomes[i] += outcomes[i];
	c->body += body_after - body_before;
	c->elapsed_ns += took;
	/* The body runs for every page that was copied; a read that was hit by the change has
	 * some of its pages. */
	if (body_after - body_before < calls * outcomes[COPIED] ||
	    body_after - body_before > calls * (outcomes[COPIED] + outcomes[MIXED]))
		c->disagreeing++;
	c->jumped += calls * outcomes[OVERRIDDEN] > runs - jumps;
	c->after += lost_before;
	return 0;
}

/* Enough reads, and for a kprobe that is to be optimised, seen to be lost, or waited in vain. */
static bool campaign__done(const struct campaign *c, uint64_t deadline_ns)
{
	if (c->hook->loses && !c->first_lost)
		return exp__now_ns() > deadline_ns;
	return c->reads >= c->wanted && (!c->hook->loses || c->after >= BATCHES_AFTER);
}

static int campaign__run(struct context *ctx, struct campaign *c)
{
	uint64_t limit_ns = exp__param_u64(ctx->e, "limit_s") * 1000000000ull,
		 deadline_ns = UINT64_MAX;
	int err = 0;

	while (!err && !campaign__done(c, deadline_ns)) {
		exp__progress(ctx->e, c->reads, c->wanted > c->reads ? c->wanted : 0,
			      c->hook->name);
		err = batch(ctx, c);
		if (err || c->enabled_ns || !c->hook->optimise)
			continue;
		/* The first batch is read with a plain int3 for certain. */
		c->enabled_ns = exp__now_ns();
		deadline_ns = c->enabled_ns + limit_ns;
		err = exp__write_str(OPTIMISATION, "1");
	}
	return err;
}

#endif
