// SPDX-License-Identifier: GPL-2.0-only
/* Filters and orders of comparisons, as veristat has them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/log.h"
#include "diff/filter.h"
#include "sides_fixture.h"

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_WARN };

/* e/p: accept with 100 instructions against a rejection after 110. */
static void one_pair(struct sides_pair_fixture *p)
{
	accepted(p->a, "e", "p");
	rejected(p->b, "e", "p", EACCES, "no")->record->stats.insns = 110;
}

static bool passes(struct sides_pair_fixture *p, const char *first, const char *second)
{
	struct filters *f = filters__new();
	char *why = NULL;
	bool pass;

	if (filters__parse(f, first, &why) || (second && filters__parse(f, second, &why)))
		fail_msg("%s", why);
	pass = filters__pass(f, p->a->n ? &p->a->cells[0] : NULL, p->b->n ? &p->b->cells[0] : NULL);
	filters__free(f);
	return pass;
}

static void test_statistics(void **state)
{
	static const char *const yes[] = {
		"insns_diff==10",	"insns_diff=10",
		"insns_diff>9",		"insns_diff>=10",
		"insns_diff<11",	"insns_diff<=10",
		"insns_diff!=9",	"insns_diff<>9",
		"insns_pct>=10",	"insns_a==100",
		"insns_b==110",		"insns==110",
		"total_insns>100",	"|insns_diff|>9",
		"insns_a<insns_b",	"verdict_a==success",
		"verdict_a=accept",	"verdict_b==fail",
		"verdict_b==0",		"verdict_diff==mismatch",
		"verdict_a!=verdict_b", "!insns_diff<10",
		"!states_b>0",
	};
	static const char *const no[] = {
		"insns_diff>10",	"insns_diff==9.99",
		"insns_pct>10",		"!insns_diff>9",
		"states_b>=0",		/* not known there */ "verdict_diff==match",
		"verdict_a==verdict_b",
	};
	struct sides_pair_fixture *p = *state;

	one_pair(p);
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (!passes(p, yes[i], NULL))
			fail_msg("%s does not pass", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (passes(p, no[i], NULL))
			fail_msg("%s passes", no[i]);
}

static void test_names(void **state)
{
	static const char *const yes[] = { "e",	  "p",	  "*",	"e.bpf.o", "e/", "/p",
					   "e/p", "e*/?", "!q", "!e/q",	   "!/q" };
	static const char *const no[] = { "q", "e/q", "f/", "!e", "!p", "!e/", "!/p", "!*" };
	struct sides_pair_fixture *p = *state;

	one_pair(p);
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (!passes(p, yes[i], NULL))
			fail_msg("%s does not pass", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (passes(p, no[i], NULL))
			fail_msg("%s passes", no[i]);
	set_text(&p->a->cells[0].experiment, "x.bpf.o"); /* of `assay verify` */
	assert_true(passes(p, "x.bpf.o/p", NULL));
	set_text(&p->a->cells[0].experiment, "e");
	/* Of one sort one is enough, of two sorts both must be. */
	assert_true(passes(p, "q", "p"));
	assert_true(passes(p, "insns_diff>100", "insns_a==100"));
	assert_true(passes(p, "p", "insns_a==100"));
	assert_false(passes(p, "p", "insns_a==99"));
	assert_false(passes(p, "q", "insns_a==100"));
	assert_false(passes(p, "p", "!insns_a==100"));
}

static void test_one_side(void **state)
{
	struct sides_pair_fixture *p = *state;

	accepted(p->a, "e", "p");
	assert_true(passes(p, "p", NULL));
	assert_true(passes(p, "insns_a==100", NULL));
	assert_false(passes(p, "insns_b>=0", NULL));
	assert_false(passes(p, "insns_diff!=0", NULL));
	assert_true(passes(p, "!insns_diff!=0", NULL));
}

static void test_wrong(void **state)
{
	static const char *const wrong[] = { "",
					     "!",
					     "insn_diff>1",
					     "insns_diff>x",
					     "prog_name==1",
					     "insns_foo>1",
					     "verdict_pct>1",
					     "prog_diff>1",
					     "@/no/such/file" };
	struct filters *f = filters__new();
	char *why = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (filters__parse(f, wrong[i], &why) != -EINVAL)
			fail_msg("'%s' is taken", wrong[i]);
		assert_non_null(why);
		free(why);
	}
	filters__free(f);
}

static void test_file(void **state)
{
	struct sides_pair_fixture *p = *state;
	char path[] = "/tmp/assay-test-filter.XXXXXX", *at;
	static const char text[] = "# the larger\n\n  insns_diff>5\n!q\n";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(file_write(path, text, strlen(text)), 0);
	at = malloc(strlen(path) + 2);
	sprintf(at, "@%s", path);
	one_pair(p);
	assert_true(passes(p, at, NULL));
	assert_false(passes(p, at, "!p"));
	unlink(path);
	free(at);
}

static void test_apply(void **state)
{
	struct sides_pair_fixture *p = *state;
	struct filters *f = filters__new();
	char *why;

	one_pair(p);
	accepted(p->a, "e", "q");
	accepted(p->b, "e", "q")->record->stats.insns = 5;
	find_changes(p);
	assert_int_equal(p->c->n, 2);
	filters__apply(f, p->c);
	assert_int_equal(p->c->n, 2);
	assert_int_equal(filters__parse(f, "insns_diff<0", &why), 0);
	filters__apply(f, p->c);
	assert_int_equal(p->c->n, 1);
	assert_int_equal(p->c->counts[CHANGE_FLIP], 0);
	assert_int_equal(p->c->counts[CHANGE_STAT], 1);
	filters__free(f);
}

/* The names of what changed, in order. */
static void assert_order(struct sides_pair_fixture *p, const char *spec, const char *names)
{
	struct order *o = order__new();
	char got[16] = "", *why = NULL;

	if (order__parse(o, spec, &why))
		fail_msg("%s", why);
	find_changes(p);
	assert_int_equal(order__apply(o, p->c), 0);
	for (size_t i = 0; i < p->c->n; i++)
		strcat(got, p->c->v[i].a ? p->c->v[i].a->name : p->c->v[i].b->name);
	assert_string_equal(got, names);
	order__free(o);
}

/* What kept a program from being run is asked for with it. */
static void test_apply_to_wholes(void **state)
{
	static const struct {
		const char *filter;
		size_t left;
	} cases[] = {
		{ "mask*", 1 },	  { "mask_7", 1 },    { "/mask_7", 1 }, { "read/mask_7", 1 },
		{ "other", 1 },	  { "!other", 2 },    { "write/", 1 },	{ "read/mask_8", 0 },
		{ "insns>1", 2 }, { "insns_a>1", 3 },
	};
	struct sides_pair_fixture *p = *state;

	/* read is skipped on b; of the others a statistic changed. */
	accepted(p->a, "read", "mask_7");
	assert_int_equal(side__end(p->b, "read", "{}", STATUS_SKIPPED, "no such hook"), 0);
	accepted(p->a, "other", "p");
	accepted(p->b, "other", "p")->record->stats.insns = 7;
	accepted(p->a, "write", "p");
	accepted(p->b, "write", "p")->record->xlated_size = 7;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct filters *f = filters__new();
		char *why;

		find_changes(p);
		assert_int_equal(filters__parse(f, cases[i].filter, &why), 0);
		filters__apply(f, p->c);
		if (p->c->n != cases[i].left)
			fail_msg("%s: %zu are left", cases[i].filter, p->c->n);
		filters__free(f);
	}
}

