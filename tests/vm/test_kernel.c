// SPDX-License-Identifier: GPL-2.0-only
/* `assay kernel` with kernels, patches and a Debian archive of the test's own: what does not build,
 * what does not apply, what is new. No kernel is compiled and no guest started. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/proc.h"
#include "base/str.h"

/* A checkout: build/assay finds its parts beside itself. */
static char *dir, *bin, *cache;

static char *at(const char *name)
{
	char *path = str_fmt("%s/%s", dir, name);

	assert_non_null(path);
	return path;
}

static void put(const char *name, const char *text)
{
	char *path = at(name), *slash = strrchr(path, '/');

	*slash = '\0';
	assert_int_equal(dir_make(path), 0);
	*slash = '/';
	assert_int_equal(file_write(path, text, strlen(text)), 0);
	free(path);
}

static void shell(const char *script)
{
	const char *argv[] = { "bash", "-euc", script, NULL };
	int status;

	assert_int_equal(proc_run(&(struct proc_opts){ .argv = argv, .dir = dir }, &status), 0);
	assert_int_equal(status, 0);
}

#define SOURCE "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"
#define PATCH(from, to)                                   \
	"--- a/lib/x.c\n+++ b/lib/x.c\n@@ -1,4 +1,4 @@\n" \
	" one\n-" from "\n+" to "\n three\n four\n"
#define ENTRY(name, more) "[" name "]\nversion = 5.10.1\nsource = ../src\nconfigs = x.config\n" more

static const char ini[] = "; a comment\n[assay]\ndefault = whole\n\n" ENTRY("whole", "series = good\n") "\n" ENTRY(
	"again",
	"series = good\n") "\n" ENTRY("both",
				      "series = good\nmore = extra\n") "\n" ENTRY("torn",
										  "series = bad\n") "\n" ENTRY("plain",
													       "");

/* A source as far as these tests need one: kbuild would fail at once. */
static void put_checkout(void)
{
	put("src/Kconfig", "mainmenu \"x\"\n");
	put("src/Makefile", "VERSION = 5\nPATCHLEVEL = 10\nSUBLEVEL = 1\n"
			    "%:\n\t@echo no rule for $@ here; exit 1\n");
	put("src/lib/x.c", SOURCE);
	put("vm/config/x.config", "CONFIG_X=y\n");
	put("kernel-patches/good/series", "1.patch\n");
	put("kernel-patches/good/series-extra", "2.patch\n");
	put("kernel-patches/good/1.patch", PATCH("two", "zwei"));
	put("kernel-patches/good/2.patch",
	    PATCH("zwei", "deux") "--- /dev/null\n+++ b/lib/new.c\n@@ -0,0 +1 @@\n+new\n");
	put("kernel-patches/bad/series", "1.patch\n3.patch\n");
	put("kernel-patches/bad/1.patch", PATCH("two", "zwei"));
	put("kernel-patches/bad/3.patch", PATCH("two", "drei"));
	put("vm/kernels.ini", ini);
}

static int set_up(void **state)
{
	char here[PATH_MAX], *script;
	const char *program = getenv("ASSAY_BIN");

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	dir = temp_dir();
	bin = at("build/assay");
	cache = str_fmt("ASSAY_CACHE=%s/cache", dir);
	put_checkout();
	/* the program's path may be relative to where the tests run */
	if (!program || !*program)
		program = "build/assay";
	script = str_fmt("chmod 755 .; mkdir build; cp '%s%s%s' build/assay; "
			 "ln -s '%s/build/assay-guest' build/assay-guest; "
			 "ln -s '%s/build/objects' build/objects",
			 *program == '/' ? "" : here, *program == '/' ? "" : "/", program, here,
			 here);
	shell(script);
	free(script);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(bin);
	free(cache);
	temp_dir_remove(dir);
	return 0;
}

static void call_env(struct outcome *o, const char *more, const char *const *args)
{
	const char *env[] = { cache, more, NULL };
	struct call c = { .program = bin, .env = env };

	assay_call(o, &c, args);
}

#define CALL(o, ...) call_env(o, NULL, ARGS(__VA_ARGS__))

/* --- check-patches --------------------------------------------------------------------------- */

