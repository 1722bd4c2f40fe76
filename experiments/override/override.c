// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/num.h"
#include "base/str.h"
#include "campaign.h"
#include "guest/pass.h"
#include "guest/experiment.h"
#include "left.h"
#include "model/record.h"
#include "override.skel.h"
#include "sys_read.h"

#define MAX_SIZE (1u << 20)

/* Reads through one hook with one size. */
static int measure_hook(const struct context *ctx, const struct hook *hook, size_t size)
{
	struct reader reader = READER_INIT;
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
		err = exp__copyout_variant(hook->variant);
	if (!err)
		err = exp__write_str(HOOK_OPTIMISATION, "0");
	if (!err)
		err = exp__copyout_watch();
	if (err) {
		exp__fail(ctx->e, err, "prepare to read %zu bytes through %s", size, hook->symbol);
		goto out;
	}
	hook__reset(ctx->state, 0);
	err = hook__attach(ctx->override, hook->symbol, &link);
	if (err) {
		exp__fail(ctx->e, err, "attach the program to %s", hook->symbol);
		goto out;
	}
	err = campaign__run(ctx, &c);
	if (err)
		exp__fail(ctx->e, err, "read through %s", hook->symbol);
	else
		err = campaign__report(ctx, &c);
out:
	hook__detach(&link);
	exp__copyout_unwatch();
	campaign__free(&c);
	reader__close(&reader);
	return err;
}

static int measure_sizes(const struct context *ctx, const struct hook *hook)
{
	struct strv sizes = { 0 };
	int err = strv__split(&sizes, exp__param_str(ctx->e, "sizes"), ",");

	for (size_t i = 0; !err && i < sizes.n; i++) {
		uint64_t size;

		err = num_size(sizes.v[i], 1, MAX_SIZE, &size);
		if (!err)
			err = measure_hook(ctx, hook, size);
	}
	strv__free(&sizes);
	return err;
}

static int measure_copyout(const struct context *ctx)
{
	const char *which = exp__param_str(ctx->e, "hook");
	int err = 0;

	if (!exp__has(ctx->e, NEED_FILE, EXP_COPYOUT_DIR "body_calls"))
		return pass__no_copyout(ctx, "copyout");
	for (size_t i = 0; !err && i < NR_HOOKS; i++)
		if (!strcmp(which, "all") || !strcmp(which, hooks[i].name))
			err = measure_sizes(ctx, &hooks[i]);
	if (!err)
		err = left__measure(ctx);
	exp__copyout_variant("plain");
	return err;
}

static int measure_with(struct context *ctx, void *globals)
{
	struct override_bpf__bss *g = globals;
	int err;

	ctx->state = &g->override_state;
	ctx->trail = &g->trail;
	err = sys_read__measure(ctx);
	return err ? err : measure_copyout(ctx);
}

static int measure(struct exp *e, struct bpf_object *obj)
{
	return pass__frame(e, obj, sizeof(struct override_bpf__bss), measure_with);
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
	  .type = PARAM_SIZES,
	  .value = "4096",
	  .min = 1,
	  .max = MAX_SIZE,
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

static const struct row rows[] = {
	{ .id = "X11",
	  .title = "override on the read system call: works, and hijacks every later read",
	  .origin = "activity log of a thesis, 25 March 2020",
	  .cause = "the override answers every read of the thread that it is told to answer, and "
		   "vfs_read is not reached: restricted to one thread and one moment it harms "
		   "nobody else (5.10.218, 5.10.262, 6.1.192)",
	  .shows = "sys_read events_sys_read" },
	{ .id = "X12",
	  .title = "override on copyout: a result other than 0 means bytes left",
	  .origin = "activity log of a thesis, 22 and 28 March 2020",
	  .cause = "the caller takes the result for bytes that were not copied: read(2) is "
		   "short, or fails with EFAULT when none was. 5.10.218 does not call copyout "
		   "again, 6.1.192 calls it once more for the rest; a reader that goes on ends "
		   "with EFAULT. No endless loop",
	  .shows = "bytes_left events_left_*" },
	{ .id = "X13",
	  .title = "override success by size and by iterations",
	  .origin = "activity log of a thesis, 18 and 19 April, 10 July 2020",
	  .cause = "size and number of reads act only through the time that passes: the override "
		   "is lost when the kprobe is optimised (5.10.218, 5.10.262, 6.1.192)",
	  .shows = "copyout" },
	{ .id = "K1",
	  .title = "a copyout that can be hooked: global, not inlined, in BTF, error-injectable",
	  .origin = "activity log of a thesis, 19 January and 21 March 2020",
	  .cause = "patch copyout-bpf: copyout_bpf, called in copyout's place",
	  .shows = "copyout" },
	{ 0 },
};

const struct experiment experiment_override = {
	.name = "override",
	.summary = "bpf_override_return on copyout, by the kind of kprobe that it hangs on",
	.rows = rows,
	.needs = needs,
	.params = params,
	.timeout_s = 300,
	.elf_bytes = override_bpf__elf_bytes,
	.measure = measure,
};
