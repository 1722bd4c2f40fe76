// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/record.h"

static void test_new(void **state)
{
	struct record *r = record__new(RECORD_PROGRAM, "override", "copyout_int3");

	(void)state;
	assert_non_null(r);
	assert_int_equal(r->kind, RECORD_PROGRAM);
	assert_string_equal(r->experiment, "override");
	assert_string_equal(r->name, "copyout_int3");
	/* Nobody has judged it yet: it must not pass for a success. */
	assert_int_equal(r->status, STATUS_HARNESS);
	assert_null(r->reason);
	assert_int_equal(r->verdict, VERDICT_NONE);
	assert_true(r->load_time_us < 0);
	assert_int_equal(r->xlated_size, -1);
	assert_int_equal(r->jited_size, -1);
	assert_int_equal(r->stats.insns, VLOG_UNKNOWN);
	assert_int_equal(r->nr_labels + r->nr_metrics + r->nr_series + r->nr_checks +
				 r->nr_matrices + r->tags.n,
			 0);
	record__free(r);
	record__free(NULL);

	r = record__new(RECORD_MEASUREMENT, NULL, NULL);
	assert_string_equal(r->experiment, "");
	assert_string_equal(r->name, "");
	record__free(r);
}

static void test_labels(void **state)
{
	struct record *r = record__new(RECORD_MEASUREMENT, "x", "y");
	char name[] = "hook";
	char *s;

	(void)state;
	s = record__labels_str(r);
	assert_string_equal(s, "");
	free(s);
	assert_int_equal(record__label(r, name, "int3"), 0);
	name[0] = 'X'; /* it keeps a copy */
	assert_int_equal(record__label(r, "size", "4096"), 0);
	assert_int_equal(record__label(r, "empty", NULL), 0);
	assert_int_equal(record__label(r, "hook", "ftrace"), -EINVAL);
	assert_int_equal(record__label(r, "", "x"), -EINVAL);
	assert_int_equal(record__label(r, NULL, "x"), -EINVAL);
	assert_int_equal(r->nr_labels, 3);
	assert_string_equal(record__get_label(r, "hook"), "int3");
	assert_string_equal(record__get_label(r, "empty"), "");
	assert_null(record__get_label(r, "hoo"));
	assert_null(record__get_label(r, NULL));
	s = record__labels_str(r);
	assert_string_equal(s, "hook=int3 size=4096 empty=");
	free(s);
	record__free(r);
}

/* Growth passes several powers of two, and what was there stays. */
static void test_many(void **state)
{
	struct record *r = record__new(RECORD_MEASUREMENT, "x", "y");
	char name[32];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		assert_int_equal(record__metric(r, name, "ns", i), 0);
		assert_int_equal(record__label(r, name, name), 0);
		assert_int_equal(record__check(r, i % 2, name, NULL), 0);
	}
	assert_int_equal(r->nr_metrics, 1000);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		assert_string_equal(r->metrics[i].name, name);
		assert_true(r->metrics[i].value == i);
		assert_string_equal(r->labels[i].value, name);
		assert_int_equal(r->checks[i].ok, i % 2);
		assert_string_equal(r->checks[i].found, "");
	}
	record__free(r);
}

static void test_metrics(void **state)
{
	struct record *r = record__new(RECORD_MEASUREMENT, "x", "y");
	const struct metric *m;

	(void)state;
	assert_int_equal(record__metric(r, "overridden", "reads", 399999), 0);
	assert_int_equal(record__metric(r, "ratio", NULL, 0.5), 0);
	assert_int_equal(record__metric(r, "overridden", "reads", 1), -EINVAL);
	assert_int_equal(record__metric(r, NULL, "reads", 1), -EINVAL);
	m = record__get_metric(r, "overridden");
	assert_non_null(m);
	assert_true(m->value == 399999);
	assert_string_equal(m->unit, "reads");
	assert_string_equal(record__get_metric(r, "ratio")->unit, "");
	assert_null(record__get_metric(r, "rati"));
	record__free(r);
}

