// SPDX-License-Identifier: GPL-2.0-only
/* The search of `assay bisect` against made-up answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "cli/bisect_search.h"

#define MAX_POINTS 16

/* What points say when they are tried: a letter for each, '?' for nothing, a row for each track. */
struct oracle {
	const char *tracks[4];
	size_t nr_tracks, points;
	size_t tries; /* beside the ends */
	bool tried[MAX_POINTS];
};

static void try_point(struct oracle *o, struct search *s, size_t point)
{
	assert_true(point < o->points);
	assert_false(o->tried[point]); /* never twice */
	o->tried[point] = true;
	search__tried(s, point);
	for (size_t t = 0; t < o->nr_tracks; t++)
		if (o->tracks[t][point] != '?')
			search__say(s, point, t, o->tracks[t][point] - 'a');
}

/* Both ends, then as the search wants it. */
static struct search *run(struct oracle *o)
{
	struct search *s;
	size_t point;

	o->points = strlen(o->tracks[0]);
	while (o->nr_tracks < 4 && o->tracks[o->nr_tracks])
		o->nr_tracks++;
	s = search__new(o->points, o->nr_tracks);
	assert_non_null(s);
	try_point(o, s, 0);
	if (o->points > 1)
		try_point(o, s, o->points - 1);
	for (o->tries = 0; search__next(s, &point); o->tries++) {
		assert_true(search__left(s) > 0);
		try_point(o, s, point);
	}
	assert_int_equal(search__left(s), 0);
	return s;
}

static unsigned int log2_up(size_t n)
{
	unsigned int k = 0;

	while ((1u << k) < n + 1)
		k++;
	return k;
}

/* One change, at each place of lines of each length: found exactly, in as few tries as halving
 * takes. */
static void test_each_position(void **state)
{
	(void)state;
	for (size_t n = 2; n <= MAX_POINTS; n++) {
		for (size_t at = 1; at < n; at++) {
			char line[MAX_POINTS + 1] = { 0 };
			struct oracle o = { .tracks = { line } };
			struct search *s;
			struct flip f;

			memset(line, 'a', at);
			memset(line + at, 'b', n - at);
			s = run(&o);
			assert_int_equal(search__nr_flips(s, 0), 1);
			search__flip(s, 0, 0, &f);
			assert_int_equal(f.before, at - 1);
			assert_int_equal(f.after, at);
			assert_int_equal(f.from, 0);
			assert_int_equal(f.to, 1);
			assert_int_equal(f.untried + f.unknown, 0);
			assert_true(o.tries <= log2_up(n - 2));
			search__free(s);
		}
	}
}

/* One change and every set of points that tell nothing: the answer is the smallest range that the
 * points leave, and every silent point of it was tried. */
static void test_each_silence(void **state)
{
	(void)state;
	for (size_t n = 2; n <= 9; n++) {
		for (size_t at = 1; at < n; at++) {
			for (unsigned int silent = 0; silent < 1u << (n - 2); silent++) {
				char line[MAX_POINTS + 1] = { 0 };
				struct oracle o = { .tracks = { line } };
				size_t before = 0, after = n - 1;
				struct search *s;
				struct flip f;

				for (size_t i = 0; i < n; i++) {
					line[i] = i < at ? 'a' : 'b';
					if (i && i < n - 1 && silent & 1u << (i - 1))
						line[i] = '?';
					if (line[i] == 'a')
						before = i;
				}
				for (size_t i = n; i-- > 0;)
					if (line[i] == 'b')
						after = i;
				s = run(&o);
				assert_int_equal(search__nr_flips(s, 0), 1);
				search__flip(s, 0, 0, &f);
				assert_int_equal(f.before, before);
				assert_int_equal(f.after, after);
				assert_int_equal(f.untried, 0);
				assert_int_equal(f.unknown, after - before - 1);
				search__free(s);
			}
		}
	}
}

/* All lines of three answers and silence whose ends answer: what is found is true, wherever the
 * ends differ a change is found, and none of the found ones can be narrowed. */
