// SPDX-License-Identifier: GPL-2.0-only
/* `assay bisect` along a line of made-up kernels: what is asked, and what it says of the answers.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/bisect_line.h"
#include "cli/bisect_report.h"
#include "cli/bisect_search.h"
#include "folder_fixture.h"

/* What two records and their experiment say on a kernel: of each a letter: a accept, r reject, e
 * the same with another errno, s skipped, c crashed, '-' not there. All '!': not built. */
struct scene {
	const char *say[8];
	size_t asked[8], nr_asked;
	size_t stop; /* with -EINTR at this ask; 0: never */
	struct strv points, wanted;
	enum bisect_by by;
	struct line line;
	char *text;
};

static void add(struct answers *a, const char *record, char letter)
{
	struct answer *to;

	if (letter == '-')
		return;
	to = answers__add(a, strdup(record));
	assert_non_null(to);
	to->whole = !strchr(record, ':');
	to->verdict = letter == 'a'	     ? VERDICT_ACCEPT
		      : strchr("re", letter) ? VERDICT_REJECT
					     : VERDICT_NONE;
	to->err = letter == 'r' ? EACCES : letter == 'e' ? EINVAL : 0;
	to->status = letter == 's' ? STATUS_SKIPPED : letter == 'c' ? STATUS_CRASHED : STATUS_OK;
	if (letter == 'r')
		to->message = strdup("invalid read");
	if (letter == 's')
		to->reason = strdup("no such hook");
}

static int ask(void *ctx, size_t point, struct answers **out)
{
	struct scene *s = ctx;

	s->asked[s->nr_asked++] = point;
	if (s->stop == s->nr_asked)
		return -EINTR;
	if (*s->say[point] == '!') {
		*out = answers__none("the kernel could not be built");
		return 0;
	}
	*out = answers__new();
	add(*out, "ex", s->say[point][0] == 'c' ? 'c' : 'o');
	add(*out, "ex:one", s->say[point][0]);
	add(*out, "ex:two x=1", s->say[point][1]);
	(*out)->run = strdup("7");
	return 0;
}

static int run(struct scene *s, const char *wanted)
{
	struct line_opts o = { .what = "kernel", .try_point = ask, .ctx = s, .by = s->by };
	size_t len;
	FILE *out;
	int err;

	for (char name[] = "k0"; s->say[s->points.n]; name[1]++)
		assert_int_equal(strv__add(&s->points, name), 0);
	assert_int_equal(strv__split(&s->wanted, wanted, ","), 0);
	o.points = &s->points;
	o.wanted = &s->wanted;
	listen_begin();
	err = line__run(&o, &s->line);
	listen_end();
	out = open_memstream(&s->text, &len);
	bisect_report__print(
		&(const struct bisect_report){ .out = out, .opts = &o, .line = &s->line });
	fclose(out);
	return err;
}

static void shows(const struct scene *s, const char *part)
{
	if (!strstr(s->text, part))
		fail_msg("'%s' is not in '%s'", part, s->text);
}

static void end(struct scene *s)
{
	line__release(&s->line);
	strv__free(&s->points);
	strv__free(&s->wanted);
	free(s->text);
}

static void test_flip(void **state)
{
	struct scene s = { .say = { "ra", "ra", "aa", "aa", "aa" } };

	(void)state;
	assert_int_equal(run(&s, "ex:one"), 0);
	assert_int_equal(s.line.end, LINE_FOUND);
	assert_true(bisect_report__is_exact(&s.line));
	assert_int_equal(s.nr_asked, 4);
	shows(&s, "ex:one flips between k1 and k2: reject EACCES (invalid read) -> accept\n");
	assert_null(strstr(s.text, "ex:two"));
	end(&s);
}

/* Both records of an experiment, each with its own place; one kernel is never asked twice. */
static void test_both(void **state)
{
	struct scene s = { .say = { "ra", "ra", "aa", "aa", "ar" } };

	(void)state;
	assert_int_equal(run(&s, "ex"), 0);
	shows(&s, "ex:one flips between k1 and k2: reject EACCES (invalid read) -> accept\n");
	shows(&s, "ex:two x=1 flips between k3 and k4: accept -> reject EACCES (invalid read)\n");
	assert_true(s.nr_asked <= 5);
	for (size_t i = 0; i < s.nr_asked; i++)
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(s.asked[i], s.asked[j]);
	end(&s);
}

