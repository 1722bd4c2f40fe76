// SPDX-License-Identifier: GPL-2.0-only
#include "study/points.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/num.h"
#include "study/check.h"
#include "study/design.h"

/* A slip of the pen in a cross makes millions, which would take minutes to list. */
#define MAX_POINTS 10000

struct maker {
	const struct design *d;
	const struct study_world *w;
	bool full;
	struct study_points *out;
	const struct design_section *block;
	size_t block_no;
	struct factors *f; /* of the block's experiment */
	int err;	   /* of mistakes */
};

/* --- one point ------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The factors as sorted lines "name=value". */
static int hash_params(struct hash *h, const json_t *params)
{
	size_t n = json_object_size(params), i = 0;
	const char **names = calloc(n + 1, sizeof(*names)), *name;
	json_t *value;

	if (!names)
		return -ENOMEM;
	json_object_foreach ((json_t *)params, name, value)
		names[i++] = name;
	qsort(names, n, sizeof(*names), compare_names);
	for (i = 0; i < n; i++) {
		hash__add(h, names[i], strlen(names[i]));
		hash__add(h, "=", 1);
		hash__add_str(h, json_string_value(json_object_get(params, names[i])));
	}
	free(names);
	return 0;
}

static int set_id(struct study_point *p)
{
	struct hash *h = hash__new();
	char hex[HASH_HEX];
	int err;

	if (!h)
		return -ENOMEM;
	hash__add_str(h, p->kernel);
	hash__add_str(h, p->experiment);
	err = hash_params(h, p->params);
	hash__end(h, hex);
	if (!err && !*hex)
		err = -EIO;
	memcpy(p->id, hex, STUDY_ID - 1);
	p->id[STUDY_ID - 1] = '\0';
	return err;
}

static const char *intern(struct strv *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (!strcmp(names->v[i], name))
			return names->v[i];
	return strv__add(names, name) ? NULL : names->v[names->n - 1];
}

static unsigned int count_of(const json_t *params, const char *name)
{
	uint64_t n = 1;

	num_u64(json_string_value(json_object_get(params, name)), 1, UINT32_MAX, &n);
	return (unsigned int)n;
}

static void release_point(struct study_point *p)
{
	json_decref(p->params);
	free(p->blocks);
}

/* Takes `params`, which holds the kernel too, over. */
static int add_point(struct maker *m, json_t *params)
{
	struct study_points *all = m->out;
	struct study_point p = { .params = params }, *v;
	int err = -ENOMEM;
	size_t i;

	p.kernel = intern(&all->names, json_string_value(json_object_get(params, "kernel")));
	p.experiment = intern(&all->names, m->f->experiment);
	p.blocks = calloc(m->d->nr_blocks, sizeof(*p.blocks));
	if (!p.kernel || !p.experiment || !p.blocks || json_object_del(params, "kernel"))
		goto fail;
	err = set_id(&p);
	if (err)
		goto fail;
	p.cpus = count_of(params, "cpus");
	p.threads = count_of(params, "threads");
	p.append = json_string_value(json_object_get(params, "append"));
	if (p.cpus % p.threads) {
		log_err("%s:%d: block [%s]: cpus=%u is no multiple of threads=%u", m->d->path,
			m->block->line, m->block->name, p.cpus, p.threads);
		err = m->err = -EINVAL;
		goto fail;
	}
	for (i = 0; i < all->n && strcmp(all->v[i].id, p.id); i++)
		;
	if (i < all->n) { /* of an earlier block as well */
		release_point(&p);
	} else if (all->n == MAX_POINTS) {
		log_err("%s:%d: block [%s]: with it the design has more than %d points", m->d->path,
			m->block->line, m->block->name, MAX_POINTS);
		release_point(&p);
		return -EINVAL;
	} else {
		v = reallocarray(all->v, all->n + 1, sizeof(*v));
		if (!v) {
			err = -ENOMEM;
			goto fail;
		}
		all->v = v;
		all->v[all->n++] = p;
	}
	all->v[i].blocks[m->block_no] = true;
	all->used[m->block_no] = true;
	return 0;
fail:
	release_point(&p);
	return err == -EINVAL ? 0 : err;
}

/* --- a block --------------------------------------------------------------------------------- */

static bool is_list(const struct design_section *b, const char *factor)
{
	return design_section__find(b, DESIGN_VARY, factor) ||
	       design_section__find(b, DESIGN_CROSS, factor);
}