static void test_check_patches(void **state)
{
	struct outcome o;

	(void)state;
	CALL(&o, "kernel", "check-patches");
	assert_status(&o, 1);
	assert_string_equal(
		o.out, "whole, again  good           1 patches  ok\n"
		       "both          good + extra   2 patches  ok\n"
		       "torn          bad            2 patches  patch 3.patch does not apply: file "
		       "lib/x.c, hunk 1 (@@ -1,4 +1,4 @@; line 3 of the patch)\n"
		       "1 without a series\n");
	outcome__release(&o);
	CALL(&o, "kernel", "check-patches", "b*,whole");
	assert_status(&o, 0);
	assert_has(o.out, "both   good + extra   2 patches  ok\nwhole  good ");
	outcome__release(&o);
	CALL(&o, "kernel", "check-patches", "hole");
	assert_status(&o, 2);
	assert_has(o.err, "unknown kernel 'hole': did you mean 'whole'?");
	outcome__release(&o);
	/* the source itself is only read */
	shell("cmp <(printf '" SOURCE "') src/lib/x.c; test ! -e src/lib/new.c");
}

/* What can't be tried is neither right nor wrong. */
static void test_no_source(void **state)
{
	struct outcome o;

	(void)state;
	put("vm/kernels.ini", "[assay]\ndefault = a\n[a]\nversion = 5.10.1\nsource = ../none\n"
			      "configs = x.config\nseries = good\n" ENTRY("b", "series = good\n"));
	CALL(&o, "kernel", "check-patches");
	assert_status(&o, 3);
	assert_has(o.out, "a  good   1 patches  not checked: source ");
	assert_has(o.out, "/none: No such file or directory\n");
	assert_has(o.out, "b  good   1 patches  ok\n");
	outcome__release(&o);
	put("vm/kernels.ini", ini);
}

/* Out of a package, and once: then what it takes is kept. */
static void test_from_package(void **state)
{
	struct outcome o;
	char hash[HASH_HEX], *deb = at("cache/sources/linux-source-5.10_5.10.1-1_all.deb"), *text;

	(void)state;
	shell("mkdir -p deb/usr/src deb/DEBIAN cache/sources linux-source-5.10; "
	      "cp -r src/. linux-source-5.10/; "
	      "tar -cJf deb/usr/src/linux-source-5.10.tar.xz linux-source-5.10; "
	      "printf 'Package: linux-source-5.10\\nVersion: 5.10.1-1\\nArchitecture: all\\n"
	      "Maintainer: x <x@x>\\nDescription: x\\n' > deb/DEBIAN/control; "
	      "dpkg-deb -b deb cache/sources/linux-source-5.10_5.10.1-1_all.deb >&2; "
	      "rm -r linux-source-5.10");
	assert_int_equal(hash_file(deb, hash), 0);
	text = str_fmt("[assay]\ndefault = a\n[a]\nversion = 5.10.1\n"
		       "package = linux-source-5.10=5.10.1-1\nsha256 = %s\nconfigs = x.config\n"
		       "series = good\nmore = extra\n",
		       hash);
	put("vm/kernels.ini", text);
	CALL(&o, "kernel", "check-patches");
	assert_status(&o, 0);
	assert_string_equal(o.out, "a  good + extra   2 patches  ok\n");
	outcome__release(&o);
	/* now it needs the package no more; and what was kept is still as the source has it */
	assert_int_equal(unlink(deb), 0);
	CALL(&o, "kernel", "check-patches");
	assert_status(&o, 0);
	outcome__release(&o);
	put("vm/kernels.ini", ini);
	free(text);
	free(deb);
}

/* --- builds that fail ------------------------------------------------------------------------ */

static void test_builds(void **state)
{
	struct outcome o;

	(void)state;
	CALL(&o, "kernel", "build", "torn", "plain");
	assert_status(&o, 3);
	assert_matches(o.out, "torn +failed: patch 3.patch does not apply: file lib/x.c, hunk 1");
	assert_matches(o.out,
		       "plain +failed: 'make tinyconfig' failed [(]exit status 2[)]: no rule "
		       "for tinyconfig here");
	assert_has(o.err, "torn: patching\n");
	assert_has(o.err, "torn: failed: patch 3.patch does not apply");
	assert_has(o.err, "plain: configuring\n");
	assert_has(o.err, "kernel plain: 'make tinyconfig' failed");
	assert_has(o.err, "no rule for tinyconfig here");
	outcome__release(&o);
}

/* The kernel's column of a run has the reason. */
static void test_run(void **state)
{
	struct outcome o;

	(void)state;
	CALL(&o, "run", "-k", "torn,plain", "lsm");
	assert_status(&o, 3);
	assert_has(o.out, "the kernel could not be built: patch 3.patch does not apply: file");
	assert_has(o.out, "the kernel could not be built: 'make tinyconfig' failed");
	outcome__release(&o);
}

