// SPDX-License-Identifier: GPL-2.0-only
#include "guest/pass.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "guest/experiment.h"
#include "model/record.h"

/* Sectors read since boot, the sixth number of a line: "254 0 vda 12 0 96 …". */
static double sectors_read(const char *disk)
{
	char *text = NULL, *line, *save = NULL;
	double sectors = -1;

	if (!disk || file_read("/proc/diskstats", 0, &text, NULL))
		return -1;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		unsigned long long n;
		char name[32];

		if (sscanf(line, "%*u %*u %31s %*u %*u %llu", name, &n) == 2 && !strcmp(name, disk))
			sectors = (double)n;
	}
	free(text);
	return sectors;
}

static void count(const struct input *in, struct tally *t, long n, enum read_outcome outcome)
{
	t->attempted++;
	t->outcomes[outcome]++;
	t->odd += n != in->expected;
	t->returned = n;
	t->bytes += n > 0 ? (uint64_t)n : 0;
}

static int one(const struct context *ctx, struct input *in, const struct before *before,
	       struct tally *t, enum read_outcome *outcome)
{
	int err = before ? before->fn(before->arg) : 0;
	uint64_t ns;
	long n;

	if (err)
		return err;
	ns = in->reader.ns;
	hook__arm(ctx->state);
	n = reader__read(&in->reader, outcome);
	hook__disarm(ctx->state);
	t->ns += in->reader.ns - ns;
	count(in, t, n, *outcome);
	return 0;
}

/* What is counted around a batch. To read /proc/diskstats is a call of copyout, too: it stays
 * outside. */
struct counters {
	uint64_t hits, requests, jumps, body;
	double sectors;
};

static int counters__start(const struct context *ctx, const struct input *in, struct counters *c)
{
	c->hits = ctx->state->runs;
	c->requests = ctx->state->requests;
	c->jumps = ctx->state->runs_jump;
	c->sectors = sectors_read(in->disk);
	return exp__copyout_calls(&c->body);
}

static int counters__stop(const struct context *ctx, const struct input *in,
			  const struct counters *c, struct tally *t)
{
	uint64_t body = 0;
	int err = exp__copyout_calls(&body);

	t->hits += ctx->state->runs - c->hits;
	t->requests += ctx->state->requests - c->requests;
	t->hits_jump += ctx->state->runs_jump - c->jumps;
	t->body += body - c->body;
	t->sectors = c->sectors < 0 ? -1 : t->sectors + sectors_read(in->disk) - c->sectors;
	return err;
}

int pass__run(const struct context *ctx, struct input *in, uint64_t reads,
	      const struct before *before, struct tally *t)
{
	enum read_outcome outcome;
	struct counters from;
	int err = counters__start(ctx, in, &from);

	for (uint64_t i = 0; !err && i < reads; i++)
		err = one(ctx, in, before, t, &outcome);
	return err ? err : counters__stop(ctx, in, &from, t);
}

int pass__until_lost(const struct context *ctx, struct input *in, uint64_t limit_s,
		     const struct before *before, struct tally *t)
{
	uint64_t deadline = exp__now_ns() + limit_s * 1000000000ull;
	enum read_outcome outcome = READ_UNTOUCHED;
	struct counters from;
	int err = counters__start(ctx, in, &from);

	/* While the jump is being written, an int3 of the kernel's own stands for it
	 * (text_poke_bp): the override is lost a little before the program can see why. */
	while (!err && (outcome == READ_UNTOUCHED || ctx->state->runs_jump == from.jumps)) {
		err = exp__now_ns() > deadline ? -ETIMEDOUT : 0;
		if (!err)
			err = one(ctx, in, before, t, &outcome);
	}
	return err ? err : counters__stop(ctx, in, &from, t);
}

int pass__attach(const struct context *ctx, const struct hook *hook, struct bpf_link **link)
{
	int err = exp__copyout_variant(hook->variant);

	*link = NULL;
	if (!err)
		err = exp__write_str(HOOK_OPTIMISATION, "0");
	hook__reset(ctx->state, 0);
	if (!err)
		err = hook__attach(ctx->override, hook->symbol, link);
	return err ? exp__fail(ctx->e, err, "attach the program to %s", hook->symbol) : 0;
}

/* --- records ----------------------------------------------------------------------------- */

void tally__metrics(struct record *r, const struct tally *t)
{
	record__metric(r, "attempted", "reads", (double)t->attempted);
	record__metric(r, "hits", "runs", (double)t->hits);
	record__metric(r, "overridden", "reads",
		       (double)(t->hits ? t->outcomes[READ_UNTOUCHED] : 0));
	record__metric(r, "copied", "reads", (double)t->outcomes[READ_COPIED]);
	record__metric(r, "mixed", "reads", (double)t->outcomes[READ_MIXED]);
	record__metric(r, "body_calls", "calls", (double)t->body);
	record__metric(r, "returned", "bytes or -errno", (double)t->returned);
	record__metric(r, "throughput", "MB/s", t->ns ? (double)t->bytes * 1e3 / (double)t->ns : 0);
	if (t->sectors >= 0)
		record__metric(r, "disk_read", "sectors", t->sectors);
}

static void check_returned(struct record *r, const struct tally *t)
{
	exp__check(r, !t->odd, "every read returns what it returns without a hook",
		   "%" PRIu64 " of %" PRIu64 " do not, the last returned %ld", t->odd, t->attempted,
		   t->returned);
}

