// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "base/str.h"
#include "generate.h"
#include "guest/caps.h"
#include "guest/experiment.h"
#include "bpf/trail.h"
#include "guest/insn.h"
#include "loops.skel.h"
#include "model/record.h"
#include "model/stats.h"
#include "model/vlog.h"
#include "read.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define LOG_STATS 4u /* BPF_LOG_STATS: message and statistics only */
#define LOG_SIZE  (64u << 10)
#define MAX_LOADS 100

/* --- what one load says ------------------------------------------------------------------ */

struct said {
	int err;
	double load_us;
	struct vlog log;
};

static int load_and_listen(struct exp *e, const struct bpf_insn *insns, size_t n, char *log,
			   struct said *s)
{
	uint64_t start = exp__now_ns();

	s->err = exp__try_load(e, "loop", BPF_PROG_TYPE_SOCKET_FILTER, insns, n, log, LOG_SIZE,
			       LOG_STATS);
	s->load_us = (double)(exp__now_ns() - start) / 1000;
	return vlog__parse(log, s->err != 0, &s->log);
}

/* --- the loops -------------------------------------------------------------- */

/* Sixteen rounds. */
static const struct bpf_insn back_edge[] = {
	INSN_MOV(BPF_REG_0, 16),
	INSN_ADD(BPF_REG_0, -1),
	INSN_IF(BPF_JNE, BPF_REG_0, 0, -2),
	INSN_EXIT,
};

/* The bound comes from outside and may be anything. Each round leaves the way out to be looked at
 * later. */
static const struct bpf_insn unknown_bound[] = {
	INSN_CALL(BPF_FUNC_get_prandom_u32),
	INSN_MOV(BPF_REG_1, 0),
	INSN_ADD(BPF_REG_1, 1),
	INSN_IF_REG(BPF_JLE, BPF_REG_0, BPF_REG_1, 1),
	INSN_GOTO(-3),
	INSN_MOV(BPF_REG_0, 0),
	INSN_EXIT,
};

/* The same with the question at the end, as clang writes it: the way out is looked at first, and
 * then there is always one more round. */
static const struct bpf_insn unknown_bound_at_end[] = {
	INSN_CALL(BPF_FUNC_get_prandom_u32),
	INSN_MOV(BPF_REG_1, 0),
	INSN_ADD(BPF_REG_1, 1),
	INSN_IF_REG(BPF_JGT, BPF_REG_0, BPF_REG_1, -2),
	INSN_MOV(BPF_REG_0, 0),
	INSN_EXIT,
};

/* 127 rounds of 7,874 instructions, with those before and behind them a million: the limit, and one
 * more. Straight instructions are looked at faster than jumps, which make states. */
#define ROUNDS	 127
#define ROUND	 7874
#define MAX_LEAD 2
static struct bpf_insn million[MAX_LEAD + ROUND + 1];

static size_t make_million(size_t lead)
{
	static const struct bpf_insn filler = INSN_MOV(BPF_REG_0, 0),
				     count = INSN_ADD(BPF_REG_1, 1), last = INSN_EXIT,
				     back = INSN_IF(BPF_JNE, BPF_REG_1, ROUNDS, -ROUND);
	static const struct bpf_insn first = INSN_MOV(BPF_REG_1, 0);
	size_t n = 0;

	while (n < lead)
		million[n++] = first;
	while (n < lead + ROUND - 2)
		million[n++] = filler;
	million[n++] = count;
	million[n++] = back;
	million[n++] = last;
	return n;
}

/* --- loops by their verdict -------------------------------------------------------------- */

#define TOO_LARGE "BPF program is too large. Processed 1000001 insn"

struct loop {
	const char *name;
	const struct bpf_insn *insns;
	size_t n;
	int err;
	const char *says; /* NULL: accepted */
	bool slow;
};

static int measure_loop(struct exp *e, const struct loop *c, char *log)
{
	struct record *r = exp__measurement(e, c->name);
	struct said s = { 0 };
	int err;

	exp__progress(e, 0, 0, c->name);
	err = load_and_listen(e, c->insns, c->n, log, &s);
	if (err) {
		record__free(r);
		return err;
	}
	exp__observed(r, s.err, "%s", s.log.message ? s.log.message : "");
	record__metric(r, "program", "insns", (double)c->n);
	record__metric(r, "processed", "insns", (double)s.log.stats.insns);
	record__metric(r, "peak_states", "", (double)s.log.stats.peak_states);
	record__metric(r, "load_time", "us", s.load_us);
	exp__check(r, s.err == c->err, c->err ? "refused" : "accepted", "%s", exp__err_name(s.err));
	if (c->says)
		exp__check(r, s.log.message && strstr(s.log.message, c->says), c->says, "%s",
			   s.log.message ? s.log.message : "nothing");
	vlog__release(&s.log);
	return exp__emit(e, r);
}

