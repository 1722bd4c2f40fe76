// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "diff/baseline.h"
#include "diff/side.h"
#include "facts_fixture.h"
#include "store_fixture.h"

#define FIRST "# assay baseline 1 (docs/regress.md; made by `assay baseline update`)\n"
#define HEAD  FIRST "# kernel 5.10.218\n"

static struct cell *add(struct side *s, enum record_kind kind, const char *experiment,
			const char *name, const char *labels)
{
	struct cell *c = side__add(s, kind, experiment, name, labels);

	assert_non_null(c);
	return c;
}

static void set_text(char **to, const char *text)
{
	free(*to);
	*to = strdup(text);
}

/* Every kind of line, out of order. */
static struct side *made_up_side(void)
{
	struct side *s = side__new("5.10.218 (run 3)", "5.10.218");
	struct cell *c;

	assert_non_null(s);
	s->facts = made_up_facts("5.10.218");
	s->guest.cpus = 1;
	s->guest.mem_mb = 512;
	add(s, RECORD_MEASUREMENT, "strtol", "times", "size=4096 hook=int3");
	c = add(s, RECORD_PROGRAM, "strtol", "uninitialised", "");
	c->verdict = VERDICT_REJECT;
	c->err = EACCES;
	set_text(&c->message, "invalid indirect read from stack R2 off -8+0 size 8");
	c = add(s, RECORD_PROGRAM, "override", "kprobe", "");
	c->verdict = VERDICT_ACCEPT;
	c = add(s, RECORD_PROGRAM, "override", "other", "");
	c->verdict = VERDICT_REJECT;
	c->err = EINVAL;
	c->status = STATUS_UNEXPECTED;
	set_text(&c->reason, "accepted\tis expected");
	c = add(s, RECORD_PROGRAM, "override", "kfunc", "");
	c->status = STATUS_SKIPPED;
	c->err = ENOENT;
	set_text(&c->failure, "kfunc");
	set_text(&c->reason, "the kernel has no such function");
	set_text(&c->message, "extern (func ksym) 'x': not found\nin kernel");
	c = add(s, RECORD_MEASUREMENT, "override", "name [odd] \\ one", "a=]");
	c->status = STATUS_SKIPPED;
	c->err = EBUSY;
	set_text(&c->message, "varies: 0xffff888003a0c000");
	set_text(&c->reason, "no such hook");
	assert_int_equal(side__end(s, "override", "{}", STATUS_UNEXPECTED, NULL), 0);
	assert_int_equal(side__end(s, "strtol", "{}", STATUS_OK, NULL), 0);
	assert_int_equal(side__end(s, "lsm", "{}", STATUS_SKIPPED, "needs CONFIG_BPF_LSM"), 0);
	assert_int_equal(side__end(s, "empty", "{}", STATUS_OK, NULL), 0);
	assert_int_equal(side__sort(s), 0);
	return s;
}

static void test_print(void **state)
{
	static const char verdicts[] =
		"empty\t\tok\n"
		"lsm\t\tskipped\t\tneeds CONFIG_BPF_LSM\n"
		"override\t\tunexpected\n"
		"override\tkfunc\tnone ENOENT failure:kfunc skipped\textern (func ksym) 'x': not "
		"found in kernel\tthe kernel has no such function\n"
		"override\tkprobe\taccept\n"
		"override\tname \\x5bodd] \\x5c one[a=]]\tskipped EBUSY\t\tno such hook\n"
		"override\tother\treject EINVAL unexpected\t\taccepted is expected\n"
		"strtol\ttimes[size=4096 hook=int3]\tok\n"
		"strtol\tuninitialised\treject EACCES\tinvalid indirect read from stack RN off "
		"-8+0 size 8\n";
	struct side *s = made_up_side();
	char *text, *again;

	(void)state;
	assert_int_equal(baseline__print(s, &text), 0);
	assert_memory_equal(text, HEAD, strlen(HEAD));
	assert_non_null(strstr(text, "\n# release 5.10.218\n"));
	assert_non_null(strstr(text, "\n# asked BPF=y LSM=y\n"));
	assert_non_null(strstr(text, "\n# patches 2\n# patch 0001-one.patch p1 x1\n"));
	assert_non_null(strstr(text, "\n# object override o1\n"));
	assert_true(str_ends(text, verdicts));
	assert_int_equal(baseline__print(s, &again), 0);
	assert_string_equal(text, again);
	free(again);
	free(text);
	side__free(s);
}

