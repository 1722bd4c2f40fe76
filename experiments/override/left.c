// SPDX-License-Identifier: GPL-2.0-only
#include "left.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/version.h>
#include <stdio.h>
#include <unistd.h>

#include "guest/pass.h"
#include "guest/experiment.h"
#include "guest/reader.h"
#include "guest/trail.h"
#include "model/record.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define PAGE	   4096u
#define LEFT_READS 20

struct bpf_link *left__watch_vfs_read(const struct context *ctx, struct record *r)
{
	const struct bpf_program *prog = exp__loaded(ctx->obj, "pass_vfs_read");
	struct bpf_link *link = NULL;
	int err = prog ? 0 : -ESRCH;

	if (!err) {
		link = bpf_program__attach_kprobe(prog, false, "vfs_read");
		err = link ? 0 : -errno;
	}
	exp__check(r, !err, "vfs_read is watched", "%s", exp__err_name(err));
	return link;
}

/* One read, event by event. */
static void trace_read(const struct context *ctx, struct record *r, struct reader *reader)
{
	struct bpf_link *deeper = left__watch_vfs_read(ctx, r);
	long n;

	hook__arm(ctx->state);
	trail__open(ctx->trail);
	trail__add(ctx->trail, OVERRIDE_READ, (long)reader->size);
	n = pread(reader->fd, reader->buf, reader->size, 0);
	trail__add(ctx->trail, OVERRIDE_RETURNED, n < 0 ? -errno : n);
	trail__close(ctx->trail);
	hook__disarm(ctx->state);
	bpf_link__destroy(deeper);
}

static int report_events(const struct context *ctx, size_t left, bool again)
{
	char name[32];

	snprintf(name, sizeof(name), "events_left_%zu", left);
	return trail__emit(ctx->e, name, ctx->trail, hook__events, NR_OVERRIDE_EVENTS,
			   again ? "read, vfs_read, override, override, returned"
				 : "read, vfs_read, override, returned");
}

/* A reader that goes on until it has everything, as read(2)'s callers do. */
static uint64_t read_whole(struct reader *r, long *end)
{
	size_t done = 0;
	uint64_t calls = 0;
	long n = 0;

	while (done < r->size && calls < LEFT_READS) {
		n = pread(r->fd, r->buf + done, r->size - done, (off_t)done);
		calls++;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	*end = n < 0 ? -errno : (long)done;
	return calls;
}

/* The caller asks copyout for the rest or it does not; what it never does is to go on when a call
 * gets nowhere. copy_page_to_iter of 5.10 does not ask again, that of 6.1 does; when that changed
 * was not looked up. */
static void check_calls(struct exp *e, struct record *r, uint64_t calls, bool some_left)
{
	unsigned int kernel = exp__kernel_version(e);
	bool may = some_left && kernel >= KERNEL_VERSION(5, 11, 0);
	bool must = some_left && kernel >= KERNEL_VERSION(6, 1, 0);

	exp__check(r, (calls == LEFT_READS && !must) || (calls == 2 * LEFT_READS && may),
		   must	 ? "the caller calls copyout once more for the rest, then gives up"
		   : may ? "the caller calls copyout once more at most"
			 : "the caller does not call copyout again",
		   "%" PRIu64 " calls in %d reads", calls, LEFT_READS);
}

static int report_left(const struct context *ctx, struct reader *reader, size_t left)
{
	struct record *r = exp__measurement(ctx->e, "bytes_left");
	long returned = 0, expected = left == reader->size ? -EFAULT : (long)(reader->size - left);
	uint64_t untouched = 0, same = 0, runs, calls, body = 0;
	char text[24];
	long end;
	int err;

	hook__arm(ctx->state);
	for (int i = 0; i < LEFT_READS; i++) {
		enum read_outcome outcome;

		returned = reader__read(reader, &outcome);
		same += returned == expected;
		untouched += outcome == READ_UNTOUCHED;
	}
	runs = ctx->state->runs;
	calls = read_whole(reader, &end);
	hook__disarm(ctx->state);
	exp__copyout_calls(&body);

	snprintf(text, sizeof(text), "%zu", left);
	record__label(r, "left", text);
	record__metric(r, "returned", "bytes or -errno", (double)returned);
	record__metric(r, "copyout_calls", "calls per read", (double)runs / LEFT_READS);
	record__metric(r, "whole_calls", "reads", (double)calls);
	record__metric(r, "whole_end", "bytes or -errno", (double)end);
	exp__check(r, same == LEFT_READS, "read returns what copyout did not leave, or EFAULT",
		   "%ld, expected %ld, in %" PRIu64 " of %d reads", returned, expected, same,
		   LEFT_READS);
	check_calls(ctx->e, r, runs, left < reader->size);
	exp__check(r, untouched == LEFT_READS && !body, "nothing is copied",
		   "%" PRIu64 " of %d buffers untouched, the body ran %" PRIu64 " times", untouched,
		   LEFT_READS, body);
	trace_read(ctx, r, reader);
	exp__check(r, end == -EFAULT, "a reader that goes on for the rest ends with EFAULT",
		   "%ld after %" PRIu64 " reads", end, calls);
	err = exp__emit(ctx->e, r);
	return err ? err : report_events(ctx, left, runs > LEFT_READS);
}

int left__measure(const struct context *ctx)
{
	static const size_t lefts[] = { 1, PAGE / 2, PAGE };
	struct reader reader = READER_INIT;
	struct bpf_link *link = NULL;
	int err = reader__open(&reader, PAGE);

	if (!err)
		err = exp__copyout_variant("plain");
	if (!err)
		err = exp__write_str(HOOK_OPTIMISATION, "0");
	if (!err)
		err = hook__attach(ctx->override, "copyout_bpf", &link);
	if (err)
		exp__fail(ctx->e, err, "attach the program to copyout_bpf");
	for (size_t i = 0; !err && i < ARRAY_SIZE(lefts); i++) {
		hook__reset(ctx->state, (long)lefts[i]);
		err = exp__copyout_watch();
		if (!err)
			err = report_left(ctx, &reader, lefts[i]);
	}
	hook__detach(&link);
	exp__copyout_unwatch();
	reader__close(&reader);
	return err;
}
