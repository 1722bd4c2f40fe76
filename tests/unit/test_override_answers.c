// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "override_says.h"

/* --- 1 ------------------------------------------------------------------------------------- */

/* Everything that the first answer needs on one kernel, and the kernel without OPTPROBES. */
static struct study_data *whole_cause(struct made_up_loss loss)
{
	struct study_data *d = made_up_study("full");

	add_optimised(d, "5.10.218", "hook=optimised", loss);
	add_plain(d, "5.10.218", "hook=int3", 1500, 0);
	add_plain(d, "5.10.218", "hook=ftrace", 1500, 0);
	add_optimised(d, "5.10.218-nooptprobes", "hook=optimised", (struct made_up_loss){ 0 });
	return d;
}

static void test_cause_supported(void **state)
{
	struct study_data *d = whole_cause(USUAL_LOSS);
	struct answers a = make(d);

	(void)state;
	says(&a.cause.finding, SUPPORTED, "Optimisation explains the loss.");
	has(a.cause.finding.text, "loss and jump go together in 5 of 5 rounds");
	has(a.cause.finding.text, "with the sysctl off 1,500 of 1,500");
	has(a.cause.finding.text, "Without CONFIG_OPTPROBES 5,000 of 5,000");
	assert_int_equal(a.cause.nr_kernels, 1);
	assert_true(fabs(a.cause.kernels[0].lag_ms - 0.2) < 1e-9);
	done(d, &a);
}

/* A kernel that keeps the override through the jump. */
static void test_jump_without_loss(void **state)
{
	struct study_data *d =
		whole_cause((struct made_up_loss){ .reads = 0, .ms = 0, .jumps = true });
	struct answers a = make(d);

	(void)state;
	says(&a.cause.finding, CONTRADICTED, "5 a jump without a loss");
	done(d, &a);
}

/* It is lost, and no program ever found a jump: something else did it. */
static void test_loss_without_jump(void **state)
{
	struct study_data *d = made_up_study("full");
	struct answers a;

	(void)state;
	add_optimised(d, "5.10.218", "hook=optimised", (struct made_up_loss){ 800, 25, false, 0 });
	/* What kprobes/list says makes it an optimised one. */
	record__series(d->obs[0].records[0], "state", "code", (double[]){ 1, 2 }, 2);
	add_plain(d, "5.10.218", "hook=int3", 1500, 0);
	add_plain(d, "5.10.218", "hook=ftrace", 1500, 0);
	a = make(d);
	says(&a.cause.finding, CONTRADICTED, "5 had a loss without a jump");
	done(d, &a);
}

/* A kprobe that cannot become a jump, on a kernel where others do: it has neither a loss nor a
 * jump, and is one of those without optimisation. */
static void test_never_optimised(void **state)
{
	struct study_data *d = whole_cause(USUAL_LOSS);
	struct answers a;

	(void)state;
	add_optimised(d, "5.10.218", "hook=optimised target=copyout-inline",
		      (struct made_up_loss){ 0 });
	a = make(d);
	says(&a.cause.finding, SUPPORTED, "loss and jump go together in 10 of 10 rounds");
	assert_false(a.points.v[4].optimised);
	/* 1500 each with int3 and ftrace, 5000 each without OPTPROBES and here. */
	assert_int_equal(a.rest.plain.n, 13000);
	done(d, &a);
}

/* A few rounds end while the jump is being written: they count neither way. */
static void test_jump_not_seen_yet(void **state)
{
	struct study_data *d = whole_cause(USUAL_LOSS);
	struct answers a;

	(void)state;
	add_optimised(d, "5.10.218", "hook=optimised cpus=2", USUAL_LOSS);
	for (size_t i = 0; i < d->obs[4].records[0]->nr_series; i++)
		if (!strcmp(d->obs[4].records[0]->series[i].name, "jump_ms"))
			d->obs[4].records[0]->series[i].values[3] = NAN;
	a = make(d);
	says(&a.cause.finding, SUPPORTED, "loss and jump go together in 9 of 9 rounds");
	assert_int_equal(a.cause.kernels[0].with_jump.k, 9);
	assert_int_equal(a.cause.kernels[0].with_jump.n, 10);
	done(d, &a);
}

