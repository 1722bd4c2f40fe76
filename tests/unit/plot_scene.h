/* SPDX-License-Identifier: GPL-2.0-only */
/* A made-up study with something for each picture. Include after study_fixture.h. The figures are
 * invented; what matters is that they are the same every time. */
#ifndef TESTS_UNIT_PLOT_SCENE_H
#define TESTS_UNIT_PLOT_SCENE_H

#include <math.h>

#include "model/stats.h"

/* Numbers from 0 to 1, always the same ones. */
static inline double noise(void)
{
	static unsigned int state = 1;

	state = state * 1664525u + 1013904223u;
	return (double)(state >> 8) / (1 << 24);
}

static inline void add_rate(struct record *r, const char *name, double k, double n)
{
	struct interval ci = stats__wilson((unsigned long long)k, (unsigned long long)n, 1.959964);
	char low[64], high[64];

	snprintf(low, sizeof(low), "%s_low", name);
	snprintf(high, sizeof(high), "%s_high", name);
	record__metric(r, name, "", n > 0 ? k / n : NAN);
	record__metric(r, low, "", ci.low);
	record__metric(r, high, "", ci.high);
}

/* 101 quantiles around a median, with a tail. */
static inline void add_latency(struct record *r, const char *outcome, double median)
{
	char name[64];
	double q[101];

	for (int i = 0; i <= 100; i++)
		q[i] = median * (0.75 + 0.5 * i / 100.0 + 0.04 / (1.02 - i / 100.0));
	snprintf(name, sizeof(name), "latency_%s", outcome);
	record__series(r, name, "ns", q, 101);
	snprintf(name, sizeof(name), "%s_ns_median", outcome);
	record__metric(r, name, "ns", q[50]);
}

/* Rounds of `optimised`: overridden until the loss, then not. lost_ms 0: never lost. */
static inline void add_rounds(struct record *r, int rounds, double reads, double lost_ms)
{
	double outcome[64], length[64], start[64], round[64], lost[32], flag[32], jump[32];
	double before = 0, all = 0;
	size_t n = 0;

	for (int i = 0; i < rounds; i++) {
		double ms = lost_ms * (0.7 + 0.6 * noise()), at = floor(ms * 35);

		lost[i] = flag[i] = jump[i] = NAN;
		outcome[n] = 0;
		length[n] = lost_ms > 0 ? at : reads;
		start[n] = 0;
		round[n++] = i;
		before += length[n - 1];
		all += length[n - 1];
		if (lost_ms <= 0)
			continue;
		lost[i] = ms;
		flag[i] = ms * 0.82;
		jump[i] = ms + 3;
		outcome[n] = 2;
		length[n] = fmax(reads - at, 200);
		start[n] = ms;
		round[n++] = i;
		all += length[n - 1];
	}
	record__series(r, "run_outcome", "", outcome, n);
	record__series(r, "run_reads", "reads", length, n);
	record__series(r, "run_start", "ms", start, n);
	record__series(r, "run_round", "", round, n);
	record__series(r, "lost_ms", "ms", lost, (size_t)rounds);
	record__series(r, "flag_ms", "ms", flag, (size_t)rounds);
	record__series(r, "jump_ms", "ms", jump, (size_t)rounds);
	record__metric(r, "attempted", "reads", all);
	add_rate(r, "success", before, all);
	if (before < all) {
		add_rate(r, "success_before", before, before);
		add_rate(r, "success_after", 0, all - before);
		record__metric(r, "reads_before", "reads", before);
		record__metric(r, "reads_after", "reads", all - before);
	}
}

#define BASE "size=4096 source=tmpfs cache=warm threads=1 append= barrier=none hint=none "

/* A point of override-point; lost_ms 0: never lost, negative: refused. */
static inline void scene_point(struct study_scene *sc, const char *kernel, unsigned int cpus,
			       const char *hook, const char *more, const char *blocks,
			       double lost_ms)
{
	struct guest_info g = example_guest();
	struct record *r;
	char params[512];

	g.kernel = (char *)kernel;
	g.cpus = cpus;
	snprintf(params, sizeof(params), BASE "hook=%s cpus=%u %s", hook, cpus, more);
	scene_plan(sc, kernel, "override-point", params, blocks);
	r = scene_record(sc, "point");
	record__metric(r, "refused", "", lost_ms < 0);
	if (lost_ms >= 0) {
		double ns = !strcmp(hook, "optimised") || !strcmp(hook, "int3") ? 2600 : 1400;

		add_rounds(r, 5, 60000, lost_ms);
		add_latency(r, "overridden", ns + 20 * (double)hook[0]);
		if (lost_ms > 0)
			add_latency(r, "not_overridden", 2900);
		add_latency(r, "unhooked", 1900);
	}
	scene_add(sc, &g, r);
	scene_row(sc, &g, STATUS_OK, NULL);
}

