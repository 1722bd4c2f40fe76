// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest/experiment.h"
#include "read.h"
#include "model/record.h"
#include "model/stats.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define TARGET	   "__x64_sys_getpgid" /* on the error-injection list */
#define MADE_UP	   4242		       /* not the process group of anybody here */
#define MARK	   0x5ca1ab1e	       /* as in tail-call.bpf.c */
#define JIT	   "/proc/sys/net/core/bpf_jit_enable"
#define TAIL_CALLS 33 /* that the kernel allows in a chain */

/* --- what a call of the probed function shows -------------------------------------------- */

/* Puts a program into the only slot of a prog array; NULL empties it. */
int tail_call__fill(struct bpf_object *obj, const char *map, const char *prog)
{
	int fd = bpf_object__find_map_fd_by_name(obj, map);
	struct bpf_program *p = prog ? exp__loaded(obj, prog) : NULL;
	__u32 slot = 0;
	int prog_fd, err;

	if (fd < 0)
		return fd;
	if (!prog) {
		err = bpf_map_delete_elem(fd, &slot) ? -errno : 0;
		return err == -ENOENT ? 0 : err;
	}
	if (!p)
		return -ESRCH;
	prog_fd = bpf_program__fd(p);
	return bpf_map_update_elem(fd, &slot, &prog_fd, BPF_ANY) ? -errno : 0;
}

struct probe_case {
	const char *name;
	const char *attached[MAX_LINKS + 1]; /* in this order */
	const char *in_slot;		     /* of the prog array `kprobes`, or NULL */
	/* Expected of one call of getpgid: */
	unsigned int calls, callee_runs, came_back, chain_runs;
	bool overridden;
};

static const struct probe_case probe_cases[] = {
	{ "no_return", { "caller" }, "callee", 1, 1, 0, 0, false },
	{ "empty_slot", { "caller" }, NULL, 1, 0, 1, 0, false },
	{ "return_to_function", { "caller_in_function" }, "callee", 1, 1, 1, 0, false },
	{ "depth", { "chain" }, "chain", 0, 0, 1, TAIL_CALLS + 1, false },
	{ "override_alone", { "override" }, NULL, 0, 0, 0, 0, true },
	{ "override_by_function", { "override_in_function" }, NULL, 0, 0, 0, 0, true },
	/* Of two kprobes on one function the one attached last runs first. */
	{ "override_by_other_program",
	  { "override_if_decided", "caller" },
	  "decide",
	  1,
	  0,
	  0,
	  0,
	  true },
	{ "override_nothing_decided",
	  { "override_if_decided", "caller" },
	  "callee",
	  1,
	  1,
	  0,
	  0,
	  false },
	{ "override_decided_too_late",
	  { "caller", "override_if_decided" },
	  "decide",
	  1,
	  0,
	  0,
	  0,
	  false },
};

int tail_call__attach(struct bpf_object *obj, const char *const *names, const char *function,
		      struct bpf_link **links)
{
	for (size_t i = 0; i < MAX_LINKS && names[i]; i++) {
		struct bpf_program *p = exp__loaded(obj, names[i]);

		if (!p)
			return -ESRCH;
		links[i] = bpf_program__attach_kprobe(p, false, function);
		if (!links[i])
			return -errno;
	}
	return 0;
}

/* One call under the programs' eyes; returns getpgid's result. */
static long call(globals *g)
{
	long got;

	memset(g, 0, sizeof(*g));
	g->result = MADE_UP;
	g->thread = exp__this_thread();
	got = syscall(SYS_getpgid, 0);
	g->thread = 0;
	return got;
}

static void check_count(struct record *r, const char *what, uint64_t found, uint64_t want)
{
	char text[80];

	snprintf(text, sizeof(text), "%s: %" PRIu64, what, want);
	exp__check(r, found == want, text, "%" PRIu64, found);
}

