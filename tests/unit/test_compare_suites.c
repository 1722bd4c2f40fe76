// SPDX-License-Identifier: GPL-2.0-only
/* Comparisons as test cases: what fails, what is only told, what is no whole comparison. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "cli/compare.h"
#include "cli/formats.h"
#include "cli/suites.h"
#include "diff/changes.h"
#include "diff/filter.h"
#include "diff/side.h"

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_WARN };

static struct side *make_side(const char *kernel)
{
	char *title = str_fmt("%s (run 1)", kernel);
	struct side *s = side__new(title, kernel);

	free(title);
	assert_non_null(s);
	s->guest.accel = strdup("tcg");
	s->guest.timing = strdup("wall");
	s->guest.cpu_model = strdup("qemu64");
	s->guest.cpus = 1;
	return s;
}

static void add(struct side *s, const char *experiment, const char *name, enum verdict v, int err,
		const char *message, enum status status)
{
	struct cell *c = side__add(s, RECORD_PROGRAM, experiment, name, "");

	assert_non_null(c);
	c->verdict = v;
	c->err = err;
	c->status = status;
	c->message = message ? strdup(message) : NULL;
}

static void seen(struct side *s, const char *experiment)
{
	assert_int_equal(side__end(s, experiment, "{}", STATUS_OK, NULL), 0);
}

/* What each case of the comparison's suites is, in lines. */
static char *compare(struct side *a, struct side *b, const char *filter, const char *format)
{
	static const char *const ends[] = { [CASE_PASSED] = "passed",
					    [CASE_SKIPPED] = "skipped",
					    [CASE_NOTE] = "told",
					    [CASE_FAILED] = "failed",
					    [CASE_ERROR] = "error" };
	struct filters *filters = filters__new();
	struct compared pair = { .a = a, .b = b };
	struct suites *s = NULL;
	char *text = NULL, *why = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (filter)
		assert_int_equal(filters__parse(filters, filter, &why), 0);
	assert_int_equal(side__sort(a), 0);
	assert_int_equal(side__sort(b), 0);
	assert_int_equal(changes__find(a, b, NULL, &pair.changes), 0);
	filters__apply(filters, pair.changes);
	assert_int_equal(compare_suites__make(&pair, 1, filters, &s), 0);
	if (format)
		assert_int_equal(format__find(format, NULL)->suites(s, out), 0);
	for (size_t i = 0; !format && i < s->n; i++)
		for (size_t c = 0; c < s->v[i].n; c++)
			fprintf(out, "%s %s: %s%s%s\n", s->v[i].name, s->v[i].cases[c].name,
				ends[s->v[i].cases[c].end], s->v[i].cases[c].reason ? ", " : "",
				s->v[i].cases[c].reason ? s->v[i].cases[c].reason : "");
	fclose(out);
	suites__free(s);
	changes__free(pair.changes);
	filters__free(filters);
	side__free(a);
	side__free(b);
	return text;
}

static void assert_text(char *is, const char *should)
{
	if (strcmp(is, should) != 0) {
		printf("is:\n%s\nand should be:\n%s\n", is, should);
		fail();
	}
	free(is);
}

static struct side *before(void)
{
	struct side *a = make_side("5.10.218");

	add(a, "e", "flips", VERDICT_REJECT, 13, "invalid read", STATUS_OK);
	add(a, "e", "gone", VERDICT_ACCEPT, 0, NULL, STATUS_OK);
	add(a, "e", "hangs", VERDICT_ACCEPT, 0, NULL, STATUS_OK);
	add(a, "e", "mends", VERDICT_ACCEPT, 0, NULL, STATUS_TIMEOUT);
	add(a, "e", "same", VERDICT_ACCEPT, 0, NULL, STATUS_OK);
	add(a, "e", "words", VERDICT_REJECT, 22, "one", STATUS_OK);
	seen(a, "e");
	return a;
}

static struct side *after(const char *kernel)
{
	struct side *b = make_side(kernel);

	add(b, "e", "flips", VERDICT_ACCEPT, 0, NULL, STATUS_OK);
	add(b, "e", "hangs", VERDICT_ACCEPT, 0, NULL, STATUS_TIMEOUT);
	add(b, "e", "mends", VERDICT_ACCEPT, 0, NULL, STATUS_OK);
	add(b, "e", "new", VERDICT_ACCEPT, 0, NULL, STATUS_OK);
	add(b, "e", "same", VERDICT_ACCEPT, 0, NULL, STATUS_OK);
	add(b, "e", "words", VERDICT_REJECT, 22, "another", STATUS_OK);
	seen(b, "e");
	return b;
}