static void test_loss_not_for_good(void **state)
{
	struct study_data *d = whole_cause((struct made_up_loss){ 800, 25, true, 0.2 });
	struct answers a = make(d);

	(void)state;
	says(&a.cause.finding, CONTRADICTED, "the loss is not for good");
	done(d, &a);
}

static void test_int3_fails_too(void **state)
{
	struct study_data *d = made_up_study("full");
	struct answers a;

	(void)state;
	add_optimised(d, "5.10.218", "hook=optimised", USUAL_LOSS);
	add_plain(d, "5.10.218", "hook=int3", 1000, 500);
	add_plain(d, "5.10.218", "hook=ftrace", 1500, 0);
	a = make(d);
	says(&a.cause.finding, CONTRADICTED,
	     "overrides fail without optimisation, too: with the sysctl "
	     "off 1,000 of 1,500");
	done(d, &a);
}

/* Points that differ in more than the hook prove nothing. */
static void test_cause_undecided(void **state)
{
	struct study_data *d = made_up_study("quick");
	struct answers a;

	(void)state;
	add_optimised(d, "5.10.218", "hook=optimised", USUAL_LOSS);
	add_plain(d, "5.10.218", "hook=int3 size=64", 1500, 0);
	add_plain(d, "5.10.218", "hook=ftrace", 100, 0);
	a = make(d);
	says(&a.cause.finding, NOT_DECIDED, "open");
	assert_true(misses(&a.cause.finding, "reads with the sysctl off: 0 (at least 381)"));
	assert_true(misses(&a.cause.finding, "reads with an ftrace entry: 100 (at least 381)"));
	assert_true(misses(&a.cause.finding, "without CONFIG_OPTPROBES"));
	done(d, &a);
}

/* --- 2 ------------------------------------------------------------------------------------- */

static const struct rest_row *row_of(const struct rest *r, enum override_outcome o)
{
	for (size_t i = 0; i < r->nr_rows; i++)
		if (r->rows[i].outcome == o)
			return &r->rows[i];
	fail_msg("%s is in no row", override_outcome__name(o));
	return NULL;
}

static void test_rest_explained(void **state)
{
	struct study_data *d = made_up_study("full");
	struct answers a;

	(void)state;
	add_optimised(d, "5.10.218", "hook=optimised", USUAL_LOSS);
	add_plain(d, "5.10.218", "hook=int3", 1500, 0);
	add_plain(d, "5.10.218", "hook=ftrace", 1500, 0);
	add_plain(d, "5.10.218", "hook=int3 companion=fexit", 300, 0);
	add_other(d, "hook=ftrace companion=fexit", OUTCOME_NOT_OVERRIDDEN, 0, 300);
	add_other(d, "hook=ftrace companion=fexit size=64", OUTCOME_NOT_OVERRIDDEN, 0, 300);
	add_other(d, "hook=ftrace target=alloc nesting=program", OUTCOME_MISSED_RECURSION, 0, 300);
	add_other(d, "hook=int3 source=direct", OUTCOME_NEVER_HIT, 0, 300);
	add_other(d, "hook=ftrace source=direct", OUTCOME_NEVER_HIT, 0, 300);
	add_other(d, "hook=int3 result=1", OUTCOME_MISBEHAVED, 0, 300);
	a = make(d);
	says(&a.rest.finding, SUPPORTED, "3,000 of 3,000");
	has(a.rest.finding.text, "600 reads, with companion=fexit and `ftrace`.");
	assert_int_equal(a.rest.nr_rows, 4);
	assert_string_equal(row_of(&a.rest, OUTCOME_NOT_OVERRIDDEN)->where, "companion=fexit");
	assert_string_equal(row_of(&a.rest, OUTCOME_NOT_OVERRIDDEN)->hooks.v[0], "ftrace");
	assert_int_equal(row_of(&a.rest, OUTCOME_NOT_OVERRIDDEN)->points, 2);
	assert_string_equal(row_of(&a.rest, OUTCOME_MISSED_RECURSION)->where, "nesting=program");
	assert_string_equal(row_of(&a.rest, OUTCOME_NEVER_HIT)->where, "source=direct");
	assert_int_equal(row_of(&a.rest, OUTCOME_NEVER_HIT)->of.k, 600);
	assert_string_equal(row_of(&a.rest, OUTCOME_MISBEHAVED)->where, "result=1");
	/* The optimised point lost reads as well, and is not among these. */
	assert_int_equal(a.rest.outcomes[OUTCOME_NOT_OVERRIDDEN], 600);
	done(d, &a);
}