static int measure_probe(struct exp *e, struct bpf_object *obj, globals *g,
			 const struct probe_case *c)
{
	struct record *r = exp__measurement(e, c->name);
	struct bpf_link *links[MAX_LINKS] = { NULL };
	long own = syscall(SYS_getpgid, 0), got;
	int err = tail_call__fill(obj, "kprobes", c->in_slot);

	exp__check(r, !err, "the prog array is filled", "%s", exp__err_name(err));
	if (!err) {
		err = tail_call__attach(obj, c->attached, TARGET, links);
		exp__check(r, !err, "the programs attach", "%s", exp__err_name(err));
	}
	if (!err) {
		got = call(g);
		check_count(r, "runs of the caller", g->calls, c->calls);
		check_count(r, "runs of the callee", g->callee_runs, c->callee_runs);
		check_count(r, "returns behind the tail call", g->came_back, c->came_back);
		check_count(r, "runs of the chain's program", g->chain_runs, c->chain_runs);
		exp__check(r, got == (c->overridden ? MADE_UP : own),
			   c->overridden ? "getpgid returns what the program says"
					 : "getpgid returns its own",
			   "%ld (its own: %ld)", got, own);
		record__metric(r, "caller", "runs", (double)g->calls);
		record__metric(r, "callee", "runs", (double)g->callee_runs);
		record__metric(r, "chain", "runs", (double)g->chain_runs);
		record__metric(r, "came_back", "returns", (double)g->came_back);
		record__label(r, "overridden", got == MADE_UP ? "yes" : "no");
	}
	for (size_t i = 0; i < MAX_LINKS; i++)
		bpf_link__destroy(links[i]);
	return exp__emit(e, r);
}

static bool is_compiled(struct bpf_object *obj, const char *prog)
{
	struct bpf_prog_info info = { 0 };
	struct bpf_program *p = exp__loaded(obj, prog);
	__u32 len = sizeof(info);

	return !p || bpf_obj_get_info_by_fd(bpf_program__fd(p), &info, &len) || info.jited_prog_len;
}

/* The interpreter counts for itself: the chain once more, loaded while the JIT is off. */
static int measure_interpreted(struct exp *e)
{
	static const struct probe_case chain = { "depth_interpreted", { "chain" }, "chain", 0, 0, 1,
						 TAIL_CALLS + 1,      false };
	struct bpf_object *obj = NULL;
	struct bpf_program *p;
	globals *g = NULL;
	uint64_t jit;
	size_t size;
	const void *elf = tail_call_bpf__elf_bytes(&size);
	int err = exp__read_u64(JIT, &jit);

	if (!err)
		err = exp__write_str(JIT, "0");
	if (err)
		return exp__fail(e, err, "turn the JIT off");
	obj = bpf_object__open_mem(elf, size, NULL);
	err = obj ? 0 : -errno;
	if (!err) {
		bpf_object__for_each_program (p, obj)
			bpf_program__set_autoload(p, !strcmp(bpf_program__name(p), "chain"));
		err = bpf_object__load(obj);
	}
	exp__write_str(JIT, jit ? "1" : "0");
	if (!err && is_compiled(obj, "chain"))
		err = -EPROTO;
	if (!err) {
		g = exp__map_globals(obj, sizeof(*g));
		err = g ? measure_probe(e, obj, g, &chain) : -errno;
	}
	if (err)
		exp__fail(e, err, "load a program while the JIT is off");
	if (g)
		munmap(g, sizeof(*g));
	bpf_object__close(obj);
	return err;
}

/* --- what goes into a prog array --------------------------------------------------------- */

static const struct slot_case {
	const char *name, *prog;
	int err;
} slot_cases[] = {
	{ "slot_override", "override", -EINVAL },
	{ "slot_override_in_function", "override_in_function", -EINVAL },
	{ "slot_same_type", "callee", 0 },
	{ "slot_other_type", "direct_step", -EINVAL },
};

static int measure_slot(struct exp *e, struct bpf_object *obj, const struct slot_case *c)
{
	struct record *r = exp__measurement(e, c->name);
	int err = tail_call__fill(obj, "kprobes", c->prog);

	record__label(r, "program", c->prog);
	record__label(r, "update", exp__err_name(err));
	exp__check(r, err == c->err,
		   c->err ? "bpf_map_update_elem fails with EINVAL"
			  : "bpf_map_update_elem takes the program",
		   "%s", exp__err_name(err));
	if (err)
		exp__observed(r, err, "bpf_map_update_elem: %s", strerror(-err));
	return exp__emit(e, r);
}

/* --- what is shared ---------------------------------------------------------------------- */

