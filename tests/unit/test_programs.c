// SPDX-License-Identifier: GPL-2.0-only
/* vm/programs.ini, and programs built from packages that the test makes. */
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
#include "vm/program.h"

#define SHA   "35872bd25f8d29d7cc2072d23e74344530891bfd0aa4f4f64184a8ae7291164b"
#define FILES "upstream = x_1.orig.tar.xz " SHA "\ndebian = x_1-1.debian.tar.xz " SHA "\n"

static int load(const char *ini, struct programs **ps)
{
	char *path = at("programs.ini");
	int err;

	put("programs.ini", ini);
	listen_begin();
	err = programs__load(path, ps);
	listen_end();
	free(path);
	return err;
}

static void test_whole_entry(void **state)
{
	const struct program *p;
	struct programs *ps;

	(void)state;
	assert_int_equal(load("; about\n[x]\npackage = x=1-1+deb12u1\nsuites = one, two\n" FILES
			      "configure = --enable-dtrace, LDFLAGS=-static\n"
			      "libraries = libx.a, libc.a\ntools = dtrace\n\n[y]\n"
			      "package = y=2:1-1\n" FILES,
			      &ps),
			 0);
	assert_string_equal(said, "");
	p = programs__find(ps, "x");
	assert_non_null(p);
	assert_string_equal(p->package, "x=1-1+deb12u1");
	assert_string_equal(p->upstream, "x_1.orig.tar.xz");
	assert_string_equal(p->upstream_sha256, SHA);
	assert_string_equal(p->debian, "x_1-1.debian.tar.xz");
	assert_int_equal(p->suites.n, 2);
	assert_int_equal(p->configure.n, 2);
	assert_string_equal(p->configure.v[1], "LDFLAGS=-static");
	assert_string_equal(p->libraries.v[1], "libc.a");
	assert_string_equal(p->tools.v[0], "dtrace");
	assert_int_equal(p->line, 2);
	assert_non_null(programs__find(ps, "y"));
	assert_null(programs__find(ps, "z"));
	programs__free(ps);
	programs__free(NULL);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *ini, *says;
	} cases[] = {
		{ "[x]\npackage = x=1\ndebian = a.tar " SHA "\n",
		  "1: program 'x' has no 'upstream'" },
		{ "[x]\n" FILES, "1: program 'x' has no 'package'" },
		{ "[x]\npackage = x\n" FILES, "2: package = x: not the name of a source package" },
		{ "[x]\npackage = x=1\nupstream = a.tar\n", "3: upstream = a.tar: not the name" },
		{ "[x]\npackage = x=1\nupstream = ../a.tar " SHA "\n", "not the name of a .tar" },
		{ "[x]\npackage = x=1\nupstream = a.tar 12\n", "and its SHA-256" },
		{ "[x]\npackage = x=1\n" FILES "libaries = a\n",
		  "5: unknown key 'libaries' (did you mean 'libraries'?)" },
		{ "[x]\npackage = x=1\npackage = x=1\n" FILES, "3: key 'package' comes twice" },
		{ "[x]\npackage = x=1\n" FILES "[x]\npackage = x=1\n",
		  "5: section [x] comes twice" },
		{ "[../x]\npackage = x=1\n" FILES, "1: section [../x] is no name" },
		{ "[x]\n", "1: section without keys" },
		{ "package = x=1\n", "1: 'package' stands before the first [section]" },
		{ "[x]\npackage = x=1\n" FILES "nonsense\n", "5: neither a [section]" },
	};
	struct programs *ps;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(load(cases[i].ini, &ps), -EINVAL);
		assert_null(ps);
		says(cases[i].says);
	}
}

/* What is in the repository. */
static void test_repository(void **state)
{
	const struct program *p;
	struct programs *ps;

	(void)state;
	assert_int_equal(programs__load("vm/programs.ini", &ps), 0);
	p = programs__find(ps, "memcached");
	assert_non_null(p);
	assert_true(strv__has(&p->configure, "--enable-dtrace"));
	assert_true(strv__has(&p->configure, "LDFLAGS=-static"));
	programs__free(ps);
}

