// SPDX-License-Identifier: GPL-2.0-only
/* Designs expanded to points: which, how many, in which order, and what is said of names and values
 * that there are none of. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "design_fixture.h"

static void expand(const char *text, bool full, const char *only, struct design **d,
		   struct study_points *p)
{
	assert_int_equal(read_design(text, d), 0);
	if (make_points(*d, full, only, p))
		fail_msg("no points: %s", said);
	assert_string_equal(said, "");
}

static size_t count(const char *text, bool full)
{
	struct study_points p;
	struct design *d;
	size_t n;

	expand(text, full, "", &d, &p);
	n = p.n;
	points__release(&p);
	design__free(d);
	return n;
}

static const char *param(const struct study_point *p, const char *name)
{
	return json_string_value(json_object_get(p->params, name));
}

/* The only point with this value of a factor. */
static const struct study_point *find(const struct study_points *p, const char *name,
				      const char *value)
{
	const struct study_point *found = NULL;

	for (size_t i = 0; i < p->n; i++) {
		const char *is = param(&p->v[i], name);

		if (!is || strcmp(is, value))
			continue;
		assert_null(found);
		found = &p->v[i];
	}
	assert_non_null(found);
	return found;
}

/* --- how many -------------------------------------------------------------------------------- */

static void numbers(void **state)
{
	(void)state;
	/* neither varied nor crossed: one */
	assert_int_equal(count(STUDY "[b]\ntitle = B\nset.size = 9\n", false), 1);
	/* one at a time: 3 + 2, and (4, a) is in both */
	assert_int_equal(
		count(STUDY "[b]\ntitle = B\nvary.size = 4 | 5 | 6\nvary.hook = a | b\n", false),
		4);
	/* full product */
	assert_int_equal(
		count(STUDY "[b]\ntitle = B\ncross.size = 4 | 5 | 6\ncross.hook = a | b\n", false),
		6);
	/* each varied point in each crossed cell: 2 * 2 * (3 + 2), of which 1 in each is double */
	assert_int_equal(count(STUDY "[b]\ntitle = B\ncross.hook = a | b\ncross.cpus = 1 | 2\n"
				     "vary.size = 4 | 5 | 6\nvary.word = none | x\n",
			       false),
			 20);
	/* with the default word, which is "", one of the words is the base */
	assert_int_equal(count(STUDY "[base]\nword = none\n[b]\ntitle = B\ncross.hook = a | b\n"
				     "cross.cpus = 1 | 2\nvary.size = 4 | 5 | 6\n"
				     "vary.word = none | x\n",
			       false),
			 16);
}

static void same_points_of_blocks(void **state)
{
	static const char text[] = STUDY "[b]\ntitle = B\nvary.size = 4 | 5\n"
					 "[c]\ntitle = C\ncross.size = 0x5 | 6\ncross.hook = A\n"
					 "[d]\ntitle = D\n";
	struct study_points p;
	struct design *d;

	(void)state;
	expand(text, false, "", &d, &p);
	assert_int_equal(p.n, 3);
	assert_true(find(&p, "size", "4")->blocks[0]);
	assert_false(find(&p, "size", "4")->blocks[1]);
	assert_true(find(&p, "size", "4")->blocks[2]);
	assert_true(find(&p, "size", "5")->blocks[0]);
	assert_true(find(&p, "size", "5")->blocks[1]);
	assert_false(find(&p, "size", "6")->blocks[0]);
	points__release(&p);
	/* of some blocks only */
	assert_int_equal(make_points(d, false, "c", &p), 0);
	assert_int_equal(p.n, 2);
	assert_false(p.used[0]);
	assert_true(p.used[1]);
	points__release(&p);
	design__free(d);
}