static void test_rest_fails(void **state)
{
	struct study_data *d = made_up_study("full");
	struct answers a;

	(void)state;
	add_plain(d, "5.10.218", "hook=int3", 100000, 0);
	add_plain(d, "5.10.218", "hook=int3 cpus=4", 900, 100);
	a = make(d);
	/* Of all reads 99.9 %, and yet a point of its own fails. */
	says(&a.rest.finding, CONTRADICTED, "The rule fails in 1 point by itself.");
	assert_false(row_of(&a.rest, OUTCOME_NOT_OVERRIDDEN)->everywhere);
	done(d, &a);
}

static void test_rest_unexplained(void **state)
{
	struct study_data *d = made_up_study("full");
	struct answers a;

	(void)state;
	add_plain(d, "5.10.218", "hook=int3", 1500, 0);
	add_plain(d, "5.10.218", "hook=int3 size=64", 1500, 1);
	a = make(d);
	says(&a.rest.finding, NOT_DECIDED, "open");
	assert_true(misses(&a.rest.finding, "explanation"));
	done(d, &a);
}

/* 0 from fmod_ret lets the function go on: that is no failure. Any other result is a request. */
static void test_rest_not_asked(void **state)
{
	struct study_data *d = made_up_study("full");
	struct answers a;

	(void)state;
	add_plain(d, "5.10.218", "hook=int3", 1500, 0);
	add_other(d, "hook=fmod_ret", OUTCOME_NOT_OVERRIDDEN, 0, 600);
	record__metric(d->obs[1].records[0], "runs", "runs", 600);
	record__metric(d->obs[1].records[0], "requests", "runs", 0);
	a = make(d);
	says(&a.rest.finding, SUPPORTED, "and so asks for nothing: 0 of 600 reads overridden");
	assert_int_equal(a.rest.nr_rows, 0);
	done(d, &a);

	d = made_up_study("full");
	add_plain(d, "5.10.218", "hook=int3", 1500, 0);
	/* The usual result of a proc file is that of a read. */
	add_other(d, "hook=fmod_ret target=proc4096", OUTCOME_NOT_OVERRIDDEN, 600, 0);
	record__metric(d->obs[1].records[0], "runs", "runs", 600);
	record__metric(d->obs[1].records[0], "requests", "runs", 600);
	a = make(d);
	assert_int_equal(a.rest.silent_points, 0);
	assert_int_equal(a.rest.plain.k, 2100);
	done(d, &a);

	d = made_up_study("full");
	add_plain(d, "5.10.218", "hook=int3", 1500, 0);
	add_other(d, "hook=fmod_ret result=1", OUTCOME_NOT_OVERRIDDEN, 0, 600);
	record__metric(d->obs[1].records[0], "runs", "runs", 600);
	record__metric(d->obs[1].records[0], "requests", "runs", 600);
	a = make(d);
	assert_string_equal(row_of(&a.rest, OUTCOME_NOT_OVERRIDDEN)->where, "result=1");
	done(d, &a);
}

static void test_rest_refused(void **state)
{
	struct study_data *d = made_up_study("full");
	struct study_obs *o;
	struct answers a;

	(void)state;
	add_plain(d, "5.10.218", "hook=int3", 300, 0);
	o = add_made_up(d, "5.10.218", "hook=fmod_ret target=ksys_read");
	record__label(o->records[0], "refused", "EINVAL: ksys_read() is not modifiable");
	record__metric(o->records[0], "refused", "attempts", 1);
	a = make(d);
	says(&a.rest.finding, NOT_DECIDED, "open");
	assert_true(misses(&a.rest.finding, "300 of 300"));
	assert_int_equal(a.rest.nr_refusals, 1);
	assert_string_equal(a.rest.refusals[0].where, "ksys_read");
	done(d, &a);
}

