// SPDX-License-Identifier: GPL-2.0-only
#include "stamped.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "guest/experiment.h"
#include "model/record.h"
#include "guest/pass.h"
#include "stamps.h"

#define READ_SIZE 4096

enum order { OVERRIDE_NONE, OVERRIDE_FIRST, OVERRIDE_LAST };

struct pair {
	const char *name, *entry, *exit; /* exit: NULL for none */
	int hook;
};

static const struct pair pairs[] = {
	{ "kprobe, kretprobe", "entry_kprobe", "return_kretprobe", HOOK_INT3 },
	{ "fentry", "entry_alone", NULL, HOOK_FTRACE },
	{ "fentry, fexit", "entry_fentry", "return_fexit", HOOK_FTRACE },
};

static const char *const order_names[] = {
	[OVERRIDE_NONE] = "none",
	[OVERRIDE_FIRST] = "attached first",
	[OVERRIDE_LAST] = "attached last",
};

/* The programs at the function. */
struct links {
	struct bpf_link *entry, *exit;
};

static int attach_pair(const struct context *ctx, const struct pair *p, struct links *l)
{
	struct bpf_program *entry = exp__loaded(ctx->obj, p->entry);
	struct bpf_program *exit = p->exit ? exp__loaded(ctx->obj, p->exit) : NULL;
	bool kprobes = p->hook == HOOK_INT3;
	const char *symbol = hooks[p->hook].symbol;

	if (!entry || !exit != !p->exit)
		return -ENOENT;
	l->entry = kprobes ? bpf_program__attach_kprobe(entry, false, symbol)
			   : bpf_program__attach(entry);
	if (!l->entry)
		return -errno;
	if (!exit)
		return 0;
	l->exit = kprobes ? bpf_program__attach_kprobe(exit, true, symbol)
			  : bpf_program__attach(exit);
	return l->exit ? 0 : -errno;
}

static void detach_pair(struct links *l)
{
	bpf_link__destroy(l->entry);
	bpf_link__destroy(l->exit);
}

/* A kprobe does not tell ftrace that it changes the instruction pointer (FTRACE_OPS_FL_IPMODIFY),
 * unless it has a post_handler (arm_kprobe_ftrace in kernel/kprobes.c). ftrace therefore goes to
 * the trampoline first, with the changed pointer as return address. A trampoline with fexit calls
 * the function itself and never goes there. One with fentry alone returns there: the function is
 * skipped, but its result is what the trampoline left in the register. */
static bool override_holds(const struct pair *p, enum order order)
{
	return order != OVERRIDE_NONE && (p->hook == HOOK_INT3 || !p->exit);
}

/* The kprobe that came last runs first, and one that overrides keeps the others from running. */
static bool pair_runs(const struct pair *p, enum order order)
{
	return p->hook != HOOK_INT3 || order != OVERRIDE_LAST;
}