void tally__check_all(struct record *r, const struct tally *t, uint64_t calls)
{
	exp__check(r, t->outcomes[READ_UNTOUCHED] == t->attempted, "every read is overridden",
		   "%" PRIu64 " of %" PRIu64, t->outcomes[READ_UNTOUCHED], t->attempted);
	exp__check(r, t->hits == calls * t->attempted && t->requests == t->hits,
		   "the program runs, and overrides, for every call",
		   "%" PRIu64 " runs, %" PRIu64 " overrides, %" PRIu64 " calls", t->hits,
		   t->requests, calls * t->attempted);
	exp__check(r, !t->body, "copyout's body never runs", "%" PRIu64 " times", t->body);
	check_returned(r, t);
}

void tally__check_lost(struct record *r, const struct tally *t, uint64_t calls)
{
	exp__check(r, t->outcomes[READ_COPIED] == t->attempted, "every read is copied",
		   "%" PRIu64 " of %" PRIu64, t->outcomes[READ_COPIED], t->attempted);
	exp__check(r, t->hits == calls * t->attempted && t->hits_jump == t->hits,
		   "the program runs for every call, and finds a jump at copyout's entry",
		   "%" PRIu64 " runs, %" PRIu64 " with a jump, %" PRIu64 " calls", t->hits,
		   t->hits_jump, calls * t->attempted);
	exp__check(r, t->body == t->hits, "copyout's body runs for every call", "%" PRIu64 " times",
		   t->body);
	check_returned(r, t);
}

void tally__check_apart(struct record *r, const struct tally *t, bool empty)
{
	uint64_t want = empty ? t->outcomes[READ_UNTOUCHED] : t->outcomes[READ_COPIED];

	exp__check(r, !t->hits && !t->body, "the reads do not pass copyout: no hits",
		   "%" PRIu64 " runs of the program, %" PRIu64 " of copyout's body", t->hits,
		   t->body);
	exp__check(r, want == t->attempted,
		   empty ? "the reads give nothing" : "every read has its data",
		   "%" PRIu64 " of %" PRIu64, want, t->attempted);
	check_returned(r, t);
}

/* --- measurements ------------------------------------------------------------------------ */

static int through_optimisation(const struct context *ctx, struct input *in, uint64_t reads,
				uint64_t limit_s, const struct before *before, struct record *r)
{
	struct tally first = { 0 }, through = { 0 }, after = { 0 };
	int err = exp__write_str(HOOK_OPTIMISATION, "0");
	uint64_t start;

	if (!err)
		err = pass__run(ctx, in, reads, before, &first);
	start = exp__now_ns();
	if (!err)
		err = exp__write_str(HOOK_OPTIMISATION, "1");
	if (!err)
		err = pass__until_lost(ctx, in, limit_s, before, &through);
	exp__check(r, err != -ETIMEDOUT, "allowed to be optimised, the override is lost",
		   "not in %" PRIu64 " reads", through.attempted);
	if (err)
		return err == -ETIMEDOUT ? 0 : err;
	record__metric(r, "lost_after", "ms", (double)(exp__now_ns() - start) / 1e6);
	record__metric(r, "last_overridden", "read number",
		       (double)(first.attempted + through.outcomes[READ_UNTOUCHED]));
	err = pass__run(ctx, in, reads, before, &after);
	tally__check_all(r, &first, in->calls);
	tally__check_lost(r, &after, in->calls);
	tally__metrics(r, &after);
	return err;
}

int pass__measure(const struct context *ctx, const struct hook *hook, struct input *in,
		  uint64_t reads, uint64_t limit_s, const struct before *before, struct record *r)
{
	struct tally t = { 0 };
	int err;

	if (hook->loses)
		return through_optimisation(ctx, in, reads, limit_s, before, r);
	err = pass__run(ctx, in, reads, before, &t);
	tally__metrics(r, &t);
	tally__check_all(r, &t, in->calls);
	return err;
}

int pass__no_copyout(const struct context *ctx, const char *measurement)
{
	struct record *r = exp__measurement(ctx->e, measurement);

	record__fail(r, STATUS_SKIPPED,
		     "no " EXP_COPYOUT_DIR ": the kernel lacks the patches that provide "
		     "copyout-bpf, copyout-ftrace and copyout-count");
	return exp__emit(ctx->e, r);
}

int pass__frame(struct exp *e, struct bpf_object *obj, size_t size,
		int (*fn)(struct context *ctx, void *globals))
{
	struct context ctx = { .e = e, .obj = obj, .override = exp__loaded(obj, "override") };
	uint64_t optimisation = 1;
	void *globals;
	int err;

	if (!ctx.override)
		return exp__skip(e, "the program was rejected: there is nothing to attach");
	err = exp__read_u64(HOOK_OPTIMISATION, &optimisation);
	if (err)
		return exp__fail(e, err, "read %s", HOOK_OPTIMISATION);
	globals = exp__map_globals(obj, size);
	if (!globals)
		return exp__fail(e, -errno, "map the program's global variables");
	err = fn(&ctx, globals);
	munmap(globals, size);
	exp__write_str(HOOK_OPTIMISATION, optimisation ? "1" : "0");
	return err;
}
