// SPDX-License-Identifier: GPL-2.0-only
/* Behaves. The harness must say: ok; `count` accepted, `unwritten` rejected as its tag expects, and
 * a measurement `hits` whose checks hold. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <unistd.h>

#include "guest/experiment.h"
#include "model/record.h"
#include "trivial.skel.h"

static int measure(struct exp *e, struct bpf_object *obj)
{
	struct bpf_map *map = bpf_object__find_map_by_name(obj, ".bss");
	uint64_t calls = exp__param_u64(e, "calls"), hits = 0;
	struct record *r = exp__measurement(e, "hits");
	double ns[16];
	uint32_t key = 0;

	for (uint64_t i = 0; i < calls; i++) {
		uint64_t start = exp__now_ns();

		getppid();
		ns[i % 16] = (double)(exp__now_ns() - start);
		exp__progress(e, i, calls, "system calls");
	}
	if (!map || bpf_map__lookup_elem(map, &key, sizeof(key), &hits, sizeof(hits), 0))
		return exp__fail(e, -errno, "read the counter");
	record__label(r, "call", "getppid");
	record__metric(r, "calls", "calls", (double)calls);
	record__metric(r, "hits", "calls", (double)hits);
	record__series(r, "duration", "ns", ns, calls < 16 ? calls : 16);
	exp__check(r, hits >= calls, "each call is counted", "%llu of %llu",
		   (unsigned long long)hits, (unsigned long long)calls);
	return exp__emit(e, r);
}

static const struct need needs[] = {
	{ NEED_CONFIG, "CONFIG_BPF_SYSCALL", "loads BPF programs" },
	{ NEED_FILE, "/sys/kernel/tracing/events/raw_syscalls", "counts system calls" },
	{ 0 },
};

static const struct param params[] = {
	{ .name = "calls",
	  .type = PARAM_UINT,
	  .value = "1000",
	  .min = 1,
	  .max = 1000000,
	  .help = "system calls to make" },
	{ 0 },
};

static const struct row rows[] = {
	{ .id = "E4",
	  .title = "R1 !read_ok",
	  .origin = "the self-tests",
	  .cause = "a register that was never written",
	  .fix = "write it",
	  .shows = "unwritten",
	  .passes = "count" },
	{ 0 },
};

const struct experiment experiment_trivial = {
	.name = "trivial",
	.summary = "Does a raw tracepoint count every system call?",
	.rows = rows,
	.needs = needs,
	.params = params,
	.timeout_s = 30,
	.elf_bytes = trivial_bpf__elf_bytes,
	.measure = measure,
	.attach = true,
};
