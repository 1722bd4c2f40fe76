// SPDX-License-Identifier: GPL-2.0-only
#include "diff/changes.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "diff/finder.h"
#include "diff/logdiff.h"
#include "diff/side.h"
#include "diff/stat.h"
#include "diff/threshold.h"

#define LOG_MAX	     (64u << 20) /* bytes of a log that are read */
#define BROKEN_NAMED 6		 /* in one sentence */

void change__release(struct change *c)
{
	free(c->log_a);
	free(c->log_b);
	free(c->log_context);
	free(c->cause);
}

void changes__free(struct changes *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		change__release(&c->v[i]);
	for (size_t i = 0; i < c->nr_made; i++) {
		free(c->made[i].experiment);
		free(c->made[i].name);
		free(c->made[i].labels);
		free(c->made[i].failure);
		free(c->made[i].reason);
	}
	free(c->v);
	free(c->made);
	strv__free(&c->refused);
	strv__free(&c->notes);
	free(c);
}

struct change *finder__add(struct finder *f, enum change_kind kind, const struct cell *a,
			   const struct cell *b)
{
	struct changes *c = f->out;
	struct change *v = c->v;

	if (!(c->n & (c->n - 1))) {
		v = realloc(v, (c->n ? 2 * c->n : 1) * sizeof(*v));
		if (!v)
			return NULL;
		c->v = v;
	}
	v += c->n++;
	*v = (struct change){ .kind = kind, .a = a, .b = b, .pct = NAN };
	v->effect = (struct estimate){ NAN, { NAN, NAN } };
	c->counts[kind]++;
	return v;
}

int finder__say(struct strv *to, const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list ap;
	int err;

	va_start(ap, fmt);
	strbuf__addv(&sb, fmt, ap);
	va_end(ap);
	err = sb.failed				? -ENOMEM
	      : strv__has(to, strbuf__str(&sb)) ? 0
						: strv__add(to, strbuf__str(&sb));
	strbuf__free(&sb);
	return err;
}

/* --- one cell against its counterpart ------------------------------------------------------- */

/* What became of it says nothing of the program. */
static bool is_broken(enum status s)
{
	return s == STATUS_TIMEOUT || s == STATUS_CRASHED || s == STATUS_HARNESS;
}

static int add_log(struct change *c, const struct cell *a, const struct cell *b)
{
	char *text_a = NULL, *text_b = NULL;
	struct logdiff d = { 0 };
	int err = 0;

	if (!a->log || !b->log)
		return 0;
	/* Texts can be taken away; what is left of the run can still be compared. */
	if (!file_read(a->log, LOG_MAX, &text_a, NULL) &&
	    !file_read(b->log, LOG_MAX, &text_b, NULL))
		err = logdiff__find(text_a, text_b, &d);
	free(text_a);
	free(text_b);
	if (err < 0)
		return err;
	c->log_a = d.a;
	c->log_b = d.b;
	c->log_context = d.context;
	c->line_a = d.line_a;
	c->line_b = d.line_b;
	return 0;
}

static int add_program(struct finder *f, enum change_kind kind, const struct cell *a,
		       const struct cell *b)
{
	struct change *c = finder__add(f, kind, a, b);

	if (!c)
		return -ENOMEM;
	if (kind == CHANGE_FLIP && f->o->cause) {
		int err = f->o->cause(f->a, f->b, b, &c->cause);

		if (err)
			return err;
	}
	return f->o->no_logs ? 0 : add_log(c, a, b);
}

/* The check of r with the text of the one at `at` in `of`; of several with one text the one that
 * has as many before it. */
static const struct check *check_like(const struct record *r, const struct record *of, size_t at)
{
	const char *text = of->checks[at].text;
	size_t before = 0;

	for (size_t i = 0; i < at; i++)
		before += strcmp(of->checks[i].text, text) == 0;
	for (size_t i = 0; i < r->nr_checks; i++)
		if (strcmp(r->checks[i].text, text) == 0 && !before--)
			return &r->checks[i];
	return NULL;
}

