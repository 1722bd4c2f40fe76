// SPDX-License-Identifier: GPL-2.0-only
/* Before the rounds. */
#include "round.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guest/experiment.h"
#include "guest/hook.h"
#include "mounted-hook.h"

#define FIRST_READS    5
#define UNHOOKED_READS 200 /* over all rounds */
#define UNHOOKED_LEAST 50  /* in each */
#define COUNTED_READS  3

int found__init(struct found *f, const struct point *p)
{
	int err = 0;

	memset(f, 0, sizeof(*f));
	for (unsigned int i = 0; i < POINT_READERS; i++) {
		f->readings[i].in.reader = (struct reader)READER_INIT;
		f->readings[i].make_it_fail = -1;
	}
	if (p->target.body == BODY_UNKNOWN)
		f->body_calls = OVERRIDE_UNKNOWN;
	if (!mounted_hook__has_hits(p))
		f->missed = f->nmissed = OVERRIDE_UNKNOWN;
	f->moments = calloc(p->rounds, sizeof(*f->moments));
	if (!f->moments)
		return -ENOMEM;
	for (unsigned int i = 0; !err && i < p->readers; i++)
		err = reading__open(&f->readings[i], p, i);
	return err;
}

void found__release(struct found *f)
{
	for (unsigned int i = 0; i < POINT_READERS; i++)
		reading__close(&f->readings[i]);
	free(f->moments);
	free(f->changes);
	free(f->reason);
}

static int differ(struct point *p, long returned, int64_t calls)
{
	return exp__skip(p->e,
			 "reads differ without any hook: one returns %ld after %lld calls, another "
			 "%ld after %lld",
			 p->wanted, (long long)p->calls, returned, (long long)calls);
}

/* One read, and how often it calls the target; OVERRIDE_UNKNOWN where nobody counts. */
static uint64_t read_unhooked(struct reading *r, const struct watch *w, long *returned,
			      int64_t *calls)
{
	int64_t before = watch__body(w);
	struct override_evidence e;
	uint64_t ns = reading__attempt(r, &e);

	*calls = before < 0 ? OVERRIDE_UNKNOWN : watch__body(w) - before;
	*returned = e.returned;
	return ns;
}

static int read_several(struct point *p, struct found *f, const struct watch *w, uint64_t reads,
			bool first)
{
	struct reading *r = &f->readings[0];
	int err = 0;

	for (uint64_t i = 0; !err && i < reads; i++) {
		uint64_t ns;
		int64_t calls;
		long n;

		err = reading__prepare(r);
		if (err)
			break;
		ns = read_unhooked(r, w, &n, &calls);
		if (first && !i) {
			p->wanted = n;
			p->calls_counted = calls >= 0;
			p->calls = p->calls_counted ? calls : 1;
			continue; /* it may be the one that makes the file warm */
		}
		if (n != p->wanted || (calls >= 0 && calls != p->calls))
			err = differ(p, n, calls);
		else
			err = ledger__unhooked(&r->ledger, (double)ns);
	}
	return err;
}

static int with_nothing(struct point *p, struct found *f, uint64_t reads, bool first)
{
	struct mounted_hook around = { 0 };
	struct watch w = WATCH_INIT;
	int err = watch__open(&w, p);

	if (!err)
		err = mounted_hook__surround(&around, p);
	if (!err)
		err = read_several(p, f, &w, reads, first);
	mounted_hook__detach(&around);
	watch__close(&w);
	return err;
}

int round__unhooked(struct point *p, struct found *f)
{
	int err;

	memset(p->state, 0, sizeof(*p->state));
	err = with_nothing(p, f, FIRST_READS, true);
	if (p->target.counts_bytes && !p->result)
		p->result = p->wanted;
	if (p->target.alloc && !p->result)
		p->result = -ENOMEM;
	return err;
}

int round__baseline(struct point *p, struct found *f)
{
	uint64_t reads = UNHOOKED_READS / p->rounds;

	if (reads < UNHOOKED_LEAST)
		reads = UNHOOKED_LEAST;
	return with_nothing(p, f, reads < p->reads ? reads : p->reads, false);
}

/* How many calls come to the program when it changes nothing. Of an allocation only the first
 * counts, as nothing comes after one that failed; in a map's update the first after those that the
 * system call makes for itself, before it keeps programs from running. */
static int count_calls(struct point *p, struct reading *r)
{
	struct override_evidence e;
	int64_t runs = 0;
	int err = 0;

	p->state->only_count = 1;
	r->no_allocation = true;
	for (int i = 0; !err && i < COUNTED_READS; i++) {
		err = reading__prepare(r);
		if (err)
			break;
		reading__attempt(r, &e);
		if (i && e.runs != runs)
			err = differ(p, e.returned, e.runs);
		runs = e.runs;
	}
	r->no_allocation = false;
	if (p->target.alloc) {
		p->calls = 1;
		p->state->limit = 1;
		p->state->skip = p->nesting == NESTING_SYSCALL ? (uint64_t)runs : 0;
	} else if (p->target.body == BODY_UNKNOWN) {
		p->calls = runs;
	}
	p->calls_counted = true;
	return err;
}

int round__warm_up(struct point *p, struct found *f)
{
	struct mounted_hook hook = { 0 };
	int err;

	memset(p->state, 0, sizeof(*p->state));
	p->state->result = p->result;
	exp__write_str(HOOK_OPTIMISATION, "0");
	err = mounted_hook__attach(&hook, p);
	if (!err && !hook.refused && mounted_hook__has_program(p))
		err = count_calls(p, &f->readings[0]);
	mounted_hook__detach(&hook);
	free(hook.reason);
	return err;
}