static void test_series(void **state)
{
	struct record *r = record__new(RECORD_MEASUREMENT, "x", "y");
	double values[] = { 1, 2.5, -3 };

	(void)state;
	assert_int_equal(record__series(r, "load", "us", values, 3), 0);
	values[1] = 99;
	assert_int_equal(record__series(r, "none", "us", NULL, 0), 0);
	assert_int_equal(record__series(r, "load", "us", values, 3), -EINVAL);
	assert_int_equal(record__series(r, "null", "us", NULL, 3), -EINVAL);
	assert_int_equal(record__series(r, "huge", "us", values, SIZE_MAX / 4), -EINVAL);
	assert_int_equal(r->nr_series, 2);
	assert_int_equal(r->series[0].n, 3);
	assert_true(r->series[0].values[1] == 2.5);
	assert_int_equal(r->series[1].n, 0);
	assert_non_null(r->series[1].values);
	record__free(r);
}

static void test_checks(void **state)
{
	struct record *r = record__new(RECORD_MEASUREMENT, "x", "y");

	(void)state;
	assert_int_equal(record__check(r, true, "all reads overridden", "400000 of 400000"), 0);
	assert_int_equal(record__check(r, false, "all reads overridden", "23473"), 0);
	assert_int_equal(record__check(r, true, NULL, "x"), -EINVAL);
	assert_int_equal(r->nr_checks, 2);
	assert_true(r->checks[0].ok);
	assert_false(r->checks[1].ok);
	assert_string_equal(r->checks[1].found, "23473");
	record__free(r);
}

static void test_matrix(void **state)
{
	char *rows[] = { "0", "127" }, *cols[] = { "80", "126", "127" };
	char *cells[] = { "aar", "raa" };
	struct matrix m = {
		.name = "verdicts",
		.row_axis = "mask",
		.col_axis = "size",
		.legend = "a accept",
		.row_names = rows,
		.col_names = cols,
		.cells = cells,
		.nr_rows = 2,
		.nr_cols = 3,
	};
	struct record *r = record__new(RECORD_MEASUREMENT, "x", "y");

	(void)state;
	assert_int_equal(record__matrix(r, &m), 0);
	assert_int_equal(record__matrix(r, &m), -EINVAL); /* the name again */
	m.name = "plain";
	m.row_names = m.col_names = NULL;
	m.row_axis = NULL;
	assert_int_equal(record__matrix(r, &m), 0);
	cells[1] = "ra";
	m.name = "ragged";
	assert_int_equal(record__matrix(r, &m), -EINVAL);
	cells[1] = "raaa";
	assert_int_equal(record__matrix(r, &m), -EINVAL);
	cells[1] = NULL;
	assert_int_equal(record__matrix(r, &m), -EINVAL);
	m.cells = NULL;
	assert_int_equal(record__matrix(r, &m), -EINVAL);
	m.nr_rows = 0;
	assert_int_equal(record__matrix(r, &m), 0);
	assert_int_equal(record__matrix(r, NULL), -EINVAL);
	assert_int_equal(r->nr_matrices, 3);
	assert_string_equal(r->matrices[0].cells[1], "raa");
	assert_string_equal(r->matrices[0].col_names[2], "127");
	assert_string_equal(r->matrices[0].legend, "a accept");
	/* Without names the lines are numbered: users never meet a NULL. */
	assert_string_equal(r->matrices[1].row_names[1], "1");
	assert_string_equal(r->matrices[1].col_names[2], "2");
	assert_string_equal(r->matrices[1].row_axis, "");
	record__free(r);
}

static void test_set(void **state)
{
	char *field = NULL;

	(void)state;
	assert_int_equal(record__set(&field, "one"), 0);
	assert_string_equal(field, "one");
	assert_int_equal(record__set(&field, field + 1), 0); /* part of itself */
	assert_string_equal(field, "ne");
	assert_int_equal(record__set(&field, NULL), 0);
	assert_null(field);
}

