// SPDX-License-Identifier: GPL-2.0-only
/* Every kind of change but those of measurements (test_measure.c), and what is none. */
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
#include "diff/threshold.h"
#include "sides_fixture.h"

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_WARN };

#define UNINIT "invalid indirect read from stack R1 off -128+126 size 127"

/* One change, of that kind and with that sentence. */
static const struct change *the_change(struct sides_pair_fixture *p, enum change_kind kind,
				       const char *sentence)
{
	const struct changes *c = find_changes(p);

	assert_int_equal(c->n, 1);
	assert_int_equal(c->v[0].kind, kind);
	assert_int_equal(c->counts[kind], 1);
	assert_sentence(&c->v[0], sentence);
	return &c->v[0];
}

static void no_change(struct sides_pair_fixture *p, size_t same, size_t incomparable)
{
	const struct changes *c = find_changes(p);

	assert_int_equal(c->n, 0);
	assert_int_equal(c->same, same);
	assert_int_equal(c->incomparable, incomparable);
}

static void test_same(void **state)
{
	struct sides_pair_fixture *p = *state;

	accepted(p->a, "e", "p");
	accepted(p->b, "e", "p");
	rejected(p->a, "e", "q", EACCES, "R1 !read_ok");
	rejected(p->b, "e", "q", EACCES,
		 "R2 !read_ok"); /* another register is another compiler's */
	no_change(p, 2, 0);
}

