// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"

static void expect_hash(const char *data, size_t len, const char *want)
{
	struct hash *h = hash__new();
	char hex[HASH_HEX];

	hash__add(h, data, len);
	hash__end(h, hex);
	assert_string_equal(hex, want);
}

/* FIPS 180-2, appendix B. */
static void known_values(void **state)
{
	char *million = malloc(1000000);

	(void)state;
	memset(million, 'a', 1000000);
	expect_hash(NULL, 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	expect_hash("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	expect_hash(million, 1000000,
		    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(million);
}

static void hash_two(const char *a, const char *b, char hex[HASH_HEX])
{
	struct hash *h = hash__new();

	hash__add_str(h, a);
	hash__add_str(h, b);
	hash__end(h, hex);
	assert_int_equal(strlen(hex), 64);
}

static void strings_keep_their_bounds(void **state)
{
	char a[HASH_HEX], b[HASH_HEX];

	(void)state;
	hash_two("ab", "c", a);
	hash_two("a", "bc", b);
	assert_string_not_equal(a, b);
	hash_two("abc", "", b);
	assert_string_not_equal(a, b);
	hash_two("", "abc", a);
	assert_string_not_equal(a, b);
	hash_two(NULL, "abc", b);
	assert_string_equal(a, b);
}

static void pieces_do_not_matter(void **state)
{
	struct hash *h = hash__new();
	char hex[HASH_HEX];

	(void)state;
	hash__add(h, "a", 1);
	hash__add(h, NULL, 0);
	hash__add(h, "bc", 2);
	hash__end(h, hex);
	assert_string_equal(hex,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void files(void **state)
{
	char path[] = "/tmp/assay-test-hash.XXXXXX";
	struct hash *h = hash__new();
	char hex[HASH_HEX];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(hash_file(path, hex), 0);
	assert_string_equal(hex,
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_int_equal(file_append(path, "abc", 3), 0);
	assert_int_equal(hash_file(path, hex), 0);
	assert_string_equal(hex,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	unlink(path);
	assert_int_equal(hash_file(path, hex), -ENOENT);
	assert_int_equal(hash_file("/", hex), -EISDIR);
	assert_int_equal(hash__add_file(h, path), -ENOENT);
	hash__end(h, hex);
}

static void large_file(void **state)
{
	char path[] = "/tmp/assay-test-hash.XXXXXX";
	char *million = malloc(1000000);
	char hex[HASH_HEX];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	memset(million, 'a', 1000000);
	assert_int_equal(write_all(fd, million, 1000000), 0);
	close(fd);
	assert_int_equal(hash_file(path, hex), 0);
	assert_string_equal(hex,
			    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	unlink(path);
	free(million);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_values),		cmocka_unit_test(strings_keep_their_bounds),
		cmocka_unit_test(pieces_do_not_matter), cmocka_unit_test(files),
		cmocka_unit_test(large_file),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