static void forms(void **state)
{
	static const char text[] = STUDY "[base]\nword = long\n[quick]\nword = short\n"
					 "[b]\ntitle = B\nvary.size = 1 | 2 | 3 | 4\n"
					 "quick.size = 1 | 4\n"
					 "[c]\ntitle = C\nset.word = own\n"
					 "[d]\ntitle = D\nset.size = 50\nquick.size = 5\n"
					 "[e]\ntitle = E\nset.size = 60\nquick = no\n";
	struct study_points p;
	struct design *d;

	(void)state;
	expand(text, false, "", &d, &p);
	assert_int_equal(p.n, 4);
	assert_string_equal(param(find(&p, "size", "1"), "word"), "short");
	assert_non_null(find(&p, "word", "own"));
	assert_non_null(find(&p, "size", "5"));
	points__release(&p);
	design__free(d);
	expand(text, true, "", &d, &p);
	assert_int_equal(p.n, 7);
	assert_string_equal(param(find(&p, "size", "1"), "word"), "long");
	assert_non_null(find(&p, "size", "50"));
	assert_non_null(find(&p, "size", "60"));
	points__release(&p);
	assert_int_equal(make_points(d, false, "e", &p), -EINVAL);
	says("block 'e' is only in the full form: --full");
	assert_int_equal(make_points(d, true, "e,f", &p), -EINVAL);
	says("x.study has no block 'f'");
	design__free(d);
}

/* --- what a point has ------------------------------------------------------------------------ */

static void all_factors(void **state)
{
	static const char text[] = STUDY "[base]\nkernel = 6.1.2\nsize = 9\ncpus = 2\n"
					 "[b]\ntitle = B\nset.append = none\n"
					 "[c]\ntitle = C\nexperiment = other\nset.depth = 7\n"
					 "set.append = a=1 b\n";
	const struct study_point *pt;
	struct study_points p;
	struct design *d;

	(void)state;
	expand(text, false, "", &d, &p);
	assert_int_equal(p.n, 2);
	pt = find(&p, "size", "9");
	assert_string_equal(pt->kernel, "6.1.2");
	assert_string_equal(pt->experiment, "main");
	assert_int_equal(pt->cpus, 2);
	assert_int_equal(pt->threads, 1);
	assert_string_equal(pt->append, "");
	assert_string_equal(param(pt, "cpus"), "2");
	assert_string_equal(param(pt, "threads"), "1");
	assert_string_equal(param(pt, "append"), "");
	assert_string_equal(param(pt, "hook"), "a");
	assert_null(param(pt, "point"));
	assert_null(param(pt, "kernel"));
	assert_int_equal(json_object_size(pt->params), 6);
	/* another experiment has nothing of the base but the host's */
	pt = find(&p, "depth", "7");
	assert_string_equal(pt->kernel, "6.1.2");
	assert_string_equal(pt->experiment, "other");
	assert_int_equal(pt->cpus, 2);
	assert_string_equal(pt->append, "a=1 b");
	assert_int_equal(json_object_size(pt->params), 4);
	points__release(&p);
	design__free(d);
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(((const struct study_point *)a)->id, ((const struct study_point *)b)->id);
}

static char *sorted_ids(const char *text)
{
	struct strbuf sb = STRBUF_INIT;
	struct study_points p;
	struct design *d;

	expand(text, false, "", &d, &p);
	qsort(p.v, p.n, sizeof(*p.v), compare_ids);
	for (size_t i = 0; i < p.n; i++) {
		assert_int_equal(strlen(p.v[i].id), 12);
		assert_true(!i || strcmp(p.v[i].id, p.v[i - 1].id));
		strbuf__addf(&sb, "%s ", p.v[i].id);
	}
	points__release(&p);
	design__free(d);
	return strbuf__detach(&sb);
}

/* The order of the file's lines, and a default that is written out, change no id. */
static void ids_are_stable(void **state)
{
	char *a = sorted_ids(STUDY "[base]\nkernel = 5.10\nsize = 7\nword = w\n"
				   "[b]\ntitle = B\ncross.hook = a | b\ncross.cpus = 1 | 2\n"
				   "[c]\ntitle = C\nvary.size = 1 | 2 | 3\n");
	char *b = sorted_ids("[c]\nvary.size = 3 | 1 | 2\ntitle = Other\n"
			     "[b]\ncross.cpus = 2 | 1\ncross.hook = b | a\ntitle = B\n"
			     "[base]\nword = w\nhook = a\nthreads = 1\nsize = 7\n" STUDY);
	char *c = sorted_ids(STUDY "[base]\nkernel = 6.1.2\nsize = 7\nword = w\n"
				   "[b]\ntitle = B\ncross.hook = a | b\ncross.cpus = 1 | 2\n"
				   "[c]\ntitle = C\nvary.size = 1 | 2 | 3\n");

	(void)state;
	assert_string_equal(a, b);
	assert_string_not_equal(a, c);
	free(a);
	free(b);
	free(c);
}