static char *text_file(const char *text)
{
	char *path = strdup("/tmp/assay-test-changes.XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(file_write(path, text, strlen(text)), 0);
	return path;
}

static int because(const struct side *a, const struct side *b, const struct cell *c, char **out)
{
	assert_string_equal(a->kernel, "5.10.218");
	assert_string_equal(b->kernel, "5.10.262");
	assert_string_equal(c->name, "p");
	*out = strdup("the kernel");
	return 0;
}

static void test_flip(void **state)
{
	struct sides_pair_fixture *p = *state;
	struct changes_opts o = { .cause = because };
	struct cell *a = rejected(p->a, "e", "p", EACCES, UNINIT), *b = accepted(p->b, "e", "p");
	const struct change *c;

	a->record->stats.insns = 7; /* figures of another verdict are no news */
	a->log = text_file("0: (85) call f#1\n" UNINIT "\n");
	b->log = text_file("0: (85) call f#1\n1: R0=inv(id=0)\n1: (95) exit\n");
	c = the_change(p, CHANGE_FLIP, "reject EACCES -> accept");
	assert_string_equal(c->log_context, "0: (85) call f#1");
	assert_string_equal(c->log_a, UNINIT);
	assert_int_equal(c->line_a, 2);
	assert_string_equal(c->log_b, "1: (95) exit");
	assert_int_equal(c->line_b, 3);
	assert_null(c->cause);
	find_with(p, &o);
	assert_string_equal(p->c->v[0].cause, "the kernel");
	o.no_logs = true;
	find_with(p, &o);
	assert_null(p->c->v[0].log_a);
	/* A log that was taken away is no error. */
	unlink(a->log);
	find_changes(p);
	assert_null(p->c->v[0].log_a);
	unlink(b->log);
}

static void test_flip_of_failure(void **state)
{
	struct sides_pair_fixture *p = *state;
	struct cell *a = cell(p->a, RECORD_PROGRAM, "e", "p");
	struct cell *b = cell(p->b, RECORD_PROGRAM, "e", "p");

	a->status = b->status = STATUS_SKIPPED;
	set_text(&a->failure, "kfunc");
	set_text(&b->failure, "btf");
	the_change(p, CHANGE_FLIP, "skipped (kfunc) -> skipped (btf)");
	set_text(&b->failure, "kfunc");
	set_text(&b->reason, "worded otherwise");
	no_change(p, 1, 0);
}

static void test_skipped_against_verdict(void **state)
{
	struct sides_pair_fixture *p = *state;
	struct cell *a = cell(p->a, RECORD_PROGRAM, "e", "p");

	a->status = STATUS_SKIPPED;
	set_text(&a->failure, "kfunc");
	set_text(&a->reason, "the kernel has no kfunc f");
	accepted(p->b, "e", "p");
	the_change(p, CHANGE_STATUS, "skipped (the kernel has no kfunc f) -> ok (accept)");
}

/* A failure of the harness, a crash or a timeout is never a verdict. */
static void test_broken_against_verdict(void **state)
{
	static const enum status broken[] = { STATUS_TIMEOUT, STATUS_CRASHED, STATUS_HARNESS };
	struct sides_pair_fixture *p = *state;
	struct cell *a = accepted(p->a, "e", "p");
	struct cell *b = rejected(p->b, "e", "p", EACCES, "whatever it said before");

	for (size_t i = 0; i < 3; i++) {
		b->status = broken[i];
		a->status = STATUS_OK;
		find_changes(p);
		assert_int_equal(p->c->n, 1);
		assert_int_equal(p->c->v[0].kind, CHANGE_STATUS);
		a->status = broken[i];
		no_change(p, 0, 1);
		assert_int_equal(p->c->notes.n, 1);
	}
}

static void test_status_and_checks(void **state)
{
	struct sides_pair_fixture *p = *state;
	struct cell *a = measured(p->a, "e", "m"), *b = measured(p->b, "e", "m");

	b->status = STATUS_UNEXPECTED;
	set_text(&b->reason, "check failed: all reads are overridden");
	the_change(p, CHANGE_STATUS, "ok -> unexpected (check failed: all reads are overridden)");
	a->status = STATUS_UNEXPECTED;
	assert_int_equal(record__check(a->record, true, "nothing is lost", "0"), 0);
	assert_int_equal(record__check(b->record, false, "nothing is lost", "7"), 0);
	the_change(p, CHANGE_STATUS, "check \"nothing is lost\" holds -> fails");
}

static void test_message_and_errno(void **state)
{
	struct sides_pair_fixture *p = *state;
	struct cell *a = rejected(p->a, "e", "p", EACCES, UNINIT);
	struct cell *b = rejected(p->b, "e", "p", EACCES,
				  "invalid indirect read from stack off -128+126 size 127");

	the_change(p, CHANGE_MESSAGE,
		   "EACCES \"" UNINIT "\" -> EACCES \"invalid indirect read from stack off "
		   "-128+126 size 127\"");
	set_text(&b->message, a->message);
	b->err = EINVAL;
	the_change(p, CHANGE_MESSAGE, "EACCES \"" UNINIT "\" -> EINVAL \"" UNINIT "\"");
	set_text(&b->message, NULL);
	the_change(p, CHANGE_MESSAGE, "EACCES \"" UNINIT "\" -> EINVAL no message");
}

static void test_statistics(void **state)
{
	struct sides_pair_fixture *p = *state;
	struct thresholds *t = thresholds__new();
	struct changes_opts o = { .thresholds = t };
	struct cell *a = accepted(p->a, "e", "p"), *b = accepted(p->b, "e", "p");
	char *why;

	b->record->stats.insns = 103;
	b->record->stats.verification_time_us = 1000000; /* no count */
	the_change(p, CHANGE_STAT, "total_insns 100 -> 103 (+3.0 %)");
	assert_int_equal(thresholds__parse(t, "insns=5%", &why), 0);
	find_with(p, &o);
	assert_int_equal(p->c->n, 0);
	b->record->stats.insns = 106;
	b->record->xlated_size = 808;
	find_with(p, &o);
	assert_int_equal(p->c->counts[CHANGE_STAT], 2);
	assert_sentence(&p->c->v[1], "xlated_size 800 -> 808 B (+1.0 %)");
	/* One log, one difference: it stands with the first of them. */
	a->log = text_file("0: (95) exit\n");
	b->log = text_file("0: (b7) r0 = 0\n1: (95) exit\n");
	find_with(p, &o);
	assert_string_equal(p->c->v[0].log_b, "0: (b7) r0 = 0");
	assert_null(p->c->v[1].log_b);
	unlink(a->log);
	unlink(b->log);
	/* One program of which two figures changed. */
	assert_int_equal(p->c->same, 0);
	thresholds__free(t);
}

static void test_vanished_and_appeared(void **state)
{
	struct sides_pair_fixture *p = *state;

	accepted(p->a, "e", "old");
	accepted(p->a, "e", "p");
	accepted(p->b, "e", "p");
	rejected(p->b, "e", "young", EINVAL, "no");
	find_changes(p);
	assert_int_equal(p->c->n, 2);
	assert_int_equal(p->c->counts[CHANGE_VANISHED], 1);
	assert_int_equal(p->c->counts[CHANGE_APPEARED], 1);
	assert_sentence(&p->c->v[0], "vanished; it was accept");
	assert_null(p->c->v[0].b);
	assert_sentence(&p->c->v[1], "appeared: reject EINVAL");
	assert_null(p->c->v[1].a);
	assert_int_equal(p->c->same, 1);
}

/* What was not run, or not to its end, has not vanished. */
static void test_not_measured(void **state)
{
	struct sides_pair_fixture *p = *state;

	accepted(p->a, "e", "p");
	accepted(p->a, "f", "p");
	accepted(p->b, "f", "p");
	no_change(p, 1, 1);
	assert_string_equal(p->c->notes.v[0], "not measured on 5.10.262 (run 1): e");
	p->b->cut_off = true;
	accepted(p->a, "g", "later");
	no_change(p, 1, 2);
	assert_int_equal(p->c->notes.n, 1);
	assert_string_equal(p->c->notes.v[0],
			    "not measured on 5.10.262 (run 1), whose run was cut off: e, g");
	/* Not even of an experiment that did end there. */
	accepted(p->a, "f", "later");
	no_change(p, 1, 3);
}

static void test_experiment_as_a_whole(void **state)
{
	struct sides_pair_fixture *p = *state;
	const struct change *c;

	accepted(p->a, "e", "p");
	accepted(p->a, "e", "q");
	accepted(p->a, "f", "p");
	accepted(p->b, "f", "p");
	assert_int_equal(side__end(p->b, "e", "{}", STATUS_SKIPPED, "no such hook"), 0);
	c = the_change(p, CHANGE_STATUS, "ok -> skipped (no such hook)");
	assert_string_equal(c->a->experiment, "e");
	assert_string_equal(c->a->name, "");
	assert_int_equal(p->c->incomparable, 2);
	assert_int_equal(p->c->notes.n, 0); /* the change says it */
}

/* A kernel that could not be built: one change, not one for each experiment. */
static void test_no_kernel(void **state)
{
	struct sides_pair_fixture *p = *state;
	const struct change *c;

	accepted(p->a, "e", "p");
	accepted(p->a, "f", "p");
	assert_int_equal(side__end(p->b, "e", "{}", STATUS_HARNESS, "no kernel"), 0);
	assert_int_equal(side__end(p->b, "f", "{}", STATUS_HARNESS, "no kernel"), 0);
	c = the_change(p, CHANGE_STATUS, "ok -> harness error (no kernel)");
	assert_string_equal(c->b->experiment, "");
	assert_int_equal(p->c->incomparable, 2);
}

/* An experiment that broke off on one side: its records that are there are compared. */
static void test_broken_off(void **state)
{
	struct sides_pair_fixture *p = *state;

	accepted(p->a, "e", "p");
	accepted(p->a, "e", "q");
	rejected(p->b, "e", "p", EACCES, "no");
	assert_int_equal(side__end(p->b, "e", "{}", STATUS_CRASHED, "Oops"), 0);
	find_changes(p);
	assert_int_equal(p->c->n, 2);
	assert_sentence(&p->c->v[0], "accept -> reject EACCES");
	assert_sentence(&p->c->v[1], "ok -> crashed (Oops)");
	assert_int_equal(p->c->incomparable, 1);
}

static void test_baseline(void **state)
{
	struct sides_pair_fixture *p = *state;
	struct cell *c;

	/* What a baseline holds: verdicts of programs, no figures, no messages of measurements. */
	p->a->from_baseline = true;
	c = side__add(p->a, RECORD_PROGRAM, "e", "p", "");
	c->verdict = VERDICT_REJECT;
	c->err = EACCES;
	set_text(&c->message, "invalid indirect read from stack RN off -128+126 size 127");
	side__add(p->a, RECORD_MEASUREMENT, "e", "m", "");
	rejected(p->b, "e", "p", EACCES, UNINIT);
	samples(measured(p->b, "e", "m"), "read", "us", 10, 20);
	set_text(&side__add(p->b, RECORD_MEASUREMENT, "e", "m2", "")->message, "it varies");
	find_changes(p);
	assert_int_equal(p->c->n, 1);
	assert_int_equal(p->c->v[0].kind, CHANGE_APPEARED);
	assert_int_equal(p->c->same, 2);
	assert_int_equal(p->c->refused.n, 0);
}

/* Flips first, then in the order of the kinds; within a kind by name. */
static void test_order_of_kinds(void **state)
{
	struct sides_pair_fixture *p = *state;

	accepted(p->a, "e", "z");
	rejected(p->b, "e", "z", EACCES, "no");
	accepted(p->a, "e", "y");
	rejected(p->b, "e", "y", EACCES, "no");
	rejected(p->a, "e", "b", EACCES, "yes");
	rejected(p->b, "e", "b", EACCES, "no");
	accepted(p->a, "e", "a");
	accepted(p->b, "e", "a")->record->stats.insns = 1;
	accepted(p->a, "e", "c");
	find_changes(p);
	assert_int_equal(p->c->n, 5);
	assert_string_equal(p->c->v[0].a->name, "y");
	assert_string_equal(p->c->v[1].a->name, "z");
	assert_int_equal(p->c->v[2].kind, CHANGE_MESSAGE);
	assert_int_equal(p->c->v[3].kind, CHANGE_STAT);
	assert_int_equal(p->c->v[4].kind, CHANGE_VANISHED);
}

/* What broke on both sides is not the same: nobody knows what it would have been. */
static void test_broken_on_both(void **state)
{
	struct sides_pair_fixture *p = *state;
	char name[16];

	accepted(p->a, "e", "p");
	accepted(p->b, "e", "p");
	no_change(p, 1, 0);
	assert_false(p->c->partial);
	assert_int_equal(p->c->compared, 1);
	for (int i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "q%d", i);
		accepted(p->a, "e", name)->status = STATUS_TIMEOUT;
		accepted(p->b, "e", name)->status = STATUS_TIMEOUT;
	}
	accepted(p->a, "f", "p")->status = STATUS_TIMEOUT;
	accepted(p->b, "f", "p")->status = STATUS_TIMEOUT;
	no_change(p, 1, 10);
	assert_true(p->c->partial);
	assert_int_equal(p->c->compared, 1);
	assert_int_equal(p->c->notes.n, 2);
	assert_string_equal(p->c->notes.v[0],
			    "e: timeout on both sides: q0, q1, q2, q3, q4, q5 and 3 more");
	assert_string_equal(p->c->notes.v[1], "f: timeout on both sides: p");
}

