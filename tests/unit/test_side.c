// SPDX-License-Identifier: GPL-2.0-only
/* One kernel of a run, as it is read for a comparison. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "diff/side.h"
#include "store_fixture.h"

#define KERNEL "5.10.218"

static void put_record(struct store *s, int64_t run, const char *release, enum record_kind kind,
		       const char *experiment, const char *name, const char *label)
{
	struct guest_info g = { .kernel = (char *)KERNEL, .release = (char *)release, .cpus = 1 };
	struct record *r = record__new(kind, experiment, name);

	assert_non_null(r);
	r->status = STATUS_OK;
	if (label)
		assert_int_equal(record__label(r, "hook", label), 0);
	if (kind == RECORD_PROGRAM)
		r->verdict = VERDICT_ACCEPT;
	assert_int_equal(store__add_record(s, run, &g, r, NULL), 0);
	record__free(r);
}

static void put_end(struct store *s, int64_t run, const char *kernel, const char *release,
		    const char *experiment, enum status status, const char *reason)
{
	struct guest_info g = { .kernel = (char *)kernel, .release = (char *)release };

	assert_int_equal(store__add_experiment(s, run, &g, experiment, "{}", status, reason, 1), 0);
}

static void put_log(struct store *s, int64_t run, const char *experiment, const char *name)
{
	assert_int_equal(store__add_text(s, run, KERNEL, experiment, name, "log", "x", 1, true), 0);
}

static void fill_run(struct store *s, int64_t run)
{
	/* One guest failed before it could say which kernel it is. */
	put_end(s, run, KERNEL, NULL, "boot", STATUS_HARNESS, "no console");
	put_record(s, run, NULL, RECORD_PROGRAM, "override", "q", NULL);
	put_record(s, run, KERNEL, RECORD_PROGRAM, "override", "p", NULL);
	put_record(s, run, KERNEL, RECORD_MEASUREMENT, "override", "p", "int3");
	put_record(s, run, KERNEL, RECORD_PROGRAM, "loops", "p", NULL);
	put_log(s, run, "override", "p");
	put_log(s, run, "override", "nobody");
	/* Two points of a study. */
	put_end(s, run, KERNEL, KERNEL, "override", STATUS_TIMEOUT, "60 s");
	put_end(s, run, KERNEL, KERNEL, "override", STATUS_OK, NULL);
	put_end(s, run, KERNEL, KERNEL, "loops", STATUS_OK, NULL);
	put_end(s, run, "6.1.192", "6.1.192", "loops", STATUS_CRASHED, "Oops");
}

static void check(const struct side *s)
{
	const struct cell *c;

	assert_string_equal(s->title, KERNEL " (run 1)");
	assert_string_equal(s->guest.release, KERNEL);
	assert_int_equal(s->n, 4);
	for (size_t i = 1; i < s->n; i++)
		assert_true(cell__cmp(&s->cells[i - 1], &s->cells[i]) < 0);
	c = side__find(s, "override", "p", "");
	assert_non_null(c);
	assert_int_equal(c->verdict, VERDICT_ACCEPT);
	assert_string_equal(c->failure, "");
	assert_string_equal(c->object, "o1");
	assert_non_null(c->log);
	assert_non_null(strstr(c->log, "/" KERNEL "/override/"));
	c = side__find(s, "override", "p", "hook=int3");
	assert_non_null(c);
	assert_null(c->log); /* a program's */
	assert_null(c->object);
	assert_null(side__find(s, "override", "q", "")->log);
	assert_null(side__find(s, "loops", "p", "")->object);
	assert_null(side__find(s, "override", "r", ""));
	assert_null(side__find(s, "zoo", "p", ""));
	assert_int_equal(s->nr_wholes, 3);
	assert_int_equal(side__whole(s, "override")->status, STATUS_TIMEOUT);
	assert_string_equal(side__whole(s, "override")->reason, "60 s");
	assert_int_equal(side__whole(s, "loops")->status, STATUS_OK);
	assert_null(side__whole(s, "zoo"));
}

static void test_of_run(void **state)
{
	struct fixture *f = *state;
	struct run_info run;
	struct store *s;
	struct side *side;

	assert_int_equal(store__open(f->results, true, &s), 0);
	assert_int_equal(
		store__begin_run(s, "assay run", "{\"objects\":{\"override\":\"o1\"}}", &run), 0);
	fill_run(s, run.id);
	assert_int_equal(side__of_run(s, &run, KERNEL, &side), 0);
	assert_true(side->cut_off); /* it still goes on */
	side__free(side);
	run.state = RUN_COMPLETE;
	assert_int_equal(side__of_run(s, &run, KERNEL, &side), 0);
	assert_false(side->cut_off);
	assert_false(side->from_baseline);
	check(side);
	side__free(side);
	/* A kernel of which there is only an end, and one that the run has not. */
	assert_int_equal(side__of_run(s, &run, "6.1.192", &side), 0);
	assert_int_equal(side->n, 0);
	assert_int_equal(side->nr_wholes, 1);
	side__free(side);
	capture_stderr(f);
	assert_int_equal(side__of_run(s, &run, "6.1", &side), -ENOENT);
	assert_null(side);
	assert_silent(f);
	run_info__release(&run);
	store__close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_of_run, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("side", tests, NULL, NULL);
}