/* What was read is the same side, and prints as the same text. */
static void test_round_trip(void **state)
{
	struct side *s = made_up_side(), *back;
	enum fact_state facts[FACT_MAX];
	const struct cell *c;
	char *text, *again;

	(void)state;
	set_fact(&s->facts.damage, "type 3 of its BTF is damaged");
	assert_int_equal(strv__add(&s->facts.asked, "CMDLINE=\"a b\""), 0);
	assert_int_equal(baseline__print(s, &text), 0);
	assert_int_equal(baseline__parse(text, "x.txt", &back), 0);
	assert_true(back->from_baseline);
	assert_false(back->cut_off);
	assert_string_equal(back->title, "5.10.218 (baseline)");
	assert_string_equal(back->kernel, "5.10.218");
	assert_string_equal(back->guest.release, "5.10.218");
	assert_int_equal(back->guest.cpus, 1);
	assert_int_equal(back->guest.mem_mb, 512);
	assert_int_equal(back->n, s->n);
	for (size_t i = 0; i < s->n; i++) {
		const struct cell *a = &s->cells[i], *b = &back->cells[i];

		assert_int_equal(cell__cmp(a, b), 0);
		assert_int_equal(a->kind, b->kind);
		assert_int_equal(a->verdict, b->verdict);
		assert_int_equal(a->status, b->status);
		assert_int_equal(a->err, b->err);
		assert_string_equal(a->failure, b->failure);
		assert_null(b->record);
	}
	c = side__find(back, "override", "kprobe", "");
	assert_string_equal(c->object, "o1");
	assert_null(c->message);
	c = side__find(back, "strtol", "uninitialised", "");
	assert_string_equal(c->message, "invalid indirect read from stack RN off -8+0 size 8");
	assert_int_equal(side__whole(back, "lsm")->status, STATUS_SKIPPED);
	assert_string_equal(side__whole(back, "lsm")->reason, "needs CONFIG_BPF_LSM");
	assert_int_equal(side__whole(back, "override")->status, STATUS_UNEXPECTED);
	assert_int_equal(side__whole(back, "strtol")->status, STATUS_OK);
	assert_int_equal(side__whole(back, "empty")->status, STATUS_OK);
	facts__differ(&s->facts, &back->facts, NULL, facts);
	for (size_t i = 0; i < FACT_MAX; i++)
		assert_int_equal(facts[i], FACT_SAME);
	set_fact(&s->facts.image_key, NULL);
	facts__differ(&s->facts, &back->facts, NULL, facts);
	for (size_t i = 0; i < FACT_MAX; i++)
		assert_int_equal(facts[i], FACT_SAME);
	assert_true(facts__known(&back->facts));
	assert_int_equal(baseline__print(back, &again), 0);
	set_fact(&s->facts.image_key, "key of 5.10.218");
	assert_string_equal(text, again);
	free(again);
	free(text);
	side__free(back);
	side__free(s);
}

/* Of a run that kept no facts there is a head all the same. */
static void test_without_facts(void **state)
{
	struct side *s = side__new("t", "6.1.192"), *back;
	char *text;

	(void)state;
	add(s, RECORD_MEASUREMENT, "override", "x", "");
	set_text(&s->guest.release, "6.1.192");
	assert_int_equal(baseline__print(s, &text), 0);
	assert_string_equal(text, FIRST "# kernel 6.1.192\n# release 6.1.192\noverride\tx\tok\n");
	assert_int_equal(baseline__parse(text, "x.txt", &back), 0);
	assert_false(facts__known(&back->facts));
	free(text);
	side__free(back);
	side__free(s);
}

/* --- what is no baseline -------------------------------------------------------------------------
 */