static void test_broken_on_both_in_parts(void **state)
{
	struct sides_pair_fixture *p = *state;

	accepted(p->a, "e", "p")->status = STATUS_TIMEOUT;
	accepted(p->b, "e", "p")->status = STATUS_TIMEOUT;
	accepted(p->a, "e", "q");
	accepted(p->b, "e", "q");
	accepted(p->a, "e", "r")->status = STATUS_TIMEOUT;
	accepted(p->b, "e", "r")->status = STATUS_TIMEOUT;
	accepted(p->a, "e", "s")->status = STATUS_CRASHED;
	accepted(p->b, "e", "s")->status = STATUS_CRASHED;
	no_change(p, 1, 3);
	assert_int_equal(p->c->notes.n, 3);
	assert_string_equal(p->c->notes.v[0], "e: timeout on both sides: p");
	assert_string_equal(p->c->notes.v[1], "e: timeout on both sides: r");
	assert_string_equal(p->c->notes.v[2], "e: crashed on both sides: s");
}

/* It broke off on both sides in the same place: what is there is the same, the rest is unknown. */
static void test_broken_off_on_both(void **state)
{
	struct sides_pair_fixture *p = *state;

	accepted(p->a, "e", "p");
	accepted(p->b, "e", "p");
	assert_int_equal(side__end(p->a, "e", "{}", STATUS_CRASHED, "Oops"), 0);
	assert_int_equal(side__end(p->b, "e", "{}", STATUS_CRASHED, "Oops again"), 0);
	no_change(p, 1, 1);
	assert_true(p->c->partial);
	assert_string_equal(p->c->notes.v[0], "e: crashed on both sides: Oops");
}

