// SPDX-License-Identifier: GPL-2.0-only
/* What `assay bisect --step` makes of what a commit says: git takes the exit status at its word. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../harness/cli/bisect_commit.c"

#include "folder_fixture.h"

static struct answers *said_by_commit;

static void add(const char *record, enum verdict v, int e, enum status s, const char *message)
{
	struct answer *a = answers__add(said_by_commit, strdup(record));

	assert_non_null(a);
	a->whole = !strchr(record, ':');
	a->verdict = v;
	a->err = e;
	a->status = s;
	assert_int_equal(record__set(&a->message, message), 0);
}

static int make(void **state)
{
	said_by_commit = answers__new();
	add("ex", VERDICT_NONE, 0, STATUS_UNEXPECTED, NULL);
	add("ex:yes", VERDICT_ACCEPT, 0, STATUS_UNEXPECTED, NULL);
	add("ex:no", VERDICT_REJECT, EACCES, STATUS_OK, "invalid read");
	add("ex:late", VERDICT_NONE, 0, STATUS_TIMEOUT, NULL);
	add("ex:unmet", VERDICT_NONE, 0, STATUS_SKIPPED, NULL);
	add("ex:boom", VERDICT_NONE, 0, STATUS_CRASHED, NULL);
	add("ex:measure a=1", VERDICT_NONE, 0, STATUS_OK, NULL);
	return setup(state);
}

static int unmake(void **state)
{
	answers__free(said_by_commit);
	return teardown(state);
}

static int step(const char *record, const char *good, const char *bad, enum bisect_by by)
{
	struct bisect_args a = { .good = good, .bad = bad, .by = by };
	int status;

	assert_int_equal(strv__add(&a.wanted, record), 0);
	listen_begin();
	status = check(&a) ? STEP_USAGE : judge(&a, said_by_commit);
	listen_end();
	strv__free(&a.wanted);
	return status;
}

static void test_verdicts(void **state)
{
	(void)state;
	assert_int_equal(step("ex:yes", "accept", NULL, BY_VERDICT), STEP_GOOD);
	assert_int_equal(step("ex:yes", "reject", NULL, BY_VERDICT), STEP_BAD);
	assert_int_equal(step("ex:yes", "reject", "accept", BY_VERDICT), STEP_BAD);
	assert_int_equal(step("ex:no", "accept", NULL, BY_VERDICT), STEP_BAD);
	assert_int_equal(step("ex:no", "reject", "accept", BY_VERDICT), STEP_GOOD);
	/* With its errno. */
	assert_int_equal(step("ex:no", "reject EACCES", NULL, BY_VERDICT), STEP_GOOD);
	assert_int_equal(step("ex:no", "reject EINVAL", NULL, BY_VERDICT), STEP_BAD);
	assert_int_equal(step("ex:no", "reject EINVAL", "accept", BY_VERDICT), STEP_UNKNOWN);
}

/* Neither of two answers is none. */
static void test_third(void **state)
{
	(void)state;
	assert_int_equal(step("ex:boom", "accept", "reject", BY_VERDICT), STEP_UNKNOWN);
	assert_int_equal(step("ex:boom", "accept", NULL, BY_VERDICT), STEP_BAD);
	assert_int_equal(step("ex:boom", "crashed", NULL, BY_VERDICT), STEP_GOOD);
	assert_int_equal(step("ex", "ran", "crashed", BY_VERDICT), STEP_GOOD);
}

static void test_silent(void **state)
{
	(void)state;
	assert_int_equal(step("ex:late", "accept", NULL, BY_VERDICT), STEP_UNKNOWN);
	assert_int_equal(step("ex:unmet", "accept", NULL, BY_VERDICT), STEP_UNKNOWN);
	assert_int_equal(step("ex:unmet", "ok", NULL, BY_STATUS), STEP_BAD);
	assert_int_equal(step("ex:unmet", "skipped", NULL, BY_STATUS), STEP_GOOD);
	assert_int_equal(step("ex:late", "ok", NULL, BY_STATUS), STEP_UNKNOWN);
	assert_int_equal(step("ex:nowhere", "absent", "ok", BY_STATUS), STEP_GOOD);
	assert_int_equal(record__set(&said_by_commit->why, "the kernel could not be built"), 0);
	assert_int_equal(step("ex:yes", "accept", NULL, BY_VERDICT), STEP_UNKNOWN);
	says("the kernel could not be built");
}

static void test_usage(void **state)
{
	(void)state;
	assert_int_equal(step("ex:yes", "acept", NULL, BY_VERDICT), STEP_USAGE);
	says("did you mean 'accept'?");
	assert_int_equal(step("ex:yes", "accept", "rejected", BY_VERDICT), STEP_USAGE);
	assert_int_equal(step("ex:yse", "accept", NULL, BY_VERDICT), STEP_USAGE);
	assert_int_equal(step("ex:*", "accept", NULL, BY_VERDICT), STEP_USAGE);
	assert_int_equal(step("ex:measure", "ok", NULL, BY_VERDICT), STEP_GOOD);
	assert_int_equal(step("ex:yes", NULL, NULL, BY_VERDICT), STEP_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, make, unmake)
		TEST(test_verdicts),
		TEST(test_third),
		TEST(test_silent),
		TEST(test_usage),
	};

	assay_log.level = LOG_LEVEL_INFO;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