/* --- 4, and the cure ------------------------------------------------------------------------- */

static const struct hook_cell *cell_of(const struct answers *a, const char *kernel,
				       enum override_hook h)
{
	for (size_t i = 0; i < a->choice.nr_cells; i++)
		if (!strcmp(a->choice.cells[i].kernel->name, kernel) &&
		    a->choice.cells[i].hook == h)
			return &a->choice.cells[i];
	fail_msg("no cell for %s on %s", override_hook__name(h), kernel);
	return NULL;
}

static void test_choice(void **state)
{
	struct study_data *d = made_up_study("full");
	struct study_obs *o;
	struct answers a;

	(void)state;
	add_plain(d, "5.10.218", "hook=int3", 1500, 0);
	add_plain(d, "5.10.218", "hook=ftrace", 1500, 0);
	add_optimised(d, "5.10.218", "hook=optimised", USUAL_LOSS);
	o = add_made_up(d, "5.10.218", "hook=multi");
	o->status = STATUS_SKIPPED;
	o->reason = strdup("the kernel has no kprobe.multi");
	a = make(d);
	says(&a.choice.finding, SUPPORTED, "`ftrace` where the function has an ftrace entry");
	has(a.choice.finding.text, "`int3` where the function has no ftrace entry");
	has(a.choice.finding.text, "such a read takes 0.49 to 0.51 times as long");
	assert_true(cell_of(&a, "5.10.218", HOOK_INT3)->recommended);
	assert_false(cell_of(&a, "5.10.218", HOOK_OPTIMISED)->recommended);
	assert_string_equal(cell_of(&a, "5.10.218", HOOK_MULTI)->reason,
			    "the kernel has no kprobe.multi");
	done(d, &a);
}

/* However little it takes, the control is none to recommend, and stands in no other's way. */
static void test_control_is_no_choice(void **state)
{
	struct study_data *d = made_up_study("full");
	struct study_obs *o;
	struct answers a;

	(void)state;
	add_plain(d, "5.10.218", "hook=int3", 1500, 0);
	o = add_made_up(d, "5.10.218", "hook=fail_function");
	count_reads(o, 1500, OUTCOME_OVERRIDDEN, 0);
	add_times(o, "overridden", 50);
	a = make(d);
	assert_true(cell_of(&a, "5.10.218", HOOK_INT3)->recommended);
	assert_false(cell_of(&a, "5.10.218", HOOK_FAIL_FUNCTION)->recommended);
	done(d, &a);
}

static void test_no_choice(void **state)
{
	struct study_data *d = made_up_study("full");
	struct answers a;

	(void)state;
	add_plain(d, "5.10.218", "hook=int3", 1500, 0);
	add_plain(d, "6.1.192", "hook=int3", 1000, 500);
	a = make(d);
	says(&a.choice.finding, CONTRADICTED, "On 6.1.192: none holds.");
	done(d, &a);
}

static void test_choice_undecided(void **state)
{
	struct study_data *d = made_up_study("quick");
	struct answers a;

	(void)state;
	add_plain(d, "5.10.218", "hook=int3", 100, 0);
	a = make(d);
	says(&a.choice.finding, NOT_DECIDED, "On 5.10.218: not decided");
	assert_true(misses(&a.choice.finding, "at least 381"));
	done(d, &a);
}

static void test_cure(void **state)
{
	struct study_data *d = made_up_study("full");
	struct answers a;

	(void)state;
	add_optimised(d, "5.10.218", "hook=optimised", USUAL_LOSS);
	add_optimised(d, "5.10.218-cure", "hook=optimised", (struct made_up_loss){ 0 });
	add_optimised(d, "6.1.192-cure", "hook=optimised", (struct made_up_loss){ 0 });
	a = make(d);
	says(&a.cure.finding, SUPPORTED,
	     "5.10.218 loses it in 5 of 5 rounds, 5.10.218-cure in 0 of 5");
	assert_int_equal(a.cure.nr_pairs, 1);
	/* There the default kprobe is not optimised, so it is what one should use. */
	assert_true(cell_of(&a, "5.10.218-cure", HOOK_OPTIMISED)->recommended);
	has(a.choice.finding.text, "the default kprobe, `optimised`");
	assert_true(a.rest.plain.n == 10000);
	done(d, &a);
}