static const struct {
	const char *text, *message;
} garbage[] = {
	{ "", "x.txt:1: not a baseline" },
	{ "\n", "x.txt:1: not a baseline" },
	{ "# assay baseline 2 (of tomorrow)\n", "x.txt:1: not a baseline" },
	{ "{\"a\": 1}\n", "x.txt:1: not a baseline" },
	{ FIRST, "the head does not say which kernel" },
	{ FIRST "override\tx\tok\n", "x.txt:2: the head does not say which kernel" },
	{ FIRST "#kernel x\n", "x.txt:2: a line of the head begins with '# '" },
	{ FIRST "# colour green\n", "x.txt:2: a line '# colour'" },
	{ HEAD "# patches two\n", "x.txt:3: 'two' is no number" },
	{ HEAD "# patches 1\noverride\tx\tok\n", "lists 0 patches, not the 1" },
	{ HEAD "# patch a b c\n", "lists 1 patches, not the 0" },
	{ HEAD "# patches 1\n# patch a b\n", "x.txt:4: a word is missing" },
	{ HEAD "# object override\n", "x.txt:3: a word is missing" },
	{ HEAD "override\tx\tok\n# clang 14\n", "x.txt:4: a line of the head among the verdicts" },
	{ HEAD "override\n", "x.txt:3: no line of experiment, name and outcome" },
	{ HEAD "override x ok\n", "x.txt:3: no line of experiment" },
	{ HEAD "\n", "x.txt:3: no line of experiment" },
	{ HEAD "override\tx\t\n", "x.txt:3: no line of experiment" },
	{ HEAD "\tx\tok\n", "x.txt:3: no line of experiment" },
	{ HEAD "override\tx\tok\tm\tr\tz\n", "x.txt:3: more than five fields" },
	{ HEAD "override\tx[a=b\tok\n", "x.txt:3: the labels of 'x[a=b' have no end" },
	{ HEAD "override\tx\\n\tok\n", "x.txt:3: a backslash" },
	{ HEAD "override\tx\\x0\tok\n", "x.txt:3: a backslash" },
	{ HEAD "override\tx\\x00\tok\n", "x.txt:3: a backslash" },
	{ HEAD "override\tx\taccepted\n", "x.txt:3: 'accepted' is no outcome" },
	{ HEAD "override\tx\treject EWHAT\n", "because of 'EWHAT'" },
	{ HEAD "override\tx\tok ok\n", "because of 'ok'" },
	{ HEAD "override\tx\tEACCES\n", "because of 'EACCES'" },
	{ HEAD "override\t\taccept\n", "a verdict without the name of its program" },
	{ FIRST "# kernel 6.1.192\r\noverride\tx\tok\r\n", "x.txt:2: a carriage return" },
	{ HEAD "override\tx\tok\r\n", "x.txt:3: a carriage return" },
	{ HEAD "override\tx\tok\tm\033[31m\n", "x.txt:3: a control character, \\x1b" },
	{ HEAD "override\tx\x7f\tok\n", "x.txt:3: a control character, \\x7f" },
	{ "# assay baseline 1 (\r\n# kernel 6.1.192\r\n", "x.txt:1: a carriage return" },
	{ HEAD "override\tx\tok\noverride\tx\tok\n", "x.txt:4: 'override\tx' is there twice" },
	{ HEAD "override\tx\taccept\noverride\tx\treject EACCES\n", "x.txt:4: 'override\tx' is" },
	{ HEAD "override\ty\tok\noverride\tx\tok\n", "x.txt:4: out of order" },
	{ HEAD "override\tx\tok\noverride\ty\tok", "x.txt:4: the last line has no end" },
	{ HEAD "# kernel 6.1.192\noverride\tx\tok\n", "x.txt:3: a second line '# kernel'" },
	{ HEAD "# patches 0\n# patches 0\noverride\tx\tok\n",
	  "x.txt:4: a second line '# patches'" },
	{ HEAD "# asked A=y\n# asked A=y\noverride\tx\tok\n", "x.txt:4: a second line '# asked'" },
	{ HEAD "# object e 1\n# object e 2\noverride\tx\tok\n", "x.txt:4: a second object of e" },
	{ HEAD "# object e 1 2\noverride\tx\tok\n", "x.txt:3: more than belongs to the line: '2'" },
	{ HEAD "# patches 1\n# patch a b c d\n", "x.txt:4: more than belongs to the line: 'd'" },
	{ HEAD "override\tx\tok\tm\xff\n", "x.txt:3: a byte that is not UTF-8" },
	{ HEAD "override\tx\tok\tm\\xff\n", "x.txt:3: a byte that is not UTF-8" },
	{ HEAD "<<<<<<< HEAD\noverride\tx\tok\n", "x.txt:3: no line of experiment" },
};

static void test_garbage(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
		struct side *s = (struct side *)1;

		if (baseline__parse(garbage[i].text, "x.txt", &s) != -EINVAL) {
			restore_stderr(f);
			fail_msg("taken for a baseline: %s", garbage[i].text);
		}
		assert_null(s);
		assert_said(f, garbage[i].message);
	}
}

/* No part of a text, cut anywhere, is taken for another baseline by accident or crashes. */
static void test_cut(void **state)
{
	struct side *s = made_up_side();
	char *text;

	assert_int_equal(baseline__print(s, &text), 0);
	for (size_t len = strlen(text); len > 0; len--) {
		struct side *back;

		text[len] = '\0';
		baseline__parse(text, "x.txt", &back);
		side__free(back);
	}
	free(take_stderr(*state));
	free(text);
	side__free(s);
}

static void test_files(void **state)
{
	struct fixture *f = *state;
	char *path = str_fmt("%s/5.10.218.txt", f->dir);
	struct side *s;

	assert_int_equal(baseline__read(path, &s), -ENOENT);
	assert_silent(f);
	assert_int_equal(file_write(path, "# assay baseline 1 \0x", 21), 0);
	assert_int_equal(baseline__read(path, &s), -EINVAL);
	assert_said(f, "a byte 0");
	assert_int_equal(file_write(path, HEAD, strlen(HEAD)), 0);
	assert_int_equal(baseline__read(path, &s), 0);
	assert_int_equal(s->n, 0);
	side__free(s);
	assert_int_equal(baseline__read(f->dir, &s), -EISDIR);
	assert_said(f, "cannot be read");
	free(path);
}