/* The list that this form has. */
static const struct strv *values_of(const struct maker *m, const struct design_entry *e)
{
	const struct design_entry *quick =
		m->full ? NULL : design_section__find(m->block, DESIGN_QUICK, e->factor);

	return quick ? &quick->values : &e->values;
}

static int set_value(const struct maker *m, json_t *params, const char *factor, const char *value)
{
	char *same = NULL;
	int err = factors__value(m->f, factor, value, &same, NULL);

	if (!err && json_object_set_new(params, factor, json_string(same)))
		err = -ENOMEM;
	free(same);
	return err;
}

/* Values that a section sets. What the base has for the design's experiment is not for another. */
static int apply(const struct maker *m, json_t *params, const struct design_section *s,
		 enum design_use use)
{
	bool own = s == m->block || !m->block->experiment ||
		   !strcmp(m->block->experiment, m->d->experiment);
	int err = 0;

	for (size_t i = 0; !err && i < s->nr_entries; i++) {
		const struct design_entry *e = &s->entries[i];

		if (e->use != use || (use == DESIGN_QUICK && is_list(s, e->factor)))
			continue;
		if (own || factor__of_boot(e->factor))
			err = set_value(m, params, e->factor, e->values.v[0]);
	}
	return err;
}

/* What all points of the block start from. */
static int make_base(const struct maker *m, json_t **out)
{
	json_t *params = json_object();
	int err = params ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < m->f->n; i++)
		if (json_object_set_new(params, m->f->v[i].name, json_string(m->f->v[i].value)))
			err = -ENOMEM;
	if (!err)
		err = apply(m, params, &m->d->base, DESIGN_SET);
	if (!err && !m->full)
		err = apply(m, params, &m->d->quick, DESIGN_SET);
	if (!err)
		err = apply(m, params, m->block, DESIGN_SET);
	if (!err && !m->full)
		err = apply(m, params, m->block, DESIGN_QUICK);
	if (err)
		json_decref(params);
	else
		*out = params;
	return err;
}

/* A copy of params with one more factor set is what the rest of the block works on. */
static int with_value(struct maker *m, const json_t *params, const struct design_entry *e, size_t v,
		      json_t **out)
{
	json_t *copy = json_copy((json_t *)params);
	int err = copy ? set_value(m, copy, e->factor, values_of(m, e)->v[v]) : -ENOMEM;

	if (err)
		json_decref(copy);
	else
		*out = copy;
	return err;
}

/* One factor at a time. */
static int vary(struct maker *m, const json_t *params)
{
	bool any = false;
	json_t *point;
	int err = 0;

	for (size_t i = 0; !err && i < m->block->nr_entries; i++) {
		const struct design_entry *e = &m->block->entries[i];

		if (e->use != DESIGN_VARY)
			continue;
		any = true;
		for (size_t v = 0; !err && v < values_of(m, e)->n; v++) {
			err = with_value(m, params, e, v, &point);
			if (!err)
				err = add_point(m, point);
		}
	}
	return err || any ? err : add_point(m, json_copy((json_t *)params));
}

/* All combinations of the crossed factors from the entry `from` on. */
static int cross(struct maker *m, const json_t *params, size_t from)
{
	const struct design_entry *e;
	json_t *next;
	int err = 0;

	while (from < m->block->nr_entries && m->block->entries[from].use != DESIGN_CROSS)
		from++;
	if (from == m->block->nr_entries)
		return vary(m, params);
	e = &m->block->entries[from];
	for (size_t v = 0; !err && v < values_of(m, e)->n; v++) {
		err = with_value(m, params, e, v, &next);
		if (err)
			break;
		err = cross(m, next, from + 1);
		json_decref(next);
	}
	return err;
}

static int expand(struct maker *m)
{
	json_t *base = NULL;
	int err = make_base(m, &base);

	if (!err)
		err = cross(m, base, 0);
	json_decref(base);
	return err;
}

static int expand_all(struct maker *m, const struct strv *only)
{
	struct factors f;
	int err = 0;

	for (m->block_no = 0; !err && m->block_no < m->d->nr_blocks; m->block_no++) {
		m->block = &m->d->blocks[m->block_no];
		if (only->n ? !strv__has(only, m->block->name) : m->block->full_only && !m->full)
			continue;
		err = factors__of_block(m->d, m->w, m->block, &f);
		if (err)
			break;
		m->f = &f;
		err = expand(m);
		factors__release(&f);
	}
	return err;
}

