// SPDX-License-Identifier: GPL-2.0-only
#include "cli/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/record.h"
#include "store/store.h"

/* --- the rows themselves ------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const struct row_entry *x = a, *y = b;
	int c = catalog__compare_ids(x->row.id, y->row.id);

	/* "(a) …", "(b) …": parts of a row may be spread over experiments. */
	if (!c && *x->row.title == '(' && *y->row.title == '(')
		c = strncmp(x->row.title, y->row.title, strlen("(a)"));
	return c ? c : strcmp(x->name, y->name);
}

int rows__new(const struct catalog *c, struct rows *out)
{
	size_t n = 0, i, r;

	for (i = 0; i < catalog__count(c); i++)
		n += catalog__nr_rows(c, i);
	*out = (struct rows){ .v = calloc(n + 1, sizeof(*out->v)) };
	if (!out->v)
		return -ENOMEM;
	for (i = 0; i < catalog__count(c); i++) {
		for (r = 0; r < catalog__nr_rows(c, i); r++) {
			struct row_entry *e = &out->v[out->n++];

			catalog__row_at(c, i, r, &e->row);
			e->experiment = i;
			e->name = catalog__name(c, i);
		}
	}
	qsort(out->v, out->n, sizeof(*out->v), compare);
	return 0;
}

static void release_sighting(struct sighting *s)
{
	free(s->kernel);
	free(s->name);
	free(s->labels);
	free(s->message);
	free(s->reason);
	strv__free(&s->checks);
}

void rows__release(struct rows *rows)
{
	size_t i, j;

	for (i = 0; i < rows->n; i++) {
		struct row_entry *e = &rows->v[i];

		for (j = 0; j < e->nr_seen; j++)
			release_sighting(&e->seen[j]);
		for (j = 0; j < e->nr_ends; j++) {
			free(e->ends[j].kernel);
			free(e->ends[j].reason);
		}
		free(e->seen);
		free(e->ends);
	}
	free(rows->v);
	*rows = (struct rows){ 0 };
}

bool rows__names(const char *list, const char *name)
{
	while (list && *list) {
		size_t len = strcspn(list, " ");
		bool glob = len && list[len - 1] == '*';

		if (glob ? !strncmp(list, name, len - 1)
			 : strlen(name) == len && !strncmp(list, name, len))
			return true;
		list += len;
		list += strspn(list, " ");
	}
	return false;
}

/* --- what a run showed --------------------------------------------------------------------- */

static const struct row_end *find_end(const struct row_entry *e, const char *kernel)
{
	size_t i;

	for (i = 0; i < e->nr_ends; i++)
		if (strcmp(e->ends[i].kernel, kernel) == 0)
			return &e->ends[i];
	return NULL;
}

struct reading {
	struct rows *rows;
	int64_t run;
};

