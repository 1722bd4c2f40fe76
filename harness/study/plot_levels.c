// SPDX-License-Identifier: GPL-2.0-only
#include "study/plot_levels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "study/data.h"
#include "study/plot_script.h"

#define EXPERIMENT "override-point"
/* Factors that tell no level: the hook has marks of its own, and an id is none. */
static const char *const no_levels[] = { "hook", "point" };

static bool is_drawn(const struct study_obs *o, const struct study_block *b)
{
	return !strcmp(o->experiment, EXPERIMENT) && study_obs__in(o, b->name) &&
	       look__of_hook(study_obs__factor(o, "hook"));
}

/* --- which factors the block varies -------------------------------------------------------- */

static bool varies(const struct study_data *d, const struct study_block *b, const char *factor)
{
	const char *first = NULL;

	for (size_t i = 0; i < d->nr_obs; i++) {
		const char *value = study_obs__factor(&d->obs[i], factor);

		if (!is_drawn(&d->obs[i], b))
			continue;
		if (first && strcmp(first, value) != 0)
			return true;
		first = value;
	}
	return false;
}

static int find_factors(const struct study_data *d, const struct study_block *b, struct strv *out)
{
	const char *name;
	json_t *value;
	int err = varies(d, b, "kernel") ? strv__add(out, "kernel") : 0;

	for (size_t i = 0; i < d->nr_obs; i++) {
		if (!is_drawn(&d->obs[i], b))
			continue;
		json_object_foreach (d->obs[i].params, name, value) {
			bool skip = strv__has(out, name);

			for (size_t k = 0; k < sizeof(no_levels) / sizeof(no_levels[0]); k++)
				skip |= !strcmp(name, no_levels[k]);
			if (!err && !skip && varies(d, b, name))
				err = strv__add(out, name);
		}
	}
	return err;
}

/* --- names --------------------------------------------------------------------------------- */

/* Factors whose values are numbers of something, and need no name beside it. */
static const struct unit {
	const char *factor, *one;
} units[] = {
	{ "cpus", "CPU" },
	{ "reads", "read" },
	{ "readers", "reader" },
	{ "threads", "thread" },
};

static const char *unit_of(const char *factor)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(units[i].factor, factor))
			return units[i].one;
	return NULL;
}

static void put_value(struct strbuf *sb, const char *factor, const char *value)
{
	if (!strcmp(factor, "size"))
		script__bytes(sb, value);
	else if (unit_of(factor))
		strbuf__addf(sb, "%s %s%s", value, unit_of(factor), strcmp(value, "1") ? "s" : "");
	else
		strbuf__addf(sb, "%s", *value ? value : "none");
}

static bool is_plain(const char *value)
{
	return !*value || !strcmp(value, "none");
}

/* With several factors those that are plain are left out: "barrier=mfence". */
static char *level_name(const struct strv *factors, const struct study_obs *o)
{
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < factors->n; i++) {
		const char *factor = factors->v[i], *value = study_obs__factor(o, factor);
		bool bare = factors->n == 1 || !strcmp(factor, "kernel") ||
			    !strcmp(factor, "size") || unit_of(factor);

		if (factors->n > 1 && is_plain(value))
			continue;
		strbuf__addf(&sb, "%s", sb.len ? ", " : "");
		if (!bare)
			strbuf__addf(&sb, "%s=", factor);
		put_value(&sb, factor, value);
	}
	if (!sb.len)
		strbuf__addf(&sb, factors->n ? "none" : "base");
	return strbuf__detach(&sb);
}

/* Numbers by their size, versions by their parts; "none" comes first. */
static int compare_values(const char *a, const char *b)
{
	if (is_plain(a) != is_plain(b))
		return is_plain(a) ? -1 : 1;
	return strverscmp(a, b);
}

struct sorting {
	const struct strv *factors;
};

static int compare_levels(const void *a, const void *b, void *ctx)
{
	const struct level *x = a, *y = b;
	const struct sorting *s = ctx;

	for (size_t i = 0; i < s->factors->n; i++) {
		const char *factor = s->factors->v[i];
		int c = compare_values(study_obs__factor(x->points[0], factor),
				       study_obs__factor(y->points[0], factor));

		if (c)
			return c;
	}
	return 0;
}

static int compare_hooks(const void *a, const void *b)
{
	const struct study_obs *x = *(const struct study_obs *const *)a;
	const struct study_obs *y = *(const struct study_obs *const *)b;
	const struct look *lx = look__of_hook(study_obs__factor(x, "hook"));
	const struct look *ly = look__of_hook(study_obs__factor(y, "hook"));

	return (lx > ly) - (lx < ly);
}

/* --- levels -------------------------------------------------------------------------------- */

static int add_point(struct levels *l, const struct strv *factors, const struct study_obs *o)
{
	const struct study_obs **points;
	char *name = level_name(factors, o);
	struct level *level = NULL, *v;

	if (!name)
		return -ENOMEM;
	for (size_t i = 0; i < l->n && !level; i++)
		if (!strcmp(l->v[i].name, name))
			level = &l->v[i];
	if (!level) {
		v = realloc(l->v, (l->n + 1) * sizeof(*v));
		if (!v) {
			free(name);
			return -ENOMEM;
		}
		l->v = v;
		level = &v[l->n++];
		*level = (struct level){ .name = name };
		name = NULL;
	}
	free(name);
	points = realloc(level->points, (level->n + 1) * sizeof(*points));
	if (!points)
		return -ENOMEM;
	level->points = points;
	points[level->n++] = o;
	return 0;
}

int levels__find(const struct study_data *d, const struct study_block *block, struct levels *out)
{
	struct strv factors = { 0 };
	int err = find_factors(d, block, &factors);

	*out = (struct levels){ .block = block };
	for (size_t i = 0; !err && i < d->nr_obs; i++)
		if (is_drawn(&d->obs[i], block))
			err = add_point(out, &factors, &d->obs[i]);
	if (!err && out->n) {
		qsort_r(out->v, out->n, sizeof(*out->v), compare_levels,
			&(struct sorting){ &factors });
		for (size_t i = 0; i < out->n; i++)
			qsort(out->v[i].points, out->v[i].n, sizeof(*out->v[i].points),
			      compare_hooks);
	}
	strv__free(&factors);
	return err;
}

void levels__release(struct levels *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].name);
		free(l->v[i].points);
	}
	free(l->v);
	*l = (struct levels){ 0 };
}