/* A kernel that could not be built leaves a range, with the reason. */
static void test_range(void **state)
{
	struct scene s = { .say = { "ra", "!", "sa", "aa" } };

	(void)state;
	assert_int_equal(run(&s, "ex:one"), 0);
	assert_int_equal(s.line.end, LINE_FOUND);
	assert_false(bisect_report__is_exact(&s.line));
	shows(&s, "ex:one flips between k0 and k3");
	shows(&s, "k1, which lies between, told nothing: the kernel could not be built\n");
	shows(&s, "k2, which lies between, told nothing: skipped (no such hook)\n");
	end(&s);
}

static void test_same(void **state)
{
	struct scene s = { .say = { "ra", "aa", "re" } };

	(void)state;
	assert_int_equal(run(&s, "ex:one"), 0);
	assert_int_equal(s.line.end, LINE_SAME);
	assert_int_equal(s.nr_asked, 2);
	shows(&s, "Nothing to bisect: k0 and k2 say the same.\n  ex:one: reject EACCES (invalid "
		  "read)\n");
	end(&s);
}

/* Another errno is no other verdict, but another message. */
static void test_by_message(void **state)
{
	struct scene s = { .say = { "ra", "ra", "ea" } },
		     by = { .say = { "ra", "ra", "ea" }, .by = BY_MESSAGE };

	(void)state;
	assert_int_equal(run(&s, "ex:one"), 0);
	assert_int_equal(s.line.end, LINE_SAME);
	shows(&s, "reject EACCES (invalid read); and reject EINVAL");
	end(&s);
	assert_int_equal(run(&by, "ex:one"), 0);
	shows(&by, "between k1 and k2: reject EACCES (invalid read) -> reject EINVAL\n");
	end(&by);
}

/* By status a record that is skipped, or not there, has an answer. */
static void test_by_status(void **state)
{
	struct scene s = { .say = { "s-", "s-", "aa", "aa" }, .by = BY_STATUS },
		     v = { .say = { "s-", "aa" } };

	(void)state;
	assert_int_equal(run(&s, "ex:*"), 0);
	shows(&s, "ex:one flips between k1 and k2: skipped (no such hook) -> accept\n");
	shows(&s, "ex:two x=1 flips between k1 and k2: absent -> accept\n");
	end(&s);
	assert_int_equal(run(&v, "ex:*"), 0);
	assert_int_equal(v.line.end, LINE_NO_END);
	end(&v);
}

/* What kept a program from the verifier is an answer, too: the same reason twice is no change. */
static void test_failure(void **state)
{
	struct answer a = { .record = "ex:one",
			    .status = STATUS_SKIPPED,
			    .failure = "kfunc",
			    .message = "no such kfunc" };
	char *verdict = answer__value(&a, BY_VERDICT), *says = answer__says(&a);

	(void)state;
	assert_string_equal(verdict, "not loaded: kfunc");
	assert_string_equal(says, "not loaded: kfunc (no such kfunc)");
	free(verdict);
	free(says);
}

/* A crash is the kernel's answer. */
static void test_crash(void **state)
{
	struct scene s = { .say = { "aa", "aa", "ca" } };

	(void)state;
	assert_int_equal(run(&s, "ex"), 0);
	shows(&s, "ex flips between k1 and k2: ran -> crashed\n");
	shows(&s, "ex:one flips between k1 and k2: accept -> crashed\n");
	end(&s);
}

static void test_ends(void **state)
{
	struct scene unbuilt = { .say = { "ra", "aa", "!" } }, first = { .say = { "!", "aa" } },
		     silent = { .say = { "sa", "aa" } }, typo = { .say = { "ra", "aa" } };

	(void)state;
	assert_int_equal(run(&unbuilt, "ex:one"), 0);
	assert_int_equal(unbuilt.line.end, LINE_NO_END);
	says("k2 tells nothing: the kernel could not be built");
	end(&unbuilt);
	assert_int_equal(run(&first, "ex:one"), 0);
	assert_int_equal(first.line.end, LINE_NO_END);
	assert_int_equal(first.nr_asked, 1); /* the other end is not built for nothing */
	end(&first);
	assert_int_equal(run(&silent, "ex:one"), 0);
	assert_int_equal(silent.line.end, LINE_NO_END);
	end(&silent);
	assert_int_equal(run(&typo, "ex:onr"), 0);
	assert_int_equal(typo.line.end, LINE_UNKNOWN);
	says("no record 'ex:onr' at either end: did you mean 'ex:one'?");
	end(&typo);
}