/* A name that nothing has is a slip; a statistic that nothing has, or a name that is denied, is an
 * answer. */
static void test_no_such_name(void **state)
{
	static const struct {
		const char *filter;
		bool names;
	} cases[] = {
		{ "e", true },	 { "e/p", true }, { "/q", false },	    { "x*", false },
		{ "!x*", true }, { "!e", true },  { "insns>100000", true },
	};
	struct sides_pair_fixture *p = *state;

	one_pair(p);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct filters *f = filters__new();
		char *why;

		assert_int_equal(filters__parse(f, cases[i].filter, &why), 0);
		if (filters__names(f, &p->a->cells[0], NULL) != cases[i].names)
			fail_msg("%s", cases[i].filter);
		filters__free(f);
	}
}

static void test_order(void **state)
{
	static const struct {
		const char *name;
		int from, to;
	} programs[] = { { "a", 100, 90 }, { "b", 10, 30 }, { "c", 50, 55 } };
	struct sides_pair_fixture *p = *state;

	for (size_t i = 0; i < 3; i++) {
		accepted(p->a, "e", programs[i].name)->record->stats.insns = programs[i].from;
		accepted(p->b, "e", programs[i].name)->record->stats.insns = programs[i].to;
	}
	assert_order(p, "insns_diff", "bca"); /* the largest first */
	assert_order(p, "insns_diff^", "acb");
	assert_order(p, "insns_diffv", "bca");
	assert_order(p, "|insns_diff|", "bac");
	assert_order(p, "insns_pct!", "bca");
	assert_order(p, "insns_a", "acb");
	assert_order(p, "prog", "abc");
	assert_order(p, "prog_name.", "cba");
	assert_order(p, "verdict,insns_b^", "bca");
	/* Flips stay first, and what has no number comes last, whatever the order. */
	accepted(p->a, "e", "f");
	rejected(p->b, "e", "f", EACCES, "no");
	accepted(p->a, "e", "z");
	assert_order(p, "insns_diff", "fbcaz");
	assert_order(p, "insns_diff^", "facbz");
	/* z is the second of what vanished. */
	accepted(p->a, "e", "zz")->record->stats.insns = -1;
	assert_order(p, "insns_a", "facbzzz");
	set_text(&p->a->cells[p->a->n - 1].name, "y");
	assert_order(p, "insns_a", "facbzy");
	assert_order(p, "insns_a^", "fbcazy");
}

/* veristat's way out where there is nothing to divide by; and halves of a per cent are numbers. */
static void test_per_cent(void **state)
{
	struct sides_pair_fixture *p = *state;
	struct cell *a = accepted(p->a, "e", "p"), *b = accepted(p->b, "e", "p");

	a->record->stats.insns = 0;
	b->record->stats.insns = 7;
	assert_true(passes(p, "insns_pct=100", NULL));
	b->record->stats.insns = 0;
	assert_true(passes(p, "insns_pct=0", NULL));
	a->record->stats.insns = 3;
	b->record->stats.insns = 4;
	assert_true(passes(p, "insns_pct>=33.3333333335", NULL));
	assert_false(passes(p, "insns_pct>=33.3334", NULL));
}

static void test_wrong_order(void **state)
{
	static const char *const wrong[] = { "", ",", "insn", "insns_difff", "^", "insns_diff^^" };
	struct order *o = order__new();

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char *why = NULL;

		if (order__parse(o, wrong[i], &why) != -EINVAL)
			fail_msg("'%s' is taken", wrong[i]);
		assert_non_null(why);
		free(why);
	}
	order__free(o);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, two_sides, release_sides)
	const struct CMUnitTest tests[] = {
		TEST(test_statistics),	    TEST(test_names),	     TEST(test_one_side),
		TEST(test_wrong),	    TEST(test_file),	     TEST(test_apply),
		TEST(test_apply_to_wholes), TEST(test_no_such_name), TEST(test_per_cent),
		TEST(test_order),	    TEST(test_wrong_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
