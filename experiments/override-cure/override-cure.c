// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <sys/mman.h>

#include "cure.h"
#include "guest/experiment.h"
#include "guest/pass.h"
#include "override-cure.skel.h"

#define READ_SIZE 4096

static int measure_all(struct cure *c)
{
	struct tally t = { 0 };
	int err = exp__copyout_variant("plain");

	if (!err)
		err = pass__run(c->ctx, &c->in, 1, NULL, &t);
	c->in.calls = t.body;
	if (!err)
		err = exp__write_str(HOOK_OPTIMISATION, "1");
	if (!err)
		err = cure_held__measure(c);
	if (!err)
		err = cure_others__measure(c);
	return err ? err : cure_shared__measure(c);
}

static int measure_with(struct context *ctx, void *globals)
{
	struct override_cure_bpf__bss *g = globals;
	struct cure c = { .ctx = ctx,
			  .seen = &g->cure_seen,
			  .observe = exp__loaded(ctx->obj, "observe"),
			  .enter = exp__loaded(ctx->obj, "enter"),
			  .in = { .reader = READER_INIT, .expected = READ_SIZE },
			  .kept = exp__has(ctx->e, NEED_FEATURE, "kprobe-override-kept") };
	int err;

	ctx->state = &g->override_state;
	if (!c.observe)
		return exp__skip(ctx->e, "the observing program was rejected");
	err = reader__open(&c.in.reader, READ_SIZE);
	if (!err)
		err = exp__copyout_watch();
	if (!err)
		err = measure_all(&c);
	if (err)
		exp__fail(ctx->e, err, "read under probes");
	exp__copyout_unwatch();
	reader__close(&c.in.reader);
	exp__copyout_variant("plain");
	return err;
}

static int measure(struct exp *e, struct bpf_object *obj)
{
	return pass__frame(e, obj, sizeof(struct override_cure_bpf__bss), measure_with);
}

static const struct need needs[] = {
	{ NEED_CONFIG, "CONFIG_BPF_KPROBE_OVERRIDE", "the kernel offers bpf_override_return" },
	{ NEED_CONFIG, "CONFIG_OPTPROBES", "kprobes are optimised, or kept from it" },
	{ NEED_FEATURE, "copyout-bpf", "it is what the kprobes hang on" },
	{ NEED_FEATURE, "copyout-ftrace", "it is the same with an ftrace entry" },
	{ NEED_FEATURE, "copyout-count", "it says whether the body ran" },
	{ 0 },
};

static const struct param params[] = {
	{ .name = "hold_ms",
	  .type = PARAM_UINT,
	  .value = "250",
	  .min = 8,
	  .max = 3600000,
	  .help = "how long to read under an override that is to be kept" },
	{ .name = "limit_ms",
	  .type = PARAM_UINT,
	  .value = "10000",
	  .min = 1,
	  .max = 3600000,
	  .help = "how long to wait for an optimisation" },
	{ .name = "reads",
	  .type = PARAM_UINT,
	  .value = "20",
	  .min = 1,
	  .max = 1000000,
	  .help = "reads in each of the 20 batches whose times are compared" },
	{ 0 },
};

static const struct row rows[] = {
	{ .id = "K8",
	  .title = "a kernel that keeps overriding kprobes effective",
	  .origin = "follows from X13",
	  .cause = "The feature kprobe-override-kept: a kprobe is not optimised while a program "
		   "that overrides is attached to it, whatever debug.kprobes-optimization says, "
		   "and a jump that is there is undone first. Other programs are optimised as "
		   "before, and again when the overriding one has gone.",
	  .shows = "held jumped sysctl released plain ftrace post_handler attach" },
	{ 0 },
};

const struct experiment experiment_override_cure = {
	.name = "override-cure",
	.summary = "a kprobe with an overriding program, before and after the kernel's cure",
	.rows = rows,
	.needs = needs,
	.params = params,
	.timeout_s = 120,
	.elf_bytes = override_cure_bpf__elf_bytes,
	.measure = measure,
};
