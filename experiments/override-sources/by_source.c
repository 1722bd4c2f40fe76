// SPDX-License-Identifier: GPL-2.0-only
#include "by_source.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "guest/experiment.h"
#include "model/record.h"
#include "sources.h"

/* How many times the big file is read for one hook. */
#define BIG_READS 2

/* A source; where it is not there, its reader is not open. */
struct opened {
	const struct source *source;
	struct input in;
};

static uint64_t reads_of(const struct context *ctx, const struct opened *o)
{
	return o->source->big ? BIG_READS : exp__param_u64(ctx->e, "reads");
}

static struct record *new_record(const struct context *ctx, const struct opened *o,
				 const char *hook)
{
	struct record *r = exp__measurement(ctx->e, o->source->device ? "device" : "source");

	record__label(r, "source", o->source->name);
	record__label(r, "hook", hook);
	return r;
}

/* How often a read calls copyout, if at all; the reader sees what it should. */
static int measure_without(const struct context *ctx, struct opened *o)
{
	struct record *r = new_record(ctx, o, "none");
	uint64_t reads = reads_of(ctx, o), data;
	struct tally t = { 0 };
	int err = pass__run(ctx, &o->in, reads, NULL, &t);

	o->in.calls = t.body / reads;
	data = o->source->empty ? t.outcomes[READ_UNTOUCHED] : t.outcomes[READ_COPIED];
	tally__metrics(r, &t);
	record__metric(r, "copyout_calls", "calls per read", (double)o->in.calls);
	exp__check(r, data == t.attempted && !t.odd, "every read has its data",
		   "%" PRIu64 " of %" PRIu64 ", %" PRIu64 " returned something else", data,
		   t.attempted, t.odd);
	exp__check(r, t.body % reads == 0 && !o->in.calls == !o->source->copyout,
		   o->source->copyout ? "every read passes copyout" : "no read passes copyout",
		   "%" PRIu64 " calls in %" PRIu64 " reads", t.body, reads);
	if (err)
		exp__fail(ctx->e, err, "read %s", o->source->name);
	return exp__emit(ctx->e, r) ?: err;
}

static int measure_source(const struct context *ctx, const struct hook *hook, struct opened *o)
{
	struct record *r = new_record(ctx, o, hook->name);
	struct tally t = { 0 };
	int err;

	if (o->in.calls) {
		err = pass__measure(ctx, hook, &o->in, reads_of(ctx, o),
				    exp__param_u64(ctx->e, "limit_s"), NULL, r);
	} else {
		err = pass__run(ctx, &o->in, reads_of(ctx, o), NULL, &t);
		tally__metrics(r, &t);
		tally__check_apart(r, &t, o->source->empty);
	}
	if (err)
		exp__fail(ctx->e, err, "read %s through %s", o->source->name, hook->symbol);
	return exp__emit(ctx->e, r) ?: err;
}

/* The function that reads it is injectable itself: its result is what read(2) returns. */
static int measure_own(const struct context *ctx, struct opened *o)
{
	struct record *r = new_record(ctx, o, "own");
	struct bpf_link *link = NULL;
	struct tally t = { 0 };
	int err;

	hook__reset(ctx->state, o->in.expected);
	err = hook__attach(ctx->override, o->source->own, &link);
	if (!err)
		err = pass__run(ctx, &o->in, reads_of(ctx, o), NULL, &t);
	hook__detach(&link);
	tally__metrics(r, &t);
	tally__check_all(r, &t, 1);
	if (err)
		exp__fail(ctx->e, err, "read %s through %s", o->source->name, o->source->own);
	return exp__emit(ctx->e, r) ?: err;
}

static int measure_hook(const struct context *ctx, const struct hook *hook, struct opened *o)
{
	struct bpf_link *link = NULL;
	int err = pass__attach(ctx, hook, &link);

	for (size_t i = 0; !err && i < nr_sources; i++) {
		exp__progress(ctx->e, i, nr_sources, hook->name);
		if (o[i].in.reader.fd >= 0)
			err = measure_source(ctx, hook, &o[i]);
	}
	hook__detach(&link);
	return err;
}

/* A source that is not there is recorded as skipped, once. */
static int open_all(const struct context *ctx, struct opened *o, bool disks)
{
	size_t size = exp__param_u64(ctx->e, "size"), big = exp__param_u64(ctx->e, "big_mb") << 20;

	for (size_t i = 0; i < nr_sources; i++) {
		bool missing = source__on_disk(&sources[i]) && !disks;
		int err = missing ? -ENOENT : source__open(&sources[i], size, big, &o[i].in);
		struct record *r;

		if (!err)
			continue;
		if (err != -ENOENT)
			return exp__fail(ctx->e, err, "open %s", sources[i].name);
		r = new_record(ctx, &o[i], "none");
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
	struct opened *o = calloc(nr_sources, sizeof(*o));
	int err;

	if (!o)
		return -ENOMEM;
	for (size_t i = 0; i < nr_sources; i++)
		o[i] = (struct opened){ &sources[i], { .reader = READER_INIT } };
	err = open_all(ctx, o, disks);
	if (!err)
		err = exp__copyout_watch();
	hook__reset(ctx->state, 0);
	for (size_t i = 0; !err && i < nr_sources; i++)
		if (o[i].in.reader.fd >= 0)
			err = measure_without(ctx, &o[i]);
	for (size_t i = 0; !err && i < NR_HOOKS; i++)
		err = measure_hook(ctx, &hooks[i], o);
	for (size_t i = 0; !err && i < nr_sources; i++)
		if (o[i].in.reader.fd >= 0 && sources[i].own)
			err = measure_own(ctx, &o[i]);
	exp__copyout_unwatch();
	for (size_t i = 0; i < nr_sources; i++)
		reader__close(&o[i].in.reader);
	free(o);
	return err;
}
