// SPDX-License-Identifier: GPL-2.0-only
/* What is said of points: to readers of a terminal, and to those of the store. */
#include <string.h>

#include "study/check.h"
#include "study/design.h"
#include "study/points.h"

/* --- labels ---------------------------------------------------------------------------------- */

static void add_factor(struct strbuf *sb, const json_t *params, const char *name)
{
	const char *value = json_string_value(json_object_get(params, name));

	if (value)
		strbuf__addf(sb, "%s%s=%s", sb->len ? " " : "", name, value);
}

/* Factors that a block the point is in varies or sets. */
static void collect(const struct study_point *p, const struct design *d, struct strv *names)
{
	for (size_t b = 0; b < d->nr_blocks; b++) {
		const struct design_section *s = &d->blocks[b];

		for (size_t i = 0; p->blocks[b] && i < s->nr_entries; i++)
			if (!factor__of_boot(s->entries[i].factor) &&
			    !strv__has(names, s->entries[i].factor))
				strv__add(names, s->entries[i].factor);
	}
}

char *study_point__label(const struct study_point *p, const struct design *d)
{
	struct strbuf sb = STRBUF_INIT;
	struct strv names = { 0 };

	if (strcmp(p->experiment, d->experiment) != 0)
		strbuf__addf(&sb, "%s", p->experiment);
	collect(p, d, &names);
	for (size_t i = 0; i < names.n; i++)
		add_factor(&sb, p->params, names.v[i]);
	strv__free(&names);
	if (!sb.len)
		strbuf__addf(&sb, "base");
	return strbuf__detach(&sb);
}

char *study_boot__label(const struct study_boot *b)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf__addf(&sb, "%s cpus=%u", b->kernel, b->cpus);
	if (b->threads > 1)
		strbuf__addf(&sb, " threads=%u", b->threads);
	if (*b->append)
		strbuf__addf(&sb, " append=%s", b->append);
	return strbuf__detach(&sb);
}

/* --- the plan of a run ----------------------------------------------------------------------- */

static json_t *block_json(const struct design_section *b)
{
	return json_pack("{s:s, s:s, s:s, s:b}", "name", b->name, "title", b->title, "answers",
			 b->answers, "quick", !b->full_only);
}

static json_t *point_json(const struct study_point *p, const struct design *d)
{
	json_t *blocks = json_array();

	for (size_t i = 0; i < d->nr_blocks; i++)
		if (p->blocks[i])
			json_array_append_new(blocks, json_string(d->blocks[i].name));
	return json_pack("{s:s, s:s, s:s, s:O, s:o}", "id", p->id, "kernel", p->kernel,
			 "experiment", p->experiment, "params", p->params, "blocks", blocks);
}

json_t *points__json(const struct study_points *p, const struct design *d, bool full,
		     const char *key)
{
	json_t *blocks = json_array(), *points = json_array();
	int err = !blocks || !points;

	for (size_t i = 0; !err && i < d->nr_blocks; i++)
		if (p->used[i])
			err = json_array_append_new(blocks, block_json(&d->blocks[i]));
	for (size_t i = 0; !err && i < p->n; i++)
		err = json_array_append_new(points, point_json(&p->v[i], d));
	if (err) {
		json_decref(blocks);
		json_decref(points);
		return NULL;
	}
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "study", d->name, "form",
			 full ? "full" : "quick", "design", key, "question", d->question, "blocks",
			 blocks, "points", points);
}
