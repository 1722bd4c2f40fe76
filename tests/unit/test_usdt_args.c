// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "model/usdt_args.h"

#define MAX 5

struct log assay_log = { .prog = "test_usdt_args", .level = LOG_LEVEL_ERROR };

static char err[128], buf[128];

static size_t parse(const char *s, struct usdt_arg args[MAX])
{
	size_t n;

	assert_int_equal(usdt_args__parse(s, args, MAX, &n, err, sizeof(err)), 0);
	return n;
}

static void assert_described(const char *s, const char *as)
{
	struct usdt_arg args[MAX];

	assert_int_equal(parse(s, args), 1);
	assert_string_equal(usdt_arg__describe(&args[0], buf, sizeof(buf)), as);
}

/* Two locations of memcached's command__get. */
static void test_signatures(void **state)
{
	struct usdt_arg a[MAX];

	(void)state;
	assert_int_equal(parse("-4@%esi 8@%rax 1@%dil -4@%r9d 8@%rcx", a), 5);
	assert_true(a[0].is_signed);
	assert_int_equal(a[0].size, 4);
	assert_int_equal(a[0].place, USDT_REGISTER);
	assert_string_equal(a[0].reg, "esi");
	assert_string_equal(a[0].full, "rsi");
	assert_false(a[2].is_signed);
	assert_int_equal(a[2].size, 1);
	assert_string_equal(a[2].full, "rdi");
	assert_string_equal(a[3].full, "r9");
	assert_int_equal(parse("-4@8(%rbp) 8@%r13 8@%r14 -4@$-1 -4@$0", a), 5);
	assert_int_equal(a[0].place, USDT_MEMORY);
	assert_string_equal(a[0].reg, "rbp");
	assert_int_equal(a[0].value, 8);
	assert_int_equal(a[3].place, USDT_CONSTANT);
	assert_int_equal(a[3].value, -1);
	assert_int_equal(a[4].value, 0);
}

static void test_operands(void **state)
{
	struct usdt_arg a[MAX];

	(void)state;
	assert_int_equal(parse("", a), 0);
	assert_int_equal(parse("  8@%rax ", a), 1);
	assert_described("-4@%esi", "4 bytes signed in %esi (of %rsi)");
	assert_described("8@%rax", "8 bytes unsigned in %rax");
	assert_described("1@%ah", "1 byte unsigned in %ah (of %rax)");
	assert_described("2@%r10w", "2 bytes unsigned in %r10w (of %r10)");
	assert_described("8@-16(%rbp)", "8 bytes unsigned at -16(%rbp)");
	assert_described("8@(%rsp)", "8 bytes unsigned at (%rsp)");
	assert_described("8@24(%rax,%rcx,4)", "8 bytes unsigned at 24(%rax,%rcx,4)");
	assert_described("8@(%rax,%rcx)", "8 bytes unsigned at (%rax,%rcx,1)");
	assert_described("8@16(,%rcx,8)", "8 bytes unsigned at 16(,%rcx,8)");
	assert_described("-4@settings+16(%rip)", "4 bytes signed at settings+16(%rip)");
	assert_described("8@stats(%rip)", "8 bytes unsigned at stats(%rip)");
	assert_described("-8@$-9223372036854775808",
			 "8 bytes signed constant -9223372036854775808");
}

static void test_mistakes(void **state)
{
	static const char *const wrong[] = {
		"@%rax",      "%rax",
		"3@%rax",     "8@",
		"8@%raxx",    "8@rax",
		"8@$",	      "8@$x",
		"8@8(rbp)",   "8@8(%rbp",
		"8@()",	      "8@8",
		"8@%rax%rbx", "8@(%rax,%rcx,3)",
		"8f@%xmm0",   "8@$99999999999999999999",
		"8 @%rax",
	};
	struct usdt_arg a[MAX];
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		*err = '\0';
		assert_int_equal(usdt_args__parse(wrong[i], a, MAX, &n, err, sizeof(err)), -EINVAL);
		assert_non_null(strstr(err, wrong[i]));
	}
	assert_int_equal(
		usdt_args__parse("8@$1 8@$2 8@$3 8@$4 8@$5 8@$6", a, MAX, &n, err, sizeof(err)),
		-E2BIG);
	/* a buffer that is too small is not overrun */
	assert_int_equal(parse("8@24(%rax,%rcx,4)", a), 1);
	assert_string_equal(usdt_arg__describe(&a[0], buf, 8), "8 bytes");
	assert_string_equal(usdt_arg__describe(&a[0], buf, 24), "8 bytes unsigned at 24(");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_operands),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests_name("usdt_args", tests, NULL, NULL);
}
