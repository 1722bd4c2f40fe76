// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/version.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "diagnosis.h"
#include "guest/experiment.h"
#include "model/record.h"
#include "probe.h"
#include "scene.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define GETPGID	   "__x64_sys_getpgid"
#define SCHEDSTATS "/proc/sys/kernel/sched_schedstats"

/* --- the cases --------------------------------------------------------------------------- */

/* A count that is expected: none, as many as events, half of them, those and others', or one that
 * is not there. */
enum amount { NONE, ALL, HALF, AT_LEAST, NO_COUNT };
static const char *const amounts[] = {
	[NONE] = "none",
	[ALL] = "every event",
	[HALF] = "every other event",
	[AT_LEAST] = "every event, and perhaps others",
	[NO_COUNT] = "there is no such count",
};

struct probe_case {
	const char *name;
	char letter; /* of the row */
	bool fentry; /* attached by its section; otherwise: */
	enum probe_kind kind;
	const char *where; /* NULL: place */
	enum place place;
	const char *prog;
	unsigned int since; /* kernel version */
	const char *option; /* of the kernel, without which there is no such probe; or NULL */
	bool twice;	    /* each act is two events */
	bool outer;	    /* with a kprobe on getpgid, whose program calls what is probed */
	void (*act)(struct scene *s);
	/* Expected: */
	enum probe_link link;
	enum amount traced, hits, misses, runs, counted;
};

#define UPROBE(p)     .kind = PROBE_UPROBE, .place = (p)
#define KPROBE(s)     .kind = PROBE_KPROBE, .where = (s)
#define TRACEPOINT(s) .kind = PROBE_TRACEPOINT, .where = (s)
#define EXPECT(l, t, h, m, r, c) \
	.link = LINK_##l, .traced = (t), .hits = (h), .misses = (m), .runs = (r), .counted = (c)

static const struct probe_case cases[] = {
	/* (b) */
	{ .name = "signature_of_function",
	  .letter = 'b',
	  UPROBE(IN_ORIGINAL),
	  .prog = "signature_of_function",
	  .act = silent_scene__call_target,
	  EXPECT(PROGRAM, ALL, ALL, NO_COUNT, ALL, NONE) },
	{ .name = "signature_shifted",
	  .letter = 'b',
	  UPROBE(IN_ORIGINAL),
	  .prog = "signature_shifted",
	  .act = silent_scene__call_target,
	  EXPECT(PROGRAM, ALL, ALL, NO_COUNT, ALL, NONE) },
	{ .name = "signature_right",
	  .letter = 'b',
	  UPROBE(IN_ORIGINAL),
	  .prog = "signature_right",
	  .act = silent_scene__call_target,
	  EXPECT(WHOLE, ALL, ALL, NO_COUNT, ALL, ALL) },
	/* (c) */
	{ .name = "probe_on_copy",
	  .letter = 'c',
	  UPROBE(IN_COPY),
	  .prog = "count_all",
	  .act = silent_scene__call_target,
	  EXPECT(PLACE, NONE, NONE, NO_COUNT, NONE, NONE) },
	{ .name = "probe_on_original",
	  .letter = 'c',
	  UPROBE(IN_ORIGINAL),
	  .prog = "count_all",
	  .act = silent_scene__call_target,
	  EXPECT(WHOLE, ALL, ALL, NO_COUNT, ALL, ALL) },
	{ .name = "probe_on_copy_that_runs",
	  .letter = 'c',
	  UPROBE(IN_COPY),
	  .prog = "count_all",
	  .act = silent_scene__call_copy,
	  EXPECT(WHOLE, ALL, ALL, NO_COUNT, ALL, ALL) },
	/* (d) */
	{ .name = "filter_both_halves",
	  .letter = 'd',
	  KPROBE(GETPGID),
	  .prog = "filter_both_halves",
	  .act = silent_scene__call_getpgid,
	  EXPECT(PROGRAM, ALL, ALL, NONE, ALL, NONE) },
	{ .name = "filter_right",
	  .letter = 'd',
	  KPROBE(GETPGID),
	  .prog = "filter_right",
	  .act = silent_scene__call_getpgid,
	  EXPECT(WHOLE, ALL, ALL, NONE, ALL, ALL) },
	{ .name = "map_update_kprobe",
	  .letter = 'd',
	  KPROBE("htab_map_update_elem"),
	  .prog = "count_all",
	  .act = silent_scene__update_map,
	  EXPECT(RUN, ALL, ALL, NONE, NONE, NONE) },
	{ .name = "map_update_fentry",
	  .letter = 'd',
	  .fentry = true,
	  .prog = "fentry_map_update",
	  .act = silent_scene__update_map,
	  EXPECT(WHOLE, NO_COUNT, NO_COUNT, NO_COUNT, ALL, ALL) },
	{ .name = "nested_int3",
	  .letter = 'd',
	  KPROBE("prandom_u32_state"),
	  .option = "CONFIG_KPROBE_EVENTS_ON_NOTRACE",
	  .prog = "count_all",
	  .outer = true,
	  .act = silent_scene__call_getpgid,
	  EXPECT(HANDLER, NONE, NONE, ALL, NONE, NONE) },
	{ .name = "nested_ftrace",
	  .letter = 'd',
	  KPROBE("bpf_user_rnd_u32"),
	  .prog = "count_all",
	  .outer = true,
	  .act = silent_scene__call_getpgid,
	  EXPECT(HANDLER, NONE, NONE, ALL, NONE, NONE) },
	{ .name = "nested_fentry",
	  .letter = 'd',
	  .fentry = true,
	  .prog = "fentry_nested",
	  .outer = true,
	  .act = silent_scene__call_getpgid,
	  EXPECT(WHOLE, NO_COUNT, NO_COUNT, NO_COUNT, ALL, ALL) },
	{ .name = "nested_recursive",
	  .letter = 'd',
	  .fentry = true,
	  .prog = "fentry_recursive",
	  .since = KERNEL_VERSION(5, 12, 0),
	  .twice = true,
	  .outer = true,
	  .act = silent_scene__call_getpgid,
	  EXPECT(RUN, NO_COUNT, NO_COUNT, NO_COUNT, HALF, HALF) },
	{ .name = "inlined_call",
	  .letter = 'd',
	  UPROBE(OUT_OF_LINE),
	  .prog = "count_all",
	  .act = silent_scene__call_inlined,
	  EXPECT(PLACE, NONE, NONE, NO_COUNT, NONE, NONE) },
	{ .name = "out_of_line_call",
	  .letter = 'd',
	  UPROBE(OUT_OF_LINE),
	  .prog = "count_all",
	  .act = silent_scene__call_out_of_line,
	  EXPECT(WHOLE, ALL, ALL, NO_COUNT, ALL, ALL) },
};

