// SPDX-License-Identifier: GPL-2.0-only
#include "guest/trail.h"

#include <sched.h>
#include <string.h>

#include "base/str.h"
#include "guest/experiment.h"
#include "model/record.h"

void trail__open(struct trail *t)
{
	t->n = 0;
	t->open = 1;
}

void trail__close(struct trail *t)
{
	t->open = 0;
}

void trail__add(struct trail *t, unsigned int what, long value)
{
	int cpu = sched_getcpu();

	if (!t->open)
		return;
	if (t->n < TRAIL_MAX)
		t->events[t->n] = (struct trail_event){ .ns = exp__now_ns(),
							.value = value,
							.what = what,
							.cpu = cpu < 0 ? 0 : (__u32)cpu };
	t->n++;
}

static void keep_series(struct record *r, const struct trail *t, size_t n)
{
	double ns[TRAIL_MAX], values[TRAIL_MAX], cpus[TRAIL_MAX];

	for (size_t i = 0; i < n; i++) {
		ns[i] = (double)t->events[i].ns - (double)t->events[0].ns;
		values[i] = (double)t->events[i].value;
		cpus[i] = t->events[i].cpu;
	}
	record__series(r, "since_first", "ns", ns, n);
	record__series(r, "value", "", values, n);
	record__series(r, "cpu", "", cpus, n);
}

/* One line for each event; returns their names in a row. */
static struct strbuf describe(const struct trail *t, size_t n, const char *const *names,
			      size_t nr_names, struct strbuf *lines)
{
	struct strbuf row = STRBUF_INIT;

	for (size_t i = 0; i < n; i++) {
		const struct trail_event *ev = &t->events[i];
		const char *name = ev->what < nr_names ? names[ev->what] : "?";

		strbuf__addf(lines, "%10.0f ns  cpu %u  %s (%lld)\n",
			     (double)ev->ns - (double)t->events[0].ns, ev->cpu, name,
			     (long long)ev->value);
		strbuf__addf(&row, "%s%s", i ? ", " : "", name);
	}
	return row;
}

struct record *trail__measurement(struct exp *e, const char *name, const struct trail *t,
				  const char *const *names, size_t nr_names, const char *expected)
{
	struct record *r = exp__measurement(e, name);
	struct strbuf lines = STRBUF_INIT, row, what = STRBUF_INIT;
	size_t n = t->n < TRAIL_MAX ? t->n : TRAIL_MAX, back = 0;

	row = describe(t, n, names, nr_names, &lines);
	for (size_t i = 1; i < n; i++)
		back += t->events[i].ns < t->events[i - 1].ns;
	keep_series(r, t, n);
	exp__observed(r, 0, "%s", strbuf__str(&row));
	strbuf__addf(&what, "in this order: %s", expected);
	exp__check(r, t->n == n && !strcmp(strbuf__str(&row), expected), strbuf__str(&what), "%s",
		   strbuf__str(&row));
	exp__check(r, !back, "no time lies before the one in front of it", "%zu do", back);
	exp__text(e, name, "log", strbuf__str(&lines), lines.len);
	strbuf__free(&lines);
	strbuf__free(&row);
	strbuf__free(&what);
	return r;
}

int trail__emit(struct exp *e, const char *name, const struct trail *t, const char *const *names,
		size_t nr_names, const char *expected)
{
	return exp__emit(e, trail__measurement(e, name, t, names, nr_names, expected));
}
