// SPDX-License-Identifier: GPL-2.0-only
/* E22: a program that overrides is only taken by the kprobe at the entry of a function on the
 * error-injection list. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/str.h"
#include "guest/experiment.h"
#include "model/record.h"
#include "session.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define INJECTABLE     "__x64_sys_getpgid"
#define NOT_INJECTABLE "vfs_read"
#define PATCHED	       "copyout_bpf"
#define MADE_UP	       4242 /* not the process group of anybody here */
/* Behind the ftrace entry's call or nop, where the next instruction begins. */
#define BEHIND_ENTRY 5

struct attach_case {
	const char *name, *prog;
	struct probe probe;
	int err;	 /* expected of the ioctl, or of libbpf's attach */
	bool overridden; /* expected of getpgid() meanwhile, where the probe is on it */
};

#define AT_ENTRY     INJECTABLE, 0, false
#define NOT_AT_ENTRY INJECTABLE, BEHIND_ENTRY, false
#define AT_RETURN    INJECTABLE, 0, true
#define NOT_ON_LIST  NOT_INJECTABLE, 0, false

static const struct attach_case attach_cases[] = {
	{ "override_entry", "kprobe_override", { AT_ENTRY }, 0, true },
	{ "override_not_injectable", "kprobe_override", { NOT_ON_LIST }, -EINVAL, false },
	{ "override_not_at_entry", "kprobe_override", { NOT_AT_ENTRY }, -EINVAL, false },
	{ "override_retprobe", "kprobe_override", { AT_RETURN }, 0, true },
	/* Put on the list by a patch. */
	{ "override_copyout", "kprobe_override", { PATCHED, 0, false }, 0, false },
	{ "count_not_injectable", "kprobe_count", { NOT_ON_LIST }, 0, false },
	{ "count_not_at_entry", "kprobe_count", { NOT_AT_ENTRY }, 0, false },
};

/* A second program, behind the function's entry: does the function's body run? */
struct body {
	struct session s;
	struct bpf_link *link;
};

static int body__watch(struct body *b)
{
	LIBBPF_OPTS(bpf_kprobe_opts, opts, .offset = BEHIND_ENTRY);
	int err = attach_errors__load(&b->s, "kprobe_count");

	if (err)
		return err;
	b->link = bpf_program__attach_kprobe_opts(b->s.prog, INJECTABLE, &opts);
	return b->link ? 0 : -errno;
}

static void body__unwatch(struct body *b)
{
	bpf_link__destroy(b->link);
	attach_errors__close(&b->s);
}

/* Calls getpgid under the eyes of the programs. */
static void check_runs(struct record *r, const struct attach_case *c, struct session *s,
		       const char *how)
{
	long own = syscall(SYS_getpgid, 0), want = c->overridden ? MADE_UP : own, got;
	struct body body = { 0 };
	bool body_runs = !c->overridden || c->probe.retprobe;
	char what[128];
	int err;

	if (strcmp(c->probe.symbol, INJECTABLE) != 0)
		return;
	err = body__watch(&body);
	exp__check(r, !err, "the function's body is watched", "%s", exp__err_name(err));
	if (err)
		goto out;
	s->g->runs = 0;
	s->g->result = MADE_UP;
	s->g->caller = body.s.g->caller = exp__this_thread();
	got = syscall(SYS_getpgid, 0);
	s->g->caller = 0;
	snprintf(what, sizeof(what), "%s: the program runs once, and getpgid returns %s", how,
		 c->overridden ? "what it says" : "its own");
	exp__check(r, s->g->runs == 1 && got == want, what, "%llu runs, %ld (its own: %ld)",
		   s->g->runs, got, own);
	snprintf(what, sizeof(what), "%s: the function's body %s", how,
		 body_runs ? "runs" : "does not run");
	exp__check(r, body.s.g->runs == body_runs, what, "%llu runs", body.s.g->runs);
out:
	body__unwatch(&body);
}