static int measure_shared(struct exp *e, struct bpf_object *obj, globals *g)
{
	static const char *const names[] = { "caller", NULL };
	struct bpf_link *links[MAX_LINKS] = { NULL };
	struct record *r = exp__measurement(e, "shared_state");
	int err = tail_call__fill(obj, "kprobes", "callee");

	if (!err)
		err = tail_call__attach(obj, names, TARGET, links);
	exp__check(r, !err, "caller and callee are in place", "%s", exp__err_name(err));
	if (err)
		goto out;
	call(g);
	exp__check(r, g->callee_runs == 1 && g->callee_note == MARK,
		   "the callee finds in a map what the caller put there", "%#llx", g->callee_note);
	exp__check(r, g->callee_context && g->callee_context == g->caller_context,
		   "the callee has the caller's context", "%#llx and %#llx", g->callee_context,
		   g->caller_context);
	if (!exp__loaded(obj, "callee_reads_stack"))
		goto out;
	err = tail_call__fill(obj, "kprobes", "callee_reads_stack");
	exp__check(r, !err, "the callee that reads its stack is in place", "%s",
		   exp__err_name(err));
	call(g);
	check_count(r, "runs of the callee that reads its stack", g->callee_runs, 1);
	/* Nothing promises what it is: in most runs what the caller left, in some not. */
	record__metric(r, "callers_stack_found", "", g->leftover == MARK);
out:
	for (size_t i = 0; i < MAX_LINKS; i++)
		bpf_link__destroy(links[i]);
	return exp__emit(e, r);
}

/* --- the cost ---------------------------------------------------------------------------- */

#define MAX_ROUNDS 1000

static const struct cost_case {
	const char *name, *start, *in_slot;
} cost_cases[] = {
	{ "cost_inline", "inline_start", NULL },
	{ "cost_function", "function_start", NULL },
	{ "cost_direct_tail_call", "direct_start", "direct_step" },
	{ "cost_indirect_tail_call", "indirect_start", "indirect_step" },
};

static const unsigned int lengths[] = { 0, 1, 8, 32 };

/* ns of one run, as the kernel measures over `repeat` of them. */
static int run(struct bpf_program *prog, uint64_t repeat, double *ns)
{
	char packet[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet),
		    .repeat = (int)repeat);

	if (bpf_prog_test_run_opts(bpf_program__fd(prog), &opts))
		return -errno;
	*ns = opts.duration;
	return 0;
}

/* ns of a run of one length. A busy host only ever adds to it: the least is what it takes. */
struct cost {
	double median, least;
};

static int run_length(struct exp *e, struct record *r, globals *g, struct bpf_program *prog,
		      unsigned int length, struct cost *cost)
{
	uint64_t rounds = exp__param_u64(e, "rounds"), repeat = exp__param_u64(e, "repeat");
	double ns[MAX_ROUNDS];
	char text[64];
	int err;

	g->length = length;
	err = run(prog, repeat, &ns[0]); /* warms up */
	g->done = 0;
	for (uint64_t i = 0; !err && i < rounds; i++)
		err = run(prog, repeat, &ns[i]);
	if (err)
		return err;
	snprintf(text, sizeof(text), "steps in runs of length %u", length);
	check_count(r, text, g->done, rounds * repeat * length);
	snprintf(text, sizeof(text), "length_%u", length);
	cost->median = stats__median(ns, rounds);
	cost->least = ns[0];
	for (uint64_t i = 1; i < rounds; i++)
		if (ns[i] < cost->least)
			cost->least = ns[i];
	return record__series(r, text, "ns", ns, rounds);
}

static int measure_cost(struct exp *e, struct bpf_object *obj, globals *g,
			const struct cost_case *c)
{
	struct record *r = exp__measurement(e, c->name);
	struct bpf_program *prog = exp__loaded(obj, c->start);
	struct cost cost[ARRAY_SIZE(lengths)] = { 0 };
	size_t last = ARRAY_SIZE(lengths) - 1;
	int err = prog ? tail_call__fill(obj, "steps", c->in_slot) : -ESRCH;

	memset(g, 0, sizeof(*g));
	for (size_t i = 0; !err && i < ARRAY_SIZE(lengths); i++)
		err = run_length(e, r, g, prog, lengths[i], &cost[i]);
	exp__check(r, !err, "all runs are made", "%s", exp__err_name(err));
	record__metric(r, "empty_run", "ns", cost[0].least);
	record__metric(r, "step_median", "ns",
		       (cost[last].median - cost[0].median) / lengths[last]);
	record__metric(r, "step_least", "ns", (cost[last].least - cost[0].least) / lengths[last]);
	return exp__emit(e, r);
}

