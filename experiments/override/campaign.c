// SPDX-License-Identifier: GPL-2.0-only
#include "campaign.h"
#include "guest/pass.h"

#include <errno.h>
#include <stdlib.h>

#include "guest/experiment.h"

#define PAGE 4096u

/* Whole batches wanted after the first lost read: a loss that is not for good would show. */
#define BATCHES_AFTER 3

uint64_t campaign__calls_per_read(size_t size)
{
	return (size + PAGE - 1) / PAGE;
}

void campaign__free(struct campaign *c)
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
static void batch__read(struct campaign *c, struct override_state *g, uint64_t *outcomes)
{
	hook__arm(g);
	for (uint64_t i = 0; i < c->iterations; i++) {
		enum read_outcome outcome;
		long n = reader__read(c->reader, &outcome);

		c->reads++;
		outcomes[outcome]++;
		c->short_reads += n != (long)c->reader->size;
		if (outcome == READ_UNTOUCHED) {
			c->last_overridden = c->reads;
		} else if (!c->first_lost) {
			c->first_lost = c->reads;
			c->lost_ns = exp__now_ns();
		}
	}
	hook__disarm(g);
}

static int batch(const struct context *ctx, struct campaign *c)
{
	uint64_t outcomes[NR_READ_OUTCOMES] = { 0 }, body_before = 0, body_after = 0;
	uint64_t calls = campaign__calls_per_read(c->reader->size), runs, jumps, start, took;
	uint64_t runs_before = ctx->state->runs, jumps_before = ctx->state->runs_jump;
	bool lost_before = c->first_lost;
	int err = campaign__grow(c);
	char *flags;

	if (!err)
		err = exp__copyout_calls(&body_before);
	if (err)
		return err;
	start = exp__now_ns();
	batch__read(c, ctx->state, outcomes);
	took = exp__now_ns() - start;
	err = exp__copyout_calls(&body_after);
	if (err)
		return err;
	flags = exp__kprobe_flags(c->hook->symbol);
	runs = ctx->state->runs - runs_before;
	jumps = ctx->state->runs_jump - jumps_before;

	c->series[S_OVERRIDDEN][c->batches] = (double)outcomes[READ_UNTOUCHED];
	c->series[S_BODY][c->batches] = (double)(body_after - body_before);
	c->series[S_RUNS][c->batches] = (double)runs;
	c->series[S_JUMPS][c->batches] = (double)jumps;
	c->series[S_OPTIMISED][c->batches] = hook__optimised(flags);
	c->series[S_ELAPSED][c->batches] = (double)took / 1e3;
	c->batches++;
	free(flags);

	for (size_t i = 0; i < NR_READ_OUTCOMES; i++)
		c->outcomes[i] += outcomes[i];
	c->body += body_after - body_before;
	c->elapsed_ns += took;
	/* The body runs for every page that was copied; a read that was hit by the change has
	 * some of its pages. */
	if (body_after - body_before < calls * outcomes[READ_COPIED] ||
	    body_after - body_before > calls * (outcomes[READ_COPIED] + outcomes[READ_MIXED]))
		c->disagreeing++;
	c->jumped += calls * outcomes[READ_UNTOUCHED] > runs - jumps;
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

int campaign__run(const struct context *ctx, struct campaign *c)
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
		err = exp__write_str(HOOK_OPTIMISATION, "1");
	}
	return err;
}