/* What a path with too many jumps gets: the callers of push_stack() took every failure of it for
 * EFAULT, until it told them the reason (after 6.12.107; it does in 6.12.117). */
static int too_many_jumps(const struct exp *e)
{
	return exp__kernel_version(e) < KERNEL_VERSION(6, 12, 108) ? -EFAULT : -E2BIG;
}

static int measure_unknown_bounds(struct exp *e, char *log)
{
	const struct loop loops[] = {
		{ "unknown_bound", unknown_bound, ARRAY_SIZE(unknown_bound), too_many_jumps(e),
		  "The sequence of 8193 jumps is too complex.", false },
		{ "unknown_bound_at_end", unknown_bound_at_end, ARRAY_SIZE(unknown_bound_at_end),
		  -E2BIG, TOO_LARGE, true },
	};
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(loops); i++)
		if (!loops[i].slow || exp__param_bool(e, "slow"))
			err = measure_loop(e, &loops[i], log);
	return err;
}

static int measure_million(struct exp *e, char *log)
{
	struct loop kept = { .name = "million_kept", .insns = million, .n = make_million(1) };
	struct loop exceeded = {
		.name = "million_exceeded", .insns = million, .err = -E2BIG, .says = TOO_LARGE
	};
	int err = measure_loop(e, &kept, log);

	exceeded.n = make_million(2);
	return err ? err : measure_loop(e, &exceeded, log);
}

/* The verifier before 5.3 refused every jump back, and does so still to whom it does not trust. */
static int load_back_edge(struct exp *e)
{
	static const char *const refuse[] = { "assay:reject:*:EINVAL:back-edge from insn 2 to 1",
					      NULL };
	static const char *const accept[] = { "assay:accept:>=5.3", "assay:any:<5.3", NULL };
	uint64_t before;
	int err = caps__set_effective(0, &before), restored;

	if (err)
		return exp__fail(e, err, "give up capabilities");
	err = exp__load_record(e, "back_edge_unprivileged", BPF_PROG_TYPE_SOCKET_FILTER, back_edge,
			       ARRAY_SIZE(back_edge), refuse);
	restored = caps__set_effective(before, NULL);
	if (err || restored)
		return err ? err : restored;
	return exp__load_record(e, "back_edge", BPF_PROG_TYPE_SOCKET_FILTER, back_edge,
				ARRAY_SIZE(back_edge), accept);
}

/* --- comparisons by length --------------------------------------------------------------- */

/* What the loads of one program said; they differ in their times only. */
struct table_cell {
	double load_us[MAX_LOADS];
	struct vlog_stats stats;
	int err;
	char *message;
};

static int load_often(struct exp *e, const struct bpf_insn *insns, size_t n, size_t loads,
		      char *log, struct table_cell *cell)
{
	/* The first load is not counted: it pays for cold caches. */
	for (size_t i = 0; i <= loads; i++) {
		struct said s = { 0 };
		int err = load_and_listen(e, insns, n, log, &s);

		if (err)
			return err;
		if (i)
			cell->load_us[i - 1] = s.load_us;
		cell->stats = s.log.stats;
		cell->err = s.err;
		free(cell->message);
		cell->message = s.log.message;
		s.log.message = NULL;
		vlog__release(&s.log);
	}
	return 0;
}

static void report_cell(struct record *r, const struct compare *c, const struct table_cell *cell,
			size_t loads, int want)
{
	exp__check(r, cell->err == want, want ? "no such helper: refused" : "accepted", "%s %s",
		   exp__err_name(cell->err), cell->message ? cell->message : "");
	if (cell->err) {
		exp__observed(r, cell->err, "%s", cell->message ? cell->message : "");
		return;
	}
	record__metric(r, "program", "insns", (double)c->n);
	record__metric(r, "processed", "insns", (double)cell->stats.insns);
	record__metric(r, "peak_states", "", (double)cell->stats.peak_states);
	record__metric(r, "load_median", "us", stats__median(cell->load_us, loads));
	record__series(r, "load_time", "us", cell->load_us, loads);
}

/* Does it find both strings equal, and one that differs in its last byte? */
static void check_result(struct record *r, const struct compare *c, const struct compare_maps *maps)
{
	int same = loops_compare__run(c, maps, true), other = loops_compare__run(c, maps, false);

	exp__check(r, same == 1 && other == 0, "1 for equal strings, 0 where the last byte differs",
		   "%d and %d", same, other);
}

