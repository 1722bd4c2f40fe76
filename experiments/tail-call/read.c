// SPDX-License-Identifier: GPL-2.0-only
#include "read.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "events.h"
#include "guest/experiment.h"
#include "guest/hook.h"
#include "guest/reader.h"
#include "guest/trail.h"
#include "model/record.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define PAGE 4096

static const char *const names[NR_EVENTS] = {
	[EVENT_READ] = "read",
	[EVENT_CALLER] = "caller",
	[EVENT_CAME_BACK] = "behind the call",
	[EVENT_CALLEE] = "callee",
	[EVENT_DECIDE] = "decide",
	[EVENT_OVERRIDE] = "override_if_decided",
	[EVENT_RETURNED] = "returned",
};

static const struct read_case {
	const char *name;
	const char *attached[MAX_LINKS + 1]; /* in this order; the last runs first */
	const char *in_slot;
	const char *expected;
	enum read_outcome outcome;
} cases[] = {
	{ "events_tail_call",
	  { "caller" },
	  "callee",
	  "read, caller, callee, returned",
	  READ_COPIED },
	{ "events_empty_slot",
	  { "caller" },
	  NULL,
	  "read, caller, behind the call, returned",
	  READ_COPIED },
	{ "events_override",
	  { "override_if_decided", "caller" },
	  "decide",
	  "read, caller, decide, override_if_decided, returned",
	  READ_UNTOUCHED },
	{ "events_override_too_late",
	  { "caller", "override_if_decided" },
	  "decide",
	  "read, override_if_decided, caller, decide, returned",
	  READ_COPIED },
};

static int measure_read(struct exp *e, struct bpf_object *obj, globals *g, struct reader *reader,
			const struct read_case *c)
{
	struct bpf_link *links[MAX_LINKS] = { NULL };
	int err = tail_call__fill(obj, "kprobes", c->in_slot);
	enum read_outcome outcome = READ_MIXED;
	struct record *r;
	long n = 0;

	if (!err)
		err = tail_call__attach(obj, c->attached, "copyout_bpf", links);
	if (!err) {
		memset(g, 0, sizeof(*g));
		g->thread = exp__this_thread();
		trail__open(&g->trail);
		trail__add(&g->trail, EVENT_READ, PAGE);
		n = reader__read(reader, &outcome);
		trail__add(&g->trail, EVENT_RETURNED, n);
		trail__close(&g->trail);
		g->thread = 0;
	}
	for (size_t i = 0; i < MAX_LINKS; i++)
		bpf_link__destroy(links[i]);
	if (err)
		return exp__fail(e, err, "put the programs of %s on copyout_bpf", c->name);
	r = trail__measurement(e, c->name, &g->trail, names, NR_EVENTS, c->expected);
	exp__check(r, n == PAGE, "a page is read", "%ld", n);
	exp__check(r, outcome == c->outcome,
		   c->outcome == READ_COPIED ? "its bytes arrive" : "the buffer is untouched", "%s",
		   outcome == READ_COPIED ? "copied" : "not, or in part");
	return exp__emit(e, r);
}

int tail_call__read(struct exp *e, struct bpf_object *obj, globals *g)
{
	struct reader reader = READER_INIT;
	uint64_t optimises = 1;
	int err;

	if (!exp__has(e, NEED_INJECT, "copyout_bpf")) {
		struct record *r = exp__measurement(e, "events_tail_call");

		record__fail(r, STATUS_SKIPPED,
			     "no copyout_bpf: the kernel lacks the patch copyout-bpf");
		return exp__emit(e, r);
	}
	/* A kprobe that becomes a jump would lose the override: see the experiment override. */
	err = exp__read_u64(HOOK_OPTIMISATION, &optimises);
	if (!err)
		err = exp__write_str(HOOK_OPTIMISATION, "0");
	if (!err)
		err = reader__open(&reader, PAGE);
	if (err)
		exp__fail(e, err, "prepare reads through copyout_bpf");
	for (size_t i = 0; !err && i < ARRAY_SIZE(cases); i++)
		err = measure_read(e, obj, g, &reader, &cases[i]);
	reader__close(&reader);
	exp__write_str(HOOK_OPTIMISATION, optimises ? "1" : "0");
	return err;
}
