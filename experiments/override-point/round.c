// SPDX-License-Identifier: GPL-2.0-only
#include "round.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crowd.h"
#include "guest/experiment.h"
#include "guest/hook.h"
#include "mounted-hook.h"

#define POLL_NS	  1000000u /* between looks at the kprobe's state */
#define SETTLE_NS 50000000

/* A round under way. */
struct round {
	const struct point *p;
	struct found *f;
	struct reading *reading; /* the first reader */
	struct crowd crowd;	 /* all others; empty when there are none */
	struct watch watch;
	uint32_t nr;
	uint64_t attached_ns, polled_ns;
	struct probe_counts first;  /* of the kprobe, when the reads began */
	struct probe_counts counts; /* when it was last looked at */
	int64_t body;		    /* the same; OVERRIDE_UNKNOWN: look again */
	enum probe_state state;
	uint64_t reads, lost; /* lost: the first read of the present row of lost ones; 0: none */
	double lost_ms;
	size_t first_span; /* of this round */
};

static double since_attach(const struct round *r, uint64_t ns)
{
	return ((double)ns - (double)r->attached_ns) / 1e6;
}

static bool is_good(int outcome)
{
	return outcome == OUTCOME_OVERRIDDEN || outcome == OUTCOME_MISBEHAVED;
}

/* --- one read ---------------------------------------------------------------------------- */

/* What was missed since the counts were last looked at belongs to this read. */
static void attribute(struct round *r, struct override_evidence *e)
{
	struct probe_counts now = watch__counts(&r->watch, r->p);

	r->body = OVERRIDE_UNKNOWN;
	if (now.missed < 0 || r->counts.missed < 0)
		return;
	e->hits = e->runs + now.missed - r->counts.missed;
	e->nmissed = now.nmissed - r->counts.nmissed;
	r->f->missed_by_reads += e->hits - e->runs + e->nmissed;
	r->counts = now;
}

/* To look at the kprobe's state or at the profile is a call of copyout, too. */
static void count_body(struct round *r, struct override_evidence *e, int64_t before)
{
	r->body = watch__body(&r->watch);
	if (before < 0 || r->body < 0)
		return;
	e->body_calls = r->body - before;
	if (r->f->body_calls >= 0)
		r->f->body_calls += e->body_calls;
}

static void note_moments(struct round *r, enum override_outcome outcome, double ms)
{
	struct moments *m = &r->f->moments[r->nr];

	if (isnan(m->jump_read) && r->reading->slot->jumps)
		m->jump_read = (double)r->reads;
	if (is_good(outcome)) {
		r->lost = 0;
	} else if (!r->lost && (outcome == OUTCOME_NOT_OVERRIDDEN || outcome == OUTCOME_PARTLY)) {
		r->lost = r->reads;
		r->lost_ms = ms;
	}
}

/* The only reader: every count is of its read. */
static int read_alone(struct round *r)
{
	struct override_evidence e;
	struct override_finding finding;
	struct moment when = { .round = r->nr };
	int64_t body;
	uint64_t ns;
	int err = reading__prepare(r->reading);

	if (err)
		return err;
	body = r->body >= 0 ? r->body : watch__body(&r->watch);
	when.ms = since_attach(r, exp__now_ns());
	ns = reading__attempt(r->reading, &e);
	count_body(r, &e, body);
	if (r->p->hook == POINT_NONE)
		e.hits = e.nmissed = 0;
	else if (e.runs < e.calls)
		attribute(r, &e);
	finding = override_outcome__of(&e);
	reading__account(r->reading, &e, finding.outcome);
	r->reads++;
	note_moments(r, finding.outcome, when.ms);
	return ledger__add(&r->reading->ledger, &finding, (double)ns, &when);
}

/* One of several: the kernel's counts are of all of them. */
static int read_in_crowd(struct round *r)
{
	enum override_outcome outcome = OUTCOME_UNEXPLAINED;
	double ms = since_attach(r, exp__now_ns());
	int err = crowd__read(r->reading, r->nr, ms, &outcome);

	r->reads++;
	note_moments(r, outcome, ms);
	return err;
}

/* --- the kprobe's state -------------------------------------------------------------------- */