/* A check that holds on one side only, where the status does not show it. */
static int compare_checks(struct finder *f, const struct cell *a, const struct cell *b)
{
	struct change *change;

	if (!a->record || !b->record)
		return 0;
	for (size_t i = 0; i < a->record->nr_checks; i++) {
		const struct check *ca = &a->record->checks[i];
		const struct check *cb = check_like(b->record, a->record, i);

		if (!cb || ca->ok == cb->ok)
			continue;
		change = finder__add(f, CHANGE_STATUS, a, b);
		if (!change)
			return -ENOMEM;
		change->what = ca->text;
		change->va = ca->ok;
		change->vb = cb->ok;
	}
	return 0;
}

static int compare_messages(struct finder *f, const struct cell *a, const struct cell *b)
{
	/* A baseline has no messages of measurements. */
	bool unknown =
		a->kind == RECORD_MEASUREMENT && (f->a->from_baseline || f->b->from_baseline);
	char *ma = logdiff__message(unknown ? NULL : a->message);
	char *mb = logdiff__message(unknown ? NULL : b->message);
	int err = 0;

	if (!ma || !mb)
		err = -ENOMEM;
	else if (a->err != b->err || strcmp(ma, mb) != 0)
		err = add_program(f, CHANGE_MESSAGE, a, b);
	free(ma);
	free(mb);
	return err;
}

static int compare_stats(struct finder *f, const struct cell *a, const struct cell *b)
{
	bool first = true;
	int err = 0;

	if (!a->record || !b->record || a->kind != RECORD_PROGRAM)
		return 0;
	for (size_t i = 0; !err && i < nr_diff_stats; i++) {
		const struct stat *s = &diff_stats[i];
		double va = s->get(a->record), vb = s->get(b->record);
		struct threshold t = thresholds__of(f->o->thresholds, FIGURE_STAT, s->name);
		struct change *c;

		if (s->time || !threshold__passed(t, va, vb))
			continue;
		c = finder__add(f, CHANGE_STAT, a, b);
		if (!c)
			return -ENOMEM;
		c->what = s->name;
		c->unit = s->unit;
		c->va = va;
		c->vb = vb;
		c->pct = stat__pct(va, vb);
		/* One log, one difference: it stands with the first of them. */
		if (first && !f->o->no_logs)
			err = add_log(c, a, b);
		first = false;
	}
	return err;
}

/* Both were judged: an answer stands against an answer. */
static int compare_answers(struct finder *f, const struct cell *a, const struct cell *b)
{
	int err = 0;

	if (a->verdict != b->verdict || strcmp(a->failure, b->failure) != 0)
		return add_program(f, CHANGE_FLIP, a, b);
	if (a->status != b->status)
		err = finder__add(f, CHANGE_STATUS, a, b) ? 0 : -ENOMEM;
	else
		err = compare_checks(f, a, b);
	if (!err)
		err = compare_messages(f, a, b);
	if (!err)
		err = compare_stats(f, a, b);
	return err ? err : measure__cells(f, a, b);
}

/* Those of one experiment make one sentence: a kernel that fails fails often. */
static int say_broken(struct finder *f)
{
	const struct cell *c = f->broken;
	struct strbuf sb = STRBUF_INIT;
	int err;

	if (!c)
		return 0;
	strbuf__addf(&sb, "%s: %s on both sides:", c->experiment, status__name(c->status));
	for (size_t i = 0; i < f->nr_broken && i < BROKEN_NAMED; i++, c++)
		strbuf__addf(&sb, "%s %s%s%s%s", i ? "," : "", c->name, *c->labels ? " (" : "",
			     c->labels, *c->labels ? ")" : "");
	if (f->nr_broken > BROKEN_NAMED)
		strbuf__addf(&sb, " and %zu more", f->nr_broken - BROKEN_NAMED);
	f->broken = NULL;
	f->nr_broken = 0;
	err = sb.failed ? -ENOMEM : finder__say(&f->out->notes, "%s", strbuf__str(&sb));
	strbuf__free(&sb);
	return err;
}