/* --- order ----------------------------------------------------------------------------------- */

static void order(void **state)
{
	static const char text[] = STUDY "[b]\ntitle = B\ncross.kernel = 6.1.2 | 5.10.1\n"
					 "cross.cpus = 1 | 2 | 4\n"
					 "vary.size = 1|2|3|4|5|6|7|8|9|10|11|12\n";
	struct study_points p, q;
	struct design *d;
	size_t seen = 0, ups = 0;

	(void)state;
	expand(text, false, "", &d, &p);
	assert_int_equal(p.n, 72);
	assert_int_equal(p.nr_boots, 6);
	for (size_t b = 0; b < p.nr_boots; b++) {
		const struct study_boot *boot = &p.boots[b];

		assert_int_equal(boot->first, seen);
		assert_int_equal(boot->n, 12);
		/* kernels as they are named */
		assert_string_equal(boot->kernel, b < 3 ? "6.1.2" : "5.10.1");
		for (size_t i = boot->first; i < boot->first + boot->n; i++) {
			assert_int_equal(p.v[i].boot, b);
			assert_string_equal(p.v[i].kernel, boot->kernel);
			assert_int_equal(p.v[i].cpus, boot->cpus);
			if (i == boot->first)
				continue;
			assert_true(strcmp(p.v[i - 1].id, p.v[i].id) < 0);
			ups += atoi(param(&p.v[i], "size")) > atoi(param(&p.v[i - 1], "size"));
		}
		seen += boot->n;
	}
	/* Of 66 steps about half go up when the order has nothing to do with the size. */
	assert_in_range(ups, 20, 46);
	/* and the same every time */
	assert_int_equal(make_points(d, false, "", &q), 0);
	for (size_t i = 0; i < p.n; i++)
		assert_string_equal(p.v[i].id, q.v[i].id);
	points__release(&q);
	points__release(&p);
	design__free(d);
}

/* --- mistakes -------------------------------------------------------------------------------- */

#define BLOCK STUDY "[b]\ntitle = B\n"

static void mistakes(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "[study]\nexperiment = mian\nquestion = Q\n[b]\ntitle = B\n",
		  "x.study:2: no experiment 'mian' that can measure a point: did you mean 'main'?" },
		{ BLOCK "experiment = none\n", "x.study:6: no experiment 'none'" },
		{ BLOCK "vary.siez = 1\n",
		  "x.study:6: main has no parameter 'siez' (did you mean 'size'?)" },
		{ BLOCK "vary.colour = 1\n", "x.study:6: main has no parameter 'colour', and it is "
					     "none of kernel, cpus, threads, append" },
		{ BLOCK "experiment = other\nset.size = 1\n",
		  "x.study:7: other has no parameter 'size'" },
		{ BLOCK "set.point = 1\n",
		  "x.study:6: 'point' is no factor: it gets the id of each point" },
		{ BLOCK "vary.size = 1 | 101\n",
		  "x.study:6: size: '101' is no whole number from 1 to 100" },
		{ BLOCK "vary.size = 1 | 2\nquick.size = 0\n",
		  "x.study:7: size: '0' is no whole number from 1 to 100" },
		{ BLOCK "cross.hook = a | c\n", "x.study:6: hook: 'c' is none of a, b" },
		{ BLOCK "vary.kernel = 5.10 | 6.1.3\n",
		  "x.study:6: kernel: unknown kernel '6.1.3': did you mean '6.1.2'?" },
		{ BLOCK "vary.cpus = 9\n", "x.study:6: cpus: '9' is no whole number from 1 to 8" },
		{ BLOCK "vary.threads = 3\n",
		  "x.study:6: threads: '3' is no whole number from 1 to 2" },
		{ STUDY "[base]\nsize = x\n[b]\ntitle = B\n", "x.study:5: size: 'x' is no whole" },
		{ STUDY "[quick]\nsiez = 1\n[b]\ntitle = B\n",
		  "x.study:5: main has no parameter 'siez'" },
		{ BLOCK "cross.cpus = 1 | 2\nset.threads = 2\n",
		  "x.study:4: block [b]: cpus=1 is no multiple of threads=2" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct study_points p;
		struct design *d;

		assert_int_equal(read_design(cases[i].text, &d), 0);
		assert_int_equal(make_points(d, false, "", &p), -EINVAL);
		says(cases[i].says);
		design__free(d);
	}
}