static int note_state(struct round *r, enum probe_state state, uint64_t ns)
{
	struct moment when = { .round = r->nr, .ms = since_attach(r, ns) };
	struct found *f = r->f;

	r->state = state;
	if (state == PROBE_OPTIMISED && isnan(f->moments[r->nr].flag_ms))
		f->moments[r->nr].flag_ms = when.ms;
	if (f->nr_changes == f->changes_capacity) {
		size_t capacity = f->changes_capacity ? f->changes_capacity * 2 : 16;
		struct change *bigger = realloc(f->changes, capacity * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		f->changes = bigger;
		f->changes_capacity = capacity;
	}
	f->changes[f->nr_changes++] = (struct change){ .state = state, .when = when };
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
	r->body = OVERRIDE_UNKNOWN;
	r->polled_ns = exp__now_ns();
	return state == r->state ? 0 : note_state(r, state, now);
}

/* --- a round ------------------------------------------------------------------------------- */

static bool enough(const struct round *r)
{
	const struct point *p = r->p;

	if (r->reads < p->reads || !crowd__have_read(&r->crowd, p->reads))
		return false;
	/* There is nothing to lose for reads that don't come by, and on ftrace nothing is
	 * optimised. */
	if (p->hook != POINT_OPTIMISED || !p->calls || r->state == PROBE_FTRACE)
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
	const struct ledger *t = &r->reading->ledger;
	uint64_t jump_ns = r->reading->slot->jump_ns, nr = 0;

	if (r->lost) {
		m->lost_read = (double)r->lost;
		m->lost_ms = r->lost_ms;
	}
	if (jump_ns)
		m->jump_ms = since_attach(r, jump_ns);
	for (size_t i = r->first_span; i < t->nr_spans; i++) {
		const struct span *s = &t->spans[i];
		struct side *side = r->lost && nr + 1 >= r->lost ? &f->after : &f->before;

		side->reads += s->reads;
		if (is_good(s->code))
			side->overridden += s->reads;
		nr += s->reads;
	}
}

static void finish_counts(struct round *r, const struct probe_counts *c)
{
	struct found *f = r->f;

	for (unsigned int i = 0; i < r->p->readers; i++)
		f->companion += r->p->state->slots[i].companion;
	if (!r->watch.has_hits)
		return;
	if (c->missed < 0 || r->first.missed < 0 || f->missed < 0) {
		f->missed = f->nmissed = OVERRIDE_UNKNOWN;
		return;
	}
	/* What came before the program hung on the kprobe is no miss of a read. */
	f->missed += c->missed - r->first.missed;
	f->nmissed += c->nmissed - r->first.nmissed;
}

static int read_on(struct round *r)
{
	bool alone = r->p->readers == 1;
	int err = 0;

	while (!err && !enough(r)) {
		err = alone ? read_alone(r) : read_in_crowd(r);
		if (!err)
			err = poll_state(r);
	}
	return err;
}

/* The others read from the first read of this thread to its last. What the body's count says is
 * known for all of them together, less what looking at the kprobe's state has added. */
static int read_with_others(struct round *r)
{
	int64_t body = watch__body(&r->watch), after;
	int err = crowd__start(&r->crowd, r->f->readings, r->p->readers, r->nr, r->attached_ns);

	if (!err)
		err = read_on(r);
	err = crowd__stop(&r->crowd) ?: err;
	after = watch__body(&r->watch);
	if (body < 0 || after < 0)
		r->f->body_calls = OVERRIDE_UNKNOWN;
	else if (r->f->body_calls >= 0)
		r->f->body_calls += after - body - watch__polled(&r->watch);
	return err;
}

static int attached(struct round *r)
{
	struct probe_counts c;
	int err;

	watch__start(&r->watch, r->p, mounted_hook__has_hits(r->p));
	r->first = r->counts = watch__counts(&r->watch, r->p);
	err = note_state(r, watch__state(&r->watch, r->p->target.symbol), exp__now_ns());
	watch__learn(&r->watch, r->p->target.symbol);
	if (!err)
		err = r->p->readers == 1 ? read_on(r) : read_with_others(r);
	c = watch__counts(&r->watch, r->p);
	if (!err && r->p->readers > 1)
		err = crowd__resolve(r->f->readings, r->p->readers, &r->counts, &c,
				     &r->f->missed_by_reads);
	finish_counts(r, &c);
	finish_moments(r);
	return err;
}

/* The optimiser works in batches, 5 jiffies after it was asked (OPTIMIZE_DELAY in
 * kernel/kprobes.c). What a detach asked of it would take the next round's kprobe along, early. */
static void settle(const struct point *p)
{
	const struct timespec pause = { .tv_nsec = SETTLE_NS };

	if (p->hook == POINT_OPTIMISED)
		nanosleep(&pause, NULL);
}

/* A kernel without OPTPROBES has no such file. */
static void allow_optimisation(const struct point *p)
{
	exp__write_str(HOOK_OPTIMISATION, p->hook == POINT_INT3 ? "0" : "1");
}

static void reset(const struct point *p)
{
	uint64_t skip = p->state->skip, limit = p->state->limit;

	memset(p->state, 0, sizeof(*p->state));
	p->state->result = p->result;
	p->state->skip = skip;
	p->state->limit = limit;
}

static void note_refusal(struct found *f, struct mounted_hook *hook)
{
	f->refused++;
	f->attach_err = hook->refused;
	free(f->reason);
	f->reason = hook->reason;
	hook->reason = NULL;
}

static int attach_and_read(struct round *r, struct mounted_hook *hook)
{
	struct moments *m = &r->f->moments[r->f->nr_rounds];
	int err;

	r->nr = (uint32_t)r->f->nr_rounds++;
	r->first_span = r->reading->ledger.nr_spans;
	*m = (struct moments){ NAN, NAN, NAN, NAN, NAN, NAN };
	reset(r->p);
	allow_optimisation(r->p);
	settle(r->p);
	err = mounted_hook__attach(hook, r->p);
	if (hook->asked_ns)
		m->attach_ms = (double)(hook->attached_ns - hook->asked_ns) / 1e6;
	r->attached_ns = hook->attached_ns;
	if (hook->refused)
		note_refusal(r->f, hook);
	else if (!err)
		err = attached(r);
	return err;
}

int round__run(const struct point *p, struct found *f)
{
	struct round r = { .p = p,
			   .f = f,
			   .reading = &f->readings[0],
			   .watch = WATCH_INIT,
			   .body = OVERRIDE_UNKNOWN };
	struct mounted_hook hook = { 0 };
	int err = watch__open(&r.watch, p);

	if (err)
		exp__fail(p->e, err, "open the kernel's counts");
	else
		err = attach_and_read(&r, &hook);
	mounted_hook__detach(&hook);
	watch__close(&r.watch);
	return err;
}