/* --- refusals
 * -------------------------------------------------------------------------------------- */

static void expect_refusal(const struct side *s, const char *sentence)
{
	struct strv why = { 0 };

	assert_int_equal(baseline__refusals(s, &why), 0);
	if (!sentence) {
		assert_int_equal(why.n, 0);
	} else {
		assert_int_equal(why.n, 1);
		assert_string_equal(why.v[0], sentence);
	}
	strv__free(&why);
}

static void test_refusals(void **state)
{
	struct side *s = made_up_side();
	struct cell *c = (struct cell *)side__find(s, "override", "kprobe", "");
	struct strv why = { 0 };

	(void)state;
	expect_refusal(s, NULL);
	s->cut_off = true;
	expect_refusal(s, "the run was cut off, or is still running");
	s->cut_off = false;
	c->status = STATUS_TIMEOUT;
	expect_refusal(s, "override kprobe: timeout");
	c->status = STATUS_CRASHED;
	set_text(&c->reason, "BUG: at mm/slub.c:1");
	expect_refusal(s, "override kprobe: crashed: BUG: at mm/slub.c:1");
	c->status = STATUS_HARNESS;
	set_text(&c->reason, "no disk");
	expect_refusal(s, "override kprobe: harness error: no disk");
	c->status = STATUS_OK;
	s->guest.cpus = 4;
	expect_refusal(s, "its guest had 4 CPUs and 512 MB, not 1 and 512");
	s->guest.cpus = 1;
	set_text(&s->wholes[0].params, "{\"reads\":\"5\"}");
	expect_refusal(s, "override ran with other parameters than its own: {\"reads\":\"5\"}");
	set_text(&s->wholes[0].params, "{}");
	assert_int_equal(side__end(s, "lsm", "{}", STATUS_HARNESS, "the kernel could not be built"),
			 0);
	expect_refusal(s, "lsm: harness error: the kernel could not be built");
	s->cut_off = true;
	assert_int_equal(baseline__refusals(s, &why), 0);
	assert_int_equal(why.n, 2);
	strv__free(&why);
	side__free(s);
	s = made_up_side();
	add(s, RECORD_PROGRAM, "override", "other", "");
	assert_int_equal(side__sort(s), 0);
	expect_refusal(s, "override other: there are two of that name");
	side__free(s);
	s = side__new("t", "k");
	s->guest.cpus = 1;
	s->guest.mem_mb = 512;
	expect_refusal(s, "the run shows nothing of it");
	side__free(s);
}

/* --- what an update changes
 * -------------------------------------------------------------------------- */

static void expect_delta(const char *old, const char *text, size_t added, size_t changed,
			 size_t removed, size_t head)
{
	struct baseline_delta d;

	assert_int_equal(baseline__delta(old, text, &d), 0);
	assert_int_equal(d.added, added);
	assert_int_equal(d.changed, changed);
	assert_int_equal(d.removed, removed);
	assert_int_equal(d.head, head);
	baseline_delta__release(&d);
}

static void test_delta(void **state)
{
	static const char old[] = HEAD "# clang 14\na\tp\taccept\na\tq\treject EINVAL\nb\tp\tok\n";
	struct baseline_delta d;

	(void)state;
	expect_delta(NULL, old, 3, 0, 0, 0);
	expect_delta(old, old, 0, 0, 0, 0);
	expect_delta(old, HEAD "# clang 14\na\tp\treject EINVAL\na\tq\treject EINVAL\nc\tp\tok\n",
		     1, 1, 1, 0);
	expect_delta(old,
		     HEAD "# clang 14\na\tp\taccept\na\tpp\tok\na\tq\treject EINVAL\nb\tp\tok\n", 1,
		     0, 0, 0);
	assert_int_equal(baseline__delta(old,
					 HEAD
					 "# clang 16\n# libbpf 1.4\na\tp\taccept\na\tq\treject "
					 "EINVAL\nb\tp\tok\n",
					 &d),
			 0);
	assert_int_equal(d.head, 3);
	assert_int_equal(d.facts.n, 2);
	assert_string_equal(d.facts.v[0], "clang");
	assert_string_equal(d.facts.v[1], "libbpf");
	baseline_delta__release(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_without_facts),
		cmocka_unit_test_setup_teardown(test_garbage, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_cut, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_files, fixture_setup, fixture_teardown),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_delta),
	};

	return cmocka_run_group_tests_name("baseline", tests, NULL, NULL);
}