/* It broke on both sides: whether it would be the same nobody knows. */
static int add_broken(struct finder *f, const struct cell *a)
{
	const struct cell *first = f->broken;
	int err = 0;

	f->out->incomparable++;
	f->out->partial = true;
	/* Only what stands in a row is one sentence. */
	if (first && (first + f->nr_broken != a || first->status != a->status ||
		      strcmp(first->experiment, a->experiment) != 0))
		err = say_broken(f);
	if (!f->broken)
		f->broken = a;
	f->nr_broken++;
	return err;
}

static int compare_pair(struct finder *f, const struct cell *a, const struct cell *b)
{
	bool broken = is_broken(a->status) || is_broken(b->status);
	bool skipped = a->status == STATUS_SKIPPED || b->status == STATUS_SKIPPED;
	int err = 0;

	if (a->status != b->status && (broken || skipped)) {
		if (!finder__add(f, CHANGE_STATUS, a, b))
			return -ENOMEM;
	} else if (broken) {
		return add_broken(f, a);
	} else if (skipped) {
		/* Why it was left out may be worded otherwise; another kind of reason is news. */
		if (strcmp(a->failure, b->failure) != 0)
			err = add_program(f, CHANGE_FLIP, a, b);
	} else {
		err = compare_answers(f, a, b);
	}
	f->compared++;
	return err;
}

/* --- what only one side has ----------------------------------------------------------------- */

static bool has_cells(const struct side *s, const char *experiment)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(s->cells[mid].experiment, experiment) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->n && strcmp(s->cells[low].experiment, experiment) == 0;
}

static bool has_ended(const struct whole *w)
{
	return w->status == STATUS_OK || w->status == STATUS_UNEXPECTED;
}

/* Was this experiment run there to its end, so that a program that is missing is not there? */
static bool is_complete(const struct side *s, const char *experiment)
{
	const struct whole *w = side__whole(s, experiment);

	if (s->cut_off)
		return false;
	/* A baseline is of all experiments: what it lacks was not there. */
	return w ? has_ended(w) : s->from_baseline || (!s->nr_wholes && has_cells(s, experiment));
}

/* The other side lacks this cell. */
static int compare_lone(struct finder *f, const struct cell *c, const struct side *other,
			bool vanished)
{
	const struct whole *w = side__whole(other, c->experiment);
	const struct whole *mine = side__whole(vanished ? f->a : f->b, c->experiment);

	if (is_complete(other, c->experiment))
		return finder__add(f, vanished ? CHANGE_VANISHED : CHANGE_APPEARED,
				   vanished ? c : NULL, vanished ? NULL : c)
			       ? 0
			       : -ENOMEM;
	f->out->incomparable++;
	f->out->partial |= other->cut_off || (w && is_broken(w->status));
	/* That the experiment ended otherwise is a change of its own. */
	if (w && mine && w->status != mine->status)
		return 0;
	if (!w) {
		struct strv *lacks = vanished ? &f->lacks_b : &f->lacks_a;

		return strv__has(lacks, c->experiment) ? 0 : strv__add(lacks, c->experiment);
	}
	return finder__say(&f->out->notes, "%s: not measured in full on %s: %s%s%s", c->experiment,
			   other->title, status__name(w->status), w->reason ? ": " : "",
			   w->reason ? w->reason : "");
}

