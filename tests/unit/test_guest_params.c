// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

/* The guest's archive as a whole needs libbpf, which no test is linked with; this file does not. */
#include "../../harness/guest/params.c"

static const char *const colours[] = { "red", "green", NULL };
static const struct param params[] = {
	{ .name = "size", .type = PARAM_UINT, .value = "4096", .min = 1, .max = 65536 },
	{ .name = "any", .type = PARAM_UINT, .value = "7" }, /* a max of 0: no limit */
	{ .name = "whole", .type = PARAM_BOOL, .value = "no" },
	{ .name = "colour", .type = PARAM_STRING, .value = "red", .choices = colours },
	{ .name = "file", .type = PARAM_STRING, .value = NULL },
	{ .name = "lengths", .type = PARAM_SIZES, .value = "512,4K", .min = 1, .max = 1 << 20 },
	{ 0 },
};
static const struct experiment with = { .name = "with", .params = params };
static const struct experiment without = { .name = "without" };

/* Parses "{...}"; the parameters, or the sentence in err. */
static struct params *make(const struct experiment *ex, const char *text, char err[256])
{
	json_t *given = text ? json_loads(text, 0, NULL) : NULL;
	struct params *p = NULL;
	int ret;

	assert_true(!text || given);
	ret = params__new(ex, given, &p, err, 256);
	assert_true(ret == 0 || ret == -EINVAL);
	assert_int_equal(ret == 0, p != NULL);
	assert_int_equal(ret == 0, !*err);
	json_decref(given);
	return p;
}

static void assert_refused(const char *text, const char *sentence)
{
	char err[256];

	assert_null(make(&with, text, err));
	assert_string_equal(err, sentence);
}

static void test_defaults(void **state)
{
	char err[256];
	struct params *p = make(&with, NULL, err);
	const char *s;
	uint64_t n;
	bool b;

	(void)state;
	assert_int_equal(params__u64(p, "size", &n), 0);
	assert_int_equal(n, 4096);
	assert_int_equal(params__bool(p, "whole", &b), 0);
	assert_false(b);
	assert_int_equal(params__str(p, "colour", &s), 0);
	assert_string_equal(s, "red");
	assert_int_equal(params__str(p, "file", &s), 0);
	assert_string_equal(s, "");
	params__free(p);
}

static void test_given(void **state)
{
	char err[256];
	struct params *p = make(&with,
				"{\"size\": \"64K\", \"any\": 9223372036854775807, \"whole\": true,"
				" \"colour\": \"green\", \"file\": \"/x y\"}",
				err);
	const char *s;
	uint64_t n;
	bool b;

	(void)state;
	assert_int_equal(params__u64(p, "size", &n), 0);
	assert_int_equal(n, 65536);
	assert_int_equal(params__u64(p, "any", &n), 0);
	assert_true(n == INT64_MAX);
	assert_int_equal(params__bool(p, "whole", &b), 0);
	assert_true(b);
	assert_int_equal(params__str(p, "colour", &s), 0);
	assert_string_equal(s, "green");
	assert_int_equal(params__str(p, "file", &s), 0);
	assert_string_equal(s, "/x y");
	params__free(p);
	p = make(&with, "{\"lengths\": \"1, 1M,4096\"}", err);
	assert_int_equal(params__str(p, "lengths", &s), 0);
	assert_string_equal(s, "1, 1M,4096");
	params__free(p);
	p = make(&with, "{\"size\": \"0x10\", \"whole\": \"on\"}", err);
	assert_int_equal(params__u64(p, "size", &n), 0);
	assert_int_equal(n, 16);
	params__free(p);
}

static void test_refused(void **state)
{
	(void)state;
	assert_refused("{\"size\": 0}", "parameter size: 0 is not in the range 1 to 65536");
	assert_refused("{\"size\": 65537}", "parameter size: 65537 is not in the range 1 to 65536");
	assert_refused("{\"size\": \"65K\"}", "parameter size: 65K is not in the range 1 to 65536");
	assert_refused("{\"size\": \"\"}", "parameter size: '' is not a number");
	assert_refused("{\"size\": \"12 apples\"}", "parameter size: '12 apples' is not a number");
	assert_refused("{\"size\": -1}", "parameter size: '-1' is not a number");
	assert_refused("{\"size\": true}", "parameter size: 'yes' is not a number");
	assert_refused("{\"whole\": \"maybe\"}", "parameter whole: 'maybe' is neither yes nor no");
	assert_refused("{\"colour\": \"blue\"}", "parameter colour: 'blue' is none of red, green");
	assert_refused("{\"size\": 1.5}",
		       "parameter size: its value is no string, integer or boolean");
	assert_refused("{\"size\": null}",
		       "parameter size: its value is no string, integer or boolean");
	assert_refused("{\"sise\": 1}", "there is no parameter 'sise': did you mean 'size'?");
	assert_refused("{\"lengths\": \"512,0\"}",
		       "parameter lengths: '512,0' is no list of sizes from 1 to 1048576, such as "
		       "512,64K");
	assert_refused("{\"lengths\": \"2M\"}",
		       "parameter lengths: '2M' is no list of sizes from 1 to 1048576, such as "
		       "512,64K");
	assert_refused("{\"lengths\": \",\"}",
		       "parameter lengths: ',' is no list of sizes from 1 to 1048576, such as "
		       "512,64K");
	assert_refused("{\"len\": 1}", "there is no parameter 'len': did you mean 'lengths'?");
	assert_refused("{\"entirely\": 1}", "there is no parameter 'entirely'");
}

static void test_asked_wrongly(void **state)
{
	char err[256];
	struct params *p = make(&with, "{}", err);
	const char *s = "untouched";
	uint64_t n = 5;
	bool b = true;

	(void)state;
	assert_int_equal(params__u64(p, "nothing", &n), -ENOENT);
	assert_int_equal(params__u64(p, "whole", &n), -EINVAL);
	assert_int_equal(n, 5);
	assert_int_equal(params__bool(p, "size", &b), -EINVAL);
	assert_true(b);
	assert_int_equal(params__str(p, "size", &s), -EINVAL);
	assert_string_equal(s, "untouched");
	params__free(p);
}

static void test_none(void **state)
{
	char err[256];
	struct params *p = make(&without, "{}", err);
	uint64_t n;

	(void)state;
	assert_int_equal(params__u64(p, "size", &n), -ENOENT);
	params__free(p);
	params__free(NULL);
	assert_null(make(&without, "{\"size\": 1}", err));
	assert_string_equal(err, "there is no parameter 'size'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_given),
		cmocka_unit_test(test_refused),	 cmocka_unit_test(test_asked_wrongly),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests_name("guest params", tests, NULL, NULL);
}
