// SPDX-License-Identifier: GPL-2.0-only
/* vm/tools.ini, and a tool from packages that the test makes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/proc.h"
#include "folder_fixture.h"
#include "vm/tool.h"
#include "vm/tools.h"

#define SHA  "35872bd25f8d29d7cc2072d23e74344530891bfd0aa4f4f64184a8ae7291164b"
#define KEYS "says = v1\nprogram = usr/bin/x\n"

static int load(const char *ini, struct tools **ts)
{
	char *path = at("tools.ini");
	int err;

	put("tools.ini", ini);
	listen_begin();
	err = tools__load(path, ts);
	listen_end();
	free(path);
	return err;
}

static void whole_entry(void **state)
{
	const struct tool *t;
	struct tools *ts;

	(void)state;
	assert_int_equal(load("; about\n[x-1.3]\n" KEYS "suites = one, two\npackages = x=1.3-1 " SHA
			      ",\n\tliby1=2:1-1+deb13u4 " SHA "\n[y]\n" KEYS "packages = y=1 " SHA
			      "\n",
			      &ts),
			 0);
	assert_string_equal(said, "");
	t = tools__find(ts, "x-1.3");
	assert_non_null(t);
	assert_string_equal(t->says, "v1");
	assert_string_equal(t->program, "usr/bin/x");
	assert_int_equal(t->suites.n, 2);
	assert_int_equal(t->nr_packages, 2);
	assert_string_equal(t->packages[1].package, "liby1=2:1-1+deb13u4");
	assert_string_equal(t->packages[1].sha256, SHA);
	assert_non_null(tools__find(ts, "y"));
	assert_null(tools__find(ts, "z"));
	tools__free(ts);
	tools__free(NULL);
}

static void mistakes(void **state)
{
	static const struct {
		const char *ini, *says;
	} v[] = {
		{ "[x]\n" KEYS, ":1: tool 'x' has no 'packages'" },
		{ "[x]\n" KEYS "packages = x=1\n", ":4: packages = x=1: not a list of" },
		{ "[x]\n" KEYS "packages = x=1 " SHA "0\n", ":4: packages = x=1 " SHA "0: not a" },
		{ "[x]\n" KEYS "packages = ../x=1 " SHA "\n", ": not a list of NAME=VERSION" },
		{ "[x]\nprogram = /bin/sh\n", ":2: program = /bin/sh: not a path in the packages" },
		{ "[x]\nprogram = ../sh\n", ":2: program = ../sh: not a path in the packages" },
		{ "[x]\nprogram = a'b\n", ":2: program = a'b: not a path in the packages" },
		{ "[x]\nsays = a\nsays = b\n", ":3: " },
		{ "[x]\nwhat = a\n", ":2: unknown key 'what'" },
		{ "[x]\n" KEYS "packages = x=1 " SHA "\n[x]\n" KEYS,
		  ":5: section [x] comes twice" },
		{ "[x/y]\n" KEYS, ":1: section [x/y] is no name for a tool" },
	};
	struct tools *ts;

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		if (load(v[i].ini, &ts) != -EINVAL)
			fail_msg("accepted: %s", v[i].ini);
		assert_null(ts);
		says(v[i].says);
	}
}

/* The list that assay comes with. */
static void own_list(void **state)
{
	struct tools *ts;

	(void)state;
	if (tools__load("vm/tools.ini", &ts))
		skip();
	assert_non_null(tools__find(ts, "pahole-1.30"));
	tools__free(ts);
}

/* A package with a "loader" that says what it is given, in the cache's sources. */
static void make_package(const char *loader, char sha256[HASH_HEX])
{
	char *tree = at("tree"), *deb = at("cache/sources/x_1_amd64.deb"), *path;
	const char *argv[] = { "dpkg-deb", "--build", "--root-owner-group", tree, deb, NULL };
	const struct proc_opts opts = { .argv = argv, .log_path = "/dev/null", .cancel_fd = -1 };
	int status;

	put("tree/DEBIAN/control",
	    "Package: x\nVersion: 1\nArchitecture: amd64\nMaintainer: nobody\nDescription: x\n");
	put("tree/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", loader);
	path = at("tree/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
	assert_int_equal(chmod(path, 0755), 0);
	put("tree/usr/bin/x", "");
	put("cache/sources/x", "");
	assert_int_equal(proc_run(&opts, &status), 0);
	assert_int_equal(status, 0);
	assert_int_equal(hash_file(deb, sha256), 0);
	free(path);
	free(deb);
	free(tree);
}

static int ensure(const char *sha256, char **path)
{
	struct kernel_paths p = paths();
	const struct source_opts o = { .paths = &p, .cancel_fd = -1 };
	char *ini = str_fmt("[x-1]\n" KEYS "packages = x=1 %s\n", sha256);
	int err;

	put("tools.ini", ini);
	listen_begin();
	err = tool__ensure("x-1", &o, path);
	listen_end();
	free(ini);
	free_paths(&p);
	return err;
}

static void from_packages(void **state)
{
	char sha256[HASH_HEX], *path, *again, *out;
	int status;

	(void)state;
	/* --library-path DIR PROGRAM --version */
	make_package(
		"#!/bin/sh\n[ \"$1\" = --library-path ] && [ \"${3##*/root/}\" = usr/bin/x ] && "
		"[ \"$4\" = --version ] && echo v1\n",
		sha256);
	assert_int_equal(ensure(sha256, &path), 0);
	assert_int_equal(proc_output((const char *[]){ path, "--version", NULL }, &out, &status),
			 0);
	assert_int_equal(status, 0);
	assert_string_equal(out, "v1\n");
	free(out);
	/* Now without the package. */
	again = at("cache/sources/x_1_amd64.deb");
	assert_int_equal(remove(again), 0);
	free(again);
	assert_int_equal(ensure(sha256, &again), 0);
	assert_string_equal(again, path);
	free(again);
	free(path);
}

static void another_version(void **state)
{
	char sha256[HASH_HEX], *path;

	(void)state;
	make_package("#!/bin/sh\necho v2\n", sha256);
	assert_int_equal(ensure(sha256, &path), -ENOEXEC);
	assert_null(path);
	says("tool x-1: it is to say 'v1' for --version, and says 'v2'");
}

static void unknown_tool(void **state)
{
	struct kernel_paths p = paths();
	const struct source_opts o = { .paths = &p, .cancel_fd = -1 };
	char *path;

	(void)state;
	put("tools.ini", "[x]\n" KEYS "packages = x=1 " SHA "\n");
	listen_begin();
	assert_int_equal(tool__ensure("pahole-9", &o, &path), -ENOENT);
	listen_end();
	says("tool pahole-9: ");
	says("has no section of that name");
	free_paths(&p);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(whole_entry),	  T(mistakes),	      cmocka_unit_test(own_list),
		T(from_packages), T(another_version), T(unknown_tool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