static const struct probe_case sleep_off = { .name = "schedstats_off",
					     .letter = 'a',
					     TRACEPOINT("sched/sched_stat_sleep"),
					     .prog = "count_sleep",
					     .act = silent_scene__sleep_often,
					     EXPECT(SOURCE, NONE, NO_COUNT, NO_COUNT, NONE, NONE) };
static const struct probe_case sleep_on = { .name = "schedstats_on",
					    .letter = 'a',
					    TRACEPOINT("sched/sched_stat_sleep"),
					    .prog = "count_sleep",
					    .act = silent_scene__sleep_often,
					    /* It runs for every task that wakes. */
					    EXPECT(WHOLE, ALL, NO_COUNT, NO_COUNT, AT_LEAST, ALL) };

/* --- a case ------------------------------------------------------------------------------ */

/* A program's runs, and those left out, so far. */
static int program_runs(const struct bpf_program *p, int64_t *runs, int64_t *skipped)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(p), &info, &len))
		return -errno;
	*runs = (int64_t)info.run_cnt;
	*skipped = (int64_t)info.recursion_misses;
	return 0;
}

static int64_t sleeps_so_far(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_SELF, &usage) ? 0 : usage.ru_nvcsw;
}

struct attached {
	struct probe probe, outer;
	struct bpf_link *fentry;
};

static int attach_case(struct scene *s, const struct probe_case *c, struct attached *a)
{
	const struct bpf_program *p = exp__loaded(s->obj, c->prog);
	const char *where = c->where ? c->where : s->places[c->place];
	int err = 0;

	if (!p)
		return -ENOENT;
	if (c->fentry) {
		a->fentry = bpf_program__attach(p);
		err = a->fentry ? 0 : -errno;
	} else {
		err = silent_probe__open(&a->probe, c->kind, where, p);
		if (!err)
			err = silent_probe__trace(&a->probe, where);
	}
	if (!err && c->outer)
		err = silent_probe__open(&a->outer, PROBE_KPROBE, GETPGID,
					 exp__loaded(s->obj, "outer"));
	return err;
}

