// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/proc.h"
#include "folder_fixture.h"
#include "vm/functions.h"
#include "vm/symtab.h"

#define NOINLINE "__attribute__((noinline)) "

static const char tiny_h[] = "static inline __attribute__((always_inline)) int tiny(int x)\n"
			     "{ return x * 3 + 1; }\n";
static const char a_c[] = "#include \"tiny.h\"\n"
			  "volatile int sink;\n"
			  "static " NOINLINE "int local(int x) { sink = x; return tiny(x); }\n"
			  "static int outer(int x) { sink = x; return tiny(sink) ^ tiny(x + 1); }\n"
			  "int first(int x) { return local(x) + local(sink) + outer(x); }\n";
static const char b_c[] = "#include \"tiny.h\"\n"
			  "static " NOINLINE "int local(int x) { return x / 7; }\n"
			  "int second(int x) { return local(x) + local(x * x) + tiny(x); }\n"
			  "int declared(int x);\n"
			  "int third(int x) { return declared(x); }\n";

/* Two files that share a header, linked, with debug information or without. */
static char *compile(const char *debug)
{
	char *a = at("src/a.c"), *b = at("src/b.c"), *to = at("small.so");
	const char *argv[] = { "gcc", "-O2", debug, "-shared", "-fPIC", "-o", to, a, b, NULL };
	struct proc_opts opts = { .argv = argv, .cancel_fd = -1 };
	int status = -1;

	put("src/tiny.h", tiny_h);
	put("src/a.c", a_c);
	put("src/b.c", b_c);
	assert_int_equal(proc_run(&opts, &status), 0);
	assert_int_equal(status, 0);
	free(a);
	free(b);
	return to;
}

static int write_table(const char *elf)
{
	char *root = at("src"), *to = at(FUNCTIONS_FILE);
	int err = functions__write(elf, root, to);

	free(root);
	free(to);
	return err;
}

/* The only function of a name. */
static struct function *find(const char *name)
{
	struct function *v = NULL;
	size_t n = 0;

	assert_int_equal(functions__find(dir, name, &v, &n), 0);
	if (n != 1)
		fail_msg("%s: %zu functions", name, n);
	return v;
}

static void test_kinds(void **state)
{
	char *elf = compile("-g");
	struct function *f;

	(void)state;
	assert_int_equal(write_table(elf), 0);
	/* in the header, once, wherever it is used */
	f = find("tiny");
	assert_string_equal(f->file, "tiny.h");
	assert_int_equal(f->line, 1);
	assert_true(f->is_static);
	assert_true(f->is_inline);
	assert_int_equal(f->copies, 0);
	assert_int_equal(f->sites, 4);
	assert_null(f->symbols);
	functions__free(f, 1);
	f = find("first");
	assert_string_equal(f->file, "a.c");
	assert_int_equal(f->line, 5);
	assert_false(f->is_static);
	assert_false(f->is_inline);
	assert_int_equal(f->copies, 1);
	assert_int_equal(f->sites, 0);
	assert_string_equal(f->symbols, "first");
	functions__free(f, 1);
	/* not declared inline, and inlined all the same */
	f = find("outer");
	assert_false(f->is_inline);
	assert_true(f->is_static);
	assert_int_equal(f->copies, 0);
	assert_int_equal(f->sites, 1);
	functions__free(f, 1);
	free(elf);
}

static void test_same_name(void **state)
{
	char *elf = compile("-g");
	struct function *v = NULL;
	size_t n = 0;

	(void)state;
	assert_int_equal(write_table(elf), 0);
	assert_int_equal(functions__find(dir, "local", &v, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(v[0].file, "a.c");
	assert_string_equal(v[1].file, "b.c");
	assert_true(v[0].is_static && v[1].is_static);
	assert_int_equal(v[0].copies, 1);
	assert_int_equal(v[1].copies, 1);
	functions__free(v, n);
	/* neither a declaration, nor the beginning of a name, nor the table's head */
	assert_int_equal(functions__find(dir, "declared", &v, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(functions__find(dir, "loca", &v, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(functions__find(dir, "name", &v, &n), 0);
	assert_int_equal(n, 0);
	free(elf);
}

static void test_failures(void **state)
{
	char *elf = compile("-g0"), *text = at("src/a.c");
	struct function *v = NULL;
	size_t n = 0;

	(void)state;
	assert_int_equal(write_table(elf), -ENOENT);
	assert_false(there(FUNCTIONS_FILE));
	assert_int_equal(write_table(text), -EINVAL);
	assert_int_equal(write_table("/nonexistent"), -ENOENT);
	assert_int_equal(functions__find(dir, "first", &v, &n), -ENOENT);
	put(FUNCTIONS_FILE, "something else\n");
	assert_int_equal(functions__find(dir, "first", &v, &n), -EINVAL);
	put(FUNCTIONS_FILE, "name\tfile\t\nfirst\ta.c\t1\tglobal\t-\t1\n");
	assert_int_equal(functions__find(dir, "first", &v, &n), -EINVAL);
	put(FUNCTIONS_FILE, "name\tfile\t\nfirst\ta.c\tx\tglobal\t-\t1\t0\t-\n");
	assert_int_equal(functions__find(dir, "first", &v, &n), -EINVAL);
	free(text);
	free(elf);
}

static void test_symtab(void **state)
{
	char *elf = compile("-g0");
	struct symtab *t = NULL;

	(void)state;
	assert_int_equal(symtab__read(elf, &t), 0);
	assert_null(symtab__at(t, 1, "first"));
	symtab__free(t);
	symtab__free(NULL);
	assert_int_equal(symtab__read("/nonexistent", &t), -ENOENT);
	free(elf);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { T(test_kinds), T(test_same_name), T(test_failures),
					    T(test_symtab) };

	return cmocka_run_group_tests_name("functions", tests, NULL, NULL);
}
