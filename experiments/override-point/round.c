// SPDX-License-Identifier: GPL-2.0-only
#include "round.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "guest/experiment.h"
#include "guest/hook.h"
#include "mounted-hook.h"

#define UNHOOKED_READS 200
#define POLL_NS	       1000000u /* between looks at the kprobe's state */
#define SETTLE_NS      50000000

/* A round under way. */
struct round {
	const struct point *p;
	struct found *f;
	struct reader *reader;
	struct watch watch;
	uint32_t nr;
	uint64_t attaching_ns, attached_ns, polled_ns;
	struct probe_counts counts; /* when they were last looked at */
	enum probe_state state;
	uint64_t reads, lost; /* lost: the first read of the present row of lost ones; 0: none */
	double lost_ms;
	size_t first_span; /* of this round */
};

int found__init(struct found *f, const struct point *p)
{
	memset(f, 0, sizeof(*f));
	tally__init(&f->first);
	f->moments = calloc(p->rounds, sizeof(*f->moments));
	return f->moments ? 0 : -ENOMEM;
}

void found__release(struct found *f)
{
	tally__release(&f->first);
	free(f->moments);
	free(f->changes);
	free(f->reason);
}

static double since_attach(const struct round *r, uint64_t ns)
{
	return ((double)ns - (double)r->attached_ns) / 1e6;
}

/* --- one read ---------------------------------------------------------------------------- */

static enum override_buffer buffer_of(const struct reader *r, enum read_outcome outcome)
{
	if (outcome == READ_UNTOUCHED)
		return BUFFER_UNTOUCHED;
	if (!r->file)
		return BUFFER_CHANGED;
	return outcome == READ_COPIED ? BUFFER_FILLED : BUFFER_MIXED;
}

/* What was missed since the counts were last looked at belongs to this read. */
static void attribute(struct round *r, struct override_evidence *e)
{
	struct probe_counts now = watch__counts(&r->watch, r->p);

	if (now.missed < 0 || r->counts.missed < 0)
		return;
	e->hits = e->runs + now.missed - r->counts.missed;
	e->nmissed = now.nmissed - r->counts.nmissed;
	r->f->missed_reads += e->hits - e->runs + e->nmissed;
	r->counts = now;
}

static void expect_body(struct found *f, const struct override_evidence *e,
			enum override_outcome outcome)
{
	bool all = outcome != OUTCOME_OVERRIDDEN && outcome != OUTCOME_MISBEHAVED;
	bool none = outcome != OUTCOME_PARTLY;

	if (!all)
		return;
	f->body_high += (uint64_t)e->calls;
	f->body_low += none ? (uint64_t)e->calls : 1;
}

static int one_read(struct round *r)
{
	struct point_slot *slot = &r->p->state->slots[0];
	uint64_t runs = slot->runs, requests = slot->requests, ns = r->reader->ns;
	int64_t body = watch__body(&r->watch), body_after;
	double start_ms = since_attach(r, exp__now_ns());
	struct override_evidence e = { .calls = r->p->calls,
				       .hits = OVERRIDE_UNKNOWN,
				       .nmissed = OVERRIDE_UNKNOWN,
				       .body_calls = OVERRIDE_UNKNOWN,
				       .wanted = r->p->wanted };
	struct override_finding finding;
	enum read_outcome outcome;

	slot->thread = exp__this_thread();
	e.returned = reader__read(r->reader, &outcome);
	slot->thread = 0;
	e.buffer = buffer_of(r->reader, outcome);
	e.runs = (int64_t)(slot->runs - runs);
	e.requests = (int64_t)(slot->requests - requests);
	body_after = watch__body(&r->watch);
	if (body >= 0 && body_after >= 0)
		e.body_calls = body_after - body;
	if (r->p->hook == POINT_NONE)
		e.hits = e.nmissed = 0;
	else if (e.runs < e.calls)
		attribute(r, &e);
	finding = override_outcome__of(&e);
	r->reads++;
	r->f->attempted++;
	r->f->runs += (uint64_t)e.runs;
	r->f->requests += (uint64_t)e.requests;
	if (e.body_calls >= 0)
		r->f->body_calls += e.body_calls;
	expect_body(r->f, &e, finding.outcome);
	if (finding.outcome == OUTCOME_OVERRIDDEN || finding.outcome == OUTCOME_MISBEHAVED) {
		r->lost = 0;
	} else if (!r->lost && (finding.outcome == OUTCOME_NOT_OVERRIDDEN ||
				finding.outcome == OUTCOME_PARTLY)) {
		r->lost = r->reads;
		r->lost_ms = start_ms;
	}
	return tally__add(&r->f->first, &finding, (double)(r->reader->ns - ns), r->nr, start_ms);
}

/* --- the kprobe's state -------------------------------------------------------------------- */

