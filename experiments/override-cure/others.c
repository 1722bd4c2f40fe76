// SPDX-License-Identifier: GPL-2.0-only
/* What it means for probes that do not override, and for the time to attach. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

#include "cure.h"
#include "guest/experiment.h"
#include "model/record.h"
#include "model/stats.h"

#define BATCHES	    20
#define ATTACHMENTS 8

/* Of each batch the mean time of a read, in ns. */
static int time_reads(struct cure *c, uint64_t reads, double *ns)
{
	int err = 0;

	for (size_t i = 0; !err && i < BATCHES; i++) {
		struct tally t = { 0 };

		err = pass__run(c->ctx, &c->in, reads, NULL, &t);
		if (!err)
			ns[i] = (double)t.ns / (double)t.attempted;
	}
	return err;
}

/* The batches, and their median: "jump_batches" and "jump". */
static void report_times(struct record *r, const char *name, const char *batches, const double *ns)
{
	record__metric(r, name, "ns/read", stats__median(ns, BATCHES));
	record__series(r, batches, "ns/read", ns, BATCHES);
}

/* The same reads without a probe, under a breakpoint and under a jump. */
static int measure_plain(struct cure *c)
{
	uint64_t reads = exp__param_u64(c->ctx->e, "reads");
	struct record *r = exp__measurement(c->ctx->e, "plain");
	double none[BATCHES] = { 0 }, int3[BATCHES] = { 0 }, jump[BATCHES] = { 0 }, ms = 0;
	struct cure_probe observer = CURE_PROBE_INIT;
	uint64_t jumps = 0, runs = 0, int3s = 0;
	int err;

	hook__reset(c->ctx->state, 0);
	err = time_reads(c, reads, none);
	if (!err)
		err = exp__write_str(HOOK_OPTIMISATION, "0");
	if (!err)
		err = cure_probe__open(&observer, CURE_PLAIN, c->observe);
	runs = c->seen->runs;
	int3s = c->seen->int3;
	if (!err)
		err = time_reads(c, reads, int3);
	exp__check(r, c->seen->int3 - int3s == c->seen->runs - runs,
		   "with optimisation off it is a breakpoint", "%.0f of %.0f runs",
		   (double)(c->seen->int3 - int3s), (double)(c->seen->runs - runs));
	if (!err)
		err = exp__write_str(HOOK_OPTIMISATION, "1");
	if (!err)
		err = cure__until_jump(c, &ms);
	exp__check(r, !err, "allowed to, a probe that does not override is optimised", "%s",
		   exp__err_name(err));
	runs = c->seen->runs;
	jumps = c->seen->jump;
	if (!err)
		err = time_reads(c, reads, jump);
	exp__check(r, runs < c->seen->runs && c->seen->jump - jumps == c->seen->runs - runs,
		   "and stays a jump", "%.0f of %.0f runs", (double)(c->seen->jump - jumps),
		   (double)(c->seen->runs - runs));
	cure_probe__close(&observer);
	if (!err) {
		report_times(r, "no_probe", "no_probe_batches", none);
		report_times(r, "int3", "int3_batches", int3);
		report_times(r, "jump", "jump_batches", jump);
	}
	record__metric(r, "optimised_after", "ms", ms);
	return exp__emit(c->ctx->e, r) ?: err == -ETIMEDOUT ? 0 : err;
}

/* The overriding program goes, one that does not override stays: on a kprobe of its own, or on the
 * same event. */
static int measure_released(struct cure *c, bool same_event)
{
	struct record *r = exp__measurement(c->ctx->e, "released");
	struct bpf_link *link = NULL, *beside = NULL;
	struct cure_probe observer = CURE_PROBE_INIT;
	struct stretch s = { 0 };
	double ms = 0;
	int err;

	record__label(r, "observer", same_event ? "same event" : "own kprobe");
	hook__reset(c->ctx->state, 0);
	err = same_event ? 0 : cure_probe__open(&observer, CURE_PLAIN, c->observe);
	if (!err)
		err = hook__attach(c->ctx->override, CURE_PLAIN, &link);
	if (!err && same_event) {
		beside = bpf_program__attach_tracepoint(c->observe, "assay", "override");
		err = beside ? 0 : -errno;
	}
	if (!err)
		err = cure__read_to_the_end(c, &s);
	if (!err)
		cure__judge(c, r, &s);
	if (same_event) {
		/* hook__detach would take the event away as well. */
		bpf_link__destroy(link);
		link = NULL;
	} else {
		hook__detach(&link);
	}
	if (!err)
		err = cure__until_jump(c, &ms);
	exp__check(r, !err, "once the overriding program has gone, the other is on a jump", "%s",
		   exp__err_name(err));
	record__metric(r, "optimised_after", "ms", ms);
	bpf_link__destroy(beside);
	exp__write_str("/sys/kernel/debug/tracing/kprobe_events", "-:assay/override");
	cure_probe__close(&observer);
	return exp__emit(c->ctx->e, r) ?: err == -ETIMEDOUT ? 0 : err;
}

/* What attaching and detaching takes, with a kprobe that is fresh: no jump is to be undone. */
static int measure_attach(struct cure *c, const struct bpf_program *prog, const char *name)
{
	struct record *r = exp__measurement(c->ctx->e, "attach");
	double open_us[ATTACHMENTS], set_us[ATTACHMENTS], close_us[ATTACHMENTS];
	int err = 0;

	record__label(r, "program", name);
	for (size_t i = 0; !err && i < ATTACHMENTS; i++) {
		struct cure_probe p = CURE_PROBE_INIT;

		err = cure_probe__open(&p, CURE_PLAIN, prog);
		cure_probe__close(&p);
		open_us[i] = p.open_us;
		set_us[i] = p.set_us;
		close_us[i] = p.close_us;
	}
	exp__check(r, !err, "it attaches each time", "%s", exp__err_name(err));
	if (err)
		return exp__emit(c->ctx->e, r) ?: err;
	record__metric(r, "perf_event_open", "us", stats__median(open_us, ATTACHMENTS));
	record__metric(r, "set_bpf", "us", stats__median(set_us, ATTACHMENTS));
	record__metric(r, "close", "us", stats__median(close_us, ATTACHMENTS));
	return exp__emit(c->ctx->e, r);
}

int cure_others__measure(struct cure *c)
{
	int err = measure_plain(c);

	for (int same = 0; !err && same < 2; same++)
		err = measure_released(c, same);
	if (!err)
		err = measure_attach(c, c->observe, "observe");
	if (!err)
		err = measure_attach(c, c->ctx->override, "override");
	return err;
}