static int add_end(struct row_entry *e, const struct stored_experiment *x, int64_t run)
{
	struct row_end *v;

	if (strcmp(e->name, x->experiment) != 0 || find_end(e, x->kernel))
		return 0;
	v = realloc(e->ends, (e->nr_ends + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	e->ends = v;
	v += e->nr_ends;
	*v = (struct row_end){ .status = x->status, .run = run };
	v->kernel = strdup(x->kernel);
	v->reason = x->reason ? strdup(x->reason) : NULL;
	if (!v->kernel) {
		free(v->reason);
		return -ENOMEM;
	}
	e->nr_ends++;
	return 0;
}

static int on_experiment(void *ctx, const struct stored_experiment *x)
{
	const struct reading *rd = ctx;
	int err = 0;
	size_t i;

	for (i = 0; !err && i < rd->rows->n; i++)
		err = add_end(&rd->rows->v[i], x, rd->run);
	return err;
}

static int copy_checks(struct sighting *s, const struct record *r)
{
	int err = 0;
	size_t i;

	for (i = 0; !err && i < r->nr_checks; i++) {
		const struct check *c = &r->checks[i];
		char *failed = c->ok ? NULL : str_fmt("FAILED: %s (found: %s)", c->text, c->found);

		if (!c->ok && !failed)
			return -ENOMEM;
		err = strv__add(&s->checks, c->ok ? c->text : failed);
		free(failed);
	}
	return err;
}

static int set(char **to, const char *value)
{
	*to = value ? strdup(value) : NULL;
	return value && !*to ? -ENOMEM : 0;
}

static int add_sighting(struct row_entry *e, const struct stored_record *sr, bool passes)
{
	const struct record *r = sr->record;
	struct sighting *v = realloc(e->seen, (e->nr_seen + 1) * sizeof(*v));
	int err;

	if (!v)
		return -ENOMEM;
	e->seen = v;
	v += e->nr_seen;
	*v = (struct sighting){
		.passes = passes,
		.program = r->kind == RECORD_PROGRAM,
		.verdict = r->verdict,
		.err = r->err,
		.status = r->status,
		.labels = record__labels_str(r),
	};
	err = v->labels ? 0 : -ENOMEM;
	err = err ? err : set(&v->kernel, sr->guest.kernel);
	err = err ? err : set(&v->name, r->name);
	err = err ? err : set(&v->message, r->message);
	err = err ? err : set(&v->reason, r->reason);
	err = err ? err : copy_checks(v, r);
	if (err)
		release_sighting(v);
	else
		e->nr_seen++;
	return err;
}

static int on_record(void *ctx, const struct stored_record *sr)
{
	const struct reading *rd = ctx;
	int err = 0;
	size_t i;

	for (i = 0; !err && i < rd->rows->n; i++) {
		struct row_entry *e = &rd->rows->v[i];
		const struct row_end *end = find_end(e, sr->guest.kernel);
		bool shows, passes;

		if (strcmp(e->name, sr->record->experiment) != 0 || !end || end->run != rd->run)
			continue;
		passes = rows__names(e->row.passes, sr->record->name);
		shows = !passes && rows__names(e->row.shows, sr->record->name);
		if (shows || passes)
			err = add_sighting(e, sr, passes);
	}
	return err;
}

int rows__read(struct rows *rows, struct store *s, int64_t run)
{
	struct reading rd = { rows, run };
	bool news = false;
	int err = store__experiments(s, run, NULL, NULL, on_experiment, &rd);
	size_t i, j;

	for (i = 0; !err && i < rows->n; i++)
		for (j = 0; j < rows->v[i].nr_ends; j++)
			news |= rows->v[i].ends[j].run == run;
	return err || !news ? err : store__records(s, run, NULL, NULL, on_record, &rd);
}

/* --- state ----------------------------------------------------------------------------------- */

const char *row_state__name(enum row_state s)
{
	static const char *const names[] = {
		[ROW_NEVER] = "", [ROW_ABSENT] = "-",	   [ROW_SKIPPED] = "skipped",
		[ROW_OK] = "ok",  [ROW_FAILED] = "FAILED",
	};

	return names[s];
}

static enum row_state state_of(enum status s)
{
	return s == STATUS_OK ? ROW_OK : s == STATUS_SKIPPED ? ROW_SKIPPED : ROW_FAILED;
}

enum row_state row_entry__state(const struct row_entry *e, const char *kernel, const char **reason)
{
	const struct row_end *end = find_end(e, kernel);
	enum status worst = STATUS_OK;
	const char *why = NULL;
	bool any = false;
	size_t i;

	for (i = 0; i < e->nr_seen; i++) {
		const struct sighting *s = &e->seen[i];

		if (strcmp(s->kernel, kernel) != 0)
			continue;
		any = true;
		if (s->status != worst && status__worse(worst, s->status) == s->status) {
			worst = s->status;
			why = s->reason;
		}
	}
	/* An experiment that did not end well may have left records out. */
	if (end && end->status > STATUS_SKIPPED && end->status != STATUS_UNEXPECTED &&
	    worst <= STATUS_SKIPPED) {
		worst = end->status;
		why = end->reason;
		any = true;
	}
	/* Without a reason it is the sum of records, none of which is this row's. */
	if (end && !any && end->status == STATUS_SKIPPED && end->reason && *end->reason) {
		worst = end->status;
		why = end->reason;
		any = true;
	}
	if (reason)
		*reason = why;
	return any ? state_of(worst) : end ? ROW_ABSENT : ROW_NEVER;
}