static int say_lacks(struct finder *f, const struct side *s, const struct strv *lacks)
{
	struct strbuf sb = STRBUF_INIT;
	int err = 0;

	for (size_t i = 0; i < lacks->n; i++)
		strbuf__addf(&sb, "%s%s", i ? ", " : "", lacks->v[i]);
	if (lacks->n)
		err = finder__say(&f->out->notes, "not measured on %s%s: %s", s->title,
				  s->cut_off ? ", whose run was cut off" : "", strbuf__str(&sb));
	strbuf__free(&sb);
	return err;
}

static int compare_all(struct finder *f)
{
	const struct side *a = f->a, *b = f->b;
	size_t i = 0, j = 0;
	int err = 0;

	while (!err && (i < a->n || j < b->n)) {
		int order = i == a->n ? 1 : j == b->n ? -1 : cell__cmp(&a->cells[i], &b->cells[j]);

		if (order < 0)
			err = compare_lone(f, &a->cells[i++], b, true);
		else if (order > 0)
			err = compare_lone(f, &b->cells[j++], a, false);
		else
			err = compare_pair(f, &a->cells[i++], &b->cells[j++]);
	}
	if (!err)
		err = say_broken(f);
	if (!err)
		err = say_lacks(f, a, &f->lacks_a);
	return err ? err : say_lacks(f, b, &f->lacks_b);
}

/* --- experiments as a whole ------------------------------------------------------------------ */

/* A cell that stands for an experiment, or for all of them (""); room for it was made. */
static const struct cell *make_whole(struct changes *c, const struct whole *w,
				     const char *experiment)
{
	struct cell *cell = &c->made[c->nr_made++];

	cell->kind = RECORD_MEASUREMENT;
	cell->experiment = strdup(experiment);
	cell->name = strdup("");
	cell->labels = strdup("");
	cell->failure = strdup("");
	cell->status = w->status;
	cell->reason = w->reason ? strdup(w->reason) : NULL;
	return cell->experiment && cell->name && cell->labels && cell->failure &&
			       (cell->reason || !w->reason)
		       ? cell
		       : NULL;
}

static int add_whole(struct finder *f, const struct whole *wa, const struct whole *wb,
		     const char *experiment)
{
	const struct cell *a = make_whole(f->out, wa, experiment);
	const struct cell *b = make_whole(f->out, wb, experiment);

	return a && b && finder__add(f, CHANGE_STATUS, a, b) ? 0 : -ENOMEM;
}

/* Does a record show that the experiment broke off? */
static bool is_shown(const struct side *s, const struct whole *w)
{
	if (!is_broken(w->status))
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (s->cells[i].status == w->status &&
		    strcmp(s->cells[i].experiment, w->experiment) == 0)
			return true;
	return false;
}

/* An experiment that ended otherwise, where none of its records shows it: one of the sides has
 * none, or it did not come to its end. */
static int compare_whole(struct finder *f, const struct whole *wa, const struct whole *wb)
{
	bool none = !has_cells(f->a, wa->experiment) || !has_cells(f->b, wa->experiment);
	bool shown = is_shown(f->a, wa) || is_shown(f->b, wb);

	if (wa->status == wb->status) {
		if (!is_broken(wa->status) || shown)
			return 0;
		f->out->incomparable++;
		f->out->partial = true;
		return finder__say(&f->out->notes, "%s: %s on both sides%s%s", wa->experiment,
				   status__name(wa->status), wa->reason ? ": " : "",
				   wa->reason ? wa->reason : "");
	}
	if (!none && (shown || (has_ended(wa) && has_ended(wb))))
		return 0;
	return add_whole(f, wa, wb, wa->experiment);
}

/* Nothing came of any experiment, for one and the same reason: the kernel could not be built. */
static bool is_void(const struct side *s)
{
	if (s->n || !s->nr_wholes || !is_broken(s->wholes[0].status))
		return false;
	for (size_t i = 1; i < s->nr_wholes; i++) {
		const struct whole *w = &s->wholes[i], *first = &s->wholes[0];

		if (w->status != first->status || !w->reason != !first->reason ||
		    (w->reason && strcmp(w->reason, first->reason) != 0))
			return false;
	}
	return true;
}