/* --- order ----------------------------------------------------------------------------------- */

static int compare_boot_ids(const struct study_point *a, const struct study_point *b)
{
	char x[HASH_HEX], y[HASH_HEX];
	const struct study_point *p[2] = { a, b };
	char *hex[2] = { x, y };

	if (a->cpus == b->cpus && a->threads == b->threads && !strcmp(a->append, b->append))
		return 0;
	for (int i = 0; i < 2; i++) {
		struct hash *h = hash__new();

		*hex[i] = '\0';
		if (!h)
			continue;
		hash__add_str(h, p[i]->append);
		hash__add(h, &p[i]->cpus, sizeof(p[i]->cpus));
		hash__add(h, &p[i]->threads, sizeof(p[i]->threads));
		hash__end(h, hex[i]);
	}
	return strcmp(x, y);
}

static int compare_points(const void *pa, const void *pb, void *ctx)
{
	const struct study_point *a = pa, *b = pb;
	const struct strv *names = ctx;
	int c;

	if (a->kernel != b->kernel) /* as they were named first */
		for (size_t i = 0; i < names->n; i++)
			if (names->v[i] == a->kernel || names->v[i] == b->kernel)
				return names->v[i] == a->kernel ? -1 : 1;
	c = compare_boot_ids(a, b);
	return c ? c : strcmp(a->id, b->id);
}

static bool same_boot(const struct study_boot *b, const struct study_point *p)
{
	return b->kernel == p->kernel && b->cpus == p->cpus && b->threads == p->threads &&
	       !strcmp(b->append, p->append);
}

static int group(struct study_points *all)
{
	struct study_boot *b = NULL;

	if (!all->n)
		return 0;
	qsort_r(all->v, all->n, sizeof(*all->v), compare_points, &all->names);
	all->boots = calloc(all->n, sizeof(*all->boots));
	if (!all->boots)
		return -ENOMEM;
	for (size_t i = 0; i < all->n; i++) {
		struct study_point *p = &all->v[i];

		if (!b || !same_boot(b, p)) {
			b = &all->boots[all->nr_boots++];
			*b = (struct study_boot){ p->kernel, p->append, p->cpus, p->threads, i, 0 };
		}
		b->n++;
		p->boot = all->nr_boots - 1;
	}
	return 0;
}

/* --- the whole ------------------------------------------------------------------------------- */

static int check_only(const struct design *d, bool full, const struct strv *only)
{
	const char **names = calloc(d->nr_blocks + 1, sizeof(*names)), *near;
	int err = names ? 0 : -ENOMEM;
	size_t i, k;

	for (i = 0; names && i < d->nr_blocks; i++)
		names[i] = d->blocks[i].name;
	for (k = 0; names && k < only->n; k++) {
		for (i = 0; i < d->nr_blocks && strcmp(names[i], only->v[k]); i++)
			;
		if (i < d->nr_blocks && (full || !d->blocks[i].full_only))
			continue;
		err = -EINVAL;
		if (i < d->nr_blocks) {
			log_err("block '%s' is only in the full form: --full", names[i]);
			continue;
		}
		near = str_nearest(only->v[k], names, d->nr_blocks);
		log_err("%s has no block '%s'%s%s%s", d->path, only->v[k],
			near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
	}
	free(names);
	return err;
}

int points__make(const struct design *d, const struct study_world *w, bool full,
		 const struct strv *only, struct study_points *out)
{
	struct maker m = { .d = d, .w = w, .full = full, .out = out };
	int err = design__check(d, w);

	*out = (struct study_points){ 0 };
	if (!err)
		err = check_only(d, full, only);
	if (err)
		return err;
	out->used = calloc(d->nr_blocks, sizeof(*out->used));
	err = out->used ? expand_all(&m, only) : -ENOMEM;
	if (!err)
		err = m.err;
	if (!err)
		err = group(out);
	if (err)
		points__release(out);
	return err;
}

void points__release(struct study_points *p)
{
	for (size_t i = 0; i < p->n; i++)
		release_point(&p->v[i]);
	free(p->v);
	free(p->boots);
	free(p->used);
	strv__free(&p->names);
	*p = (struct study_points){ 0 };
}