static int note_state(struct round *r, enum probe_state state, uint64_t ns)
{
	struct found *f = r->f;

	r->state = state;
	if (state == PROBE_OPTIMISED && isnan(f->moments[r->nr].flag_ms))
		f->moments[r->nr].flag_ms = since_attach(r, ns);
	if (f->nr_changes == f->changes_capacity) {
		size_t capacity = f->changes_capacity ? f->changes_capacity * 2 : 16;
		struct change *bigger = realloc(f->changes, capacity * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		f->changes = bigger;
		f->changes_capacity = capacity;
	}
	f->changes[f->nr_changes++] =
		(struct change){ .state = state, .round = r->nr, .ms = since_attach(r, ns) };
	return 0;
}

/* Outside of the reads' times: it takes as long as several reads. */
static int poll_state(struct round *r)
{
	uint64_t now = exp__now_ns();
	enum probe_state state;

	if (now - r->polled_ns < POLL_NS)
		return 0;
	state = watch__state(&r->watch, r->p->target.symbol);
	r->polled_ns = exp__now_ns();
	return state == r->state ? 0 : note_state(r, state, now);
}

/* --- a round ------------------------------------------------------------------------------- */

static bool enough(const struct round *r)
{
	const struct point *p = r->p;

	if (r->reads < p->reads)
		return false;
	if (p->hook != POINT_OPTIMISED)
		return true;
	if (r->lost)
		return r->reads - r->lost + 1 >= p->after;
	return exp__now_ns() - r->attached_ns >= p->limit_ns;
}

/* Splits the round's reads at the loss. */
static void finish_moments(struct round *r)
{
	struct found *f = r->f;
	struct moments *m = &f->moments[r->nr];
	uint64_t jump_ns = r->p->state->slots[0].jump_ns, nr = 0;

	if (r->lost) {
		m->lost_read = (double)r->lost;
		m->lost_ms = r->lost_ms;
	}
	if (jump_ns)
		m->jump_ms = since_attach(r, jump_ns);
	for (size_t i = r->first_span; i < f->first.nr_spans; i++) {
		const struct span *s = &f->first.spans[i];
		struct side *side = r->lost && nr + 1 >= r->lost ? &f->after : &f->before;

		side->reads += s->reads;
		if (s->code == OUTCOME_OVERRIDDEN || s->code == OUTCOME_MISBEHAVED)
			side->overridden += s->reads;
		nr += s->reads;
	}
}

static int read_on(struct round *r)
{
	int err = 0;

	while (!err && !enough(r)) {
		err = one_read(r);
		if (!err)
			err = poll_state(r);
	}
	return err;
}

static void finish_counts(struct round *r)
{
	struct probe_counts c = watch__counts(&r->watch, r->p);

	if (!r->watch.has_hits)
		return;
	if (c.missed < 0 || r->f->missed < 0) {
		r->f->missed = r->f->nmissed = OVERRIDE_UNKNOWN;
		return;
	}
	r->f->missed += c.missed;
	r->f->nmissed += c.nmissed;
}

static int attached(struct round *r)
{
	int err;

	watch__start(&r->watch, r->p, mounted_hook__has_hits(r->p));
	r->counts = watch__counts(&r->watch, r->p);
	err = note_state(r, watch__state(&r->watch, r->p->target.symbol), exp__now_ns());
	if (!err)
		err = read_on(r);
	finish_counts(r);
	finish_moments(r);
	return err;
}

/* The optimiser works in batches, 5 jiffies after it was asked (OPTIMIZE_DELAY in
 * kernel/kprobes.c). What a detach asked of it would take the next round's kprobe along, early. */
static void settle(void)
{
	const struct timespec pause = { .tv_nsec = SETTLE_NS };

	nanosleep(&pause, NULL);
}

/* The first attach of all sets much up and takes several times as long as later ones, during which
 * the optimiser is at work already. */
int round__warm_up(const struct point *p)
{
	struct mounted_hook hook = { 0 };
	int err;

	exp__write_str(HOOK_OPTIMISATION, "0");
	err = mounted_hook__attach(&hook, p);
	mounted_hook__detach(&hook);
	free(hook.reason);
	return err;
}

int round__run(const struct point *p, struct reader *reader, struct found *f)
{
	struct round r = { .p = p, .f = f, .reader = reader, .watch = WATCH_INIT };
	struct mounted_hook hook = { 0 };
	int err = watch__open(&r.watch, p);

	if (err)
		return exp__fail(p->e, err, "open the kernel's counts");
	r.nr = (uint32_t)f->nr_rounds;
	r.first_span = f->first.nr_spans;
	f->moments[f->nr_rounds++] = (struct moments){ NAN, NAN, NAN, NAN, NAN };
	memset(p->state, 0, sizeof(*p->state));
	p->state->result = p->result;
	exp__write_str(HOOK_OPTIMISATION, p->hook == POINT_INT3 ? "0" : "1");
	settle();
	r.attaching_ns = exp__now_ns();
	err = mounted_hook__attach(&hook, p);
	r.attached_ns = exp__now_ns();
	f->moments[r.nr].attach_ms = (double)(r.attached_ns - r.attaching_ns) / 1e6;
	if (hook.refused) {
		f->refused++;
		f->attach_err = hook.refused;
		free(f->reason);
		f->reason = hook.reason;
	} else if (!err) {
		err = attached(&r);
	}
	mounted_hook__detach(&hook);
	watch__close(&r.watch);
	return err;
}

/* --- without a hook ------------------------------------------------------------------------ */

int round__unhooked(struct point *p, struct reader *reader, struct found *f)
{
	uint64_t reads = p->reads < UNHOOKED_READS ? p->reads : UNHOOKED_READS;
	struct watch w = WATCH_INIT;
	enum read_outcome outcome;
	int err = watch__open(&w, p);

	for (uint64_t i = 0; !err && i < reads; i++) {
		int64_t body = watch__body(&w), calls = body < 0 ? 1 : -body;
		uint64_t ns = reader->ns;
		long n = reader__read(reader, &outcome);

		if (body >= 0)
			calls += watch__body(&w);
		if (i && (n != p->wanted || calls != p->calls))
			err = exp__skip(p->e,
					"reads differ without any hook: one returns %ld after %lld "
					"calls, another %ld after %lld",
					p->wanted, (long long)p->calls, n, (long long)calls);
		p->wanted = n;
		p->calls = calls;
		if (!err)
			err = tally__unhooked(&f->first, (double)(reader->ns - ns));
	}
	watch__close(&w);
	return err;
}
