// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

#include "folder_fixture.h"
#include "vm/btf.h"
#include "vm/image.h"

/* Raw BTF: int, struct of one member, function prototype, two functions. */
struct raw {
	struct btf_header h;
	uint32_t types[32];
	char strings[32];
};

static size_t make_btf(struct raw *r)
{
	static const char strings[] = "\0int\0copyout\0other";
	static const uint32_t types[] = {
		1,  1 << 24,	  4, 32,       /* INT int */
		0,  4 << 24 | 1,  4, 0,	 1, 0, /* STRUCT with a member */
		0,  13 << 24 | 1, 1, 0,	 1,    /* FUNC_PROTO with a parameter */
		5,  12 << 24,	  3,	       /* FUNC copyout */
		13, 12 << 24 | 1, 3,	       /* FUNC other */
	};

	memset(r, 0, sizeof(*r));
	r->h.magic = 0xeb9f;
	r->h.version = 1;
	r->h.hdr_len = sizeof(r->h);
	r->h.type_len = sizeof(types);
	r->h.str_off = sizeof(types);
	r->h.str_len = sizeof(strings);
	memcpy(r->types, types, sizeof(types));
	memcpy((char *)r->types + sizeof(types), strings, sizeof(strings));
	return sizeof(r->h) + sizeof(types) + sizeof(strings);
}

static int find_funcs(struct raw *r, size_t len, struct strv *missing, size_t *n)
{
	static const char *const names[] = { "copyout", "absent", "int", NULL };
	/* A block of its own, so that a read behind the end is seen. */
	char *copy = malloc(len ? len : 1), *reason = NULL;
	int err;

	memcpy(copy, r, len);
	err = btf_find_funcs(copy, len, names, missing, n, &reason);
	assert_int_equal(err == -EINVAL, reason != NULL);
	free(reason);
	free(copy);
	return err;
}

static void btf_functions(void **state)
{
	struct strv missing = { 0 };
	struct raw r;
	size_t n, len = make_btf(&r);

	(void)state;
	assert_int_equal(find_funcs(&r, len, &missing, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(missing.n, 2);
	assert_string_equal(missing.v[0], "absent");
	assert_string_equal(missing.v[1], "int");
	strv__free(&missing);
	/* Cut off anywhere it is malformed, and is not read further than it goes. */
	for (size_t i = 0; i < len; i++)
		assert_int_equal(find_funcs(&r, i, &missing, &n), -EINVAL);
}

static void btf_malformed(void **state)
{
	struct strv missing = { 0 };
	struct raw r;
	size_t n, len;

	(void)state;
#define BAD(change)                                                           \
	do {                                                                  \
		len = make_btf(&r);                                           \
		change;                                                       \
		assert_int_equal(find_funcs(&r, len, &missing, &n), -EINVAL); \
	} while (0)
	BAD(r.h.magic = 0);
	BAD(r.h.version = 2);
	BAD(r.h.hdr_len = 8);
	BAD(r.h.hdr_len = 0xffffffff);
	BAD(r.h.type_len = 0xffffffff);
	BAD(r.h.type_off = 0xfffffffc);
	BAD(r.h.str_off = 0xffffffff);
	BAD(r.h.str_len = 0);
	BAD(r.h.str_len--);
	BAD(r.types[1] = 31u << 24);	    /* unknown kind */
	BAD(r.types[1] = 0);		    /* kind 0 */
	BAD(r.types[5] = 4 << 24 | 0xffff); /* more members than there is room */
	BAD(r.types[15] = 1000);	    /* name behind the strings */
#undef BAD
}

static void build_ids(void **state)
{
	char *hex = NULL, *path;

	(void)state;
	put("text", "no ELF");
	path = at("text");
	assert_int_equal(elf_build_id(path, &hex), -EINVAL);
	free(path);
	path = at("gone");
	assert_int_equal(elf_build_id(path, &hex), -ENOENT);
	free(path);
	assert_null(hex);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(btf_functions),
		T(btf_malformed),
		T(build_ids),
	};

	return cmocka_run_group_tests_name("btf", tests, NULL, NULL);
}
