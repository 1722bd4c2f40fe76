/* SPDX-License-Identifier: GPL-2.0-only */
/* Made-up sides for the tests of what compares them. */
#ifndef TESTS_UNIT_SIDES_FIXTURE_H
#define TESTS_UNIT_SIDES_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "diff/changes.h"
#include "diff/side.h"

struct sides_pair_fixture {
	struct side *a, *b;
	struct changes *c;
};

static inline void set_text(char **to, const char *value)
{
	assert_int_equal(record__set(to, value), 0);
}

static inline struct side *made_up_side(const char *title, const char *kernel)
{
	struct side *s = side__new(title, kernel);

	assert_non_null(s);
	set_text(&s->guest.kernel, kernel);
	set_text(&s->guest.release, kernel);
	set_text(&s->guest.accel, "tcg");
	set_text(&s->guest.timing, "wall");
	set_text(&s->guest.cpu_model, "qemu64");
	s->guest.cpus = 1;
	return s;
}

static inline int two_sides(void **state)
{
	struct sides_pair_fixture *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->a = made_up_side("5.10.218 (run 1)", "5.10.218");
	p->b = made_up_side("5.10.262 (run 1)", "5.10.262");
	*state = p;
	return 0;
}

static inline int release_sides(void **state)
{
	struct sides_pair_fixture *p = *state;

	changes__free(p->c);
	side__free(p->a);
	side__free(p->b);
	free(p);
	return 0;
}

/* A cell with a record; its end of the experiment is ok. */
static inline struct cell *cell(struct side *s, enum record_kind kind, const char *experiment,
				const char *name)
{
	struct cell *c = side__add(s, kind, experiment, name, "");

	assert_non_null(c);
	c->record = record__new(kind, experiment, name);
	assert_non_null(c->record);
	c->record->status = STATUS_OK;
	assert_int_equal(side__end(s, experiment, "{}", STATUS_OK, NULL), 0);
	return c;
}

static inline struct cell *accepted(struct side *s, const char *experiment, const char *name)
{
	struct cell *c = cell(s, RECORD_PROGRAM, experiment, name);

	c->verdict = VERDICT_ACCEPT;
	c->record->stats.insns = 100;
	c->record->stats.total_states = 10;
	c->record->xlated_size = 800;
	return c;
}

static inline struct cell *rejected(struct side *s, const char *experiment, const char *name,
				    int err, const char *message)
{
	struct cell *c = cell(s, RECORD_PROGRAM, experiment, name);

	c->verdict = VERDICT_REJECT;
	c->err = err;
	set_text(&c->message, message);
	return c;
}

static inline struct cell *measured(struct side *s, const char *experiment, const char *name)
{
	return cell(s, RECORD_MEASUREMENT, experiment, name);
}

/* n samples about a value, all different: value * (1 + i / 1000). */
static inline void samples(struct cell *c, const char *name, const char *unit, double value,
			   size_t n)
{
	double *v = calloc(n, sizeof(*v));

	assert_non_null(v);
	for (size_t i = 0; i < n; i++)
		v[i] = value * (1 + (double)i / 1000);
	assert_int_equal(record__series(c->record, name, unit, v, n), 0);
	free(v);
}

static inline const struct changes *find_with(struct sides_pair_fixture *p,
					      const struct changes_opts *o)
{
	changes__free(p->c);
	assert_int_equal(side__sort(p->a), 0);
	assert_int_equal(side__sort(p->b), 0);
	assert_int_equal(changes__find(p->a, p->b, o, &p->c), 0);
	assert_non_null(p->c);
	return p->c;
}

static inline const struct changes *find_changes(struct sides_pair_fixture *p)
{
	return find_with(p, NULL);
}

static inline void assert_sentence(const struct change *c, const char *sentence)
{
	char *text = change__sentence(c);

	assert_non_null(text);
	assert_string_equal(text, sentence);
	free(text);
}

#endif