/* --- building -------------------------------------------------------------------------------- */

struct built {
	struct program p;
	struct kernel_paths paths;
	struct source_opts o;
	char up[HASH_HEX], deb[HASH_HEX];
	char *path;
};

static void put_program(const char *name, const char *text)
{
	char *path = at(name);

	put(name, text);
	assert_int_equal(chmod(path, 0755), 0);
	free(path);
}

static void pack(const char *from, const char *what, const char *tar, char hex[HASH_HEX])
{
	char *folder = at(from), *to = at(tar);
	const char *argv[] = { "tar", "cJf", to, "-C", folder, what, NULL };
	int status = -1;

	put(tar, "");
	assert_int_equal(proc_run(&(struct proc_opts){ .argv = argv }, &status), 0);
	assert_int_equal(status, 0);
	assert_int_equal(hash_file(to, hex), 0);
	free(folder);
	free(to);
}

/* A package whose configure script is this; its one patch adds the second line of a file. */
static void prepare(struct built *b, const char *configure)
{
	put_program("up/x-1/configure", configure);
	put("up/x-1/x.c", "#include <sys/sdt.h>\nint main(void)\n{\n\tSTAP_PROBE(x, y);\n"
			  "\treturn 1;\n}\n");
	put("up/x-1/Makefile", "x: x.c\n\t$(CC) $$(cat flags) -o $@ $<\n");
	put("deb/debian/patches/series", "# comment\none.patch\n");
	put("deb/debian/patches/one.patch", "--- a/x.c\n+++ b/x.c\n@@ -5,2 +5,2 @@\n"
					    "-\treturn 1;\n+\treturn 0;\n }\n");
	pack("up", "x-1", "cache/sources/x_1.orig.tar.xz", b->up);
	pack("deb", "debian", "cache/sources/x_1-1.debian.tar.xz", b->deb);
	b->p = (struct program){ .name = "x",
				 .package = "x=1-1",
				 .upstream = "x_1.orig.tar.xz",
				 .upstream_sha256 = b->up,
				 .debian = "x_1-1.debian.tar.xz",
				 .debian_sha256 = b->deb };
	assert_int_equal(strv__add(&b->p.libraries, "libc.a"), 0);
	b->paths = paths();
	b->o = (struct source_opts){ .paths = &b->paths, .cancel_fd = -1 };
}

static int ensure(struct built *b)
{
	int err;

	free(b->path);
	listen_begin();
	err = program__ensure(&b->p, &b->o, &b->path);
	listen_end();
	return err;
}

static void release(struct built *b)
{
	strv__free(&b->p.libraries);
	free_paths(&b->paths);
	free(b->path);
}

/* One line, for a user who has asked for something else. */
static void says_one_line(const char *part)
{
	says(part);
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
}

static void test_build(void **state)
{
	struct built b = { 0 };
	struct stat first, again;
	int status = -1;

	(void)state;
	prepare(&b, "#!/bin/sh\necho -static >flags\n");
	assert_int_equal(ensure(&b), 0);
	assert_string_equal(said, "");
	assert_true(str_ends(b.path, "/x"));
	{
		const char *argv[] = { b.path, NULL };

		/* the patch was applied */
		assert_int_equal(proc_run(&(struct proc_opts){ .argv = argv }, &status), 0);
		assert_int_equal(status, 0);
	}
	assert_false(there("cache/programs/x/.build"));
	assert_int_equal(stat(b.path, &first), 0);
	assert_int_equal(ensure(&b), 0);
	assert_int_equal(stat(b.path, &again), 0);
	assert_int_equal(first.st_ino, again.st_ino);
	/* other arguments, another program */
	assert_int_equal(strv__add(&b.p.configure, "--other"), 0);
	assert_int_equal(ensure(&b), 0);
	assert_int_equal(stat(b.path, &again), 0);
	assert_int_not_equal(first.st_ino, again.st_ino);
	strv__free(&b.p.configure);
	release(&b);
}