static void report(struct record *r, const struct pair *p, const struct stamps *s,
		   const struct tally *t, enum order order)
{
	bool overridden = override_holds(p, order), seen = pair_runs(p, order);
	uint64_t n = s->nr_returns < MAX_STAMPS ? s->nr_returns : MAX_STAMPS, backwards = 0;
	uint64_t want = seen ? t->attempted : 0, returns = p->exit ? want : 0;
	double took[MAX_STAMPS];

	for (uint64_t i = 0; i < n; i++) {
		took[i] = ((double)s->exit[i] - (double)s->entry[i]) / 1e3;
		backwards += s->exit[i] < s->entry[i];
	}
	tally__metrics(r, t);
	record__metric(r, "entries", "runs", (double)s->nr_entries);
	record__metric(r, "returns", "runs", (double)s->nr_returns);
	record__metric(r, "result", "bytes left", (double)s->result);
	if (overridden && !p->exit)
		exp__check(r, s->nr_entries == t->hits && t->hits >= t->attempted,
			   "each call is seen, as many as the result by chance leads to",
			   "%" PRIu64 " entries, %" PRIu64 " runs of the overriding program",
			   (uint64_t)s->nr_entries, t->hits);
	else
		exp__check(r, s->nr_entries == want && s->nr_returns == returns,
			   !seen     ? "neither entry nor return is seen"
			   : p->exit ? "entry and return are seen once a read"
				     : "the entry is seen once a read",
			   "%" PRIu64 " entries, %" PRIu64 " returns, %" PRIu64 " reads",
			   (uint64_t)s->nr_entries, (uint64_t)s->nr_returns, t->attempted);
	if (n && s->nr_entries == s->nr_returns) {
		record__series(r, "entry_to_return", "us", took, n);
		exp__check(r, !backwards, "no return comes before its entry", "%" PRIu64 " do",
			   backwards);
	}
	exp__check(r, t->outcomes[overridden ? READ_UNTOUCHED : READ_COPIED] == t->attempted,
		   overridden ? "every read is overridden" : "every read is copied",
		   "%" PRIu64 " of %" PRIu64,
		   t->outcomes[overridden ? READ_UNTOUCHED : READ_COPIED], t->attempted);
	exp__check(r, t->body == (overridden ? 0 : t->attempted),
		   "copyout's body runs for what is copied", "%" PRIu64 " times", t->body);
}

/* Whatever is attached stays so. */
static int measure_reads(const struct context *ctx, struct stamps *s, const struct pair *p,
			 enum order order)
{
	struct record *r = exp__measurement(ctx->e, "return");
	struct tally t = { 0 };
	struct input in = { .reader = READER_INIT, .expected = READ_SIZE };
	int err = reader__open(&in.reader, READ_SIZE);

	memset(s, 0, sizeof(*s));
	s->reader = exp__this_thread();
	if (!err)
		err = pass__run(ctx, &in, exp__param_u64(ctx->e, "reads"), NULL, &t);
	s->reader = 0;
	reader__close(&in.reader);
	record__label(r, "programs", p->name);
	record__label(r, "override", order_names[order]);
	report(r, p, s, &t, order);
	if (err)
		exp__fail(ctx->e, err, "read under %s", p->name);
	return exp__emit(ctx->e, r) ?: err;
}

/* In 5.10 a tracing program can be attached once, so the pair is attached for two measurements. */
static int measure_pair(const struct context *ctx, struct stamps *s, const struct pair *p)
{
	const struct hook *hook = &hooks[p->hook];
	struct bpf_link *override = NULL;
	struct links l = { 0 };
	int err = exp__copyout_variant(hook->variant);

	if (!err)
		err = exp__write_str(HOOK_OPTIMISATION, "0");
	if (!err)
		err = attach_pair(ctx, p, &l);
	if (err)
		exp__fail(ctx->e, err, "attach %s to %s", p->name, hook->symbol);
	if (!err)
		err = measure_reads(ctx, s, p, OVERRIDE_NONE);
	if (!err)
		err = pass__attach(ctx, hook, &override);
	if (!err)
		err = measure_reads(ctx, s, p, OVERRIDE_LAST);
	detach_pair(&l);
	hook__detach(&override);
	return err;
}

static int measure_override_first(const struct context *ctx, struct stamps *s, const struct pair *p)
{
	struct bpf_link *override = NULL;
	struct links l = { 0 };
	int err = pass__attach(ctx, &hooks[p->hook], &override);

	if (!err)
		err = attach_pair(ctx, p, &l);
	if (!err)
		err = measure_reads(ctx, s, p, OVERRIDE_FIRST);
	detach_pair(&l);
	hook__detach(&override);
	return err;
}

int stamped__measure(const struct context *ctx, struct stamps *s)
{
	int err = exp__copyout_watch();

	for (size_t i = 0; !err && i < sizeof(pairs) / sizeof(pairs[0]); i++)
		err = measure_pair(ctx, s, &pairs[i]);
	if (!err)
		err = measure_override_first(ctx, s, &pairs[0]);
	exp__copyout_unwatch();
	return err;
}
