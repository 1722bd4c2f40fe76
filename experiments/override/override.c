// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/version.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/num.h"
#include "base/str.h"
#include "campaign.h"
#include "guest/experiment.h"
#include "model/record.h"
#include "model/stats.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define MAX_SIZE (1u << 20)
#define Z_95	 1.959964

/* --- what a campaign showed -------------------------------------------------------------- */

static void add_metrics(struct record *r, const struct campaign *c, const globals *g)
{
	struct interval ci = stats__wilson(c->outcomes[OVERRIDDEN], c->reads, Z_95);

	record__metric(r, "reads", "reads", (double)c->reads);
	record__metric(r, "overridden", "reads", (double)c->outcomes[OVERRIDDEN]);
	record__metric(r, "copied", "reads", (double)c->outcomes[COPIED]);
	record__metric(r, "mixed", "reads", (double)c->outcomes[MIXED]);
	record__metric(r, "success", "", (double)c->outcomes[OVERRIDDEN] / (double)c->reads);
	record__metric(r, "success_low", "", ci.low);
	record__metric(r, "success_high", "", ci.high);
	record__metric(r, "body_calls", "calls", (double)c->body);
	record__metric(r, "program_runs", "runs", (double)g->runs);
	record__metric(r, "override_requests", "runs", (double)g->requests);
	record__metric(r, "runs_int3", "runs", (double)g->runs_int3);
	record__metric(r, "runs_jump", "runs", (double)g->runs_jump);
	record__metric(r, "runs_call", "runs", (double)g->runs_call);
	record__metric(r, "missed", "hits", missed_hits());
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

static void check_always(struct record *r, const struct campaign *c, const globals *g)
{
	uint64_t calls = c->reads * calls_per_read(c->reader->size);

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
	exp__check(r, c->outcomes[MIXED] <= (calls > c->reads), "no read is done in part",
		   "%" PRIu64 " reads", c->outcomes[MIXED]);
}

static void check_kept(struct record *r, const struct campaign *c, const globals *g,
		       const char *flags)
{
	bool ftrace = c->hook->ftrace;
	uint64_t seen = ftrace ? g->runs_call : g->runs_int3;

	exp__check(r, c->outcomes[OVERRIDDEN] == c->reads, "every read is overridden",
		   "%" PRIu64 " of %" PRIu64, c->outcomes[OVERRIDDEN], c->reads);
	exp__check(r, seen == g->runs,
		   ftrace ? "the program always finds a call at copyout's entry"
			  : "the program always finds an int3 at copyout's entry",
		   "%" PRIu64 " of %" PRIu64, seen, (uint64_t)g->runs);
	exp__check(r, flags && !optimised(flags) && !strstr(flags, "FTRACE") == !ftrace,
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
	exp__check(r, optimised(flags), "the kprobe's flag says OPTIMIZED", "'%s'",
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

static int report(struct context *ctx, const struct campaign *c)
{
	struct record *r = exp__measurement(ctx->e, "copyout");
	char *flags = exp__kprobe_flags(c->hook->symbol);
	char size[24];

	snprintf(size, sizeof(size), "%zu", c->reader->size);
	record__label(r, "hook", c->hook->name);
	record__label(r, "size", size);
	record__label(r, "kprobe_flags", flags && *flags ? flags : "none");
	add_metrics(r, c, ctx->g);
	check_always(r, c, ctx->g);
	if (c->hook->loses)
		check_lost(r, c, flags);
	else
		check_kept(r, c, ctx->g, flags);
	free(flags);
	return exp__emit(ctx->e, r);
}

/* Reads through one hook with one size. */
static int measure_hook(struct context *ctx, const struct hook *hook, size_t size)
{
	struct reader reader = { .fd = -1 };
	struct campaign c = {
		.hook = hook,
		.reader = &reader,
		.iterations = exp__param_u64(ctx->e, "iterations"),
		.wanted = exp__param_u64(ctx->e, "reads"),
	};
	struct bpf_link *link = NULL;
	int err;

	err = reader__open(&reader, size);
	if (!err)
		err = exp__write_str(COPYOUT_DIR "variant", hook->variant);
	if (!err)
		err = exp__write_str(OPTIMISATION, "0");
	if (!err)
		err = watch((uint64_t)getpid());
	if (err) {
		exp__fail(ctx->e, err, "prepare to read %zu bytes through %s", size, hook->symbol);
		goto out;
	}
	reset(ctx->g, 0);
	err = attach(ctx, hook->symbol, &link);
	if (err) {
		exp__fail(ctx->e, err, "attach the program to %s", hook->symbol);
		goto out;
	}
	err = campaign__run(ctx, &c);
	if (err)
		exp__fail(ctx->e, err, "read through %s", hook->symbol);
	else
		err = report(ctx, &c);
out:
	detach(&link);
	watch(0);
	campaign__free(&c);
	reader__close(&reader);
	return err;
}

/* --- copyout made to say that it left bytes ---------------------------------------------- */

#define LEFT_READS 20

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

static int report_left(struct context *ctx, struct reader *reader, size_t left)
{
	struct record *r = exp__measurement(ctx->e, "bytes_left");
	long returned = 0, expected = left == reader->size ? -EFAULT : (long)(reader->size - left);
	uint64_t untouched = 0, same = 0, runs, calls, body = 0;
	char text[24];
	long end;

	arm(ctx->g);
	for (int i = 0; i < LEFT_READS; i++) {
		enum outcome outcome;

		returned = reader__read(reader, &outcome);
		same += returned == expected;
		untouched += outcome == OVERRIDDEN;
	}
	runs = ctx->g->runs;
	calls = read_whole(reader, &end);
	disarm(ctx->g);
	body_calls(&body);

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
	exp__check(r, end == -EFAULT, "a reader that goes on for the rest ends with EFAULT",
		   "%ld after %" PRIu64 " reads", end, calls);
	return exp__emit(ctx->e, r);
}

static int measure_left(struct context *ctx)
{
	static const size_t lefts[] = { 1, PAGE / 2, PAGE };
	struct reader reader = { .fd = -1 };
	struct bpf_link *link = NULL;
	int err = reader__open(&reader, PAGE);

	if (!err)
		err = exp__write_str(COPYOUT_DIR "variant", "plain");
	if (!err)
		err = exp__write_str(OPTIMISATION, "0");
	if (!err)
		err = attach(ctx, "copyout_bpf", &link);
	if (err)
		exp__fail(ctx->e, err, "attach the program to copyout_bpf");
	for (size_t i = 0; !err && i < ARRAY_SIZE(lefts); i++) {
		reset(ctx->g, (long)lefts[i]);
		err = watch((uint64_t)getpid());
		if (!err)
			err = report_left(ctx, &reader, lefts[i]);
	}
	detach(&link);
	watch(0);
	reader__close(&reader);
	return err;
}

/* --- the system call --------------------------------------------------------------------- */

#define HIJACKED 7 /* what every read returns */

/* read(2) of two files that have nothing to do with each other. */
static void read_two(struct reader *reader, int other, long *first, long *second, off_t *pos)
{
	char line[64];

	memcpy(reader->buf, reader->marks, reader->size);
	lseek(reader->fd, 0, SEEK_SET);
	*first = read(reader->fd, reader->buf, reader->size);
	*second = read(other, line, sizeof(line));
	*pos = lseek(reader->fd, 0, SEEK_CUR);
}

static void check_hijack(struct record *r, struct context *ctx, struct reader *reader, int other)
{
	struct bpf_link *link = NULL;
	long first, second;
	off_t pos;
	int err;

	reset(ctx->g, HIJACKED);
	err = attach(ctx, "__x64_sys_read", &link);
	exp__check(r, !err, "__x64_sys_read is on the error-injection list: the program attaches",
		   "%s", err_name(err));
	if (err)
		return;
	arm(ctx->g);
	read_two(reader, other, &first, &second, &pos);
	disarm(ctx->g);
	exp__check(r, first == HIJACKED && second == HIJACKED,
		   "every read of the thread returns the program's result, whatever the file",
		   "%ld and %ld", first, second);
	exp__check(r, reader__outcome(reader) == OVERRIDDEN && pos == 0,
		   "nothing is read: buffer and file position are untouched", "position %ld",
		   (long)pos);
	exp__check(r, ctx->g->runs == 2, "the program runs for both", "%" PRIu64 " runs",
		   (uint64_t)ctx->g->runs);
	detach(&link);
	read_two(reader, other, &first, &second, &pos);
	exp__check(r,
		   first == (long)reader->size && reader__outcome(reader) == COPIED && second > 0,
		   "detached, both files are read again", "%ld and %ld", first, second);
}

static int measure_read(struct context *ctx)
{
	struct record *r = exp__measurement(ctx->e, "sys_read");
	bool listed = exp__has(ctx->e, NEED_INJECT, "ksys_read");
	struct reader reader = { .fd = -1 };
	struct bpf_link *link = NULL;
	int other, err;

	other = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	err = reader__open(&reader, PAGE);
	if (err || other < 0) {
		err = exp__fail(ctx->e, err ? err : -errno, "open two files to read");
		goto out;
	}
	reset(ctx->g, HIJACKED);
	err = attach(ctx, "ksys_read", &link);
	detach(&link);
	record__label(r, "ksys_read", listed ? "injectable" : "not injectable");
	exp__check(r, err == (listed ? 0 : -EINVAL),
		   listed ? "the program attaches to ksys_read"
			  : "ksys_read is not on the list: attaching fails with EINVAL",
		   "%s", err_name(err));
	check_hijack(r, ctx, &reader, other);
	err = exp__emit(ctx->e, r);
	r = NULL;
out:
	record__free(r);
	if (other >= 0)
		close(other);
	reader__close(&reader);
	return err;
}

/* --- all of it --------------------------------------------------------------------------- */

static int measure_sizes(struct context *ctx, const struct hook *hook)
{
	struct strv sizes = { 0 };
	int err = strv__split(&sizes, exp__param_str(ctx->e, "sizes"), ",");

	for (size_t i = 0; !err && i < sizes.n; i++) {
		uint64_t size;

		err = num_size(sizes.v[i], 1, MAX_SIZE, &size);
		if (err)
			err = exp__fail(ctx->e, err,
					"parameter sizes: '%s' is no size from 1 to 1M",
					sizes.v[i]);
		else
			err = measure_hook(ctx, hook, size);
	}
	strv__free(&sizes);
	return err;
}

static int measure_copyout(struct context *ctx)
{
	const char *which = exp__param_str(ctx->e, "hook");
	int err = 0;

	if (!exp__has(ctx->e, NEED_FILE, COPYOUT_DIR "body_calls")) {
		struct record *r = exp__measurement(ctx->e, "copyout");

		record__fail(r, STATUS_SKIPPED,
			     "no " COPYOUT_DIR ": the kernel lacks the patches that provide "
			     "copyout-bpf, copyout-ftrace and copyout-count");
		return exp__emit(ctx->e, r);
	}
	for (size_t i = 0; !err && i < ARRAY_SIZE(hooks); i++)
		if (!strcmp(which, "all") || !strcmp(which, hooks[i].name))
			err = measure_sizes(ctx, &hooks[i]);
	if (!err)
		err = measure_left(ctx);
	exp__write_str(COPYOUT_DIR "variant", "plain");
	return err;
}

static int map_globals(struct bpf_object *obj, globals **out)
{
	struct bpf_map *bss = bpf_object__find_map_by_name(obj, ".bss");
	void *at;

	if (!bss)
		return -ENOENT;
	at = mmap(NULL, sizeof(**out), PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(bss), 0);
	if (at == MAP_FAILED)
		return -errno;
	*out = at;
	return 0;
}

static int measure(struct exp *e, struct bpf_object *obj)
{
	struct context ctx = {
		.e = e,
		.override = bpf_object__find_program_by_name(obj, "override"),
	};
	uint64_t optimisation = 1;
	char text[8];
	int err;

	if (!ctx.override || bpf_program__fd(ctx.override) < 0)
		return exp__skip(e, "the program was rejected: there is nothing to attach");
	err = exp__read_u64(OPTIMISATION, &optimisation);
	if (err)
		return exp__fail(e, err, "read %s", OPTIMISATION);
	err = map_globals(obj, &ctx.g);
	if (err)
		return exp__fail(e, err, "map the program's global variables");
	err = measure_read(&ctx);
	if (!err)
		err = measure_copyout(&ctx);
	munmap(ctx.g, sizeof(*ctx.g));
	snprintf(text, sizeof(text), "%d", !!optimisation);
	exp__write_str(OPTIMISATION, text);
	return err;
}

static const struct need needs[] = {
	{ NEED_CONFIG, "CONFIG_BPF_KPROBE_OVERRIDE", "the kernel offers bpf_override_return" },
	{ NEED_CONFIG, "CONFIG_KPROBE_EVENTS", "the program is attached to a kprobe event" },
	{ NEED_CONFIG, "CONFIG_KPROBE_EVENTS_ON_NOTRACE",
	  "copyout_bpf lies in lib/, which is compiled without ftrace" },
	{ NEED_CONFIG, "CONFIG_OPTPROBES", "kprobes are optimised, or kept from it" },
	{ NEED_INJECT, "__x64_sys_read", "the system call that every kernel lets override" },
	{ 0 },
};

static const char *const hook_choices[] = { "all", "int3", "optimised", "ftrace", NULL };
static const struct param params[] = {
	{ .name = "reads",
	  .type = PARAM_UINT,
	  .value = "2000",
	  .min = 1,
	  .max = 1000000000,
	  .help = "reads at least, for each hook and size" },
	{ .name = "iterations",
	  .type = PARAM_UINT,
	  .value = "200",
	  .min = 1,
	  .max = 1000000,
	  .help = "reads in a batch" },
	{ .name = "sizes",
	  .type = PARAM_STRING,
	  .value = "4096",
	  .help = "bytes of a read, several separated by commas: 512,4096,64K" },
	{ .name = "hook",
	  .type = PARAM_STRING,
	  .value = "all",
	  .choices = hook_choices,
	  .help = "how copyout is hooked" },
	{ .name = "limit_s",
	  .type = PARAM_UINT,
	  .value = "20",
	  .min = 1,
	  .max = 3600,
	  .help = "how long to wait for an optimised kprobe to lose its override" },
	{ 0 },
};

const struct experiment experiment_override = {
	.name = "override",
	.summary = "bpf_override_return on copyout, by the kind of kprobe that it hangs on",
	.rows = "X11 X12 X13 E22",
	.needs = needs,
	.params = params,
	.timeout_s = 300,
	.elf_bytes = override_bpf__elf_bytes,
	.measure = measure,
};