static void check_err(struct record *r, const struct attach_case *c, const char *how, int err)
{
	char what[96];

	record__label(r, how, exp__err_name(err));
	snprintf(what, sizeof(what), "%s: %s", how,
		 c->err ? "the program is refused with EINVAL" : "the program is attached");
	exp__check(r, err == c->err, what, "%s", exp__err_name(err));
}

static void attach_by_ioctl(struct record *r, const struct attach_case *c, struct session *s,
			    enum way way)
{
	int event = attach_errors__probe(&c->probe, way), err;

	/* The probe itself is fine in all cases. */
	exp__check(r, event >= 0,
		   way == WAY_TRACEFS ? "tracefs: the probe is made"
				      : "perf_event_open: the probe is made",
		   "%s", exp__err_name(event < 0 ? event : 0));
	if (event < 0)
		return;
	err = attach_errors__set_program(event, bpf_program__fd(s->prog));
	check_err(r, c, attach_errors_ways[way], err);
	if (!err)
		check_runs(r, c, s, attach_errors_ways[way]);
	else
		exp__observed(r, err, "ioctl PERF_EVENT_IOC_SET_BPF: %s", strerror(-err));
	attach_errors__unprobe(event, way);
}

static void check_words(struct record *r, const struct attach_case *c, const char *said)
{
	char *words =
		str_fmt("prog '%s': failed to attach to kprobe '%s\\+0x%x': Invalid argument$",
			c->prog, c->probe.symbol, c->probe.offset);

	if (words)
		attach_errors__says(r, "libbpf", said, words);
	free(words);
}

static void attach_by_libbpf(struct record *r, const struct attach_case *c, struct session *s)
{
	LIBBPF_OPTS(bpf_kprobe_opts, opts, .offset = c->probe.offset,
		    .retprobe = c->probe.retprobe);
	struct bpf_link *link;
	char *said;
	int err;

	free(exp__libbpf_said());
	link = bpf_program__attach_kprobe_opts(s->prog, c->probe.symbol, &opts);
	err = link ? 0 : -errno;
	said = exp__libbpf_said();
	check_err(r, c, "libbpf", err);
	if (!err)
		check_runs(r, c, s, "libbpf");
	else
		check_words(r, c, said);
	bpf_link__destroy(link);
	free(said);
}

static int measure_case(struct exp *e, const struct attach_case *c)
{
	struct record *r = exp__measurement(e, c->name);
	struct session s;
	int err = attach_errors__load(&s, c->prog);

	record__label(r, "target", c->probe.symbol);
	exp__check(r, !err, "the program is loaded", "%s", exp__err_name(err));
	if (!err) {
		for (enum way way = 0; way < NR_WAYS; way++)
			attach_by_ioctl(r, c, &s, way);
		attach_by_libbpf(r, c, &s);
	}
	attach_errors__close(&s);
	return exp__emit(e, r);
}

/* Without CONFIG_BPF_KPROBE_OVERRIDE it fails earlier: there is no such helper. */
static int load_override(struct exp *e, bool offered)
{
	static const struct bpf_insn insns[] = {
		/* r2 = 0; the context is in r1 */
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_override_return },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	static const char *const with[] = { "assay:accept:*", NULL };
	static const char *const without[] = {
		"assay:reject:*:EINVAL:unknown func bpf_override_return#58", NULL
	};

	return exp__load_record(e, offered ? "override_helper" : "override_no_helper",
				BPF_PROG_TYPE_KPROBE, insns, ARRAY_SIZE(insns),
				offered ? with : without);
}

int attach_errors__override(struct exp *e, bool loads)
{
	bool offered = exp__has(e, NEED_CONFIG, "CONFIG_BPF_KPROBE_OVERRIDE");
	int err;

	if (!loads)
		return attach_errors__skipped(e, "override_entry");
	err = load_override(e, offered);
	for (size_t i = 0; !err && i < ARRAY_SIZE(attach_cases); i++) {
		const struct attach_case *c = &attach_cases[i];

		if (!offered && !strcmp(c->prog, "kprobe_override"))
			continue;
		if (!strcmp(c->probe.symbol, PATCHED) && !exp__has(e, NEED_INJECT, PATCHED))
			continue;
		err = measure_case(e, c);
	}
	return err;
}
