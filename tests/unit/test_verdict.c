// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "model/verdict.h"

static void test_names(void **state)
{
	static const char *const verdicts[] = { "-", "accept", "reject" };
	static const char *const statuses[] = { "ok",	   "skipped", "unexpected",
						"timeout", "crashed", "harness error" };

	(void)state;
	for (int i = 0; i < 3; i++) {
		enum verdict v = VERDICT_NONE;

		assert_string_equal(verdict__name(i), verdicts[i]);
		assert_int_equal(verdict__parse(verdicts[i], &v), 0);
		assert_int_equal(v, i);
	}
	for (int i = 0; i < 6; i++) {
		enum status s = STATUS_OK;

		assert_string_equal(status__name(i), statuses[i]);
		assert_int_equal(status__parse(statuses[i], &s), 0);
		assert_int_equal(s, i);
	}
	/* A value from a newer assay must not lead outside the table. */
	assert_string_equal(status__name(99), "?");
	assert_string_equal(verdict__name(-1), "?");
}

static void test_unknown_names(void **state)
{
	enum verdict v = VERDICT_REJECT;
	enum status s = STATUS_TIMEOUT;

	(void)state;
	assert_int_equal(verdict__parse("Accept", &v), -EINVAL);
	assert_int_equal(verdict__parse("", &v), -EINVAL);
	assert_int_equal(verdict__parse(NULL, &v), -EINVAL);
	assert_int_equal(v, VERDICT_REJECT);
	assert_int_equal(status__parse("OK", &s), -EINVAL);
	assert_int_equal(status__parse("ok ", &s), -EINVAL);
	assert_int_equal(status__parse("harness", &s), -EINVAL);
	assert_int_equal(status__parse(NULL, &s), -EINVAL);
	assert_int_equal(s, STATUS_TIMEOUT);
}

static void test_worse(void **state)
{
	(void)state;
	assert_int_equal(status__worse(STATUS_OK, STATUS_SKIPPED), STATUS_SKIPPED);
	assert_int_equal(status__worse(STATUS_CRASHED, STATUS_TIMEOUT), STATUS_CRASHED);
	assert_int_equal(status__worse(STATUS_OK, STATUS_HARNESS), STATUS_HARNESS);
	assert_int_equal(status__worse(STATUS_UNEXPECTED, STATUS_UNEXPECTED), STATUS_UNEXPECTED);
}

static void test_errno_names(void **state)
{
	static const struct {
		int err;
		const char *name;
	} t[] = {
		{ 1, "EPERM" },	  { 2, "ENOENT" },	{ 7, "E2BIG" },	      { 13, "EACCES" },
		{ 22, "EINVAL" }, { 28, "ENOSPC" },	{ 11, "EAGAIN" },     { 35, "EDEADLK" },
		{ 34, "ERANGE" }, { 133, "EHWPOISON" }, { 95, "EOPNOTSUPP" }, { 524, "ENOTSUPP" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int err = -1;

		assert_string_equal(errno__name(t[i].err), t[i].name);
		assert_int_equal(errno__parse(t[i].name, &err), 0);
		assert_int_equal(err, t[i].err);
	}
}

/* Every errno value of Linux has its name, as the C library knows it. */
static void test_errno_complete(void **state)
{
	(void)state;
	for (int i = 1; i <= 133; i++) {
		bool hole = i == 41 || i == 58; /* never used by Linux */
		char number[16];

		snprintf(number, sizeof(number), "E%d", i);
		if (!strcmp(errno__name(i), number) != hole)
			fail_msg("%d is %s", i, errno__name(i));
	}
}

static void test_errno_round_trip(void **state)
{
	(void)state;
	for (int i = 0; i < 4100; i++) {
		char number[16];
		int err = -1;

		assert_int_equal(errno__parse(errno__name(i), &err), 0);
		assert_int_equal(err, i);
		snprintf(number, sizeof(number), "%d", i);
		assert_int_equal(errno__parse(number, &err), 0);
		assert_int_equal(err, i);
	}
	assert_string_equal(errno__name(0), "E0");
	assert_string_equal(errno__name(41), "E41");
	assert_string_equal(errno__name(999), "E999");
	assert_string_equal(errno__name(1000), "E1000");
	assert_string_equal(errno__name(4099), "E4099");
	assert_string_equal(errno__name(4100), "E?");
	assert_string_equal(errno__name(-13), "E?");
}

static void test_errno_aliases(void **state)
{
	int err = 0;

	(void)state;
	assert_int_equal(errno__parse("EWOULDBLOCK", &err), 0);
	assert_int_equal(err, EAGAIN);
	assert_int_equal(errno__parse("ENOTSUP", &err), 0);
	assert_int_equal(err, EOPNOTSUPP);
}

static void test_errno_refuses(void **state)
{
	static const char *const bad[] = {
		"",    "E",   "EACCE", "EACCESS", "eacces",
		"-13", "13 ", " 13",   "4100",	  "E4100",
		"E-1", "E 1", "E?",    "13x",	  "99999999999999999999"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int err = 77;

		if (errno__parse(bad[i], &err) != -EINVAL)
			fail_msg("\"%s\" was taken for an errno", bad[i]);
		assert_int_equal(err, 77);
	}
	assert_int_equal(errno__parse(NULL, &(int){ 0 }), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	       cmocka_unit_test(test_unknown_names),
		cmocka_unit_test(test_worse),	       cmocka_unit_test(test_errno_names),
		cmocka_unit_test(test_errno_complete), cmocka_unit_test(test_errno_round_trip),
		cmocka_unit_test(test_errno_aliases),  cmocka_unit_test(test_errno_refuses),
	};

	return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