static void every_kind_of_change(void **state)
{
	char *text = compare(before(), after("5.10.223"), NULL, NULL);

	(void)state;
	assert_non_null(strstr(text, "5.10.218 to 5.10.223/e flips: failed, reject EACCES"));
	assert_non_null(strstr(text, "/e hangs: failed, "));
	assert_non_null(strstr(text, "/e mends: told, "));
	assert_non_null(strstr(text, "/e new: told, "));
	assert_non_null(strstr(text, "/e same: passed\n"));
	assert_non_null(strstr(text, "/e words: told, "));
	assert_non_null(strstr(text, "/e gone: failed, "));
	free(text);
	/* one kernel on both sides */
	text = compare(before(), after("5.10.218"), NULL, "ktap");
	assert_non_null(strstr(text, "  # Subtest: 5.10.218/e\n  1..7\n"));
	assert_non_null(strstr(text, "  # flip: reject EACCES"));
	assert_non_null(strstr(text, "  # detail: message before: invalid read\n"));
	assert_non_null(strstr(text, "not ok 1 5.10.218/e\n"));
	free(text);
}

static void flips_come_first(void **state)
{
	char *text = compare(before(), after("6.1"), NULL, "github");

	(void)state;
	assert_true(str_starts(text, "::error title=e flips on 5.10.218 to 6.1%3A flip::"));
	assert_non_null(strstr(text, "::warning title=e words on 5.10.218 to 6.1%3A message::"));
	assert_non_null(strstr(text, "::notice title=comparison::1 passed, 3 noted, 3 failed\n"));
	free(text);
}

static void filters_leave_out(void **state)
{
	(void)state;
	assert_text(compare(before(), after("6.1"), "same", NULL),
		    "5.10.218 to 6.1/e same: passed\n");
}

/* What a side that was cut off lacks is not known, and the comparison is no whole one. */
static void a_side_that_was_cut_off(void **state)
{
	struct side *b = make_side("6.1");
	char *text;

	(void)state;
	b->cut_off = true;
	add(b, "e", "same", VERDICT_ACCEPT, 0, NULL, STATUS_OK);
	text = compare(before(), b, NULL, NULL);
	assert_non_null(strstr(text, "(comparison) side b: error, 6.1 (run 1) was cut off: what "
				     "is missing there was not compared\n"));
	assert_null(strstr(text, "gone: failed"));
	assert_non_null(strstr(text, "/e gone: skipped, not measured on the other side\n"));
	assert_non_null(strstr(text, "/e same: passed\n"));
	free(text);
}

/* No verdict was had on either side: that is no success. */
static void broken_on_both_sides(void **state)
{
	struct side *a = make_side("5.10"), *b = make_side("6.1");
	char *text;

	(void)state;
	add(a, "e", "hangs", VERDICT_NONE, 0, NULL, STATUS_TIMEOUT);
	add(b, "e", "hangs", VERDICT_NONE, 0, NULL, STATUS_TIMEOUT);
	add(a, "e", "skips", VERDICT_NONE, 0, NULL, STATUS_SKIPPED);
	add(b, "e", "skips", VERDICT_NONE, 0, NULL, STATUS_SKIPPED);
	seen(a, "e");
	seen(b, "e");
	text = compare(a, b, NULL, NULL);
	assert_non_null(strstr(text, "/e hangs: error, timeout on both sides\n"));
	assert_non_null(strstr(text, "/e skips: passed\n"));
	free(text);
}

static void nothing_is_no_success(void **state)
{
	char *text = compare(make_side("5.10"), make_side("6.1"), NULL, NULL);

	(void)state;
	assert_non_null(strstr(text, ": error, "));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_change),	 cmocka_unit_test(flips_come_first),
		cmocka_unit_test(filters_leave_out),	 cmocka_unit_test(a_side_that_was_cut_off),
		cmocka_unit_test(nothing_is_no_success), cmocka_unit_test(broken_on_both_sides),
	};

	return cmocka_run_group_tests_name("compare_suites", tests, NULL, NULL);
}