static void detach_case(const struct probe_case *c, struct attached *a)
{
	if (c->outer)
		silent_probe__close(&a->outer);
	bpf_link__destroy(a->fentry);
	if (!c->fentry)
		silent_probe__close(&a->probe);
}

static int count_case(struct scene *s, const struct probe_case *c, struct attached *a,
		      struct probe_counts *n)
{
	const struct bpf_program *p = exp__loaded(s->obj, c->prog);
	int64_t runs, skipped, made = 0;
	int err = program_runs(p, &runs, &skipped);

	if (err)
		return err;
	s->g->counted = 0;
	if (c->act == silent_scene__sleep_often)
		made = -sleeps_so_far();
	c->act(s);
	made += c->act == silent_scene__sleep_often ? sleeps_so_far() : (int64_t)s->events;
	n->counted = (int64_t)s->g->counted;
	n->made = c->twice ? 2 * made : made;
	/* Before anything else that calls bpf(2). */
	if (!c->fentry)
		err = silent_probe__read(&a->probe, n);
	if (!err)
		err = program_runs(p, &n->runs, &n->skipped);
	n->runs -= runs;
	n->skipped -= skipped;
	return err;
}

static bool is_amount(int64_t count, enum amount a, int64_t made)
{
	switch (a) {
	case NONE:
		return count == 0;
	case ALL:
		return count == made;
	case HALF:
		return count == made / 2;
	case AT_LEAST:
		return count >= made;
	default:
		return count == COUNT_UNKNOWN;
	}
}

static void check_count(struct record *r, const char *name, int64_t count, enum amount want,
			int64_t made)
{
	char text[64];

	if (count != COUNT_UNKNOWN)
		record__metric(r, name, "", (double)count);
	snprintf(text, sizeof(text), "%s: %s", name, amounts[want]);
	exp__check(r, is_amount(count, want, made), text, "%" PRId64 " of %" PRId64, count, made);
}

static void report_case(struct record *r, const struct probe_case *c, const struct probe_counts *n)
{
	const char letter[] = { c->letter, '\0' };
	enum probe_link link = silent__diagnose(n);
	char sentence[256];

	record__label(r, "case", letter);
	record__label(r, "broken", silent__link_name(link));
	exp__observed(r, 0, "%s", silent__diagnosis(n, sentence, sizeof(sentence)));
	exp__check(r, link == c->link, "the link that is broken is found", "%s",
		   silent__link_name(link));
	record__metric(r, "made", "", (double)n->made);
	check_count(r, "traced", n->traced, c->traced, n->made);
	check_count(r, "hits", n->hits, c->hits, n->made);
	check_count(r, "misses", n->misses, c->misses, n->made);
	check_count(r, "runs", n->runs, c->runs, n->made);
	check_count(r, "counted", n->counted, c->counted, n->made);
	record__metric(r, "recursion_misses", "", (double)n->skipped);
}

static int measure_case(struct exp *e, struct scene *s, const struct probe_case *c)
{
	struct probe_counts n = { .traced = COUNT_UNKNOWN,
				  .hits = COUNT_UNKNOWN,
				  .misses = COUNT_UNKNOWN };
	struct record *r = exp__measurement(e, c->name);
	struct attached a = { 0 };
	int err;

	exp__progress(e, 0, 0, c->name);
	err = attach_case(s, c, &a);
	if (!err)
		err = count_case(s, c, &a, &n);
	detach_case(c, &a);
	if (err) {
		record__free(r);
		return exp__fail(e, err, "probe and count %s", c->name);
	}
	report_case(r, c, &n);
	return exp__emit(e, r);
}

/* --- (a) the scheduler's statistics ------------------------------------------------------ */

static char libbpf_said[512];

static int keep(enum libbpf_print_level level, const char *fmt, va_list args)
{
	if (level == LIBBPF_WARN)
		vsnprintf(libbpf_said, sizeof(libbpf_said), fmt, args);
	return 0;
}