/* --- new releases ---------------------------------------------------------------------------- */

#define PINNED                                                                              \
	"[assay]\ndefault = 5.10\n; the one\n[5.10.1]\nversion = 5.10.1\n"                  \
	"package = linux-source-5.10=5.10.1-1\nsha256 = "                                   \
	"32458c96b86352f8366ef18c70c345c196b6272cf1cb1cbf1f142fe13398201a\nseries = good\n" \
	"configs = x.config\n"

/* An archive on the disk: 5.10.2, 5.10.3 that is gone, and a sid with 7.2.9. */
static void put_archive(void)
{
	shell("mkdir -p archive/debian/pool a b; "
	      "make_deb() { mkdir -p d/usr/src d/DEBIAN s/linux-source-5.10; "
	      "cp -r src/. s/linux-source-5.10/; "
	      "sed -i \"s/SUBLEVEL.*/SUBLEVEL = $2/\" s/linux-source-5.10/Makefile; "
	      "tar -C s -cJf d/usr/src/linux-source-$1.tar.xz linux-source-5.10; "
	      "printf \"Package: linux-source-$1\\nVersion: $1.$2-1\\nArchitecture: all\\n"
	      "Maintainer: x <x@x>\\nDescription: x\\n\" > d/DEBIAN/control; "
	      "dpkg-deb -b d archive/debian/pool/linux-source-$1_$1.$2-1_all.deb >&2; rm -r d s; }; "
	      "make_deb 5.10 2; make_deb 5.10 3; make_deb 7.2 9; cd archive/debian; "
	      "index() { s=$1; p=dists/$s/main/binary-amd64; mkdir -p $p; shift; for f; do "
	      "dpkg-deb -f $f; echo \"Filename: $f\"; echo \"Size: $(stat -c %s $f)\"; "
	      "echo \"SHA256: $(sha256sum $f | cut -d' ' -f1)\"; echo; done > $p/Packages; "
	      "( cd dists/$s; printf \"Origin: Debian\\nLabel: Debian\\nSuite: $s\\nCodename: $s\\n"
	      "Architectures: amd64 all\\nComponents: main\\n"
	      "Date: Sat, 01 Jan 2022 00:00:00 UTC\\nSHA256:\\n\"; "
	      "echo \" $(sha256sum main/binary-amd64/Packages | cut -d' ' -f1) "
	      "$(stat -c %s main/binary-amd64/Packages) main/binary-amd64/Packages\" ) "
	      "> Release.$s; mv Release.$s dists/$s/Release; }; "
	      "index bullseye pool/linux-source-5.10_5.10.2-1_all.deb "
	      "pool/linux-source-5.10_5.10.3-1_all.deb; "
	      "index sid pool/linux-source-7.2_7.2.9-1_all.deb; "
	      "rm pool/linux-source-5.10_5.10.3-1_all.deb; chmod -R a+rX ../..");
}

/* The host's own sources are not asked: apt's are the test's. The archive has no signature. */
static char *apt_config(void)
{
	char *conf = at("apt.conf"), *env, *text;

	text = str_fmt("deb file:%s/archive/debian bullseye main\n", dir);
	put("sources.list", text);
	free(text);
	text = str_fmt("Dir::Etc::SourceList \"%s/sources.list\";\nDir::Etc::SourceParts \"-\";\n"
		       "APT::Architecture \"amd64\";\nAPT::Architectures { \"amd64\"; };\n"
		       "Acquire::AllowInsecureRepositories \"true\";\n"
		       "APT::Get::AllowUnauthenticated \"true\";\nAPT::Sandbox::User \"root\";\n",
		       dir);
	put("apt.conf", text);
	free(text);
	env = str_fmt("APT_CONFIG=%s", conf);
	assert_non_null(env);
	free(conf);
	return env;
}

static void holds(const char *name, const char *text)
{
	char *path = at(name), *is = NULL;

	assert_int_equal(file_read(path, 0, &is, NULL), 0);
	assert_string_equal(is, text);
	free(is);
	free(path);
}