static void test_cure_that_fails(void **state)
{
	struct study_data *d = made_up_study("full");
	struct answers a;

	(void)state;
	add_optimised(d, "5.10.218", "hook=optimised", USUAL_LOSS);
	add_optimised(d, "5.10.218-cure", "hook=optimised", USUAL_LOSS);
	a = make(d);
	says(&a.cure.finding, CONTRADICTED, "5.10.218-cure in 5 of 5");
	done(d, &a);
}

/* One point of override-cure: the time under a jump, and the check that it is one. */
static void add_other_probe(struct study_data *d, const char *kernel, double ns, bool ok)
{
	struct study_obs *o = add_made_up(d, kernel, "hook=none");
	struct record *r = o->records[0];

	free((char *)o->experiment);
	o->experiment = strdup("override-cure");
	record__set(&r->name, "plain");
	record__label(r, "point", o->id);
	record__metric(r, "jump", "ns/read", ns);
	record__series(r, "no_probe_batches", "ns/read", (double[]){ 980, 990, 1000, 1010, 1020 },
		       5);
	record__series(r, "int3_batches", "ns/read", (double[]){ 2960, 2980, 3000, 3020, 3040 }, 5);
	record__series(r, "jump_batches", "ns/read",
		       (double[]){ ns - 20, ns - 10, ns, ns + 10, ns + 20 }, 5);
	record__check(r, ok, "and stays a jump", "20 of 400 runs");
}

static void test_cure_and_others(void **state)
{
	struct study_data *d = made_up_study("full");
	struct answers a;

	(void)state;
	add_other_probe(d, "5.10.218", 2000, true);
	add_other_probe(d, "5.10.218-cure", 2100, true);
	a = make(d);
	says(&a.cure.others_finding, SUPPORTED, "1 of 1 checks");
	assert_int_equal(a.cure.nr_figures, 1);
	assert_true(a.cure.figures[0].value_before == 2000);
	assert_true(a.cure.figures[0].value_after == 2100);
	assert_int_equal(a.cure.nr_slowdowns, 2);
	assert_false(a.cure.slowdowns[0].kernel->cured);
	assert_true(a.cure.slowdowns[0].no_probe == 1000);
	assert_float_equal(a.cure.slowdowns[0].jump.value, 2, 1e-9);
	assert_true(a.cure.slowdowns[0].jump.ci.low > 1.9 &&
		    a.cure.slowdowns[0].jump.ci.high < 2.1);
	assert_true(a.cure.slowdowns[1].kernel->cured);
	assert_float_equal(a.cure.slowdowns[1].jump.value, 2.1, 1e-2);
	done(d, &a);

	d = made_up_study("full");
	add_other_probe(d, "5.10.218-cure", 2100, false);
	a = make(d);
	says(&a.cure.others_finding, CONTRADICTED, "not left as they were");
	assert_true(misses(&a.cure.others_finding, "and stays a jump"));
	assert_int_equal(a.cure.nr_figures, 0);
	done(d, &a);
}

/* A point that is there several times, with more reads, is not counted once per partner. */
static void test_partners_count_once(void **state)
{
	struct study_data *d = made_up_study("full");
	struct answers a;

	(void)state;
	add_optimised(d, "5.10.218", "hook=optimised", USUAL_LOSS);
	add_optimised(d, "5.10.218", "hook=optimised reads=1000", USUAL_LOSS);
	add_plain(d, "5.10.218", "hook=int3", 1500, 0);
	add_optimised(d, "5.10.218-cure", "hook=optimised", (struct made_up_loss){ 0 });
	a = make(d);
	assert_int_equal(a.cause.kernels[0].int3.n, 1500);
	assert_int_equal(a.cure.pairs[0].rounds_before.n, 10);
	assert_int_equal(a.cure.pairs[0].rounds_after.n, 5);
	done(d, &a);
}

