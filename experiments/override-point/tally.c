// SPDX-License-Identifier: GPL-2.0-only
#include "tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void tally__init(struct tally *t)
{
	memset(t, 0, sizeof(*t));
	t->random = 0x9e3779b97f4a7c15ull; /* any but 0 */
}

void tally__release(struct tally *t)
{
	for (size_t i = 0; i < TALLY_CLASSES; i++)
		free(t->times[i].ns);
	free(t->spans);
	memset(t, 0, sizeof(*t));
}

/* Marsaglia's xorshift64: for a fair sample, not for secrets. */
static uint64_t next_random(struct tally *t)
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

	if (capacity > TALLY_TIMES)
		capacity = TALLY_TIMES;
	bigger = realloc(t->ns, capacity * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	t->ns = bigger;
	t->capacity = capacity;
	return 0;
}

static int add_time(struct tally *tally, struct times *t, double ns)
{
	uint64_t at;

	t->seen++;
	if (t->n == TALLY_TIMES) {
		at = next_random(tally) % t->seen;
		if (at < TALLY_TIMES)
			t->ns[at] = ns;
		return 0;
	}
	if (t->n == t->capacity && grow(t))
		return -ENOMEM;
	t->ns[t->n++] = ns;
	return 0;
}

int tally__unhooked(struct tally *t, double ns)
{
	return add_time(t, &t->times[TALLY_UNHOOKED], ns);
}

static int add_span(struct tally *t, int code, uint32_t round, double start_ms)
{
	struct span *last = t->nr_spans ? &t->spans[t->nr_spans - 1] : NULL;

	if (last && last->code == code && last->round == round) {
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
	t->spans[t->nr_spans++] =
		(struct span){ .code = code, .round = round, .reads = 1, .start_ms = start_ms };
	return 0;
}

int tally__add(struct tally *t, const struct override_finding *f, double ns, uint32_t round,
	       double start_ms)
{
	t->outcomes[f->outcome]++;
	t->short_reads += f->short_read;
	t->looped += f->looped;
	return add_time(t, &t->times[f->outcome], ns) ?: add_span(t, f->outcome, round, start_ms);
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

bool times__quantiles(struct times *t, double out[TALLY_QUANTILES])
{
	if (!t->n)
		return false;
	qsort(t->ns, t->n, sizeof(*t->ns), by_value);
	for (size_t i = 0; i < TALLY_QUANTILES; i++) {
		double at = (double)(t->n - 1) * (double)i / (TALLY_QUANTILES - 1);
		size_t low = (size_t)at, high = low + 1 < t->n ? low + 1 : low;

		out[i] = t->ns[low] + (at - (double)low) * (t->ns[high] - t->ns[low]);
	}
	return true;
}