static void test_each_line(void **state)
{
	static const char says[] = "abc?";
	const size_t n = 6;

	(void)state;
	for (unsigned int code = 0; code < 1u << (2 * n); code++) {
		char line[MAX_POINTS + 1] = { 0 };
		struct oracle o = { .tracks = { line } };
		struct search *s;
		size_t flips;

		for (size_t i = 0; i < n; i++)
			line[i] = says[code >> (2 * i) & 3];
		if (line[0] == '?' || line[n - 1] == '?')
			continue;
		s = run(&o);
		flips = search__nr_flips(s, 0);
		if (line[0] != line[n - 1])
			assert_true(flips > 0);
		for (size_t i = 0; i < flips; i++) {
			struct flip f;

			search__flip(s, 0, i, &f);
			assert_int_equal(line[f.before], 'a' + f.from);
			assert_int_equal(line[f.after], 'a' + f.to);
			assert_int_not_equal(f.from, f.to);
			assert_int_equal(f.untried, 0);
			for (size_t p = f.before + 1; p < f.after; p++)
				assert_int_equal(line[p], '?');
		}
		search__free(s);
	}
}

/* Two records that change at different places share the tries. */
static void test_two_tracks(void **state)
{
	(void)state;
	for (size_t a = 1; a < 12; a++) {
		for (size_t b = 1; b < 12; b++) {
			char first[MAX_POINTS + 1] = { 0 }, second[MAX_POINTS + 1] = { 0 };
			struct oracle o = { .tracks = { first, second } };
			struct search *s;
			struct flip f;

			memset(first, 'a', 12);
			memset(second, 'x', 12);
			memset(first + a, 'b', 12 - a);
			memset(second + b, 'y', 12 - b);
			s = run(&o);
			search__flip(s, 0, 0, &f);
			assert_int_equal(f.after, a);
			search__flip(s, 1, 0, &f);
			assert_int_equal(f.after, b);
			if (a == b)
				assert_true(o.tries <= log2_up(10));
			else
				assert_true(o.tries < 2 * log2_up(10));
			search__free(s);
		}
	}
}

/* Good, bad, good again: not seen by the ends, but by a try for another record's sake; then all its
 * changes are found, and there are two. */
static void test_back_and_forth(void **state)
{
	struct oracle o = { .tracks = { "aaaaaaabb", "aaabbbaaa" } };
	struct search *s = run(&o);
	struct flip f;

	(void)state;
	assert_int_equal(search__nr_flips(s, 0), 1);
	assert_int_equal(search__nr_flips(s, 1), 2);
	search__flip(s, 1, 0, &f);
	assert_int_equal(f.before, 2);
	assert_int_equal(f.after, 3);
	search__flip(s, 1, 1, &f);
	assert_int_equal(f.before, 5);
	assert_int_equal(f.after, 6);
	search__free(s);
}

/* One that is not followed costs no try, and what is said of it is kept. */
static void test_not_followed(void **state)
{
	struct search *s = search__new(5, 2);
	size_t point;

	(void)state;
	assert_non_null(s);
	search__follow(s, 1, false);
	search__say(s, 0, 0, 0);
	search__say(s, 4, 0, 0);
	search__say(s, 0, 1, 0);
	search__say(s, 4, 1, 1);
	assert_int_equal(search__left(s), 0);
	assert_false(search__next(s, &point));
	assert_int_equal(search__nr_flips(s, 1), 1);
	search__follow(s, 1, true);
	assert_int_equal(search__left(s), 2);
	assert_true(search__next(s, &point));
	assert_int_equal(point, 2);
	search__free(s);
}

/* Both ends alone, one point, no track: nothing to try. */
static void test_small(void **state)
{
	struct oracle two = { .tracks = { "ab" } }, same = { .tracks = { "aaaa" } },
		      one = { .tracks = { "a" } }, silent = { .tracks = { "a??b" } };
	struct search *s = run(&two);
	struct flip f;

	(void)state;
	assert_int_equal(two.tries, 0);
	assert_int_equal(search__nr_flips(s, 0), 1);
	search__free(s);
	s = run(&same);
	assert_int_equal(same.tries, 0);
	assert_int_equal(search__nr_flips(s, 0), 0);
	search__free(s);
	search__free(run(&one));
	s = run(&silent);
	assert_int_equal(silent.tries, 2);
	search__flip(s, 0, 0, &f);
	assert_int_equal(f.unknown, 2);
	assert_true(search__is_tried(s, 1));
	assert_int_equal(search__answer(s, 1, 0), SEARCH_UNKNOWN);
	search__free(s);
	s = search__new(3, 0);
	assert_int_equal(search__left(s), 0);
	search__free(s);
	search__free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_position),  cmocka_unit_test(test_each_silence),
		cmocka_unit_test(test_each_line),      cmocka_unit_test(test_two_tracks),
		cmocka_unit_test(test_back_and_forth), cmocka_unit_test(test_not_followed),
		cmocka_unit_test(test_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