/* Without CONFIG_SCHEDSTATS the tracepoint is not there. */
static int measure_absent(struct exp *e, struct scene *s)
{
	struct record *r = exp__measurement(e, "schedstats_absent");
	struct probe_counts n = { 0 };
	libbpf_print_fn_t before = libbpf_set_print(keep);
	struct bpf_link *link = bpf_program__attach(exp__loaded(s->obj, "count_sleep"));
	char sentence[256];

	n.attach_err = link ? 0 : -errno;
	libbpf_set_print(before);
	bpf_link__destroy(link);
	record__label(r, "case", "a");
	record__label(r, "broken", silent__link_name(silent__diagnose(&n)));
	exp__observed(r, n.attach_err, "%s; %.*s",
		      silent__diagnosis(&n, sentence, sizeof(sentence)),
		      (int)strcspn(libbpf_said, "\n"), libbpf_said);
	exp__check(r, n.attach_err == -ENOENT, "attaching fails with ENOENT", "%s",
		   exp__err_name(n.attach_err));
	exp__check(r, silent__diagnose(&n) == LINK_ATTACH, "the link that is broken is found", "%s",
		   silent__link_name(silent__diagnose(&n)));
	return exp__emit(e, r);
}

/* sched_stat_runtime needs neither the option nor the sysctl, although it is called like those that
 * do. How often it fires is the scheduler's affair. */
static int measure_runtime(struct exp *e, struct scene *s)
{
	struct record *r = exp__measurement(e, "sched_stat_runtime");
	struct bpf_link *link = bpf_program__attach(exp__loaded(s->obj, "count_runtime"));
	int err = link ? 0 : -errno;

	s->g->counted = 0;
	silent_scene__sleep_often(s);
	bpf_link__destroy(link);
	record__label(r, "case", "a");
	record__metric(r, "counted", "", (double)s->g->counted);
	exp__check(r, !err, "attaching succeeds", "%s", exp__err_name(err));
	exp__check(r, s->g->counted > 0, "it fires", "%llu times", s->g->counted);
	return exp__emit(e, r);
}

static int measure_switched(struct exp *e, struct scene *s)
{
	int err = exp__write_str(SCHEDSTATS, "0");

	if (!err)
		err = measure_runtime(e, s);
	if (!err)
		err = measure_case(e, s, &sleep_off);
	if (!err)
		err = exp__write_str(SCHEDSTATS, "1");
	if (!err)
		err = measure_case(e, s, &sleep_on);
	return err;
}

static int measure_schedstats(struct exp *e, struct scene *s)
{
	uint64_t before;
	int err;

	if (!exp__has(e, NEED_CONFIG, "CONFIG_SCHEDSTATS")) {
		err = measure_absent(e, s);
		return err ? err : measure_runtime(e, s);
	}
	err = exp__read_u64(SCHEDSTATS, &before);
	if (err)
		return err;
	err = measure_switched(e, s);
	exp__write_str(SCHEDSTATS, before ? "1" : "0");
	return err;
}

static bool applies(struct exp *e, struct bpf_object *obj, const struct probe_case *c)
{
	return exp__loaded(obj, c->prog) && exp__kernel_version(e) >= c->since &&
	       (!c->option || exp__has(e, NEED_CONFIG, c->option));
}

/* A rejected one has its record; cases that use these say nothing without. */
static const char *missing(struct bpf_object *obj)
{
	static const char *const always[] = { "outer", "count_sleep", "count_runtime" };

	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		if (!exp__loaded(obj, always[i]))
			return always[i];
	return NULL;
}

static int measure(struct exp *e, struct bpf_object *obj)
{
	struct scene s = { .obj = obj, .map = -1, .events = exp__param_u64(e, "events") };
	const char *lacking = missing(obj);
	int stats, err;

	if (lacking)
		return exp__skip(e, "the program %s is not loaded", lacking);
	stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (stats < 0)
		return exp__fail(e, -errno, "turn on BPF statistics");
	err = silent_scene__set(&s);
	if (err)
		exp__fail(e, err, "set up what is probed");
	for (size_t i = 0; !err && i < ARRAY_SIZE(cases); i++)
		if (applies(e, obj, &cases[i]))
			err = measure_case(e, &s, &cases[i]);
	if (!err)
		err = measure_schedstats(e, &s);
	silent_probe__end_tracing();
	silent_scene__release(&s);
	close(stats);
	return err;
}

/* Without BTF there is no fentry; the cases that are mended by it are left out. */
static int prepare(struct exp *e, struct bpf_object *obj)
{
	static const struct {
		const char *prog, *func;
	} fentries[] = {
		{ "fentry_nested", "bpf_user_rnd_u32" },
		{ "fentry_recursive", "bpf_user_rnd_u32" },
		{ "fentry_map_update", "htab_map_update_elem" },
	};

	struct silent_probe_bpf__rodata rodata = {
		.comm_behind = exp__kernel_version(e) >= KERNEL_VERSION(7, 0, 0),
	};
	struct bpf_map *map = bpf_object__find_map_by_name(obj, ".rodata");
	int err = map ? bpf_map__set_initial_value(map, &rodata, sizeof(rodata)) : -ENOENT;

	if (err)
		return exp__fail(e, err, "set the object's .rodata");
	for (size_t i = 0; i < ARRAY_SIZE(fentries); i++)
		if (!exp__has(e, NEED_BTF_FUNC, fentries[i].func))
			bpf_program__set_autoload(
				bpf_object__find_program_by_name(obj, fentries[i].prog), false);
	return 0;
}

