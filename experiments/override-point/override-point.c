// SPDX-License-Identifier: GPL-2.0-only
#include "point.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "guest/cachestate.h"
#include "guest/experiment.h"
#include "guest/hook.h"
#include "model/record.h"
#include "mounted-hook.h"
#include "override-point.skel.h"
#include "report.h"
#include "round.h"
#include "traces.h"

/* A program that a point does not need is not loaded, and so not verified and timed either. */
static int prepare(struct exp *e, struct bpf_object *obj)
{
	struct bpf_program *prog;

	bpf_object__for_each_program (prog, obj)
		if (!mounted_hook__wants(e, bpf_program__name(prog)))
			bpf_program__set_autoload(prog, false);
	return 0;
}

static int measure_rounds(struct point *p, struct found *f)
{
	int err = round__unhooked(p, f);

	if (!err)
		err = round__warm_up(p, f);
	for (uint64_t i = 0; !err && i < p->rounds; i++) {
		exp__progress(p->e, i, p->rounds, "round");
		err = round__baseline(p, f);
		if (!err)
			err = round__run(p, f);
	}
	return err;
}

static int measure_reads(struct point *p)
{
	struct found f;
	int err = found__init(&f, p);

	if (err == -ENOSPC)
		err = exp__skip(p->e, "the disk has no room for the file");
	if (!err)
		err = measure_rounds(p, &f);
	if (!err) {
		p->record = exp__measurement(p->e, "point");
		report__labels(p->record, p);
		report__found(p->record, p, &f);
	}
	found__release(&f);
	return err;
}

/* In the state of the page cache that is asked for. */
static int measure_cached(struct point *p)
{
	struct cache_around around = { 0 };
	cpu_set_t all;
	int err;

	if (!p->cache)
		return measure_reads(p);
	err = cache__stay_on_a_cpu(&all);
	if (err)
		return err;
	err = cache__quiet();
	if (!err)
		err = cache_state__enter(p->cache, &around);
	if (!err)
		err = measure_reads(p);
	cache_state__leave(p->cache, &around);
	sched_setaffinity(0, sizeof(all), &all);
	return err;
}

static int measure_on_disk(struct point *p)
{
	int err;

	if (!source__on_disk(&p->source))
		return measure_cached(p);
	err = place__set_up(p->e, p->source.place);
	if (!err)
		err = measure_cached(p);
	places__clear();
	return err;
}

/* Which copyout reads call, and how. */
static int choose_copyout(const struct point *p, const char *barrier, const char *hint)
{
	int err = p->target.variant ? exp__copyout_variant(p->target.variant) : 0;

	if (err || !exp__has(p->e, NEED_FILE, EXP_COPYOUT_DIR "barrier"))
		return err;
	err = exp__write_str(EXP_COPYOUT_DIR "barrier", barrier);
	return err ? err : exp__write_str(EXP_COPYOUT_DIR "hint", hint);
}

static int measure_in_kernel(struct point *p)
{
	uint64_t optimisation = 1;
	int err;

	exp__read_u64(HOOK_OPTIMISATION, &optimisation);
	err = choose_copyout(p, p->barrier, p->hint);
	if (!err)
		err = measure_on_disk(p);
	exp__write_str(HOOK_OPTIMISATION, optimisation ? "1" : "0");
	choose_copyout(p, "none", "none");
	if (p->target.variant)
		exp__copyout_variant("plain");
	return err;
}

static int measure(struct exp *e, struct bpf_object *obj)
{
	struct point p = { .e = e, .obj = obj };
	size_t size = sizeof(struct override_point_bpf__bss);
	struct traces before;
	int err = point__read_params(&p);

	if (err)
		return err;
	p.state = exp__map_globals(obj, size);
	if (!p.state)
		return exp__fail(e, -errno, "map the programs' global variables");
	traces__take(&before);
	err = measure_in_kernel(&p);
	munmap(p.state, size);
	if (!err) {
		traces__check(p.record, &before);
		err = exp__emit(e, p.record);
	} else {
		record__free(p.record);
	}
	traces__free(&before);
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
	.params = point_params,
	.timeout_s = 120,
	.disk_mb = 16,
	.elf_bytes = override_point_bpf__elf_bytes,
	.measure = measure,
	.prepare = prepare,
};