static void test_cut_off(void **state)
{
	struct scene s = { .say = { "ra", "ra", "aa", "aa", "aa" }, .stop = 3 };

	(void)state;
	assert_int_equal(run(&s, "ex:one"), -EINTR);
	assert_int_equal(s.line.end, LINE_CUT_OFF);
	shows(&s, "not tried to the end: 3 between them are left");
	end(&s);
}

/* Good, bad, good, seen for another record's sake. */
static void test_odd(void **state)
{
	struct scene s = { .say = { "aa", "aa", "ra", "aa", "ar" } };

	(void)state;
	assert_int_equal(run(&s, "ex:one,ex:two*"), 0);
	shows(&s, "ex:one says the same at both ends and something else between them");
	end(&s);
	s = (struct scene){ .say = { "aa", "ra", "aa", "ca", "ra" } };
	assert_int_equal(run(&s, "ex:one"), 0);
	shows(&s, "ex:one changes 2 times among what was tried");
	shows(&s, "between k2 and k3: accept -> crashed");
	shows(&s, "between k3 and k4: crashed -> reject");
	end(&s);
}

static void test_meant(void **state)
{
	(void)state;
	assert_true(answer__is_meant("ex:one", "ex"));
	assert_true(answer__is_meant("ex", "ex"));
	assert_true(answer__is_meant("ex:one", "ex:one"));
	assert_true(answer__is_meant("ex:one a=b", "ex:one"));
	assert_true(answer__is_meant("ex:one a=b", "ex:one a=b"));
	assert_true(answer__is_meant("ex:one a=b", "ex:*a=b"));
	assert_true(answer__is_meant("ex:one", "ex:o*"));
	assert_false(answer__is_meant("ex:one a=b", "ex:one a=c"));
	assert_false(answer__is_meant("ex:one", "ex:on"));
	assert_false(answer__is_meant("ex", "ex:one"));
	assert_false(answer__is_meant("exx:one", "ex:one"));
	assert_false(answer__is_meant("exx", "ex"));
	assert_false(answer__is_meant("e:one", "ex"));
}

/* What is kept comes back whole; what is damaged, not at all. */
static void test_memo(void **state)
{
	struct answers *a = answers__new(), *b = NULL;
	char *path = at("memo.json");

	(void)state;
	add(a, "ex", 'c');
	add(a, "ex:one", 'r');
	add(a, "ex:two", 's');
	a->run = strdup("3");
	assert_int_equal(answers__load(path, &b), -ENOENT);
	assert_int_equal(answers__save(a, path), 0);
	assert_int_equal(answers__load(path, &b), 0);
	assert_int_equal(b->n, 3);
	assert_null(b->why);
	assert_string_equal(b->run, "3");
	for (size_t i = 0; i < 3; i++) {
		char *x = answer__says(&a->v[i]), *y = answer__says(&b->v[i]);

		assert_string_equal(a->v[i].record, b->v[i].record);
		assert_string_equal(x, y);
		assert_int_equal(a->v[i].whole, b->v[i].whole);
		free(x);
		free(y);
	}
	answers__free(b);
	put("memo.json",
	    "{\"bisect\": 2, \"answers\": [{\"record\": \"x\", \"verdict\": \"maybe\", "
	    "\"status\": \"ok\"}]}");
	assert_int_equal(answers__load(path, &b), -EBADMSG);
	put("memo.json", "{\"bis");
	assert_int_equal(answers__load(path, &b), -EBADMSG);
	put("memo.json", "[1]");
	assert_int_equal(answers__load(path, &b), -EBADMSG);
	answers__free(a);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(test_flip),       TEST(test_both),	     TEST(test_range),	 TEST(test_same),
		TEST(test_by_message), TEST(test_crash),     TEST(test_ends),	 TEST(test_cut_off),
		TEST(test_odd),	       TEST(test_by_status), TEST(test_failure), TEST(test_meant),
		TEST(test_memo),
	};

	assay_log.level = LOG_LEVEL_INFO;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
