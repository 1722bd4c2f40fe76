// SPDX-License-Identifier: GPL-2.0-only
#include "ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void ledger__init(struct ledger *t)
{
	memset(t, 0, sizeof(*t));
	t->random = 0x9e3779b97f4a7c15ull; /* any but 0 */
}

void ledger__release(struct ledger *t)
{
	for (size_t i = 0; i < LEDGER_CLASSES; i++)
		free(t->times[i].ns);
	free(t->spans);
	memset(t, 0, sizeof(*t));
}

/* Marsaglia's xorshift64: for a fair sample, not for secrets. */
static uint64_t next_random(struct ledger *t)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return t->random;
}

static int grow(struct times *t)
{
	size_t capacity = t->capacity ? t->capacity * 2 : 256;
	double *bigger;

	if (capacity > LEDGER_TIMES)
		capacity = LEDGER_TIMES;
	bigger = realloc(t->ns, capacity * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	t->ns = bigger;
	t->capacity = capacity;
	return 0;
}

static int add_time(struct ledger *ledger, struct times *t, double ns)
{
	uint64_t at;

	t->seen++;
	if (t->n == LEDGER_TIMES) {
		at = next_random(ledger) % t->seen;
		if (at < LEDGER_TIMES)
			t->ns[at] = ns;
		return 0;
	}
	if (t->n == t->capacity && grow(t))
		return -ENOMEM;
	t->ns[t->n++] = ns;
	return 0;
}

int ledger__unhooked(struct ledger *t, double ns)
{
	return add_time(t, &t->times[LEDGER_UNHOOKED], ns);
}

static int add_span(struct ledger *t, int code, const struct moment *when)
{
	struct span *last = t->nr_spans ? &t->spans[t->nr_spans - 1] : NULL;

	if (last && last->code == code && last->round == when->round) {
		last->reads++;
		return 0;
	}
	if (t->nr_spans == t->spans_capacity) {
		size_t capacity = t->spans_capacity ? t->spans_capacity * 2 : 16;
		struct span *bigger = realloc(t->spans, capacity * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		t->spans = bigger;
		t->spans_capacity = capacity;
	}
	t->spans[t->nr_spans++] = (struct span){
		.code = code, .round = when->round, .reads = 1, .start_ms = when->ms
	};
	return 0;
}

int ledger__add(struct ledger *t, const struct override_finding *f, double ns,
		const struct moment *when)
{
	t->outcomes[f->outcome]++;
	t->short_reads += f->short_read;
	t->looped += f->looped;
	return add_time(t, &t->times[f->outcome], ns) ?: add_span(t, f->outcome, when);
}

int ledger__defer(struct ledger *t, double ns, const struct moment *when)
{
	t->deferred++;
	return add_time(t, &t->times[LEDGER_DEFERRED], ns) ?: add_span(t, LEDGER_DEFERRED, when);
}

int ledger__resolve(struct ledger *t, enum override_outcome outcome)
{
	struct times *from = &t->times[LEDGER_DEFERRED];
	int err = 0;

	t->outcomes[outcome] += t->deferred;
	t->deferred = 0;
	for (size_t i = 0; i < t->nr_spans; i++)
		if (t->spans[i].code == LEDGER_DEFERRED)
			t->spans[i].code = outcome;
	for (size_t i = 0; !err && i < from->n; i++)
		err = add_time(t, &t->times[outcome], from->ns[i]);
	from->n = 0;
	from->seen = 0;
	return err;
}
