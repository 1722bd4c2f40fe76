// SPDX-License-Identifier: GPL-2.0-only
/* The experiments of tests/experiments each do one thing that goes wrong (or right): the harness
 * must say of each what its comment asks for. All of them run once, in one run, ordered so that one
 * that behaves follows one that wrecks its guest; the tests then look at what was kept. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay.h"
#include "base/str.h"

#define FLOOD_INSNS "120000" /* 20 MB of log: above the first buffer, and still quick */

static const struct expected {
	const char *name;
	enum status status;
	const char *reason; /* extended regular expression; NULL: there is none */
} table[] = {
	{ "hang", STATUS_TIMEOUT, "^timed out after 2\\.0 s; it was doing: waiting for nothing$" },
	{ "generated", STATUS_OK, NULL },
	{ "oops", STATUS_CRASHED, "^BUG: kernel NULL pointer dereference, address: 0+$" },
	{ "trivial", STATUS_OK, NULL },
	{ "panic", STATUS_CRASHED, "^Kernel panic - not syncing: sysrq triggered crash$" },
	{ "trace-print", STATUS_OK, NULL },
	{ "exhaust-memory", STATUS_CRASHED, "^guest out of memory; it was doing: taking memory$" },
	{ "prints", STATUS_OK, NULL },
	{ "warn", STATUS_CRASHED, "^WARNING: CPU: [0-9]+ PID: [0-9]+ at .*lkdtm" },
	{ "declared-warn", STATUS_OK, NULL },
	{ "soft-lockup", STATUS_CRASHED, "^soft lockup in the kernel: .*BUG: soft lockup - CPU#0" },
	{ "expect-wrong", STATUS_UNEXPECTED, NULL },
	{ "hung-task", STATUS_CRASHED,
	  "^hung task in the kernel: INFO: task .* blocked for more " },
	{ "failed-check", STATUS_UNEXPECTED, NULL },
	{ "loader-crash", STATUS_CRASHED, "killed by SIGSEGV .*doing: reading address zero$" },
	{ "no-attach", STATUS_UNEXPECTED,
	  "^program nowhere could not be attached: .*No such file" },
	{ "loader-exit", STATUS_CRASHED, "^the loader exited with status 7 before its end" },
	{ "no-target", STATUS_HARNESS, NULL },
	{ "missing-splat", STATUS_UNEXPECTED,
	  "^the expected splat /WARNING: .\\*nothing_of_that_name/ did not appear$" },
	{ "unmet-need", STATUS_SKIPPED,
	  "^CONFIG_NO_SUCH_OPTION is not set \\(shows that a need can be unmet\\)$" },
	{ "bad-tags", STATUS_HARNESS, NULL },
	{ "bad-param", STATUS_HARNESS, "mistake in the experiment: .*parameter 'undeclared'" },
	{ "silent-measure", STATUS_HARNESS, "mistake in the experiment: .*no measurement" },
	{ "huge-measurement", STATUS_HARNESS, "^measurement huge: " },
	{ "flood-log", STATUS_OK, NULL },
	{ "study-point", STATUS_OK, NULL },
};
#define NR_EXPECTED (sizeof(table) / sizeof(table[0]))

static char *results;
static struct outcome outcome;

static int set_up(void **state)
{
	const char *args[NR_EXPECTED + 8] = { "-v",	   "run",
					      "-p",	   "flood-log.insns=" FLOOD_INSNS,
					      "--repeats", "2" };
	const struct call c = { .selftest = true, .limit_s = 900 };
	struct call call = c;

	(void)state;
	need_kernel("5.10.218");
	results = temp_dir();
	call.results = results;
	for (size_t i = 0; i < NR_EXPECTED; i++)
		args[6 + i] = table[i].name;
	print_message("progress: one run of %zu experiments that misbehave\n", NR_EXPECTED);
	fflush(stdout);
	assay_call(&outcome, &call, args);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	outcome__release(&outcome);
	temp_dir_remove(results);
	return 0;
}

/* --- the whole ----------------------------------------------------------------------------- */

