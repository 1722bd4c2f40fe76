// SPDX-License-Identifier: GPL-2.0-only
/* A comparison as suites of test cases, for JUnit, KTAP and annotations. */
#include "cli/compare.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/source_line.h"
#include "cli/suites.h"
#include "diff/changes.h"
#include "diff/filter.h"
#include "diff/side.h"

/* A test that is no program's and no measurement's. */
#define WHOLE "(experiment)"
#define PAIR  "(comparison)"

/* "5.10.218 to 5.10.262", or the kernel when both sides are of it. */
static char *pair_name(const struct compared *p)
{
	if (!strcmp(p->a->kernel, p->b->kernel))
		return strdup(p->b->kernel);
	return str_fmt("%s to %s", p->a->kernel, p->b->kernel);
}

static char *case_name(const struct cell *c)
{
	if (!*c->name)
		return strdup(WHOLE);
	return str_fmt(*c->labels ? "%s[%s]" : "%s", c->name, c->labels);
}

/* What a change is as a test: verdicts and what became of programs fail it, figures and words are
 * told. Where assay failed nothing is known. */
static enum case_end end_of(const struct change *c)
{
	switch (c->kind) {
	case CHANGE_FLIP:
	case CHANGE_VANISHED:
		return CASE_FAILED;
	case CHANGE_STATUS:
		if ((c->a && c->a->status == STATUS_HARNESS) ||
		    (c->b && c->b->status == STATUS_HARNESS))
			return CASE_ERROR;
		return c->b && c->b->status == STATUS_OK ? CASE_NOTE : CASE_FAILED;
	default:
		return CASE_NOTE;
	}
}

static enum case_end worse(enum case_end a, enum case_end b)
{
	return a > b ? a : b;
}

static struct suite_case *find_case(struct suite *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->cases[i].name, name))
			return &s->cases[i];
	return NULL;
}

static int case_of(struct suites *out, const char *pair, const struct cell *cell, bool add,
		   struct suite_case **c)
{
	struct suite *s = suites__suite(out, pair, cell->experiment);
	char *name = s ? case_name(cell) : NULL;

	*c = name ? find_case(s, name) : NULL;
	if (name && !*c && add)
		*c = suite__add(s, name, CASE_PASSED);
	free(name);
	return *c ? 0 : -ENOMEM;
}

static int add_line(char **details, const char *prefix, const char *line)
{
	char *longer;

	if (!line)
		return 0;
	longer = str_fmt("%s%s%s%s", *details ? *details : "", *details ? "\n" : "", prefix, line);
	if (!longer)
		return -ENOMEM;
	free(*details);
	*details = longer;
	return 0;
}

/* The line at which the side stopped that rejects: the disassembly lies beside the log. */
static int find_source(const struct change *change, struct suite_case *c)
{
	static const char log_end[] = ".log.txt";
	const struct cell *cell =
		change->b && change->b->verdict == VERDICT_REJECT ? change->b : change->a;
	char *disasm;
	int err;

	if (c->source || !cell || cell->verdict != VERDICT_REJECT || !cell->log ||
	    !str_ends(cell->log, log_end))
		return 0;
	disasm = str_fmt("%.*s.disasm.txt", (int)(strlen(cell->log) - strlen(log_end)), cell->log);
	err = disasm ? source_line__of_texts(cell->experiment, cell->log, disasm, &c->source,
					     &c->line)
		     : -ENOMEM;
	free(disasm);
	return err;
}

/* Changes come with the gravest first: that one is the reason, the others are details. */
static int tell(const struct change *change, struct suite_case *c)
{
	char *sentence = change__sentence(change);
	int err = sentence ? 0 : -ENOMEM;

	if (!err && !c->reason) {
		c->reason = sentence;
		sentence = NULL;
		c->type = change_kind__name(change->kind);
	} else if (!err) {
		err = add_line(&c->details, "", sentence);
	}
	c->end = worse(c->end, end_of(change));
	if (!err && change->kind == CHANGE_FLIP) {
		err = add_line(&c->details,
			       "message before: ", change->a ? change->a->message : NULL);
		err = err
			      ?: add_line(&c->details,
					  "message now: ", change->b ? change->b->message : NULL);
	}
	err = err ?: add_line(&c->details, "cause: ", change->cause);
	err = err ?: add_line(&c->details, "log before: ", change->log_a);
	err = err ?: add_line(&c->details, "log now: ", change->log_b);
	free(sentence);
	return err ? err : find_source(change, c);
}

/* Before changes are told: one side lacks it, or it broke on both. */
static int doubt(struct suite_case *c, const struct cell *cell, const struct cell *other)
{
	if (!other) {
		c->end = worse(c->end, CASE_SKIPPED);
		return 0;
	}
	if (cell->status != other->status || cell->status < STATUS_TIMEOUT)
		return 0;
	c->end = CASE_ERROR;
	c->type = "not comparable";
	if (!c->reason)
		c->reason = str_fmt("%s on both sides", status__name(cell->status));
	return c->reason ? 0 : -ENOMEM;
}