/* What a companion does to the default kprobe is told apart. */
static void test_beside(void **state)
{
	struct study_data *d = made_up_study("full");
	struct answers a;

	(void)state;
	add_optimised(d, "5.10.218", "hook=optimised", USUAL_LOSS);
	add_optimised(d, "5.10.218", "hook=optimised companion=kprobe", (struct made_up_loss){ 0 });
	a = make(d);
	assert_int_equal(a.cause.beside.n, 1);
	assert_string_equal(a.cause.beside.v[0].what, "companion=kprobe");
	assert_int_equal(a.cause.beside.v[0].lost.k, 0);
	assert_int_equal(a.cause.beside.v[0].lost.n, 5);
	assert_int_equal(a.cause.kernels[0].rounds.n, 5);
	done(d, &a);
}

static void set_label(struct record *r, const char *name, const char *value)
{
	for (size_t i = 0; i < r->nr_labels; i++)
		if (!strcmp(r->labels[i].name, name))
			record__set(&r->labels[i].value, value);
}

/* And so is a function whose kprobe the kernel leaves alone. */
static void test_left_alone(void **state)
{
	struct study_data *d = made_up_study("full");
	struct answers a;

	(void)state;
	add_optimised(d, "6.12.117", "hook=optimised", USUAL_LOSS);
	add_optimised(d, "6.12.117", "hook=optimised target=copyout-inline",
		      (struct made_up_loss){ 0 });
	set_label(d->obs[1].records[0], "symbol", "copyout_inline");
	a = make(d);
	assert_int_equal(a.cause.beside.n, 0);
	assert_int_equal(a.cause.never.n, 1);
	assert_string_equal(a.cause.never.v[0].what, "copyout_inline");
	assert_int_equal(a.cause.never.v[0].lost.k, 0);
	assert_int_equal(a.cause.never.v[0].lost.n, 5);
	done(d, &a);
}

/* Labels of the guest win over what a name suggests. */
static void test_labels(void **state)
{
	struct study_data *d = made_up_study("full");
	struct answers a;

	(void)state;
	add_plain(d, "mine", "hook=int3", 1500, 0);
	record__label(d->obs[0].records[0], "preempt", "voluntary");
	record__label(d->obs[0].records[0], "optprobes", "no");
	record__label(d->obs[0].records[0], "cure", "yes");
	a = make(d);
	assert_string_equal(a.points.kernels[0].preempt, "voluntary");
	assert_true(a.points.kernels[0].cured);
	assert_false(a.points.kernels[0].has_optprobes);
	done(d, &a);
}

static void test_empty(void **state)
{
	struct study_data *d = made_up_study("quick");
	struct answers a = make(d);

	(void)state;
	says(&a.cause.finding, NOT_DECIDED, "open");
	says(&a.rest.finding, NOT_DECIDED, "open");
	says(&a.suspicions_finding, NOT_DECIDED, "open");
	says(&a.choice.finding, NOT_DECIDED, "open");
	says(&a.cure.finding, NOT_DECIDED, "open");
	done(d, &a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cause_supported),
		cmocka_unit_test(test_jump_without_loss),
		cmocka_unit_test(test_loss_without_jump),
		cmocka_unit_test(test_jump_not_seen_yet),
		cmocka_unit_test(test_never_optimised),
		cmocka_unit_test(test_loss_not_for_good),
		cmocka_unit_test(test_int3_fails_too),
		cmocka_unit_test(test_cause_undecided),
		cmocka_unit_test(test_rest_explained),
		cmocka_unit_test(test_rest_fails),
		cmocka_unit_test(test_rest_unexplained),
		cmocka_unit_test(test_rest_not_asked),
		cmocka_unit_test(test_rest_refused),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_control_is_no_choice),
		cmocka_unit_test(test_no_choice),
		cmocka_unit_test(test_choice_undecided),
		cmocka_unit_test(test_cure),
		cmocka_unit_test(test_cure_that_fails),
		cmocka_unit_test(test_cure_and_others),
		cmocka_unit_test(test_partners_count_once),
		cmocka_unit_test(test_beside),
		cmocka_unit_test(test_left_alone),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
