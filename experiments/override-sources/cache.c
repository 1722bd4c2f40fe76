// SPDX-License-Identifier: GPL-2.0-only
#include "cache.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "guest/cachestate.h"
#include "guest/experiment.h"
#include "model/record.h"
#include "guest/source.h"

#define PAGE 4096u

/* --- batches ----------------------------------------------------------------------------- */

struct preparation {
	const struct cache_state *state;
	struct input *in;
	uint64_t reads, as_wanted, pages;
};

static int prepare(void *arg)
{
	struct preparation *p = arg;
	size_t size = p->in->reader.size, resident = 0, all = (size + PAGE - 1) / PAGE;
	int err = p->state->before(p->in->reader.fd, size);

	if (!err)
		err = cache__resident(&p->in->reader, &resident);
	p->reads++;
	p->pages += resident;
	p->as_wanted += resident == (p->state->resident == RESIDENT_ALL ? all : 0);
	return err;
}

/* The slowest and the fastest state, and what part of their reads was overridden. */
struct range {
	double slowest, fastest; /* MB/s; 0: none yet */
	double slowest_success, fastest_success;
};

static double metric(const struct record *r, const char *name)
{
	const struct metric *m = record__get_metric(r, name);

	return m ? m->value : 0;
}

static void range__add(struct range *range, const struct record *r)
{
	double speed = metric(r, "throughput"), attempted = metric(r, "attempted");
	double success = attempted > 0 ? metric(r, "overridden") / attempted : 0;

	if (!range->slowest || speed < range->slowest) {
		range->slowest = speed;
		range->slowest_success = success;
	}
	if (speed > range->fastest) {
		range->fastest = speed;
		range->fastest_success = success;
	}
}

static int range__report(const struct context *ctx, const struct hook *hook,
			 const struct range *range)
{
	struct record *r = exp__measurement(ctx->e, "throughput");

	record__label(r, "hook", hook->name);
	record__metric(r, "slowest", "MB/s", range->slowest);
	record__metric(r, "slowest_success", "", range->slowest_success);
	record__metric(r, "fastest", "MB/s", range->fastest);
	record__metric(r, "fastest_success", "", range->fastest_success);
	exp__check(r,
		   range->slowest > 0 && range->slowest_success == !hook->loses &&
			   range->fastest_success == !hook->loses,
		   hook->loses
			   ? "optimised: no read is overridden in the slowest state or the fastest"
			   : "all reads are overridden, in the slowest state and the fastest",
		   "%.2f at %.0f MB/s, %.2f at %.0f MB/s", range->slowest_success, range->slowest,
		   range->fastest_success, range->fastest);
	return exp__emit(ctx->e, r);
}

static int measure_state(const struct context *ctx, const struct hook *hook, struct input *in,
			 const struct cache_state *state, struct range *range)
{
	struct record *r = exp__measurement(ctx->e, "cache");
	struct preparation p = { .state = state, .in = in };
	const struct before before = { prepare, &p };
	struct cache_around around = { 0 };
	int err = cache_state__enter(state, &around);

	record__label(r, "state", state->name);
	record__label(r, "hook", hook->name);
	if (!err)
		err = pass__measure(ctx, hook, in, exp__param_u64(ctx->e, "cold_reads"),
				    exp__param_u64(ctx->e, "limit_s"), &before, r);
	cache_state__leave(state, &around);
	record__metric(r, "resident", "pages per read",
		       p.reads ? (double)p.pages / (double)p.reads : 0);
	if (state->resident != RESIDENT_ANY)
		exp__check(r, p.as_wanted == p.reads,
			   state->resident == RESIDENT_ALL
				   ? "before each read all pages are in the cache"
				   : "before each read no page is in the cache",
			   "%" PRIu64 " of %" PRIu64 " reads", p.as_wanted, p.reads);
	range__add(range, r);
	if (err)
		exp__fail(ctx->e, err, "read with %s", state->name);
	return exp__emit(ctx->e, r) ?: err;
}

static int measure_hook(const struct context *ctx, const struct hook *hook, struct input *in)
{
	struct range range = { 0 };
	struct bpf_link *link = NULL;
	int err = pass__attach(ctx, hook, &link);

	for (size_t i = 0; !err && i < nr_cache_states; i++) {
		exp__progress(ctx->e, i, nr_cache_states, cache_states[i].name);
		err = measure_state(ctx, hook, in, &cache_states[i], &range);
	}
	if (!err)
		err = range__report(ctx, hook, &range);
	hook__detach(&link);
	return err;
}

int cache__measure(const struct context *ctx)
{
	static const struct source file = { .name = "cache", .place = PLACE_DISK, .copyout = true };
	struct tally t = { 0 };
	struct input in = { .reader = READER_INIT };
	cpu_set_t all;
	int err = cache__stay_on_a_cpu(&all);
	bool pinned = !err;

	/* Several pages, as readahead is about those that follow. */
	if (!err)
		err = source__open(&file, exp__param_u64(ctx->e, "cold_size"), 0, &in);
	if (!err)
		err = cache__quiet();
	if (!err)
		err = exp__copyout_watch();
	hook__reset(ctx->state, 0);
	if (!err)
		err = pass__run(ctx, &in, 1, NULL, &t);
	in.calls = t.body;
	for (size_t i = 0; !err && i < NR_HOOKS; i++)
		err = measure_hook(ctx, &hooks[i], &in);
	exp__copyout_unwatch();
	reader__close(&in.reader);
	if (pinned)
		sched_setaffinity(0, sizeof(all), &all);
	return err;
}
