// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "model/kver.h"

static struct kver v(const char *s)
{
	struct kver out = { 9, 9, 9 };

	assert_int_equal(kver__parse(s, &out), 0);
	return out;
}

static void assert_version(const char *s, unsigned int major, unsigned int minor,
			   unsigned int patch)
{
	struct kver k = v(s);

	assert_int_equal(k.major, major);
	assert_int_equal(k.minor, minor);
	assert_int_equal(k.patch, patch);
}

static void test_parse(void **state)
{
	(void)state;
	assert_version("5.10.218", 5, 10, 218);
	assert_version("6.12", 6, 12, 0);
	assert_version("5.10.218-stock", 5, 10, 218);
	assert_version("6.12-rc3", 6, 12, 0);
	assert_version("6.18.44-fc-v669", 6, 18, 44);
	assert_version("5.10.0-30-amd64", 5, 10, 0);
	assert_version("6.1.0+", 6, 1, 0);
	assert_version("5.15.153.1-microsoft-standard-WSL2", 5, 15, 153);
	assert_version("4.18.0-553.el8_10.x86_64", 4, 18, 0);
	assert_version("0.0.0", 0, 0, 0);
	assert_version("999999.999999.999999", 999999, 999999, 999999);
}

static void test_parse_refuses(void **state)
{
	static const char *const bad[] = {
		"",
		"5",
		"5.",
		".10",
		"5.10.",
		"5.10.x",
		"5.10x",
		"v5.10",
		" 5.10",
		"-5.10",
		"+5.10",
		"5.-10",
		"5..10",
		"5.10rc1",
		"5.10.1a",
		"linux-5",
		"5,10",
		"5.10.*",
		"1000000.1",
		"1.1000000",
		"1.1.1000000",
		"99999999999999999999.1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct kver out = { 7, 7, 7 };

		if (kver__parse(bad[i], &out) != -EINVAL)
			fail_msg("\"%s\" was taken for a version", bad[i]);
		assert_int_equal(out.major, 7); /* untouched */
	}
	assert_int_equal(kver__parse(NULL, &(struct kver){ 0 }), -EINVAL);
}

static void assert_real(const char *release, const char *text, const char *want)
{
	struct kver is;
	char buf[24];

	assert_int_equal(kver__real(release, text, &is), 0);
	assert_string_equal(kver__str(is, buf), want);
}

static void test_real(void **state)
{
	(void)state;
	assert_real("6.1.0-54-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.190-1 (2026-10-16)",
		    "6.1.190");
	assert_real("5.10.0-30-amd64", "#1 SMP Debian 5.10.218-1 (2024-06-01)", "5.10.218");
	assert_real("6.8.0-45-generic", "Ubuntu 6.8.0-45.45-generic 6.8.12", "6.8.12");
	assert_real("6.8.0-45-generic", "\"Ubuntu 6.8.0-45.45-generic 6.8.12\"", "6.8.12");
	/* nothing to be had, or nothing that can be */
	assert_real("6.8.0-45-generic", "#45-Ubuntu SMP PREEMPT_DYNAMIC Fri Aug 30", "6.8.0");
	assert_real("6.1.0-54-amd64", "#1 SMP Debian 6.12.3-1", "6.1.0");
	assert_real("6.1.0-54-amd64", "#1 SMP Debian", "6.1.0");
	assert_real("5.10.218", "#1 SMP Sat Nov 21", "5.10.218");
	assert_real("5.10.218", NULL, "5.10.218");
	assert_real("6.1.0", "Ubuntu ", "6.1.0");
	assert_real("6.1.0", "Ubuntu a", "6.1.0");
	assert_int_equal(kver__real("six", NULL, &(struct kver){ 0 }), -EINVAL);
}