static int measure_all(struct exp *e, struct bpf_object *obj, globals *g)
{
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(slot_cases); i++)
		err = measure_slot(e, obj, &slot_cases[i]);
	for (size_t i = 0; !err && i < ARRAY_SIZE(probe_cases); i++)
		err = measure_probe(e, obj, g, &probe_cases[i]);
	if (!err)
		err = measure_interpreted(e);
	if (!err)
		err = measure_shared(e, obj, g);
	if (!err)
		err = tail_call__read(e, obj, g);
	for (size_t i = 0; !err && i < ARRAY_SIZE(cost_cases); i++)
		err = measure_cost(e, obj, g, &cost_cases[i]);
	return err;
}

static int measure(struct exp *e, struct bpf_object *obj)
{
	globals *g = exp__map_globals(obj, sizeof(*g));
	int err;

	if (!g)
		return exp__fail(e, -errno, "map the programs' variables");
	err = measure_all(e, obj, g);
	munmap(g, sizeof(*g));
	return err;
}

static const struct need needs[] = {
	{ NEED_CONFIG, "CONFIG_BPF_KPROBE_OVERRIDE", "bpf_override_return beside tail calls" },
	{ NEED_CONFIG, "CONFIG_BPF_JIT", "tail calls beside functions, and their cost" },
	{ NEED_INJECT, TARGET, "the function that is overridden" },
	{ 0 },
};

static const struct param params[] = {
	{ .name = "rounds",
	  .type = PARAM_UINT,
	  .value = "11",
	  .min = 1,
	  .max = MAX_ROUNDS,
	  .help = "samples of each cost" },
	{ .name = "repeat",
	  .type = PARAM_UINT,
	  .value = "1000",
	  .min = 1,
	  .max = 1000000,
	  .help = "runs of the program that a sample is the mean of" },
	{ 0 },
};

static const struct row rows[] = {
	{ .id = "E25",
	  .title = "tail call works but doesn't seem to support override return",
	  .origin = "activity log of a thesis, 29 March 2020",
	  .cause = "a prog array takes no program that calls bpf_override_return: "
		   "bpf_map_update_elem gives EINVAL, and so does loading such a program when it "
		   "makes a tail call itself, behind the verifier and without a word "
		   "(bpf_prog_array_compatible in kernel/bpf/core.c, 5.10 and 6.1)",
	  .fix = "put the code into a function of the overriding program; or let a second "
		 "program on the same function override what the first, with its tail calls, "
		 "decided in a map",
	  .shows = "slot_override slot_override_in_function override_and_tail_call",
	  .passes = "slot_same_type override_in_function override_by_function "
		    "override_by_other_program" },
	{ .id = "X20",
	  .title = "Tail call: keeps or loses override, cost, shared state",
	  .origin = "activity log of a thesis, 29 March 2020",
	  .cause = "override is refused (E25). The callee has the caller's context, and maps; "
		   "not its registers and its stack; it does not return to the caller, but, "
		   "called from a function of a program, to that function's caller. A chain ends "
		   "after 33 tail calls, and the program goes on behind the call, as with an "
		   "empty slot. Under TCG a step costs 4 ns inline, 11 by tail call to a "
		   "constant slot, 12 to 16 by function call, 18 by tail call to a slot read "
		   "from memory (5.10.218 and 6.1.192, least samples)",
	  .shows = "no_return empty_slot return_to_function depth depth_interpreted shared_state "
		   "callee_reads_register callee_reads_stack override_by_function "
		   "override_by_other_program override_decided_too_late slot_other_type "
		   "events_* cost_*" },
	{ 0 },
};

const struct experiment experiment_tail_call = {
	.name = "tail-call",
	.summary = "tail calls: beside an override, what they share, what they cost",
	.rows = rows,
	.needs = needs,
	.params = params,
	.timeout_s = 60,
	.elf_bytes = tail_call_bpf__elf_bytes,
	.measure = measure,
};