static void test_fail(void **state)
{
	struct record *r = record__new(RECORD_MEASUREMENT, "x", "y");

	(void)state;
	r->status = STATUS_OK;
	assert_int_equal(record__fail(r, STATUS_OK, "nothing"), 0);
	assert_int_equal(r->status, STATUS_OK);
	assert_null(r->reason);
	assert_int_equal(record__fail(r, STATUS_UNEXPECTED, "%d of %d", 3, 4), 0);
	assert_int_equal(r->status, STATUS_UNEXPECTED);
	assert_string_equal(r->reason, "3 of 4");
	/* Equally bad: the first one stays. Milder: nothing changes. */
	assert_int_equal(record__fail(r, STATUS_UNEXPECTED, "second"), 0);
	assert_int_equal(record__fail(r, STATUS_SKIPPED, "milder"), 0);
	assert_int_equal(r->status, STATUS_UNEXPECTED);
	assert_string_equal(r->reason, "3 of 4");
	assert_int_equal(record__fail(r, STATUS_CRASHED, "WARN:\nat x\ny"), 0);
	assert_int_equal(r->status, STATUS_CRASHED);
	assert_string_equal(r->reason, "WARN: at x y"); /* one line */
	record__free(r);

	/* The pessimistic start has no reason yet and takes one. */
	r = record__new(RECORD_MEASUREMENT, "x", "y");
	assert_int_equal(record__fail(r, STATUS_HARNESS, "no memory"), 0);
	assert_string_equal(r->reason, "no memory");
	record__free(r);
}

static void test_copy(void **state)
{
	static const double values[] = { 1, 2.5 };
	char *cells[] = { (char *)"ab", (char *)"ba" };
	struct matrix m = { .name = (char *)"m", .cells = cells, .nr_rows = 2, .nr_cols = 2 };
	struct record *r = record__new(RECORD_PROGRAM, "x", "y"), *c;

	(void)state;
	r->verdict = VERDICT_REJECT;
	r->err = 13;
	r->stats.insns = 7;
	r->jited_size = 99;
	record__set(&r->message, "R1 invalid");
	record__set(&r->failure, "map");
	r->status = STATUS_OK;
	strv__add(&r->tags, "reject:*");
	record__label(r, "hook", "int3");
	record__metric(r, "reads", "reads", 3);
	record__series(r, "times", "ns", values, 2);
	record__check(r, false, "holds", "does not");
	assert_int_equal(record__matrix(r, &m), 0);
	record__fail(r, STATUS_UNEXPECTED, "a check failed");
	c = record__copy(r);
	assert_non_null(c);
	r->series[0].values[1] = 0;
	record__free(r);
	assert_int_equal(c->kind, RECORD_PROGRAM);
	assert_string_equal(c->experiment, "x");
	assert_string_equal(c->name, "y");
	assert_int_equal(c->verdict, VERDICT_REJECT);
	assert_int_equal(c->err, 13);
	assert_true(c->stats.insns == 7);
	assert_true(c->jited_size == 99 && c->xlated_size == -1);
	assert_string_equal(c->message, "R1 invalid");
	assert_string_equal(c->failure, "map");
	assert_null(c->expected);
	assert_string_equal(c->tags.v[0], "reject:*");
	assert_string_equal(record__get_label(c, "hook"), "int3");
	assert_true(record__get_metric(c, "reads")->value == 3);
	assert_true(c->series[0].values[1] == 2.5);
	assert_false(c->checks[0].ok);
	assert_string_equal(c->checks[0].found, "does not");
	assert_string_equal(c->matrices[0].cells[1], "ba");
	assert_string_equal(c->matrices[0].row_names[1], "1");
	assert_int_equal(c->status, STATUS_UNEXPECTED);
	assert_string_equal(c->reason, "a check failed");
	record__free(c);
	assert_null(record__copy(NULL));
}

/* Callers check once, at the end: everything accepts the record that could not be made. */
static void test_null(void **state)
{
	struct matrix m = { .name = "m" };

	(void)state;
	assert_int_equal(record__label(NULL, "a", "b"), -ENOMEM);
	assert_int_equal(record__metric(NULL, "a", "b", 1), -ENOMEM);
	assert_int_equal(record__series(NULL, "a", "b", NULL, 0), -ENOMEM);
	assert_int_equal(record__check(NULL, true, "a", "b"), -ENOMEM);
	assert_int_equal(record__matrix(NULL, &m), -ENOMEM);
	assert_int_equal(record__fail(NULL, STATUS_HARNESS, "x"), -ENOMEM);
	assert_null(record__get_label(NULL, "a"));
	assert_null(record__get_metric(NULL, "a"));
	assert_null(record__labels_str(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new),    cmocka_unit_test(test_labels),
		cmocka_unit_test(test_many),   cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_series), cmocka_unit_test(test_checks),
		cmocka_unit_test(test_matrix), cmocka_unit_test(test_set),
		cmocka_unit_test(test_fail),   cmocka_unit_test(test_null),
		cmocka_unit_test(test_copy),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
