// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <unistd.h>

#include "guest/experiment.h"
#include "model/fit.h"
#include "model/record.h"
#include "model/stats.h"
#include "parts.h"
#include "shapes.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define STEP	 128u
#define POINTS	 9u /* 0 calls, STEP calls, … */
#define RUNS	 31u
#define UNIT_MAX 5u /* instructions of one call */

enum { NO_MAP, ARRAY, HASH, NR_MAPS };

struct callee {
	const char *name;
	int func; /* 0: none, an addition in place of the call */
	int map;
};

static const struct callee callees[] = {
	{ "none", 0, NO_MAP },
	{ "get_smp_processor_id", BPF_FUNC_get_smp_processor_id, NO_MAP },
	{ "ktime_get_ns", BPF_FUNC_ktime_get_ns, NO_MAP },
	{ "get_current_pid_tgid", BPF_FUNC_get_current_pid_tgid, NO_MAP },
	{ "map_lookup_array", BPF_FUNC_map_lookup_elem, ARRAY },
	{ "map_lookup_hash", BPF_FUNC_map_lookup_elem, HASH },
};

/* The key 0 at the stack's top, then `calls` times arguments and call. */
static size_t make(struct bpf_insn *p, const struct callee *c, int map, size_t calls)
{
	size_t n = 0;

	p[n++] = scaling__insn(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0);
	p[n++] = scaling__insn(BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, -8, 0);
	for (size_t i = 0; i < calls; i++) {
		if (c->map) {
			p[n++] = scaling__insn(BPF_LD | BPF_IMM | BPF_DW, BPF_REG_1,
					       BPF_PSEUDO_MAP_FD, 0, map);
			p[n++] = scaling__insn(0, 0, 0, 0, 0);
			p[n++] = scaling__insn(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10,
					       0, 0);
			p[n++] = scaling__insn(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -8);
		}
		if (c->func)
			p[n++] = scaling__insn(BPF_JMP | BPF_CALL, 0, 0, 0, c->func);
		else
			p[n++] = scaling__insn(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_0, 0, 0, 1);
	}
	p[n++] = scaling__insn(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0);
	p[n++] = scaling__insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	return n;
}

/* Median of one run in ns, or -errno. 5.10 runs a raw tracepoint program once per system call and
 * says nothing about its time; the call's own cost is the same for all and ends up in the line's
 * intercept. */
static int run(const struct bpf_insn *p, size_t n, double *ns)
{
	struct bpf_prog_load_opts opts = { .sz = sizeof(opts) };
	int fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "calls", "GPL", p, n, &opts), err = 0;
	double took[RUNS];

	if (fd < 0)
		return -errno;
	for (size_t i = 0; !err && i <= RUNS; i++) {
		struct bpf_test_run_opts test = { .sz = sizeof(test) };
		uint64_t start = exp__now_ns();

		if (bpf_prog_test_run_opts(fd, &test))
			err = -errno;
		took[i ? i - 1 : 0] = (double)(exp__now_ns() - start);
	}
	close(fd);
	*ns = stats__median(took, RUNS);
	return err;
}

static int measure_callee(struct exp *e, const struct callee *c, const int *maps, bool jit,
			  struct bpf_insn *p)
{
	struct record *r = exp__measurement(e, "call");
	double calls[POINTS], ns[POINTS];
	struct fit f;
	int err = 0;

	for (size_t i = 0; !err && i < POINTS; i++) {
		size_t n = make(p, c, maps[c->map], i * STEP);

		calls[i] = (double)(i * STEP);
		err = run(p, n, &ns[i]);
	}
	record__label(r, "helper", c->name);
	record__label(r, "jit", jit ? "on" : "off");
	exp__check(r, !err, "the program loads and runs, whatever the number of calls", "%s",
		   exp__err_name(err));
	if (!err && !fit__line(calls, ns, POINTS, &f)) {
		scaling__slope(r, "per_call", "ns", &f, 1);
		record__metric(r, "run_of_none", "ns", f.intercept);
		record__metric(r, "r2", "", f.r2);
		record__series(r, "calls", "calls", calls, POINTS);
		record__series(r, "run", "ns", ns, POINTS);
	}
	return exp__emit(e, r);
}

int scaling__calls(struct exp *e)
{
	int maps[NR_MAPS] = { -1, -1, -1 }, err = 0;
	struct bpf_insn *p = calloc(POINTS * STEP * UNIT_MAX + 8, sizeof(*p));

	if (!p)
		return -ENOMEM;
	maps[ARRAY] = bpf_map_create(BPF_MAP_TYPE_ARRAY, "calls_array", 4, 8, 1, NULL);
	maps[HASH] = bpf_map_create(BPF_MAP_TYPE_HASH, "calls_hash", 4, 8, 16, NULL);
	if (maps[ARRAY] < 0 || maps[HASH] < 0)
		err = exp__fail(e, -errno, "create a map");
	for (int jit = 1; !err && jit >= 0; jit--) {
		err = scaling__jit(e, jit);
		for (size_t i = 0; !err && i < ARRAY_SIZE(callees); i++)
			err = measure_callee(e, &callees[i], maps, jit, p);
	}
	for (size_t i = 0; i < NR_MAPS; i++)
		if (maps[i] >= 0)
			close(maps[i]);
	free(p);
	return err;
}
