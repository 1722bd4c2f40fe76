// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <errno.h>

#include "wire/event.h"

static void expect_pair(const char *plain, size_t len, const char *encoded)
{
	char *e = base64__encode(plain, len);
	void *d = NULL;
	size_t dlen = 99;

	assert_string_equal(e, encoded);
	free(e);
	assert_int_equal(base64__decode(encoded, &d, &dlen), 0);
	assert_int_equal(dlen, len);
	if (len)
		assert_memory_equal(d, plain, len);
	free(d);
}

/* RFC 4648, section 10. */
static void known_values(void **state)
{
	(void)state;
	expect_pair("", 0, "");
	expect_pair("f", 1, "Zg==");
	expect_pair("fo", 2, "Zm8=");
	expect_pair("foo", 3, "Zm9v");
	expect_pair("foob", 4, "Zm9vYg==");
	expect_pair("fooba", 5, "Zm9vYmE=");
	expect_pair("foobar", 6, "Zm9vYmFy");
	expect_pair("\0\0\0", 3, "AAAA");
	expect_pair("\xff\xff\xff", 3, "////");
	expect_pair("\xfb\xef\xbe", 3, "++++");
}

static void round_trips(void **state)
{
	unsigned char data[600];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 7 + i / 256);
	for (size_t len = 0; len <= sizeof(data); len += len < 20 ? 1 : 29) {
		char *e = base64__encode(data, len);
		void *d = NULL;
		size_t dlen;

		assert_int_equal(strlen(e), (len + 2) / 3 * 4);
		assert_int_equal(base64__decode(e, &d, &dlen), 0);
		assert_int_equal(dlen, len);
		if (len)
			assert_memory_equal(d, data, len);
		free(d);
		free(e);
	}
}

static void refuses(void **state)
{
	static const char *const bad[] = {
		"Z",	      "Zg",   "Zg=",   "Zg===", "=",	"====", "Z===",
		"Zg==Zg==",   "Zm=v", "Zm9\n", "Zm9 ",	"Zm9-", "Zm9_", "Zm9v\xff",
		"Zm\xc3\xa4", "Zh==", "Zm9=",  "Zg=v",	"=m9v",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		void *d = NULL;
		size_t len = 99;

		assert_int_equal(base64__decode(bad[i], &d, &len), -EINVAL);
		assert_null(d);
		assert_int_equal(len, 99);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_values),
		cmocka_unit_test(round_trips),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