static void test_each_is_reported_as_what_it_is(void **state)
{
	unsigned int wrong = 0;

	(void)state;
	for (size_t i = 0; i < NR_EXPECTED; i++) {
		const struct expected *e = &table[i];
		char *reason;
		enum status status = experiment_status(results, NULL, e->name, &reason);
		bool fits = e->reason ? matches(reason, e->reason) : !*reason;

		if (status != e->status || !fits) {
			print_error("%s: %s (%s), expected %s /%s/\n", e->name,
				    status__name(status), reason, status__name(e->status),
				    e->reason ? e->reason : "^$");
			wrong++;
		}
		free(reason);
	}
	assert_int_equal(wrong, 0);
}

static bool in_table(const char *name)
{
	for (size_t i = 0; i < NR_EXPECTED; i++)
		if (!strcmp(table[i].name, name))
			return true;
	return false;
}

/* An experiment that is added without a line in the table would go untested. */
static void test_none_is_left_out(void **state)
{
	const char *bin = getenv("ASSAY_BIN");
	char *guest = str_fmt("%s-guest-test", bin && *bin ? bin : "build/assay");
	const struct call c = { .program = guest };
	json_t *list, *entry;
	struct outcome o;
	size_t i;

	(void)state;
	assay_call(&o, &c, ARGS("list", "--json"));
	assert_status(&o, 0);
	list = json_loads(o.out, 0, NULL);
	assert_int_equal(json_array_size(list), NR_EXPECTED);
	json_array_foreach (list, i, entry) {
		const char *name = json_string_value(json_object_get(entry, "name"));

		if (!in_table(name))
			fail_msg("not in the table of this test: %s", name);
	}
	json_decref(list);
	outcome__release(&o);
	free(guest);
	assert_int_equal(count_experiments(results), NR_EXPECTED);
}

/* The worst of them was a harness error; the run itself went to its end. */
static void test_run(void **state)
{
	struct run_info run;

	(void)state;
	assert_status(&outcome, 3);
	find_run(results, &run);
	assert_int_equal(run.state, RUN_COMPLETE);
	assert_int_equal(run.exit_status, 3);
	assert_non_null(run.ended);
	run_info__release(&run);
	assert_no_qemu(results, 2);
}

/* Only what a splat, a limit or a crash may have damaged is not used again. */
static void test_wrecked_guests_are_not_reused(void **state)
{
	static const char *const marks[] = {
		"kernel NULL pointer dereference",
		"sysrq triggered crash",
		"WARNING: CPU:",
		"BUG: soft lockup",
		"blocked for more than",
		"Out of memory: Kill",
	};
	int consoles = count_texts(results, "", "console"), wrecks = 0, seen = 0;

	(void)state;
	for (size_t i = 0; i < NR_EXPECTED; i++)
		wrecks += table[i].status == STATUS_TIMEOUT || table[i].status == STATUS_CRASHED;
	assert_true(consoles > wrecks);
	for (int i = 1; i <= consoles; i++) {
		char *name = i > 1 ? str_fmt("boot-%d", i) : strdup(""), *text;
		int here = 0;

		text = find_text(results, NULL, "", name, "console");
		if (!text)
			fail_msg("there is no console '%s' of %d", name, consoles);
		assert_has(text, "Linux version 5.10.218");
		for (size_t j = 0; j < sizeof(marks) / sizeof(marks[0]); j++)
			here += strstr(text, marks[j]) != NULL;
		/* warn and declared-warn use the same function, one boot each */
		if (here > 1)
			fail_msg("boot %d had trouble of %d kinds", i, here);
		seen += here;
		free(text);
		free(name);
	}
	assert_int_equal(seen, 7);
}

static void test_table_says_it(void **state)
{
	char count[32];

	(void)state;
	assert_has(outcome.out, "hang on 5.10.218: timeout");
	assert_has(outcome.out, "panic on 5.10.218: crashed");
	assert_has(outcome.out, "bad-param on 5.10.218: harness error");
	assert_matches(outcome.out, "^unmet-need +5.10.218 .*skipped$");
	assert_has(outcome.out, "CONFIG_NO_SUCH_OPTION is not set");
	assert_has(outcome.out, "two and three make four; found: 5");
	snprintf(count, sizeof(count), "%zu experiments on ", NR_EXPECTED);
	assert_has(outcome.out, count);
}

/* --- kernel trouble ------------------------------------------------------------------------ */

