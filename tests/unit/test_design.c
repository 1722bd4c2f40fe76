// SPDX-License-Identifier: GPL-2.0-only
/* Design files of studies: what is read of a good one, and what is said of bad ones. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "design_fixture.h"

static void whole_design(void **state)
{
	const struct design_entry *e;
	struct design *d;

	(void)state;
	assert_int_equal(read_design("; about\n" STUDY "[base]\nkernel = 5.10\nsize = 8 ; bytes\n"
				     "[quick]\nsize = 2\n"
				     "[one]\ntitle = One\nanswers = 1, 3\nset.hook = b\n"
				     "vary.word = a b |c , d | none\n"
				     "cross.size = 1 |\n  2 |\n\t3\nquick.size = 1 | 3\n"
				     "[two-2]\ntitle = Two\nquick = no\nexperiment = other\n",
				     &d),
			 0);
	assert_string_equal(said, "");
	assert_string_equal(d->name, "x");
	assert_string_equal(d->experiment, "main");
	assert_string_equal(d->question, "Why?");
	assert_int_equal(d->base.nr_entries, 2);
	assert_string_equal(design_section__find(&d->base, DESIGN_SET, "size")->values.v[0], "8");
	assert_int_equal(d->quick.nr_entries, 1);
	assert_int_equal(d->nr_blocks, 2);
	assert_string_equal(d->blocks[0].title, "One");
	assert_string_equal(d->blocks[0].answers, "1, 3");
	assert_null(d->blocks[0].experiment);
	assert_false(d->blocks[0].full_only);
	e = design_section__find(&d->blocks[0], DESIGN_VARY, "word");
	assert_int_equal(e->values.n, 3);
	assert_string_equal(e->values.v[0], "a b");
	assert_string_equal(e->values.v[1], "c , d");
	assert_int_equal(e->line, 14);
	/* continued over lines */
	e = design_section__find(&d->blocks[0], DESIGN_CROSS, "size");
	assert_int_equal(e->values.n, 3);
	assert_string_equal(e->values.v[2], "3");
	assert_int_equal(e->line, 15);
	assert_int_equal(design_section__find(&d->blocks[0], DESIGN_QUICK, "size")->values.n, 2);
	assert_null(design_section__find(&d->blocks[0], DESIGN_SET, "size"));
	assert_string_equal(d->blocks[1].name, "two-2");
	assert_string_equal(d->blocks[1].answers, "");
	assert_string_equal(d->blocks[1].experiment, "other");
	assert_true(d->blocks[1].full_only);
	design__free(d);
	design__free(NULL);
}

#define BLOCK STUDY "[b]\ntitle = B\n"

/* Each mistake with its line. */
static void mistakes(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "[study]\nquestion = Why?\n[b]\ntitle = B\n",
		  "x.study:1: no section [study] with 'experiment = NAME'" },
		{ "[study]\nexperiment = main\n[b]\ntitle = B\n",
		  "x.study:1: no section [study] with 'question = TEXT'" },
		{ STUDY, "x.study:1: no block" },
		{ "size = 3\n", "x.study:1: 'size' stands before the first [section]" },
		{ "[study]\nexperimnt = main\n",
		  "x.study:2: unknown key 'experimnt' (did you mean 'experiment'?)" },
		{ BLOCK "titel = C\n", "x.study:6: unknown key 'titel' (did you mean 'title'?)" },
		{ BLOCK "colour = C\n", "x.study:6: unknown key 'colour'" },
		{ BLOCK "var.size = 1\n", "x.study:6: unknown key 'var.size': a factor of a block "
					  "is given as set.FACTOR" },
		{ BLOCK "set.size = 1 | 2\n", "x.study:6: size: one value is wanted here, not 2" },
		{ STUDY "[base]\nsize = 1 | 2\n", "x.study:5: size: one value is wanted here" },
		{ BLOCK "vary.size = 1 || 2\n", "x.study:6: size: an empty value" },
		{ BLOCK "vary.size = 1 |\n", "x.study:6: size: an empty value" },
		{ BLOCK "vary.size =\n", "x.study:6: 'vary.size' has no value" },
		{ BLOCK "vary.size = 1 | 2 | 1\n", "x.study:6: size: '1' comes twice" },
		{ BLOCK "vary.size = 1\nvary.size = 2\n",
		  "x.study:7: key 'vary.size' comes twice in this section" },
		{ BLOCK "vary.size = 1\ncross.size = 2\n",
		  "x.study:7: 'size' is both varied and crossed in this block" },
		{ BLOCK "cross.size = 1\nset.size = 2\n",
		  "x.study:7: 'size' is both set and crossed in this block" },
		{ BLOCK "quick.size = 1 | 2\n", "x.study:6: quick.size: one value is wanted, for "
						"the block has neither vary.size nor cross.size" },
		{ BLOCK "quick = no\nvary.size = 1 | 2\nquick.size = 1\n",
		  "x.study:8: quick.size: this block is not in the quick form (quick = no)" },
		{ BLOCK "quick = maybe\n", "x.study:6: quick = maybe: neither yes nor no" },
		{ BLOCK "answers = one\n", "x.study:6: answers = one: no list of numbers" },
		{ STUDY "[b]\nset.size = 1\n", "x.study:4: block [b] has no title" },
		{ STUDY "[B c]\ntitle = B\n", "x.study:4: 'B c' is no name for a block" },
		{ BLOCK "[b]\ntitle = C\n",
		  "x.study:6: section [b] comes twice (first in line 4)" },
		{ STUDY STUDY "[b]\ntitle = B\n", "x.study:4: section [study] comes twice" },
		{ STUDY "[base]\nsize = 1\n[base]\nhook = a\n",
		  "x.study:6: section [base] comes twice (first in line 4)" },
		{ BLOCK "[c]\n[d]\ntitle = D\n", "x.study:6: section without keys" },
		{ BLOCK "nonsense\n", "x.study:6: neither a [section], 'key = value' nor" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct design *d;

		assert_int_equal(read_design(cases[i].text, &d), -EINVAL);
		says(cases[i].says);
	}
}

static void all_mistakes_at_once(void **state)
{
	struct design *d;

	(void)state;
	assert_int_equal(
		read_design(BLOCK "set.size = 1 | 2\nvary.word =\n[c]\nquick = maybe\n", &d),
		-EINVAL);
	says("x.study:6: ");
	says("x.study:7: ");
	says("x.study:9: ");
	says("x.study:8: block [c] has no title");
}

static void missing_file(void **state)
{
	struct design *d = NULL;

	(void)state;
	listen_begin();
	assert_int_equal(design__read("/no/such.study", &d), -ENOENT);
	listen_end();
	assert_null(d);
	assert_string_equal(said, "test: /no/such.study: cannot be read: No such file or "
				  "directory\n");
}

static void names(void **state)
{
	char *name = design__name("/a/b.c/override.study");

	(void)state;
	assert_string_equal(name, "override");
	free(name);
	name = design__name("plain");
	assert_string_equal(name, "plain");
	free(name);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(whole_design), T(mistakes), T(all_mistakes_at_once), T(missing_file), T(names),
	};

	return cmocka_run_group_tests_name("design", tests, NULL, NULL);
}