static int compare_wholes(struct finder *f)
{
	const struct side *a = f->a, *b = f->b;
	int err = 0;

	/* Changes point into it, so it must not move. */
	f->out->made = calloc(2 * a->nr_wholes + 2, sizeof(*f->out->made));
	if (!f->out->made)
		return -ENOMEM;
	if (is_void(a) && is_void(b) && a->wholes[0].status == b->wholes[0].status) {
		f->out->incomparable += a->nr_wholes;
		f->out->partial = true;
		return finder__say(
			&f->out->notes, "nothing came of any experiment on either side: %s%s%s",
			status__name(a->wholes[0].status), a->wholes[0].reason ? ": " : "",
			a->wholes[0].reason ? a->wholes[0].reason : "");
	}
	if (is_void(a) != is_void(b) && a->nr_wholes && b->nr_wholes)
		return add_whole(f, &a->wholes[0], &b->wholes[0], "");
	for (size_t i = 0; !err && i < a->nr_wholes; i++) {
		const struct whole *w = side__whole(b, a->wholes[i].experiment);

		if (w)
			err = compare_whole(f, &a->wholes[i], w);
	}
	return err;
}

/* --- all of it ------------------------------------------------------------------------------- */

static const struct cell *key(const struct change *c)
{
	return c->a ? c->a : c->b;
}

struct place {
	struct change change;
	size_t at;
};

static int cmp_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = x->change.kind < y->change.kind ? -1 : x->change.kind > y->change.kind;

	order = order ? order : cell__cmp(key(&x->change), key(&y->change));
	return order ? order : x->at < y->at ? -1 : x->at > y->at;
}

static int sort(struct changes *c)
{
	struct place *places = calloc(c->n ? c->n : 1, sizeof(*places));

	if (!places)
		return -ENOMEM;
	for (size_t i = 0; i < c->n; i++)
		places[i] = (struct place){ c->v[i], i };
	qsort(places, c->n, sizeof(*places), cmp_places);
	for (size_t i = 0; i < c->n; i++)
		c->v[i] = places[i].change;
	free(places);
	return 0;
}

/* Pairs of which nothing changed: however much of one did, it is one. */
static int count_same(struct finder *f)
{
	bool *changed = calloc(f->a->n + 1, sizeof(*changed));
	size_t n = 0;

	if (!changed)
		return -ENOMEM;
	for (size_t i = 0; i < f->out->n; i++) {
		const struct change *c = &f->out->v[i];

		if (!c->a || !c->b || c->a < f->a->cells || c->a >= f->a->cells + f->a->n)
			continue;
		n += !changed[c->a - f->a->cells];
		changed[c->a - f->a->cells] = true;
	}
	f->out->same = f->compared - n;
	f->out->compared = f->compared;
	free(changed);
	return 0;
}

int changes__find(const struct side *a, const struct side *b, const struct changes_opts *o,
		  struct changes **out)
{
	static const struct changes_opts none;
	struct finder f = { .a = a, .b = b, .o = o ? o : &none };
	int err;

	*out = NULL;
	f.out = calloc(1, sizeof(*f.out));
	if (!f.out)
		return -ENOMEM;
	f.out->a = a;
	f.out->b = b;
	/* Of two that were cut off nobody knows what either lacks. */
	f.out->partial = a->cut_off && b->cut_off;
	err = measure__begin(&f);
	if (!err)
		err = compare_wholes(&f);
	if (!err)
		err = compare_all(&f);
	if (!err)
		err = measure__end(&f);
	if (!err)
		err = count_same(&f);
	if (!err)
		err = sort(f.out);
	free(f.candidates);
	strv__free(&f.lacks_a);
	strv__free(&f.lacks_b);
	if (err)
		changes__free(f.out);
	else
		*out = f.out;
	return err;
}