static void test_cmp(void **state)
{
	static const char *const rising[] = { "0.0.1",	"4.9",	   "4.19.999", "5.4",  "5.10",
					      "5.10.9", "5.10.10", "5.10.218", "5.11", "6.0.1",
					      "6.1.0",	"6.12",	   "10.0" };
	size_t n = sizeof(rising) / sizeof(rising[0]);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < n; j++) {
			int c = kver__cmp(v(rising[i]), v(rising[j]));

			assert_true(i < j ? c < 0 : i > j ? c > 0 : c == 0);
		}
	}
	assert_int_equal(kver__cmp(v("6.12"), v("6.12.0")), 0);
	assert_true(kver__same_branch(v("5.10"), v("5.10.262")));
	assert_false(kver__same_branch(v("5.10"), v("5.1")));
	assert_false(kver__same_branch(v("5.10"), v("6.10")));
}

static void test_str(void **state)
{
	char buf[24];

	(void)state;
	assert_string_equal(kver__str(v("6.12"), buf), "6.12.0");
	assert_string_equal(kver__str(v("999999.999999.999999"), buf), "999999.999999.999999");
	/* Made by hand, longer than the buffer: cut, not overrun. */
	kver__str((struct kver){ UINT32_MAX, UINT32_MAX, UINT32_MAX }, buf);
	assert_int_equal(strlen(buf), 23);
}

static bool match(const char *range, const char *version, const char *const *features, size_t n)
{
	struct krange *r = NULL;
	char err[200] = "";
	bool result;

	if (krange__parse(range, &r, err, sizeof(err)))
		fail_msg("\"%s\": %s", range, err);
	result = krange__match(r, v(version), features, n);
	krange__free(r);
	return result;
}

