// SPDX-License-Identifier: GPL-2.0-only
#include "diff/side.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"

static void cell_release(struct cell *c)
{
	free(c->experiment);
	free(c->name);
	free(c->labels);
	free(c->message);
	free(c->failure);
	free(c->reason);
	free(c->log);
	free(c->object);
	record__free(c->record);
}

static void whole_release(struct whole *w)
{
	free(w->experiment);
	free(w->params);
	free(w->reason);
}

void side__free(struct side *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		cell_release(&s->cells[i]);
	for (size_t i = 0; i < s->nr_wholes; i++)
		whole_release(&s->wholes[i]);
	free(s->cells);
	free(s->wholes);
	guest_info__release(&s->guest);
	facts__release(&s->facts);
	free(s->title);
	free(s->kernel);
	free(s->run);
	free(s->started);
	free(s->host);
	free(s);
}

struct side *side__new(const char *title, const char *kernel)
{
	struct side *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->title = strdup(title);
	s->kernel = strdup(kernel);
	if (s->title && s->kernel)
		return s;
	side__free(s);
	return NULL;
}

/* --- adding -------------------------------------------------------------------------------- */

/* Room for one more element, zeroed; doubles, so that adding many stays cheap. */
static void *grow(void **array, size_t n, size_t size)
{
	char *p = *array;

	if (!(n & (n - 1))) {
		p = realloc(p, (n ? 2 * n : 1) * size);
		if (!p)
			return NULL;
		*array = p;
	}
	return memset(p + n * size, 0, size);
}

struct cell *side__add(struct side *s, enum record_kind kind, const char *experiment,
		       const char *name, const char *labels)
{
	struct cell *c = grow((void **)&s->cells, s->n, sizeof(*c));

	if (!c)
		return NULL;
	c->kind = kind;
	c->experiment = strdup(experiment);
	c->name = strdup(name);
	c->labels = strdup(labels);
	c->failure = strdup("");
	if (c->experiment && c->name && c->labels && c->failure) {
		s->n++;
		return c;
	}
	cell_release(c);
	return NULL;
}

int side__end(struct side *s, const char *experiment, const char *params, enum status status,
	      const char *reason)
{
	struct whole *w = (struct whole *)side__whole(s, experiment);
	bool worse = w && status__worse(w->status, status) != w->status;

	if (!w) {
		w = grow((void **)&s->wholes, s->nr_wholes, sizeof(*w));
		if (!w)
			return -ENOMEM;
		s->nr_wholes++;
		w->experiment = strdup(experiment);
		w->params = params ? strdup(params) : NULL;
		if (!w->experiment || (params && !w->params))
			return -ENOMEM;
		worse = true;
	}
	if (!worse)
		return 0;
	w->status = status;
	return record__set(&w->reason, reason);
}

char *cell__file(const struct cell *c)
{
	return str_fmt(str_ends(c->experiment, ".o") ? "%s" : "%s.bpf.o", c->experiment);
}

int cell__cmp(const struct cell *a, const struct cell *b)
{
	int order = strcmp(a->experiment, b->experiment);

	order = order ? order : strcmp(a->name, b->name);
	return order ? order : strcmp(a->labels, b->labels);
}

struct place {
	struct cell cell;
	size_t at;
};

/* Cells with one key stay in the order in which they were added. */
static int cmp_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = cell__cmp(&x->cell, &y->cell);

	return order ? order : x->at < y->at ? -1 : x->at > y->at;
}

int side__sort(struct side *s)
{
	struct place *places = calloc(s->n ? s->n : 1, sizeof(*places));

	if (!places)
		return -ENOMEM;
	for (size_t i = 0; i < s->n; i++)
		places[i] = (struct place){ s->cells[i], i };
	qsort(places, s->n, sizeof(*places), cmp_places);
	for (size_t i = 0; i < s->n; i++)
		s->cells[i] = places[i].cell;
	free(places);
	return 0;
}

/* --- finding ------------------------------------------------------------------------------- */

