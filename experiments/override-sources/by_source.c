// SPDX-License-Identifier: GPL-2.0-only
#include "by_source.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "guest/experiment.h"
#include "model/record.h"
#include "pass.h"

/* How many times the big file is read for one hook. */
#define BIG_READS 2

static uint64_t reads_of(const struct context *ctx, const struct input *in)
{
	return in->source->big ? BIG_READS : exp__param_u64(ctx->e, "reads");
}

static struct record *new_record(const struct context *ctx, const struct input *in,
				 const char *hook)
{
	struct record *r = exp__measurement(ctx->e, "source");

	record__label(r, "source", in->source->name);
	record__label(r, "hook", hook);
	return r;
}

/* How often a read calls copyout, if at all; the reader sees what it should. */
static int measure_without(const struct context *ctx, struct input *in)
{
	struct record *r = new_record(ctx, in, "none");
	uint64_t reads = reads_of(ctx, in), data;
	struct tally t = { 0 };
	int err = pass__run(ctx, in, reads, NULL, &t);

	in->calls = t.body / reads;
	data = in->source->empty ? t.outcomes[READ_UNTOUCHED] : t.outcomes[READ_COPIED];
	tally__metrics(r, &t);
	record__metric(r, "copyout_calls", "calls per read", (double)in->calls);
	exp__check(r, data == t.attempted && !t.odd, "every read has its data",
		   "%" PRIu64 " of %" PRIu64 ", %" PRIu64 " returned something else", data,
		   t.attempted, t.odd);
	exp__check(r, t.body % reads == 0 && !in->calls == !in->source->copyout,
		   in->source->copyout ? "every read passes copyout" : "no read passes copyout",
		   "%" PRIu64 " calls in %" PRIu64 " reads", t.body, reads);
	if (err)
		exp__fail(ctx->e, err, "read %s", in->source->name);
	return exp__emit(ctx->e, r) ?: err;
}

/* Before optimisation, through it, and after it. */
static int measure_optimised(const struct context *ctx, struct input *in, struct record *r)
{
	struct tally before = { 0 }, through = { 0 }, after = { 0 };
	int err = exp__write_str(HOOK_OPTIMISATION, "0");

	if (!err)
		err = pass__run(ctx, in, reads_of(ctx, in), NULL, &before);
	if (!err)
		err = exp__write_str(HOOK_OPTIMISATION, "1");
	if (!in->calls) {
		tally__metrics(r, &before);
		tally__check_apart(r, &before, in->source);
		return err;
	}
	if (!err)
		err = pass__until_lost(ctx, in, &through);
	exp__check(r, err != -ETIMEDOUT, "allowed to be optimised, the override is lost",
		   "after %" PRIu64 " reads", through.attempted);
	if (err == -ETIMEDOUT)
		return 0;
	if (!err)
		err = pass__run(ctx, in, reads_of(ctx, in), NULL, &after);
	tally__check_all(r, &before, in->calls);
	tally__check_lost(r, &after, in->calls);
	record__metric(r, "last_overridden", "read number",
		       (double)(before.attempted + through.attempted - 1));
	tally__metrics(r, &after);
	return err;
}

static int measure_source(const struct context *ctx, const struct hook *hook, struct input *in)
{
	struct record *r = new_record(ctx, in, hook->name);
	struct tally t = { 0 };
	int err;

	if (hook->loses) {
		err = measure_optimised(ctx, in, r);
	} else {
		err = pass__run(ctx, in, reads_of(ctx, in), NULL, &t);
		tally__metrics(r, &t);
		if (in->calls)
			tally__check_all(r, &t, in->calls);
		else
			tally__check_apart(r, &t, in->source);
	}
	if (err)
		exp__fail(ctx->e, err, "read %s through %s", in->source->name, hook->symbol);
	return exp__emit(ctx->e, r) ?: err;
}

/* The function that reads it is injectable itself: its result is what read(2) returns. */
static int measure_own(const struct context *ctx, struct input *in)
{
	struct record *r = new_record(ctx, in, "own");
	struct bpf_link *link = NULL;
	struct tally t = { 0 };
	int err;

	hook__reset(ctx->state, input__expected(in));
	err = hook__attach(ctx->override, in->source->own, &link);
	if (!err)
		err = pass__run(ctx, in, reads_of(ctx, in), NULL, &t);
	hook__detach(&link);
	tally__metrics(r, &t);
	tally__check_all(r, &t, 1);
	if (err)
		exp__fail(ctx->e, err, "read %s through %s", in->source->name, in->source->own);
	return exp__emit(ctx->e, r) ?: err;
}

static int measure_hook(const struct context *ctx, const struct hook *hook, struct input *in)
{
	struct bpf_link *link = NULL;
	int err = pass__attach(ctx, hook, &link);

	for (size_t i = 0; !err && i < nr_sources; i++) {
		exp__progress(ctx->e, i, nr_sources, hook->name);
		if (in[i].open)
			err = measure_source(ctx, hook, &in[i]);
	}
	hook__detach(&link);
	return err;
}

/* A source that is not there is recorded as skipped, once. */
static int open_all(const struct context *ctx, struct input *in, bool disks)
{
	size_t size = exp__param_u64(ctx->e, "size"), big = exp__param_u64(ctx->e, "big_mb") << 20;

	for (size_t i = 0; i < nr_sources; i++) {
		bool missing = source__disk(&sources[i]) && !disks;
		int err = missing ? -ENOENT : input__open(&in[i], &sources[i], size, big);
		struct record *r;

		in[i].source = &sources[i];
		if (!err)
			continue;
		if (err != -ENOENT)
			return exp__fail(ctx->e, err, "open %s", sources[i].name);
		r = new_record(ctx, &in[i], "none");
		record__fail(r, STATUS_SKIPPED, "%s",
			     missing ? "the guest has no disk for it"
				     : "the kernel has no such file");
		err = exp__emit(ctx->e, r);
		if (err)
			return err;
	}
	return 0;
}

int by_source__measure(const struct context *ctx, bool disks)
{
	struct input *in = calloc(nr_sources, sizeof(*in));
	int err;

	if (!in)
		return -ENOMEM;
	for (size_t i = 0; i < nr_sources; i++)
		in[i].reader = (struct reader)READER_INIT;
	err = open_all(ctx, in, disks);
	if (!err)
		err = exp__copyout_watch();
	hook__reset(ctx->state, 0);
	for (size_t i = 0; !err && i < nr_sources; i++)
		if (in[i].open)
			err = measure_without(ctx, &in[i]);
	for (size_t i = 0; !err && i < NR_HOOKS; i++)
		err = measure_hook(ctx, &hooks[i], in);
	for (size_t i = 0; !err && i < nr_sources; i++)
		if (in[i].open && sources[i].own)
			err = measure_own(ctx, &in[i]);
	exp__copyout_unwatch();
	for (size_t i = 0; i < nr_sources; i++)
		input__close(&in[i]);
	free(in);
	return err;
}