/* Neither kernel could be built. */
static void test_no_kernel_on_both(void **state)
{
	struct sides_pair_fixture *p = *state;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(side__end(p->a, i ? "e" : "f", "{}", STATUS_HARNESS, "no kernel"),
				 0);
		assert_int_equal(side__end(p->b, i ? "e" : "f", "{}", STATUS_HARNESS, "no QEMU"),
				 0);
	}
	no_change(p, 0, 2);
	assert_true(p->c->partial);
	assert_int_equal(p->c->notes.n, 1);
	assert_string_equal(
		p->c->notes.v[0],
		"nothing came of any experiment on either side: harness error: no kernel");
}

/* An experiment that was left out half way, by one of its points for example. */
static void test_left_out_half_way(void **state)
{
	struct sides_pair_fixture *p = *state;

	accepted(p->a, "e", "p");
	accepted(p->a, "e", "q");
	accepted(p->b, "e", "p");
	assert_int_equal(side__end(p->b, "e", "{}", STATUS_SKIPPED, "no such hook"), 0);
	the_change(p, CHANGE_STATUS, "ok -> skipped (no such hook)");
	assert_int_equal(p->c->same, 1);
	assert_int_equal(p->c->incomparable, 1);
	assert_false(p->c->partial); /* it is listed */
}

