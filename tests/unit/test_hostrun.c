// SPDX-License-Identifier: GPL-2.0-only
/* Experiments on the host: what the child says is kept, whatever becomes of it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <sys/stat.h>

#include "store_fixture.h"

#include "cli/hostrun.h"

struct seen {
	size_t records, experiments;
	enum status status;
	char reason[200], kernel[32];
};

static int see_record(void *ctx, const struct stored_record *r)
{
	struct seen *s = ctx;

	s->records++;
	snprintf(s->kernel, sizeof(s->kernel), "%s", r->guest.kernel);
	return 0;
}

static int see_experiment(void *ctx, const struct stored_experiment *e)
{
	struct seen *s = ctx;

	s->experiments++;
	s->status = e->status;
	snprintf(s->reason, sizeof(s->reason), "%s", e->reason ? e->reason : "");
	return 0;
}

/* Runs an experiment whose program is the shell script. */
static struct seen run(struct fixture *f, const char *script, struct session_result *out)
{
	struct plan_item items[] = {
		{ .experiment = "guests", .timeout_s = 5 },
		{ .experiment = "tools", .timeout_s = 5, .on_host = true },
	};
	struct plan plan = { .items = items, .nr_items = 2 };
	struct store *s = open_store(f);
	struct run_info info;
	char *path = str_fmt("%s/guest", f->dir), *text = str_fmt("#!/bin/sh\n%s\n", script);
	struct hostrun_opts o = {
		.guest = path, .experiments = f->dir, .objects = f->dir, .store = s, .cancel_fd = -1
	};
	struct seen seen = { 0 };

	items[0].params = json_object();
	items[1].params = json_pack("{ss}", "n", "7");
	assert_int_equal(file_write(path, text, strlen(text)), 0);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(store__begin_run(s, "x", "{}", &info), 0);
	o.run = info.id;
	capture_stderr(f);
	assert_int_equal(hostrun__run(&o, &plan, out), 0);
	restore_stderr(f);
	assert_int_equal(store__records(s, info.id, NULL, NULL, see_record, &seen), 0);
	assert_int_equal(store__experiments(s, info.id, NULL, NULL, see_experiment, &seen), 0);
	run_info__release(&info);
	store__close(s);
	json_decref(items[0].params);
	json_decref(items[1].params);
	free(path);
	free(text);
	return seen;
}

#define RECORD                                                                \
	"echo '{\"ev\": \"record\", \"record\": {\"kind\": \"measurement\", " \
	"\"experiment\": \"tools\", \"name\": \"m\", \"status\": \"ok\"}}'\n"
#define END \
	"echo '{\"ev\": \"end\", \"experiment\": \"tools\", \"status\": \"ok\", \"reason\": \"\"}'\n"

/* The child is told which experiment, which parameters, and where things are. */
static void test_good(void **state)
{
	struct session_result res;
	struct seen s = run(
		*state,
		"test \"$*\" = 'run tools --json --timeout=5000ms -ptools.n=7' || exit 9\n"
		"test -x \"$ASSAY_PROGRAM\" && test -d \"$ASSAY_EXPERIMENTS\" || exit 8\n" RECORD
			END,
		&res);

	assert_string_equal(s.reason, "");
	assert_int_equal(s.status, STATUS_OK);
	assert_int_equal(s.records, 1);
	assert_int_equal(s.experiments, 1);
	assert_string_equal(s.kernel, HOSTRUN_KERNEL);
	assert_int_equal(res.worst, STATUS_OK);
	assert_false(res.cut_off);
}

/* What came before is kept, and the rest is no success. */
static void test_no_end(void **state)
{
	struct session_result res;
	struct seen s = run(*state, RECORD "exit 9", &res);

	assert_int_equal(s.records, 1);
	assert_int_equal(s.status, STATUS_HARNESS);
	assert_non_null(strstr(s.reason, "ended with status 9 before the experiment"));
	assert_int_equal(res.worst, STATUS_HARNESS);
}

static void test_damaged(void **state)
{
	struct session_result res;
	struct seen s = run(*state, "echo '{\"ev\": '\n" END, &res);

	assert_int_equal(s.records, 0);
	assert_int_equal(s.status, STATUS_HARNESS);
	assert_int_equal(res.worst, STATUS_HARNESS);
}

/* What is no event must not end us. */
static void test_no_event(void **state)
{
	struct session_result res;
	struct seen s = run(*state, "echo '{}'\n" END, &res);

	assert_int_equal(s.status, STATUS_HARNESS);
	s = run(*state, "echo '[]'\n" END, &res);
	assert_int_equal(s.status, STATUS_HARNESS);
}

/* As long as the wire allows. */
static void test_long_event(void **state)
{
	struct session_result res;
	struct seen s = run(*state,
			    "printf '{\"ev\": \"record\", \"record\": {\"kind\": "
			    "\"measurement\", \"experiment\": \"tools\", \"name\": \"m\", "
			    "\"status\": \"ok\", \"message\": \"'\n"
			    "head -c 1500000 /dev/zero | tr '\\0' x\n"
			    "echo '\"}}'\n" END,
			    &res);

	assert_string_equal(s.reason, "");
	assert_int_equal(s.records, 1);
}

static void test_unexpected(void **state)
{
	struct session_result res;
	struct seen s = run(*state,
			    "echo '{\"ev\": \"end\", \"experiment\": \"tools\", \"status\": "
			    "\"unexpected\", \"reason\": \"no clang\"}'",
			    &res);

	assert_int_equal(s.status, STATUS_UNEXPECTED);
	assert_string_equal(s.reason, "no clang");
	assert_int_equal(res.worst, STATUS_UNEXPECTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_no_end, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_damaged, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_no_event, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_long_event, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_unexpected, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