static const char *const three_hooks[] = { "int3", "optimised", "ftrace" };

static inline double loses(const char *hook, double ms)
{
	return strcmp(hook, "optimised") ? 0 : ms;
}

static inline void scene_hooks(struct study_scene *sc)
{
	static const char *const hooks[] = { "int3",	 "optimised", "ftrace",
					     "fmod_ret", "multi",     "fail_function" };
	static const char *const kernels[] = { "5.10.218", "6.1.192", "5.10.218-cure" };

	scene_block(sc, "hooks", "Hooks, on every kernel", "1,2,4");
	for (int k = 0; k < 3; k++) {
		for (int h = 0; h < 6; h++) {
			double ms = k == 2 ? 0 : loses(hooks[h], 300 + 200 * k);

			if (k != 1 && !strcmp(hooks[h], "multi"))
				ms = -1;
			scene_point(sc, kernels[k], 1, hooks[h], "",
				    k || h > 2 ? "hooks" : "hooks size source cache cpus barriers",
				    ms);
		}
	}
}

static inline void scene_vary(struct study_scene *sc, const char *block, const char *title,
			      const char *factor, const char *values)
{
	struct strv v = { 0 };
	char more[128];

	scene_block(sc, block, title, "3");
	strv__split(&v, values, "|");
	for (size_t i = 1; i < v.n; i++) { /* the first one is the base's */
		for (int h = 0; h < 3; h++) {
			snprintf(more, sizeof(more), "%s=%s", factor, v.v[i]);
			scene_point(sc, "5.10.218", 1, three_hooks[h], more, block,
				    loses(three_hooks[h], 120 + 90 * (double)i));
		}
	}
	strv__free(&v);
}

static inline void scene_cpus(struct study_scene *sc)
{
	static const char *const kernels[] = { "5.10.218", "6.1.192", "5.10.218-preempt" };

	scene_block(sc, "cpus", "Number of CPUs", "3");
	for (int k = 0; k < 3; k++)
		for (unsigned int cpus = 1; cpus <= 4; cpus *= 2)
			for (int h = 0; h < 3; h++)
				if (cpus > 1 || k > 1)
					scene_point(sc, kernels[k], cpus, three_hooks[h], "",
						    "cpus",
						    loses(three_hooks[h], 30 * cpus * (k + 1)));
}

static inline void add_times(struct record *r, const char *name, double ns)
{
	double v[50];

	for (int i = 0; i < 50; i++)
		v[i] = ns * (0.8 + 0.4 * noise());
	record__series(r, name, "ns", v, 50);
}

static inline void scene_order(struct study_scene *sc)
{
	static const char *const names[] = { "stamps_tmpfs", "stamps_ext4_uncached",
					     "stamps_ext4_cached" };
	static const double wait[] = { 1372, 155842, 1732 };
	struct guest_info g = example_guest();

	scene_block(sc, "order", "Time order", "3");
	scene_plan(sc, "5.10.218", "read-path", "reads=50", "order");
	for (int i = 0; i < 3; i++) {
		struct record *r = scene_record(sc, names[i]);

		add_times(r, "vfs_read_to_copyout", wait[i]);
		add_times(r, "copyout_to_return", i == 1 ? 3796 : 2300);
		add_times(r, "probe_to_body", i == 1 ? 1022 : 350);
		add_times(r, "body", 1570);
		add_times(r, "body_to_return_probe", i == 1 ? 1100 : 385);
		scene_add(sc, &g, r);
	}
	scene_row(sc, &g, STATUS_OK, NULL);
}

static inline void scene_all(struct study_scene *sc, struct fixture *f)
{
	scene_begin(sc, f);
	scene_hooks(sc);
	scene_vary(sc, "size", "Size of a read", "size", "4096|2|512|65536|1048576");
	scene_vary(sc, "source", "What is read", "source", "tmpfs|ext4|ramdisk|urandom|proc");
	scene_vary(sc, "cache", "Page cache", "cache",
		   "warm|drop1|drop2|drop3|willneed|readahead|fsync");
	scene_cpus(sc);
	scene_vary(sc, "barriers", "Barriers and branch hints", "barrier",
		   "none|wmb|mfence|lfence|sfence");
	scene_order(sc);
	scene_end(sc);
}

#endif
