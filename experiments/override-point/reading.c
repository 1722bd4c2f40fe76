// SPDX-License-Identifier: GPL-2.0-only
#include "reading.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fail-function.h"
#include "guest/cachestate.h"
#include "guest/experiment.h"

#define PAGE 4096u

static int map_of(const struct point *p, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(p->obj, name);

	return map ? bpf_map__fd(map) : -1;
}

int reading__open(struct reading *r, const struct point *p, unsigned int nr)
{
	memset(r, 0, sizeof(*r));
	r->p = p;
	r->slot = &p->state->slots[nr];
	r->in.reader = (struct reader)READER_INIT;
	r->make_it_fail = -1;
	r->trie = map_of(p, "trie");
	r->hash = map_of(p, "hash");
	ledger__init(&r->ledger);
	if (p->hook == POINT_FAIL_FUNCTION) {
		r->make_it_fail = fail_function__open(p->by_breakpoint);
		if (r->make_it_fail < 0)
			return r->make_it_fail;
	}
	/* For nesting=kprobe a byte is read, so that copyout is called once. */
	return source__open(&p->source, p->target.alloc ? 1 : p->size, p->size, &r->in);
}

void reading__close(struct reading *r)
{
	if (r->make_it_fail >= 0)
		close(r->make_it_fail);
	reader__close(&r->in.reader);
	ledger__release(&r->ledger);
}

int reading__prepare(struct reading *r)
{
	const struct cache_state *state = r->p->cache;
	const struct reader *in = &r->in.reader;
	size_t pages = (in->size + PAGE - 1) / PAGE, resident = 0;
	int err;

	if (!state)
		return 0;
	err = state->before(in->fd, in->size);
	if (!err)
		err = cache__resident(in, &resident);
	r->looked++;
	r->resident += resident;
	if (state->resident != RESIDENT_ANY)
		r->odd_cache += resident != (state->resident == RESIDENT_ALL ? pages : 0);
	return err;
}

/* --- one read ---------------------------------------------------------------------------- */

static void arm(struct reading *r, bool on)
{
	if (on) {
		r->slot->calls = 0;
		r->slot->nested = 1; /* nobody called it */
	}
	__atomic_store_n(&r->slot->thread, on ? exp__this_thread() : 0, __ATOMIC_RELEASE);
	if (r->make_it_fail >= 0)
		fail_function__arm(r->make_it_fail, on, r->p->by_breakpoint);
}

static enum override_buffer buffer_of(const struct reader *r, enum read_outcome outcome)
{
	if (outcome == READ_UNTOUCHED)
		return BUFFER_UNTOUCHED;
	if (!r->file)
		return BUFFER_CHANGED;
	return outcome == READ_COPIED ? BUFFER_FILLED : BUFFER_MIXED;
}

/* read(2), from the start. */
static long read_from_start(struct reader *r, enum read_outcome *outcome)
{
	uint64_t start;
	long n;

	reader__mark(r);
	start = exp__now_ns();
	n = syscall(SYS_read, r->fd, r->buf, r->size);
	if (n < 0)
		n = -errno;
	r->ns += exp__now_ns() - start;
	*outcome = reader__outcome(r);
	return n;
}

static long read_file(struct reading *r, struct override_evidence *e)
{
	struct reader *in = &r->in.reader;
	bool by_read = r->p->target.by_read;
	enum read_outcome outcome;
	long n;

	if (by_read && lseek(in->fd, 0, SEEK_SET))
		return -errno;
	arm(r, true);
	n = by_read ? read_from_start(in, &outcome) : reader__read(in, &outcome);
	arm(r, false);
	e->buffer = buffer_of(in, outcome);
	e->wanted = r->p->wanted;
	return n;
}

/* Calls what allocates; returns what came of it: 0 or -errno. */
static long call_allocator(struct reading *r)
{
	struct {
		uint32_t prefix;
		uint8_t data[4];
	} key = { 32, { 1 } };
	uint64_t value = 0;
	char byte;
	long n;

	switch (r->p->nesting) {
	case NESTING_PROGRAM:
		n = syscall(SYS_getpgid, 0);
		return n < 0 ? -errno : r->slot->nested;
	case NESTING_KPROBE:
		n = pread(r->in.reader.fd, &byte, 1, 0);
		return n < 0 ? -errno : r->slot->nested;
	case NESTING_SYSCALL:
		n = bpf_map_update_elem(r->no_allocation ? r->hash : r->trie, &key, &value,
					BPF_ANY);
		return n ? -errno : 0;
	default:
		n = eventfd(0, EFD_CLOEXEC);
		if (n < 0)
			return -errno;
		close((int)n);
		return 0;
	}
}

/* Whether an allocation was denied is not seen in a buffer, but in what its caller returns. A
 * caller that was denied it and says so does what it should. */
static long allocate(struct reading *r, struct override_evidence *e)
{
	uint64_t start;
	long n;

	arm(r, true);
	start = exp__now_ns();
	n = call_allocator(r);
	r->in.reader.ns += exp__now_ns() - start;
	arm(r, false);
	e->buffer = n == -ENOMEM ? BUFFER_UNTOUCHED : BUFFER_FILLED;
	e->wanted = n == -ENOMEM ? -ENOMEM : 0;
	return n;
}

uint64_t reading__attempt(struct reading *r, struct override_evidence *e)
{
	uint64_t runs = r->slot->runs, requests = r->slot->requests, ns = r->in.reader.ns;
	int64_t failed = r->make_it_fail >= 0 ? fail_function__count() : 0;

	*e = (struct override_evidence){ .calls = r->p->calls,
					 .hits = OVERRIDE_UNKNOWN,
					 .nmissed = OVERRIDE_UNKNOWN,
					 .body_calls = OVERRIDE_UNKNOWN };
	e->returned = r->p->target.alloc ? allocate(r, e) : read_file(r, e);
	e->runs = (int64_t)(r->slot->runs - runs);
	e->requests = (int64_t)(r->slot->requests - requests);
	/* There is no program: a function that is made to fail is one. */
	if (r->make_it_fail >= 0)
		e->runs = e->requests = fail_function__count() - failed;
	return r->in.reader.ns - ns;
}

void reading__account(struct reading *r, const struct override_evidence *e,
		      enum override_outcome outcome)
{
	bool none = outcome == OUTCOME_OVERRIDDEN || outcome == OUTCOME_MISBEHAVED;

	__atomic_store_n(&r->attempts, r->attempts + 1, __ATOMIC_RELAXED);
	r->runs += (uint64_t)e->runs;
	r->requests += (uint64_t)e->requests;
	if (none)
		return;
	r->body_high += (uint64_t)e->calls;
	r->body_low += outcome == OUTCOME_PARTLY ? 1 : (uint64_t)e->calls;
}