/* What neither vanished nor appeared was not measured on the other side. */
static int end_doubts(struct suites *out, const char *pair)
{
	int err = 0;

	for (size_t i = 0; !err && i < out->n; i++) {
		struct suite *s = &out->v[i];

		for (size_t j = 0; !err && !strcmp(s->kernel, pair) && j < s->n; j++) {
			struct suite_case *c = &s->cases[j];

			if (c->end != CASE_SKIPPED || c->reason)
				continue;
			c->type = "not measured";
			c->reason = strdup("not measured on the other side");
			err = c->reason ? 0 : -ENOMEM;
		}
	}
	return err;
}

/* All cells that were looked at, also those that did not change. */
static int add_cells(const struct compared *p, const struct filters *f, const char *pair,
		     struct suites *out)
{
	struct suite_case *c;
	int err = 0;

	for (int turn = 0; turn < 2; turn++) {
		const struct side *s = turn ? p->a : p->b, *other = turn ? p->b : p->a;

		for (size_t i = 0; !err && i < s->n; i++) {
			const struct cell *cell = &s->cells[i], *o;

			o = side__find(other, cell->experiment, cell->name, cell->labels);
			if (turn && o)
				continue;
			if (!filters__pass(f, turn ? cell : o, turn ? o : cell))
				continue;
			err = case_of(out, pair, cell, true, &c);
			if (!err)
				err = doubt(c, cell, o);
		}
	}
	return err;
}

static int add_changes(const struct compared *p, const char *pair, struct suites *out)
{
	struct suite_case *c;
	int err = 0;

	for (size_t i = 0; !err && i < p->changes->n; i++) {
		const struct change *change = &p->changes->v[i];

		err = case_of(out, pair, change->a ? change->a : change->b, true, &c);
		if (!err)
			err = tell(change, c);
	}
	return err;
}

static int add_odd(struct suite *s, const char *name, enum case_end end, const char *type,
		   const char *reason)
{
	struct suite_case *c = suite__add(s, name, end);

	if (!c)
		return -ENOMEM;
	c->type = type;
	c->reason = strdup(reason);
	return c->reason ? 0 : -ENOMEM;
}

/* What was not compared, and why. With a side that was cut off it is no whole comparison. */
static int add_notes(const struct compared *p, const char *pair, struct suites *out)
{
	const struct strv *notes = &p->changes->notes, *refused = &p->changes->refused;
	const struct side *sides[] = { p->a, p->b };
	struct suite *s;
	char *reason, name[32];
	int err = 0;

	if (!notes->n && !refused->n && !p->a->cut_off && !p->b->cut_off)
		return 0;
	s = suites__suite(out, pair, PAIR);
	if (!s)
		return -ENOMEM;
	for (size_t i = 0; !err && i < 2; i++) {
		if (!sides[i]->cut_off)
			continue;
		reason = str_fmt("%s was cut off: what is missing there was not compared",
				 sides[i]->title);
		err = reason ? add_odd(s, i ? "side b" : "side a", CASE_ERROR, "cut off", reason)
			     : -ENOMEM;
		free(reason);
	}
	for (size_t i = 0; !err && i < notes->n; i++) {
		snprintf(name, sizeof(name), "note %zu", i + 1);
		err = add_odd(s, name, CASE_SKIPPED, "note", notes->v[i]);
	}
	for (size_t i = 0; !err && i < refused->n; i++) {
		snprintf(name, sizeof(name), "figures %zu", i + 1);
		err = add_odd(s, name, CASE_SKIPPED, "figures", refused->v[i]);
	}
	return err;
}

static int describe(const struct compared *p, const char *pair, struct suites *out)
{
	int err = 0;

	for (size_t i = 0; !err && i < out->n; i++) {
		struct suite *s = &out->v[i];

		if (strcmp(s->kernel, pair) != 0)
			continue;
		err = suite__property(s, "a", p->a->title);
		err = err ?: suite__property(s, "b", p->b->title);
		err = err ?: suite__property(s, "release", p->b->guest.release);
	}
	return err;
}

static int add_pair(const struct compared *p, const struct filters *f, struct suites *out)
{
	char *pair = pair_name(p);
	int err = pair ? add_cells(p, f, pair, out) : -ENOMEM;

	if (!err)
		err = add_changes(p, pair, out);
	if (!err)
		err = end_doubts(out, pair);
	if (!err)
		err = add_notes(p, pair, out);
	if (!err)
		err = describe(p, pair, out);
	free(pair);
	return err;
}

/* Nothing to compare is no success. */
static int add_empty(struct suites *out)
{
	struct suite_case *c;
	struct suite *s;

	for (size_t i = 0; i < out->n; i++)
		if (strcmp(out->v[i].experiment, PAIR) != 0)
			return 0;
	s = suites__suite(out, "", PAIR);
	c = s ? suite__add(s, "nothing", CASE_ERROR) : NULL;
	if (!c)
		return -ENOMEM;
	c->type = "empty";
	c->reason = strdup("there was nothing to compare");
	return c->reason ? 0 : -ENOMEM;
}

int compare_suites__make(const struct compared *v, size_t n, const struct filters *filters,
			 struct suites **out)
{
	struct suites *s = suites__new("comparison");
	int err = s ? 0 : -ENOMEM;

	*out = NULL;
	for (size_t i = 0; !err && i < n; i++)
		err = add_pair(&v[i], filters, s);
	if (!err)
		err = add_empty(s);
	if (err)
		suites__free(s);
	else
		*out = s;
	return err;
}