static void test_update(void **state)
{
	char *env = apt_config(), *path = at("vm/kernels.ini"), *is = NULL;
	struct outcome o;

	(void)state;
	put_archive();
	put("vm/kernels.ini", PINNED "; the end\n");
	call_env(&o, env, ARGS("kernel", "update", "--dry-run"));
	assert_status(&o, 0);
	assert_has(o.out,
		   "would be added: 5.10.2  linux-source-5.10=5.10.2-1  bullseye  as 5.10.1, "
		   "series good\n");
	assert_has(o.out, "not added: linux-source-5.10=5.10.3-1 is in the index of bullseye, but "
			  "the archive has it no more");
	assert_has(o.out, "would be added: 7.2.9  linux-source-7.2=7.2.9-1  sid  a new branch: "
			  "configured as 5.10.1, without patches\n");
	outcome__release(&o);
	holds("vm/kernels.ini", PINNED "; the end\n");

	call_env(&o, env, ARGS("kernel", "update"));
	assert_status(&o, 0);
	assert_has(o.out, "2 entries added to ");
	assert_has(o.out, "5.10.2  good   1 patches  ok\n");
	outcome__release(&o);
	assert_int_equal(file_read(path, 0, &is, NULL), 0);
	assert_true(str_starts(is, PINNED));
	assert_true(str_ends(is, "; the end\n"));
	assert_has(is,
		   "\n[5.10.2]\nversion = 5.10.2\npackage = linux-source-5.10=5.10.2-1\nsha256 = ");
	assert_has(is, "\nsuites = bullseye\nseries = good\nconfigs = x.config\n");
	assert_has(is, "\n[7.2.9]\nversion = 7.2.9\n");
	assert_lacks(is, "5.10.3");

	/* nothing is new any more, and the file stays */
	call_env(&o, env, ARGS("kernel", "update", "5.10"));
	assert_status(&o, 0);
	assert_has(o.out, "nothing added to ");
	outcome__release(&o);
	holds("vm/kernels.ini", is);
	CALL(&o, "list", "kernels");
	assert_status(&o, 0);
	assert_has(o.out, "5.10.2");
	outcome__release(&o);
	put("vm/kernels.ini", ini);
	free(is);
	free(path);
	free(env);
}

/* What the archive does not have is said to be unchecked, and why; the next one is checked. */
static void test_unobtainable(void **state)
{
	char *env = apt_config();
	struct outcome o;

	(void)state;
	put_archive();
	put("vm/kernels.ini", PINNED ENTRY("b", "series = good\n"));
	call_env(&o, env, ARGS("kernel", "check-patches"));
	assert_status(&o, 3);
	assert_matches(o.out,
		       "^5.10.1  good   1 patches  not checked: .*linux-source-5.10=5.10.1-1 "
		       "cannot be had from Debian's archive [(]");
	assert_has(o.out, "b       good   1 patches  ok\n");
	outcome__release(&o);
	put("vm/kernels.ini", ini);
	free(env);
}

/* A patch that does not apply to the new source is seen at once. */
static void test_update_bad_patch(void **state)
{
	char *env = apt_config();
	struct outcome o;

	(void)state;
	put_archive();
	put("vm/kernels.ini", PINNED);
	put("kernel-patches/good/1.patch", PATCH("due", "zwei"));
	call_env(&o, env, ARGS("kernel", "update", "5.10"));
	assert_status(&o, 1);
	assert_has(o.out, "1 entry added to ");
	assert_has(o.out, "patch 1.patch does not apply: file lib/x.c, hunk 1");
	outcome__release(&o);
	put("kernel-patches/good/1.patch", PATCH("two", "zwei"));
	put("vm/kernels.ini", ini);
	free(env);
}

static void test_read_only(void **state)
{
	const char *env[] = { cache, NULL };
	char *setpriv = proc_which("setpriv");
	const struct call c = { .program = setpriv, .env = env };
	struct outcome o;

	(void)state;
	if (geteuid() || !setpriv) {
		free(setpriv);
		print_message("it takes root, and setpriv, to become somebody else\n");
		skip();
	}
	shell("chmod -R a+rX .");
	assay_call(
		&o, &c,
		ARGS("--reuid=65534", "--regid=65534", "--clear-groups", bin, "kernel", "update"));
	assert_status(&o, 3);
	assert_matches(o.err, "kernels.ini cannot be written: Permission denied: it is that of an "
			      "installation");
	outcome__release(&o);
	free(setpriv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check_patches), cmocka_unit_test(test_no_source),
		cmocka_unit_test(test_from_package),  cmocka_unit_test(test_builds),
		cmocka_unit_test(test_run),	      cmocka_unit_test(test_update),
		cmocka_unit_test(test_unobtainable),  cmocka_unit_test(test_update_bad_patch),
		cmocka_unit_test(test_read_only),
	};

	return cmocka_run_group_tests_name("kernel", tests, set_up, tear_down);
}
