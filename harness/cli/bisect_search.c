// SPDX-License-Identifier: GPL-2.0-only
#include "cli/bisect_search.h"

#include <stdlib.h>

struct search {
	size_t points, tracks;
	bool *tried;  /* by point */
	bool *follow; /* by track */
	int *answers; /* [point * tracks + track] */
};

struct search *search__new(size_t points, size_t tracks)
{
	struct search *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->points = points;
	s->tracks = tracks;
	s->tried = calloc(points + 1, sizeof(*s->tried));
	s->follow = calloc(tracks + 1, sizeof(*s->follow));
	s->answers = calloc(points * tracks + 1, sizeof(*s->answers));
	if (!s->tried || !s->follow || !s->answers) {
		search__free(s);
		return NULL;
	}
	for (size_t i = 0; i < points * tracks; i++)
		s->answers[i] = SEARCH_UNKNOWN;
	for (size_t i = 0; i < tracks; i++)
		s->follow[i] = true;
	return s;
}

void search__free(struct search *s)
{
	if (!s)
		return;
	free(s->tried);
	free(s->follow);
	free(s->answers);
	free(s);
}

void search__tried(struct search *s, size_t point)
{
	s->tried[point] = true;
}

void search__say(struct search *s, size_t point, size_t track, int answer)
{
	s->tried[point] = true;
	s->answers[point * s->tracks + track] = answer;
}

bool search__is_tried(const struct search *s, size_t point)
{
	return s->tried[point];
}

int search__answer(const struct search *s, size_t point, size_t track)
{
	return s->answers[point * s->tracks + track];
}

void search__follow(struct search *s, size_t track, bool follow)
{
	s->follow[track] = follow;
}

/* The first change of a track behind the point `from`. */
static bool next_flip(const struct search *s, size_t track, size_t from, struct flip *f)
{
	bool begun = false;

	for (size_t i = from; i < s->points; i++) {
		int answer = search__answer(s, i, track);

		if (answer == SEARCH_UNKNOWN) {
			if (begun)
				s->tried[i] ? f->unknown++ : f->untried++;
			continue;
		}
		if (begun && answer != f->from) {
			f->after = i;
			f->to = answer;
			return true;
		}
		*f = (struct flip){ .before = i, .from = answer };
		begun = true;
	}
	return false;
}

size_t search__nr_flips(const struct search *s, size_t track)
{
	struct flip f;
	size_t n = 0;

	for (size_t from = 0; next_flip(s, track, from, &f); from = f.after)
		n++;
	return n;
}

void search__flip(const struct search *s, size_t track, size_t i, struct flip *out)
{
	size_t from = 0;

	for (size_t n = 0; next_flip(s, track, from, out) && n < i; n++)
		from = out->after;
}

/* The middle one of the stretch's untried points. */
static size_t middle(const struct search *s, const struct flip *f)
{
	size_t skip = (f->untried - 1) / 2, i;

	for (i = f->before + 1; s->tried[i] || skip; i++)
		skip -= !s->tried[i];
	return i;
}

bool search__next(const struct search *s, size_t *point)
{
	struct flip longest = { 0 }, f;

	for (size_t t = 0; t < s->tracks; t++)
		for (size_t from = 0; s->follow[t] && next_flip(s, t, from, &f); from = f.after)
			if (f.untried > longest.untried)
				longest = f;
	if (longest.untried)
		*point = middle(s, &longest);
	return longest.untried > 0;
}

/* Tries that halving n points takes in the worst case. */
static unsigned int halvings(size_t n)
{
	unsigned int k = 0;

	for (; n; n /= 2)
		k++;
	return k;
}

/* Has an earlier track the same stretch? Its tries serve both. */
static bool is_counted(const struct search *s, size_t track, const struct flip *f)
{
	struct flip g;

	for (size_t t = 0; t < track; t++)
		for (size_t from = 0; s->follow[t] && next_flip(s, t, from, &g); from = g.after)
			if (g.before == f->before && g.after == f->after)
				return true;
	return false;
}

unsigned int search__left(const struct search *s)
{
	unsigned int left = 0;
	struct flip f;

	for (size_t t = 0; t < s->tracks; t++)
		for (size_t from = 0; s->follow[t] && next_flip(s, t, from, &f); from = f.after)
			if (f.untried && !is_counted(s, t, &f))
				left += halvings(f.untried);
	return left;
}