static void assert_text_has(const char *experiment, const char *name, const char *kind,
			    const char *part)
{
	char *text = find_text(results, NULL, experiment, name, kind);

	if (!text)
		fail_msg("%s: there is no text of kind %s", experiment, kind);
	assert_has(text, part);
	free(text);
}

static void test_excerpts(void **state)
{
	(void)state;
	/* the guest survived: its own dmesg is the evidence */
	assert_text_has("oops", NULL, "dmesg", "BUG: kernel NULL pointer dereference");
	assert_text_has("oops", NULL, "dmesg", "lkdtm_EXCEPTION");
	assert_text_has("warn", NULL, "dmesg", "lkdtm_WARNING");
	assert_text_has("declared-warn", NULL, "dmesg", "lkdtm_WARNING");
	assert_text_has("exhaust-memory", NULL, "dmesg", "Out of memory: Kill");
	/* it did not */
	assert_text_has("panic", NULL, "console-excerpt", "Kernel panic - not syncing: sysrq");
	assert_text_has("panic", NULL, "console-excerpt", "Call Trace:");
	assert_text_has("soft-lockup", NULL, "console-excerpt", "lkdtm_SOFTLOCKUP");
	assert_text_has("hung-task", NULL, "console-excerpt", "direct_entry");
}

/* What was sent before the trouble is kept. */
static void test_records_before_the_trouble(void **state)
{
	static const struct {
		const char *experiment, *record, *metric;
		double value;
	} kept[] = {
		{ "panic", "before the panic", "panics", 0 },
		{ "loader-crash", "before the crash", "crashes", 0 },
		{ "warn", "after", "provoked", 1 },
		{ "declared-warn", "after", "provoked", 1 },
		{ "missing-splat", "quiet", "splats", 0 },
		{ "prints", "printed", "lines", 1001 },
		{ "trace-print", "printed", "calls", 10 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		struct records rs;
		const struct record *r;

		records__load(&rs, results, NULL, kept[i].experiment);
		r = records__get(&rs, kept[i].record);
		assert_int_equal(r->status, STATUS_OK);
		assert_true(metric(r, kept[i].metric) == kept[i].value);
		records__release(&rs);
	}
}

/* Neither measured nor loaded anything. */
static void test_nothing_to_keep(void **state)
{
	static const char *const names[] = { "hang", "oops", "unmet-need", "loader-exit",
					     "silent-measure" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct records rs;

		records__load(&rs, results, NULL, names[i]);
		assert_int_equal(rs.n, 0);
		records__release(&rs);
	}
}

/* --- experiments that behave ---------------------------------------------------------------- */

static void test_trivial(void **state)
{
	const struct record *r;
	struct records rs;

	(void)state;
	records__load(&rs, results, NULL, "trivial");
	assert_int_equal(rs.n, 3);
	r = records__get(&rs, "count");
	assert_int_equal(r->status, STATUS_OK);
	assert_int_equal(r->verdict, VERDICT_ACCEPT);
	assert_string_equal(r->expected, "accept");
	r = records__get(&rs, "unwritten");
	assert_int_equal(r->status, STATUS_OK);
	assert_int_equal(r->verdict, VERDICT_REJECT);
	assert_int_equal(r->err, EACCES);
	assert_string_equal(r->message, "R5 !read_ok");
	r = records__get(&rs, "hits");
	assert_int_equal(r->status, STATUS_OK);
	assert_int_equal(r->nr_checks, 1);
	assert_true(r->checks[0].ok);
	assert_true(metric(r, "hits") >= metric(r, "calls"));
	records__release(&rs);
}

static void test_generated(void **state)
{
	const struct record *r;
	struct records rs;
	char *text;

	(void)state;
	records__load(&rs, results, NULL, "generated");
	r = records__get(&rs, "api");
	assert_int_equal(r->status, STATUS_OK);
	assert_true(r->nr_checks >= 15);
	for (size_t i = 0; i < r->nr_checks; i++)
		if (!r->checks[i].ok)
			fail_msg("%s: %s", r->checks[i].text, r->checks[i].found);
	assert_int_equal(records__get(&rs, "zero")->verdict, VERDICT_ACCEPT);
	r = records__get(&rs, "nothing");
	assert_int_equal(r->verdict, VERDICT_REJECT);
	assert_int_equal(r->status, STATUS_OK);
	records__release(&rs);
	/* what is no UTF-8 is replaced */
	text = find_text(results, NULL, "generated", "", "note");
	assert_non_null(text);
	assert_string_equal(text, "caf\xc3\xa9 ?");
	free(text);
}

static void test_trace_pipe(void **state)
{
	char *text = find_text(results, NULL, "trace-print", "", "trace_pipe"), *p = text;
	int n = 0;

	(void)state;
	assert_non_null(text);
	for (; (p = strstr(p, "getppid was called")); p++)
		n++;
	assert_int_equal(n, 10);
	free(text);
}

/* The first lines are the guest's diagnostics (-v shows them), the console has none. */
static void test_prints(void **state)
{
	(void)state;
	assert_has(outcome.err, "line 0 that should not be");
	assert_has(outcome.err, "printed more than 199 lines; the rest is dropped");
	assert_lacks(outcome.err, "line 999 that should not be");
	assert_lacks(outcome.out, "that should not be");
	for (int i = 1; i <= count_texts(results, "", "console"); i++) {
		char *name = i > 1 ? str_fmt("boot-%d", i) : strdup("");
		char *text = find_text(results, NULL, "", name, "console");

		assert_lacks(text, "that should not be");
		free(text);
		free(name);
	}
}

/* A log that is longer than the buffer: never a rejection, and kept whole. */
static void test_flood_log(void **state)
{
	char *log = find_text(results, NULL, "flood-log", "flood", "log");
	const struct record *r;
	struct records rs;

	(void)state;
	records__load(&rs, results, NULL, "flood-log");
	r = records__get(&rs, "flood");
	assert_int_equal(r->verdict, VERDICT_ACCEPT);
	assert_int_equal(r->status, STATUS_OK);
	assert_int_equal(r->err, 0);
	assert_int_equal(r->stats.insns, 120000);
	records__release(&rs);
	assert_non_null(log);
	assert_true(strlen(log) > 17000000);
	assert_has(log, "\n119999: (95) exit\n");
	assert_has(log + strlen(log) - 200, "processed " FLOOD_INSNS " insns");
	free(log);
}

/* The same where the guest has no memory for a larger buffer. */
static void test_flood_log_little_memory(void **state)
{
	const struct record *r;
	struct records rs;
	struct outcome o;
	char *dir = temp_dir(), *log;

	(void)state;
	ASSAY(&o, true, dir, "run", "flood-log", "-p", "insns=" FLOOD_INSNS, "--mem", "128M",
	      "--repeats", "1");
	assert_status(&o, 0);
	outcome__release(&o);
	records__load(&rs, dir, NULL, "flood-log");
	r = records__get(&rs, "flood");
	assert_int_equal(r->verdict, VERDICT_ACCEPT);
	assert_int_equal(r->status, STATUS_OK);
	records__release(&rs);
	log = find_text(dir, NULL, "flood-log", "flood", "log");
	assert_non_null(log);
	assert_true(strlen(log) > 1000000);
	free(log);
	temp_dir_remove(dir);
}

/* --- expectations that do not hold --------------------------------------------------------- */

struct bad_record {
	const char *name;
	enum status status;
	const char *expected, *reason; /* regular expressions; NULL: none */
};

static void assert_records(const char *experiment, const struct bad_record *bad, size_t n)
{
	struct records rs;

	records__load(&rs, results, NULL, experiment);
	assert_int_equal(rs.n, n);
	for (size_t i = 0; i < n; i++) {
		const struct record *r = records__get(&rs, bad[i].name);

		if (r->status != bad[i].status)
			fail_msg("%s: %s: %s (%s)", experiment, r->name, status__name(r->status),
				 r->reason);
		if (bad[i].reason)
			assert_matches(r->reason, bad[i].reason);
		else
			assert_null(r->reason);
		if (bad[i].expected)
			assert_matches(r->expected, bad[i].expected);
		else
			assert_null(r->expected);
	}
	records__release(&rs);
}

static void test_expect_wrong(void **state)
{
	static const struct bad_record bad[] = {
		{ "rejected", STATUS_UNEXPECTED, "^accept$",
		  "expected accept, was rejected with EACCES.*R5 !read_ok" },
		{ "accepted", STATUS_UNEXPECTED, "^reject EACCES /R5 !read_ok/$",
		  "expected reject EACCES .*was accepted" },
		{ "message", STATUS_UNEXPECTED, "^reject EACCES /another message/$",
		  "expected /another message/, the log says \"R5 !read_ok\"" },
		{ "error", STATUS_UNEXPECTED, "^reject EINVAL /R5 !read_ok/$",
		  "expected EINVAL /R5 !read_ok/, was EACCES" },
		{ "anything", STATUS_OK, NULL, NULL },
	};

	(void)state;
	assert_records("expect-wrong", bad, 5);
}

/* A mistake of the experiment is no verdict of the kernel's. */
static void test_bad_tags(void **state)
{
	static const struct bad_record bad[] = {
		{ "two", STATUS_HARNESS, NULL, "2 tags apply .*assay:accept:>=4.0.*assay:reject" },
		{ "none", STATUS_HARNESS, NULL, "no tag applies .*assay:accept:<4.0" },
		{ "unreadable", STATUS_HARNESS, NULL, "assay:perhaps:\\*" },
	};

	(void)state;
	assert_records("bad-tags", bad, 3);
}

static void test_no_target(void **state)
{
	static const struct bad_record bad[] = {
		{ "expected", STATUS_OK, "^reject ESRCH /no_such_function/$", NULL },
		{ "unexpected", STATUS_UNEXPECTED, "^accept$",
		  "expected accept, but the program never reached the verifier: ESRCH" },
		{ "untagged", STATUS_HARNESS, NULL, "no_such_function" },
	};
	struct records rs;

	(void)state;
	assert_records("no-target", bad, 3);
	records__load(&rs, results, NULL, "no-target");
	for (size_t i = 0; i < rs.n; i++)
		assert_int_equal(rs.v[i]->verdict, VERDICT_NONE);
	records__release(&rs);
}

static void test_failed_check(void **state)
{
	const struct record *r;
	struct records rs;

	(void)state;
	records__load(&rs, results, NULL, "failed-check");
	r = records__find(&rs, "sum", "terms", "good");
	assert_non_null(r);
	assert_int_equal(r->status, STATUS_OK);
	r = records__find(&rs, "sum", "terms", "bad");
	assert_non_null(r);
	assert_int_equal(r->status, STATUS_UNEXPECTED);
	assert_has(r->reason, "two and three make four");
	assert_false(r->checks[0].ok);
	assert_string_equal(r->checks[0].found, "5");
	records__release(&rs);
}

static void test_no_attach(void **state)
{
	const struct record *r;
	struct records rs;

	(void)state;
	records__load(&rs, results, NULL, "no-attach");
	r = records__get(&rs, "nowhere");
	assert_int_equal(r->verdict, VERDICT_ACCEPT);
	assert_int_equal(rs.n, 1);
	records__release(&rs);
}

static void test_huge_measurement(void **state)
{
	const struct record *r;
	struct records rs;

	(void)state;
	records__load(&rs, results, NULL, "huge-measurement");
	assert_int_equal(rs.n, 1);
	r = records__get(&rs, "small");
	assert_int_equal(r->status, STATUS_OK);
	assert_int_equal(r->nr_series, 1);
	assert_int_equal(r->series[0].n, 10);
	assert_true(r->series[0].values[9] == 9.123456789);
	records__release(&rs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_is_reported_as_what_it_is),
		cmocka_unit_test(test_none_is_left_out),
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_wrecked_guests_are_not_reused),
		cmocka_unit_test(test_table_says_it),
		cmocka_unit_test(test_excerpts),
		cmocka_unit_test(test_records_before_the_trouble),
		cmocka_unit_test(test_nothing_to_keep),
		cmocka_unit_test(test_trivial),
		cmocka_unit_test(test_generated),
		cmocka_unit_test(test_trace_pipe),
		cmocka_unit_test(test_prints),
		cmocka_unit_test(test_flood_log),
		cmocka_unit_test(test_flood_log_little_memory),
		cmocka_unit_test(test_expect_wrong),
		cmocka_unit_test(test_bad_tags),
		cmocka_unit_test(test_no_target),
		cmocka_unit_test(test_failed_check),
		cmocka_unit_test(test_no_attach),
		cmocka_unit_test(test_huge_measurement),
	};

	return cmocka_run_group_tests_name("selftest", tests, set_up, tear_down);
}