static int measure_compare(struct exp *e, enum compare_kind kind, size_t length,
			   struct compare_maps *maps, char *log)
{
	size_t loads = exp__param_u64(e, "loads");
	bool no_helper =
		kind == COMPARE_STRNCMP && exp__kernel_version(e) < KERNEL_VERSION(5, 17, 0);
	struct record *r = exp__measurement(e, "compare");
	struct table_cell cell = { 0 };
	struct compare c = { 0 };
	char text[24];
	int err;

	snprintf(text, sizeof(text), "%zu", length);
	record__label(r, "by", loops_compare__name(kind));
	record__label(r, "length", text);
	exp__progress(e, 0, 0, loops_compare__name(kind));
	err = loops_compare__new(&c, kind, length, maps);
	if (!err)
		err = load_often(e, c.insns, c.n, loads, log, &cell);
	if (!err) {
		report_cell(r, &c, &cell, loads, no_helper ? -EINVAL : 0);
		if (!cell.err)
			check_result(r, &c, maps);
		err = exp__emit(e, r);
	} else {
		record__free(r);
	}
	free(cell.message);
	loops_compare__free(&c);
	return err;
}

static int measure_lengths(struct exp *e, char *log)
{
	struct strv lengths = { 0 };
	struct compare_maps maps;
	int err = loops_compare_maps__new(&maps);

	if (!err)
		err = strv__split(&lengths, exp__param_str(e, "lengths"), ",");
	for (size_t i = 0; !err && i < lengths.n; i++) {
		uint64_t length = 0;

		err = num_size(lengths.v[i], 1, COMPARE_MAX, &length);
		for (int kind = 0; !err && kind < NR_COMPARE_KINDS; kind++)
			err = measure_compare(e, kind, (size_t)length, &maps, log);
	}
	strv__free(&lengths);
	loops_compare_maps__release(&maps);
	return err;
}

static int measure(struct exp *e, struct bpf_object *obj)
{
	char *log = malloc(LOG_SIZE);
	int err = log ? load_back_edge(e) : -ENOMEM;

	if (!err)
		err = loops__read(e, obj);
	if (!err)
		err = measure_unknown_bounds(e, log);
	if (!err)
		err = measure_million(e, log);
	if (!err)
		err = measure_lengths(e, log);
	free(log);
	return err;
}

static const struct need needs[] = {
	{ NEED_CONFIG, "CONFIG_BPF_EVENTS", "the programs are kprobe programs" },
	{ NEED_CONFIG, "CONFIG_DEBUG_INFO_BTF",
	  "libbpf looks for the iterators' functions in it, and loads nothing without it" },
	{ 0 },
};

static const struct row rows[] = {
	{ .id = "X24",
	  .title = "loops: back-edge, bounded, unbounded; string comparison in a loop, unrolled, "
		   "by helper",
	  .origin = "notes on BPF for tracing a database, 2016, and its rule that there are no "
		    "loops",
	  .cause = "the rule fell with 5.3: the verifier follows a loop round by round, up to a "
		   "million instructions in all and 8,192 branches in wait. 'back-edge' is what "
		   "an unprivileged loader is still told. A loop without progress is an "
		   "'infinite loop'; one whose bound is unknown ends as 'too complex' where each "
		   "round leaves a way out behind it, and as 'too large' where the way out comes "
		   "first. bpf_loop and bpf_strncmp (5.17) cost the same for any length. Of the "
		   "comparisons that 5.10 takes, words of eight bytes cost least. clang may make "
		   "an unrolled comparison worse than the loop: it gathers a flag for each byte, "
		   "and the paths multiply",
	  .shows = "*" },
	{ 0 },
};

static const struct param params[] = {
	{ .name = "lengths",
	  .type = PARAM_SIZES,
	  .value = "8,64,512",
	  .min = 8,
	  .max = COMPARE_MAX,
	  .help = "lengths of the strings that are compared, multiples of 8" },
	{ .name = "loads",
	  .type = PARAM_UINT,
	  .value = "5",
	  .min = 1,
	  .max = MAX_LOADS,
	  .help = "timed loads of each comparing program" },
	{ .name = "slow",
	  .type = PARAM_BOOL,
	  .value = "no",
	  .help = "also the unbounded loop that takes the verifier seconds to give up" },
	{ 0 },
};

const struct experiment experiment_loops = {
	.name = "loops",
	.summary = "loops, and comparisons of strings: what is taken, and what it costs to verify",
	.rows = rows,
	.needs = needs,
	.params = params,
	.timeout_s = 120,
	.elf_bytes = loops_bpf__elf_bytes,
	.measure = measure,
};