static void test_failing_steps(void **state)
{
	struct built b = { 0 };

	(void)state;
	prepare(&b, "#!/bin/sh\necho checking\necho 'configure: error: no libevent'\nexit 3\n");
	assert_int_equal(ensure(&b), -EIO);
	says_one_line("program x: configure failed (exit status 3): configure: error: no libevent; "
		      "all of its output: ");
	assert_null(b.path);
	release(&b);
	b = (struct built){ 0 };
	prepare(&b, "#!/bin/sh\necho -include none-such.h >flags\n");
	assert_int_equal(ensure(&b), -EIO);
	says_one_line("program x: make failed (exit status 2): ");
	says("none-such.h");
	release(&b);
	b = (struct built){ 0 };
	prepare(&b, "#!/bin/sh\n>flags\n");
	assert_int_equal(ensure(&b), -ENOEXEC);
	says_one_line("what was built is linked dynamically");
	release(&b);
	b = (struct built){ 0 };
	prepare(&b, "#!/bin/sh\necho -static >flags\nsed -i /STAP/d x.c\n");
	assert_int_equal(ensure(&b), -ENOEXEC);
	says_one_line("what was built has no .note.stapsdt");
	release(&b);
}

static void test_missing_library(void **state)
{
	struct built b = { 0 };

	(void)state;
	prepare(&b, "#!/bin/sh\n");
	assert_int_equal(strv__add(&b.p.libraries, "libnone-such.a"), 0);
	assert_int_equal(ensure(&b), -ENOENT);
	says_one_line("program x: its build takes libnone-such.a, which this host lacks: "
		      "`make deps` installs what is missing");
	release(&b);
}

/* An apt-get that knows a mirror and no package. */
static void test_failing_download(void **state)
{
	char *bin = at("bin"), *path = str_fmt("%s:%s", bin, getenv("PATH")), *gone;
	char *was = strdup(getenv("PATH"));
	struct built b = { 0 };

	(void)state;
	prepare(&b, "#!/bin/sh\n");
	gone = at("cache/sources/x_1.orig.tar.xz");
	assert_int_equal(remove(gone), 0);
	put_program("bin/apt-get",
		    "#!/bin/sh\ncase \"$*\" in\n"
		    "*indextargets*) echo 'W: Target Packages is configured multiple times' >&2\n"
		    "echo 'Debian|Debian|bookworm|http://m.example/debian/' ;;\n"
		    "*source*) echo 'E: Unable to find a source package for x'; exit 100 ;;\n"
		    "esac\n");
	assert_int_equal(setenv("PATH", path, 1), 0);
	assert_int_equal(ensure(&b), -ENOENT);
	assert_int_equal(setenv("PATH", was, 1), 0);
	says_one_line("program x: the source of x=1-1 cannot be had from Debian's archive (Unable "
		      "to find a source package for x); its two tarballs may also be put into ");
	/* a damaged tarball is not built from */
	put("cache/sources/x_1.orig.tar.xz", "damaged");
	assert_int_equal(setenv("PATH", path, 1), 0);
	assert_int_equal(ensure(&b), -ENOENT);
	assert_int_equal(setenv("PATH", was, 1), 0);
	assert_false(there("cache/sources/x_1.orig.tar.xz"));
	release(&b);
	free(gone);
	free(was);
	free(path);
	free(bin);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(whole_entry),   TEST(mistakes),	    TEST(repository),	    TEST(build),
		TEST(failing_steps), TEST(missing_library), TEST(failing_download),
	};

	return cmocka_run_group_tests_name("programs", tests, NULL, NULL);
}