const struct cell *side__find(const struct side *s, const char *experiment, const char *name,
			      const char *labels)
{
	const struct cell key = { .experiment = (char *)experiment,
				  .name = (char *)name,
				  .labels = (char *)labels };
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (cell__cmp(&s->cells[mid], &key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->n && cell__cmp(&s->cells[low], &key) == 0 ? &s->cells[low] : NULL;
}

const struct whole *side__whole(const struct side *s, const char *experiment)
{
	for (size_t i = 0; i < s->nr_wholes; i++)
		if (strcmp(s->wholes[i].experiment, experiment) == 0)
			return &s->wholes[i];
	return NULL;
}

/* --- reading a run ------------------------------------------------------------------------- */

static int copy(char **to, const char *from)
{
	return record__set(to, from);
}

static int copy_guest(struct guest_info *to, const struct guest_info *from)
{
	to->cpus = from->cpus;
	to->mem_mb = from->mem_mb;
	return copy(&to->kernel, from->kernel) || copy(&to->release, from->release) ||
			       copy(&to->build_id, from->build_id) ||
			       copy(&to->image_key, from->image_key) ||
			       copy(&to->accel, from->accel) || copy(&to->timing, from->timing) ||
			       copy(&to->cpu_model, from->cpu_model)
		       ? -ENOMEM
		       : 0;
}

/* A guest that never booted says no release: a later row may know more. */
static int see_guest(struct side *s, const struct guest_info *g)
{
	if (s->guest.kernel && (s->guest.release || !g->release))
		return 0;
	guest_info__release(&s->guest);
	return copy_guest(&s->guest, g);
}

static int read_end(void *ctx, const struct stored_experiment *e)
{
	struct side *s = ctx;
	int err = see_guest(s, &e->guest);

	return err ? err : side__end(s, e->experiment, e->params, e->status, e->reason);
}

static int read_cell(void *ctx, const struct stored_record *sr)
{
	const struct record *r = sr->record;
	struct side *s = ctx;
	char *labels = record__labels_str(r);
	struct cell *c = labels ? side__add(s, r->kind, r->experiment, r->name, labels) : NULL;

	free(labels);
	if (!c)
		return -ENOMEM;
	c->verdict = r->verdict;
	c->err = r->err;
	c->status = r->status;
	c->record = record__copy(r);
	if (!c->record || copy(&c->message, r->message) || copy(&c->reason, r->reason) ||
	    copy(&c->failure, r->failure ? r->failure : ""))
		return -ENOMEM;
	return see_guest(s, &sr->guest);
}

/* Programs of one name share a log; labels that tell them apart are a measurement's. */
static int read_log(void *ctx, const struct stored_text *t)
{
	struct side *s = ctx;
	struct cell key = { .experiment = t->experiment, .name = t->name, .labels = (char *)"" };
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (cell__cmp(&s->cells[mid], &key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < s->n && strcmp(s->cells[low].experiment, t->experiment) == 0 &&
	       strcmp(s->cells[low].name, t->name) == 0;
	     low++) {
		if (s->cells[low].kind == RECORD_PROGRAM && copy(&s->cells[low].log, t->path))
			return -ENOMEM;
	}
	return 0;
}

static int read_side(struct store *store, const struct run_info *run, struct side *s)
{
	int err = store__records(store, run->id, s->kernel, NULL, read_cell, s);

	if (!err)
		err = store__experiments(store, run->id, s->kernel, NULL, read_end, s);
	if (!err && !s->n && !s->nr_wholes)
		return -ENOENT;
	if (!err)
		err = side__sort(s);
	if (!err)
		err = store__texts(store, run->id, s->kernel, NULL, NULL, "log", read_log, s);
	return err;
}

static int name_objects(struct side *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct cell *c = &s->cells[i];
		const char *hash = facts__object(&s->facts, c->experiment);

		if (c->kind == RECORD_PROGRAM && copy(&c->object, hash))
			return -ENOMEM;
	}
	return 0;
}

int side__of_run(struct store *store, const struct run_info *run, const char *kernel,
		 struct side **out)
{
	char *title = str_fmt("%s (run %lld)", kernel, (long long)run->id);
	struct side *s = title ? side__new(title, kernel) : NULL;
	int err = -ENOMEM;

	*out = NULL;
	free(title);
	if (!s)
		goto out;
	s->cut_off = run->state != RUN_COMPLETE;
	if (copy(&s->run, run->name) || copy(&s->started, run->started) ||
	    copy(&s->host, run->host))
		goto out;
	err = read_side(store, run, s);
	if (!err)
		err = facts__of_run(store, run, kernel, &s->facts);
	if (!err)
		err = name_objects(s);
out:
	if (err == -ENOMEM)
		log_err("run %s: memory ran out", run->name);
	if (err)
		side__free(s);
	else
		*out = s;
	return err;
}
