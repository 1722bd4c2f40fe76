// SPDX-License-Identifier: GPL-2.0-only
#include "point.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "guest/experiment.h"
#include "guest/hook.h"
#include "model/record.h"
#include "override-point.skel.h"
#include "report.h"
#include "round.h"

static const char *const hook_names[] = { "optimised", "int3", "ftrace", "none", NULL };
static const char *const target_names[] = { "copyout", "copyout-plain", "copyout-ftrace", NULL };
static const char *const source_names[] = { "tmpfs", NULL };

static const struct param params[] = {
	{ .name = "point", .type = PARAM_STRING, .value = "", .help = "id of the design point" },
	{ .name = "hook",
	  .type = PARAM_STRING,
	  .value = "optimised",
	  .choices = hook_names,
	  .help = "how the function is hooked" },
	{ .name = "target",
	  .type = PARAM_STRING,
	  .value = "copyout",
	  .choices = target_names,
	  .help = "the function; copyout: the variant that the hook wants" },
	{ .name = "size",
	  .type = PARAM_UINT,
	  .value = "4096",
	  .min = 1,
	  .max = 16 << 20,
	  .help = "bytes of a read" },
	{ .name = "reads",
	  .type = PARAM_UINT,
	  .value = "1000",
	  .min = 1,
	  .max = 100000000,
	  .help = "reads in a round, at least" },
	{ .name = "after",
	  .type = PARAM_UINT,
	  .value = "200",
	  .min = 1,
	  .max = 100000000,
	  .help = "reads that must follow the loss of the override" },
	{ .name = "limit_ms",
	  .type = PARAM_UINT,
	  .value = "3000",
	  .min = 1,
	  .max = 3600000,
	  .help = "hook=optimised: how long to wait for the loss, in each round" },
	{ .name = "rounds",
	  .type = PARAM_UINT,
	  .value = "1",
	  .min = 1,
	  .max = 10000,
	  .help = "how often the hook is attached and detached" },
	{ .name = "source",
	  .type = PARAM_STRING,
	  .value = "tmpfs",
	  .choices = source_names,
	  .help = "what is read" },
	{ 0 },
};

static enum point_hook hook_of(const char *name)
{
	static const enum point_hook hooks[] = { POINT_OPTIMISED, POINT_INT3, POINT_FTRACE,
						 POINT_NONE };

	for (size_t i = 0; hook_names[i]; i++)
		if (!strcmp(hook_names[i], name))
			return hooks[i];
	return POINT_NONE;
}

static int choose_target(struct point *p)
{
	const char *name = exp__param_str(p->e, "target");
	bool patched = exp__has(p->e, NEED_FILE, EXP_COPYOUT_DIR "body_calls");
	bool ftrace = !strcmp(name, "copyout-ftrace") ||
		      (!strcmp(name, "copyout") && p->hook == POINT_FTRACE);

	if (ftrace && !exp__has(p->e, NEED_SYMBOL, "copyout_ftrace"))
		return exp__skip(p->e, "the kernel has no copyout_ftrace");
	p->target.symbol = ftrace ? "copyout_ftrace" : exp__copyout_symbol(p->e);
	if (!p->target.symbol)
		return exp__skip(p->e, "copyout can't be hooked here: it is inlined");
	p->target.variant = patched ? (ftrace ? "ftrace" : "plain") : NULL;
	p->target.has_body = patched;
	return 0;
}

static int read_params(struct point *p)
{
	p->hook = hook_of(exp__param_str(p->e, "hook"));
	p->size = exp__param_u64(p->e, "size");
	p->reads = exp__param_u64(p->e, "reads");
	p->after = exp__param_u64(p->e, "after");
	p->limit_ns = exp__param_u64(p->e, "limit_ms") * 1000000;
	p->rounds = exp__param_u64(p->e, "rounds");
	p->readers = 1;
	return choose_target(p);
}

static int prepare(struct exp *e, struct bpf_object *obj)
{
	bool none = !strcmp(exp__param_str(e, "hook"), "none");
	struct bpf_program *prog;

	bpf_object__for_each_program (prog, obj)
		if (none || strcmp(bpf_program__name(prog), "override") != 0)
			bpf_program__set_autoload(prog, false);
	return 0;
}

static int measure_rounds(struct point *p, struct reader *reader, struct found *f)
{
	int err = round__unhooked(p, reader, f);

	if (!err)
		err = round__warm_up(p);
	for (uint64_t i = 0; !err && i < p->rounds; i++) {
		exp__progress(p->e, i, p->rounds, "round");
		err = round__run(p, reader, f);
	}
	memcpy(f->outcomes, f->first.outcomes, sizeof(f->outcomes));
	f->short_reads = f->first.short_reads;
	f->looped = f->first.looped;
	return err;
}

static int measure_point(struct point *p)
{
	struct record *r = exp__measurement(p->e, "point");
	struct reader reader = READER_INIT;
	struct found f;
	int err = found__init(&f, p);

	if (!err && p->target.variant)
		err = exp__copyout_variant(p->target.variant);
	if (!err)
		err = reader__open(&reader, p->size);
	if (!err)
		err = measure_rounds(p, &reader, &f);
	report__labels(r, p, params);
	report__found(r, p, &f);
	reader__close(&reader);
	found__release(&f);
	return exp__emit(p->e, r) ?: err;
}

static int measure(struct exp *e, struct bpf_object *obj)
{
	struct point p = { .e = e, .obj = obj };
	size_t size = sizeof(struct override_point_bpf__bss);
	uint64_t optimisation = 1;
	int err = read_params(&p);

	if (err)
		return err;
	p.state = exp__map_globals(obj, size);
	if (!p.state)
		return exp__fail(e, -errno, "map the programs' global variables");
	exp__read_u64(HOOK_OPTIMISATION, &optimisation);
	err = measure_point(&p);
	exp__write_str(HOOK_OPTIMISATION, optimisation ? "1" : "0");
	if (p.target.variant)
		exp__copyout_variant("plain");
	munmap(p.state, size);
	return err;
}

static const struct need needs[] = {
	{ NEED_CONFIG, "CONFIG_BPF_KPROBE_OVERRIDE", "the kernel offers bpf_override_return" },
	{ 0 },
};

const struct experiment experiment_override_point = {
	.name = "override-point",
	.summary = "one point of the override study: what becomes of each read",
	.needs = needs,
	.params = params,
	.timeout_s = 120,
	.elf_bytes = override_point_bpf__elf_bytes,
	.measure = measure,
	.prepare = prepare,
};
