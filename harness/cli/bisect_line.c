// SPDX-License-Identifier: GPL-2.0-only
#include "cli/bisect_line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/bisect_search.h"

struct running {
	const struct line_opts *o;
	struct line *l;
	struct strv values; /* the answers that were seen, by their numbers */
};

/* The number of an answer; SEARCH_UNKNOWN when it tells nothing. */
static int number_of(struct running *r, const struct answer *a, int *number)
{
	char *value = answer__value(a, r->o->by);
	size_t i;
	int err = 0;

	*number = SEARCH_UNKNOWN;
	if (!value)
		return 0;
	for (i = 0; i < r->values.n && strcmp(r->values.v[i], value) != 0; i++)
		;
	if (i == r->values.n)
		err = strv__add(&r->values, value);
	*number = (int)i;
	free(value);
	return err;
}

/* Tells the search what a tried point says. */
static int say(struct running *r, size_t point)
{
	struct line *l = r->l;
	int err = 0, number;

	search__tried(l->search, point);
	if (l->answers[point]->why)
		return 0;
	for (size_t t = 0; !err && t < l->tracks.n; t++) {
		err = number_of(r, answers__find(l->answers[point], l->tracks.v[t]), &number);
		if (!err)
			search__say(l->search, point, t, number);
	}
	return err;
}

static int try_point(struct running *r, size_t point)
{
	const struct line_opts *o = r->o;
	unsigned int left = r->l->search ? search__left(r->l->search) : 0;
	size_t step = r->l->tries + 1;
	int err;

	if (r->l->search)
		log_info("bisect: %s %s (step %zu of about %zu)", o->what, o->points->v[point],
			 step, r->l->tries + left);
	else
		log_info("bisect: %s %s, %s end (step %zu)", o->what, o->points->v[point],
			 point ? "the other" : "one", step);
	err = o->try_point(o->ctx, point, &r->l->answers[point]);
	if (!err && r->l->answers[point]->why)
		log_info("bisect: %s %s tells nothing: %s", o->what, o->points->v[point],
			 r->l->answers[point]->why);
	r->l->tries += !err;
	return err;
}

static bool is_wanted(const struct line_opts *o, const char *record)
{
	for (size_t i = 0; i < o->wanted->n; i++)
		if (answer__is_meant(record, o->wanted->v[i]))
			return true;
	for (size_t i = 0; o->also && i < o->also->n; i++)
		if (answer__is_meant(record, o->also->v[i]))
			return true;
	return false;
}

/* Something was named that neither end has. */
static bool check_names(const struct running *r)
{
	const struct answers *ends[] = { r->l->answers[0], r->l->answers[r->l->n - 1] };

	for (size_t w = 0; w < r->o->wanted->n; w++) {
		const char *wanted = r->o->wanted->v[w], *near = NULL;
		struct strv known = { 0 };
		bool found = false;

		for (size_t e = 0; e < 2; e++) {
			for (size_t i = 0; i < ends[e]->n; i++) {
				found |= answer__is_meant(ends[e]->v[i].record, wanted);
				strv__add(&known, ends[e]->v[i].record);
			}
		}
		if (!found)
			near = str_nearest(wanted, (const char *const *)known.v, known.n);
		if (!found)
			log_err("no record '%s' at either end%s%s%s", wanted,
				near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
		strv__free(&known);
		if (!found)
			return false;
	}
	return true;
}

/* A record that was named by itself and cannot be compared. */
static void say_silent(const struct running *r, const char *record)
{
	const struct strv *points = r->o->points;
	char *first = answers__says(r->l->answers[0], record);
	char *last = answers__says(r->l->answers[r->l->n - 1], record);

	for (size_t w = 0; w < r->o->wanted->n; w++) {
		if (!strchr(r->o->wanted->v[w], ':') ||
		    !answer__is_meant(record, r->o->wanted->v[w]))
			continue;
		log_warn("%s cannot be compared: on %s %s, on %s %s", record, points->v[0],
			 first ? first : "", points->v[points->n - 1], last ? last : "");
		break;
	}
	free(first);
	free(last);
}

/* A record that answers at both ends becomes a track. */
static int choose_track(struct running *r, const char *record, size_t *nr_differ)
{
	struct line *l = r->l;
	const struct answer *a = answers__find(l->answers[0], record);
	const struct answer *b = answers__find(l->answers[l->n - 1], record);
	int from = SEARCH_UNKNOWN, to = SEARCH_UNKNOWN, err;

	if (!is_wanted(r->o, record) || strv__has(&l->tracks, record))
		return 0;
	err = number_of(r, a, &from);
	if (!err)
		err = number_of(r, b, &to);
	if (err)
		return err;
	if (from == SEARCH_UNKNOWN || to == SEARCH_UNKNOWN) {
		say_silent(r, record);
		return 0;
	}
	l->differs[l->tracks.n] = from != to;
	*nr_differ += from != to;
	return strv__add(&l->tracks, record);
}

/* *nr_differ: the tracks whose ends differ. */
static int choose_tracks(struct running *r, size_t *nr_differ)
{
	struct line *l = r->l;
	const struct answers *ends[] = { l->answers[0], l->answers[l->n - 1] };
	int err = 0;

	*nr_differ = 0;
	l->differs = calloc(ends[0]->n + ends[1]->n + 1, sizeof(*l->differs));
	if (!l->differs)
		return -ENOMEM;
	for (size_t e = 0; e < 2; e++)
		for (size_t i = 0; !err && i < ends[e]->n; i++)
			err = choose_track(r, ends[e]->v[i].record, nr_differ);
	return err;
}

static int begin(struct running *r)
{
	struct line *l = r->l;
	size_t nr_differ, last = l->n - 1;
	int err = try_point(r, 0);

	l->end = LINE_NO_END;
	if (!err && !l->answers[0]->why)
		err = try_point(r, last);
	if (err || l->answers[0]->why || l->answers[last]->why)
		return err;
	l->end = LINE_UNKNOWN;
	if (!check_names(r))
		return 0;
	err = choose_tracks(r, &nr_differ);
	if (err)
		return err;
	l->end = !l->tracks.n ? LINE_NO_END : !nr_differ ? LINE_SAME : LINE_FOUND;
	l->search = search__new(l->n, l->tracks.n);
	if (!l->search)
		return -ENOMEM;
	for (size_t t = 0; t < l->tracks.n; t++)
		search__follow(l->search, t, l->differs[t]);
	err = say(r, 0);
	return err ? err : say(r, last);
}

int line__run(const struct line_opts *o, struct line *out)
{
	struct running r = { .o = o, .l = out };
	size_t point;
	int err;

	*out = (struct line){ .n = o->points->n };
	out->answers = calloc(out->n + 1, sizeof(struct answers *));
	err = out->answers ? begin(&r) : -ENOMEM;
	while (!err && out->end == LINE_FOUND && search__next(out->search, &point)) {
		err = try_point(&r, point);
		if (!err)
			err = say(&r, point);
	}
	if (err)
		out->end = LINE_CUT_OFF;
	strv__free(&r.values);
	return err;
}

void line__release(struct line *l)
{
	for (size_t i = 0; l->answers && i < l->n; i++)
		answers__free(l->answers[i]);
	free(l->answers);
	free(l->differs);
	strv__free(&l->tracks);
	search__free(l->search);
	*l = (struct line){ 0 };
}