static const struct need needs[] = {
	{ NEED_CONFIG, "CONFIG_KPROBE_EVENTS", "kprobes through tracefs, with their profile" },
	{ NEED_CONFIG, "CONFIG_UPROBE_EVENTS", "uprobes through tracefs, with their profile" },
	{ NEED_FILE, "/sys/kernel/tracing/instances", "ftrace counts in a buffer of its own" },
	{ 0 },
};

#define NOTES "notes on BPF for tracing a database, 2016"

static const struct row rows[] = {
	{ .id = "E8",
	  .title = "(a) probe attaches, count stays 0: a tracepoint of the scheduler's statistics",
	  .origin = NOTES,
	  .cause = "sched_stat_wait, _sleep, _iowait and _blocked exist only with "
		   "CONFIG_SCHEDSTATS (without it attaching fails with ENOENT), and with it they "
		   "fire only while the sysctl kernel.sched_schedstats is 1, which it is not "
		   "after boot: the kernel's log says so, once. sched_stat_runtime needs "
		   "neither, although that message names it",
	  .fix = "the option and the sysctl",
	  .shows = "schedstats_off schedstats_absent",
	  .passes = "schedstats_on sched_stat_runtime" },
	{ .id = "E8",
	  .title = "(b) probe attaches, count stays 0: wrong signature of a handler",
	  .origin = NOTES,
	  .cause = "a program has one argument, the context. One that declares the probed "
		   "function's arguments instead compares the context's address, runs every time "
		   "and counts nothing; one that reads the wrong argument, likewise. The "
		   "verifier has no objection",
	  .fix = "one argument, struct pt_regs *ctx, and PT_REGS_PARM1(ctx) and so on",
	  .shows = "signature_of_function signature_shifted",
	  .passes = "signature_right" },
	{ .id = "E8",
	  .title = "(c) probe attaches, count stays 0: a uprobe on an identical copy of the "
		   "binary",
	  .origin = NOTES,
	  .cause = "a uprobe belongs to an inode and an offset, not to a path or its contents: "
		   "where a copy runs, the original's probe is not hit, and the other way round",
	  .fix = "the file that the process runs: /proc/PID/exe",
	  .shows = "probe_on_copy",
	  .passes = "probe_on_original probe_on_copy_that_runs" },
	{ .id = "E8",
	  .title = "(d) probe attaches, ftrace says hit, BPF says not",
	  .origin = NOTES,
	  .cause = "while a BPF program runs or bpf(2) changes a map (bpf_prog_active), "
		   "trace_call_bpf in kernel/trace/bpf_trace.c runs no other on this CPU and, on "
		   "5.10 and 6.1, counts nothing: ftrace and kprobe_profile show the hits, "
		   "run_cnt does not move. Within another kprobe's handler the probe is not hit "
		   "but missed, which kprobe_profile shows. A filter that compares both halves "
		   "of bpf_get_current_pid_tgid with one lets the program run and counts "
		   "nothing. Inlined calls do not pass the function",
	  .fix = "fentry, which neither rule keeps out; the upper half of pid_tgid; a place that "
		 "is not inlined",
	  .shows = "map_update_kprobe nested_int3 nested_ftrace nested_recursive "
		   "filter_both_halves inlined_call",
	  .passes = "map_update_fentry nested_fentry filter_right out_of_line_call" },
	{ 0 },
};

static const struct param params[] = {
	{ .name = "events",
	  .type = PARAM_UINT,
	  .value = "50",
	  .min = 1,
	  .max = 100000,
	  .help = "events in each case" },
	{ 0 },
};

const struct experiment experiment_silent_probe = {
	.name = "silent-probe",
	.summary = "a probe attaches and its count stays 0: which link of the chain is broken?",
	.rows = rows,
	.needs = needs,
	.params = params,
	.timeout_s = 60,
	.elf_bytes = silent_probe_bpf__elf_bytes,
	.prepare = prepare,
	.measure = measure,
};
