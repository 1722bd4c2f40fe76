/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_BISECT_SEARCH_H
#define ASSAY_CLI_BISECT_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

/* Where answers change along a line of points, found by halving: every stretch whose two ends say
 * different things and which has untried points inside is halved, until none is left. For answers
 * that change once this is the usual bisection. Answers that were seen to change more often get
 * every change located. Several tracks (records) are followed at once: a point that is tried gives
 * the answers of all of them. */
struct search;

#define SEARCH_UNKNOWN (-1) /* the point was tried and told nothing of that track */

/* NULL on ENOMEM. */
struct search *search__new(size_t points, size_t tracks);
void search__free(struct search *s);

/* The point has been tried: all its tracks are unknown until something is said of them. */
void search__tried(struct search *s, size_t point);
/* What a track said there: a number from 0 up; equal numbers are equal answers. The point counts as
 * tried. */
void search__say(struct search *s, size_t point, size_t track, int answer);
bool search__is_tried(const struct search *s, size_t point);
int search__answer(const struct search *s, size_t point, size_t track);
/* Looks for the changes of a track, as it does from the start, or not: then what is said of it is
 * kept, but nothing is tried for its sake. */
void search__follow(struct search *s, size_t track, bool follow);

/* The point to try next, in the middle of the longest stretch; false: nothing more can be learned.
 */
bool search__next(const struct search *s, size_t *point);
/* How many more tries it takes at most, as far as is known now (a point that tells nothing, or
 * another change, makes it more). */
unsigned int search__left(const struct search *s);

/* A change of a track: between two points that answered differently with none between them that
 * answered. */
struct flip {
	size_t before, after;
	int from, to;	/* the answers */
	size_t untried; /* points between, not tried (yet) */
	size_t unknown; /* points between that were tried and told nothing */
};
size_t search__nr_flips(const struct search *s, size_t track);
void search__flip(const struct search *s, size_t track, size_t i, struct flip *out);

#endif