/* What a run that was cut off still has may be all that the other has. */
static void test_cut_off(void **state)
{
	struct sides_pair_fixture *p = *state;

	accepted(p->a, "e", "p");
	accepted(p->b, "e", "p");
	p->a->cut_off = true;
	no_change(p, 1, 0);
	assert_false(p->c->partial);
	accepted(p->b, "e", "q");
	no_change(p, 1, 1);
	assert_true(p->c->partial);
	/* Of two that were cut off nobody knows. */
	accepted(p->a, "e", "q");
	p->b->cut_off = true;
	no_change(p, 2, 0);
	assert_true(p->c->partial);
}

/* A baseline is of all experiments: lines that are not there were taken out, or it is old. */
static void test_baseline_lacks_experiment(void **state)
{
	struct sides_pair_fixture *p = *state;

	p->a->from_baseline = true;
	accepted(p->a, "e", "p");
	accepted(p->b, "e", "p");
	accepted(p->b, "f", "p");
	the_change(p, CHANGE_APPEARED, "appeared: accept");
	assert_int_equal(p->c->notes.n, 0);
}

/* Both left it out half way, at other places: of neither is anything known to have vanished. */
static void test_left_out_on_both(void **state)
{
	struct sides_pair_fixture *p = *state;

	accepted(p->a, "e", "p");
	accepted(p->b, "e", "q");
	assert_int_equal(side__end(p->a, "e", "{}", STATUS_SKIPPED, "no hook"), 0);
	assert_int_equal(side__end(p->b, "e", "{}", STATUS_SKIPPED, "no hook"), 0);
	no_change(p, 0, 2);
	assert_int_equal(p->c->compared, 0);
	assert_int_equal(p->c->notes.n, 2);
	assert_string_equal(p->c->notes.v[0],
			    "e: not measured in full on 5.10.262 (run 1): skipped: no hook");
}

/* Of several ends, those of a study's points, the worst counts, whichever came first. */
static void test_worst_end(void **state)
{
	struct sides_pair_fixture *p = *state;

	assert_int_equal(side__end(p->a, "e", "{}", STATUS_TIMEOUT, "60 s"), 0);
	assert_int_equal(side__end(p->a, "e", "{}", STATUS_OK, NULL), 0);
	assert_int_equal(side__end(p->a, "e", "{}", STATUS_SKIPPED, "no hook"), 0);
	assert_int_equal(side__whole(p->a, "e")->status, STATUS_TIMEOUT);
	assert_string_equal(side__whole(p->a, "e")->reason, "60 s");
}

/* Two checks of one text are two checks. */
static void test_checks_of_one_text(void **state)
{
	struct sides_pair_fixture *p = *state;
	struct cell *cells[] = { measured(p->a, "e", "m"), measured(p->b, "e", "m") };

	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(record__check(cells[i]->record, true, "read is whole", "8"), 0);
		assert_int_equal(record__check(cells[i]->record, false, "read is whole", "7"), 0);
	}
	no_change(p, 1, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, two_sides, release_sides)
	const struct CMUnitTest tests[] = {
		TEST(test_same),
		TEST(test_flip),
		TEST(test_flip_of_failure),
		TEST(test_skipped_against_verdict),
		TEST(test_broken_against_verdict),
		TEST(test_status_and_checks),
		TEST(test_message_and_errno),
		TEST(test_statistics),
		TEST(test_vanished_and_appeared),
		TEST(test_not_measured),
		TEST(test_experiment_as_a_whole),
		TEST(test_no_kernel),
		TEST(test_broken_off),
		TEST(test_baseline),
		TEST(test_order_of_kinds),
		TEST(test_broken_on_both),
		TEST(test_broken_on_both_in_parts),
		TEST(test_broken_off_on_both),
		TEST(test_no_kernel_on_both),
		TEST(test_left_out_half_way),
		TEST(test_cut_off),
		TEST(test_baseline_lacks_experiment),
		TEST(test_checks_of_one_text),
		TEST(test_left_out_on_both),
		TEST(test_worst_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