static void test_range_versions(void **state)
{
	static const struct {
		const char *range, *version;
		bool in;
	} t[] = {
		{ "*", "5.10.218", true },
		{ " * ", "0.0", true },
		{ "<5.10.219", "5.10.218", true },
		{ "<5.10.219", "5.10.219", false },
		{ "<=5.10.219", "5.10.219", true },
		{ "<=5.10.219", "5.10.220", false },
		{ ">5.10", "5.10", false },
		{ ">5.10", "5.10.1", true },
		{ ">=5.10", "5.10", true },
		{ ">=5.10", "5.9.99", false },
		{ "=5.10", "5.10.0", true },
		{ "= 5.10", "5.10.1", false }, /* exactly 5.10.0, not the branch */
		{ "!=5.10.218", "5.10.218", false },
		{ "!=5.10.218", "5.10.219", true },
		{ "5.10.*", "5.10.218", true },
		{ "5.10.*", "5.10", true },
		{ "5.10.*", "5.1.10", false },
		{ "5.1.*", "5.10.0", false },
		{ ">=5.11,<6.3", "6.2.99", true },
		{ ">=5.11,<6.3", "6.3", false },
		{ ">=5.11 , <6.3", "5.10", false },
		{ "5.10.*,!=5.10.218", "5.10.218", false },
		{ "5.10.*,!=5.10.218", "5.10.1", true },
		{ "5.10.*|6.1.*", "6.1.192", true },
		{ "5.10.*|6.1.*", "5.15", false },
		{ "5.10.* | 6.1.* | =5.15", "5.15", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (match(t[i].range, t[i].version, NULL, 0) != t[i].in)
			fail_msg("\"%s\" and %s", t[i].range, t[i].version);
	}
}

/* "," binds more tightly than "|": the header's example, a change that a stable branch took over.
 */
static void test_range_backport(void **state)
{
	static const char range[] = "<5.10.219|>=5.11,<6.3";

	(void)state;
	assert_true(match(range, "5.10.218", NULL, 0));
	assert_true(match(range, "5.4.280", NULL, 0));
	assert_false(match(range, "5.10.219", NULL, 0));
	assert_false(match(range, "5.10.262", NULL, 0));
	assert_true(match(range, "5.11", NULL, 0));
	assert_true(match(range, "6.1.192", NULL, 0));
	assert_false(match(range, "6.3", NULL, 0));
	assert_false(match(range, "7.3.4", NULL, 0));
}

static void test_range_features(void **state)
{
	static const char *const have[] = { "strtol", "copyout-hook", "v1.2_x" };

	(void)state;
	assert_true(match("+strtol", "5.10", have, 3));
	assert_false(match("-strtol", "5.10", have, 3));
	assert_false(match("+strtol", "5.10", NULL, 0));
	assert_true(match("-strtol", "5.10", NULL, 0));
	assert_false(match("+strto", "5.10", have, 3)); /* no prefix match */
	assert_false(match("+strtoll", "5.10", have, 3));
	assert_true(match("+copyout-hook", "5.10", have, 3));
	assert_true(match("+v1.2_x", "5.10", have, 3));
	assert_true(match("5.10.*,+strtol", "5.10.218", have, 3));
	assert_false(match("5.10.*,+strtol", "6.1", have, 3));
	assert_true(match("+none|>=6.0", "6.1", have, 3));
	assert_true(match("-none,-other", "6.1", have, 3));
}

static void assert_bad(const char *range, const char *quoted)
{
	struct krange *r = (void *)1;
	char err[300] = "";

	assert_int_equal(krange__parse(range, &r, err, sizeof(err)), -EINVAL);
	assert_null(r);
	if (!strstr(err, quoted))
		fail_msg("\"%s\" should quote %s: %s", range, quoted, err);
	/* Errors are optional, and short buffers hold. */
	assert_int_equal(krange__parse(range, &r, NULL, 0), -EINVAL);
	memset(err, 'x', sizeof(err));
	assert_int_equal(krange__parse(range, &r, err, 8), -EINVAL);
	assert_int_equal(strlen(err), 7);
}

static void test_range_mistakes(void **state)
{
	(void)state;
	assert_bad("", "\"\": ");
	assert_bad("  ", "at its end");
	assert_bad("5.10", "at \"5.10\"");
	assert_bad("5.10", "needs an operator");
	assert_bad("<5.10,", "at its end");
	assert_bad("<5.10|", "at its end");
	assert_bad(",<5.10", "at \",<5.10\"");
	assert_bad("<5.10,,>4.0", "at \",>4.0\"");
	assert_bad("<5.10||>6.0", "at \"|>6.0\"");
	assert_bad("<", "at \"<\"");
	assert_bad("<>5.10", "at \"<>5.10\"");
	assert_bad("==5.10", "at \"==5.10\"");
	assert_bad("<5", "at \"<5\"");
	assert_bad("<5.10.x", "at \".x\"");
	assert_bad("<5.10-rc1", "at \"-rc1\"");
	assert_bad("<5.10 6.1", "at \"6.1\"");
	assert_bad("<5.10.*", "at \"<5.10.*\"");
	assert_bad("5.10.218.*", "at \"5.10.218.*\"");
	assert_bad("5.*", "at \"5.*\"");
	assert_bad("*,<5.10", "at \"*,<5.10\"");
	assert_bad("<5.10|*", "at \"*\"");
	assert_bad("**", "at \"**\"");
	assert_bad("+", "at \"+\"");
	assert_bad("-,<5.10", "at \"-,<5.10\"");
	assert_bad("+a b", "at \"b\"");
	assert_bad("feature", "at \"feature\"");
	assert_bad("<1000000.0", "at \"<1000000.0\"");
	assert_int_equal(krange__parse(NULL, &(struct krange *){ NULL }, NULL, 0), -EINVAL);
}

static void test_range_nothing(void **state)
{
	(void)state;
	krange__free(NULL);
	assert_false(krange__match(NULL, v("5.10"), NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_real),
		cmocka_unit_test(test_cmp),
		cmocka_unit_test(test_str),
		cmocka_unit_test(test_range_versions),
		cmocka_unit_test(test_range_backport),
		cmocka_unit_test(test_range_features),
		cmocka_unit_test(test_range_mistakes),
		cmocka_unit_test(test_range_nothing),
	};

	return cmocka_run_group_tests_name("kver", tests, NULL, NULL);
}