/* Also those of blocks that are not wanted now. */
static void all_mistakes_at_once(void **state)
{
	struct study_points p;
	struct design *d;

	(void)state;
	assert_int_equal(read_design(BLOCK "vary.size = 0 | 1 | 200\nset.colour = red\n"
					   "[c]\ntitle = C\nquick = no\nset.cpus = 99\n",
				     &d),
			 0);
	assert_int_equal(make_points(d, false, "b", &p), -EINVAL);
	says("x.study:6: size: '0'");
	says("x.study:6: size: '200'");
	says("x.study:7: main has no parameter 'colour'");
	says("x.study:11: cpus: '99'");
	design__free(d);
}

/* As many as nobody wants: said at once, not listed for minutes. */
static void too_many(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	struct study_points p;
	struct design *d;

	(void)state;
	strbuf__addf(&sb, "%s[b]\ntitle = B\ncross.cpus = 1|2|3|4|5|6|7|8\n", STUDY);
	strbuf__addf(&sb, "cross.hook = a|b\ncross.append = 0");
	for (int i = 1; i < 100; i++)
		strbuf__addf(&sb, "%s%d", i % 10 ? " | " : "\n  | ", i);
	strbuf__addf(&sb, "\ncross.size = 1");
	for (int i = 2; i <= 10; i++)
		strbuf__addf(&sb, " | %d", i);
	strbuf__addf(&sb, "\n");
	assert_int_equal(read_design(strbuf__str(&sb), &d), 0);
	assert_int_equal(make_points(d, true, "", &p), -EINVAL);
	says("x.study:4: block [b]: with it the design has more than 10000 points");
	design__free(d);
	strbuf__free(&sb);
}

/* --- texts ----------------------------------------------------------------------------------- */

static void texts(void **state)
{
	static const char text[] = STUDY "[b]\ntitle = B\nanswers = 2\nset.hook = b\nset.cpus = 4\n"
					 "set.threads = 2\nset.append = quiet x\nvary.size = 5\n"
					 "[c]\ntitle = C\nquick = no\nset.size = 6\n";
	const json_t *one;
	struct study_points p;
	struct design *d;
	json_t *plan;
	char *s;

	(void)state;
	expand(text, true, "", &d, &p);
	s = study_point__label(find(&p, "size", "5"), d);
	assert_string_equal(s, "hook=b size=5");
	free(s);
	s = study_boot__label(&p.boots[find(&p, "size", "5")->boot]);
	assert_string_equal(s, "5.10.1 cpus=4 threads=2 append=quiet x");
	free(s);
	plan = points__json(&p, d, true, "key");
	assert_string_equal(json_string_value(json_object_get(plan, "study")), "x");
	assert_string_equal(json_string_value(json_object_get(plan, "form")), "full");
	assert_string_equal(json_string_value(json_object_get(plan, "design")), "key");
	assert_string_equal(json_string_value(json_object_get(plan, "question")), "Why?");
	one = json_array_get(json_object_get(plan, "blocks"), 1);
	assert_string_equal(json_string_value(json_object_get(one, "name")), "c");
	assert_true(json_is_false(json_object_get(one, "quick")));
	assert_int_equal(json_array_size(json_object_get(plan, "points")), 2);
	one = json_array_get(json_object_get(plan, "points"), 0);
	assert_string_equal(json_string_value(json_object_get(one, "id")), p.v[0].id);
	assert_true(json_equal(json_object_get(one, "params"), p.v[0].params));
	assert_int_equal(json_array_size(json_object_get(one, "blocks")), 1);
	json_decref(plan);
	points__release(&p);
	design__free(d);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(numbers),	T(same_points_of_blocks), T(forms),
		T(all_factors), T(ids_are_stable),	  T(order),
		T(mistakes),	T(all_mistakes_at_once),  T(too_many),
		T(texts),
	};

	return cmocka_run_group_tests_name("points", tests, NULL, NULL);
}
