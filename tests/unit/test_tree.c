// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/proc.h"
#include "folder_fixture.h"
#include "vm/image.h"
#include "vm/inputs.h"
#include "vm/kept.h"
#include "vm/lock.h"
#include "vm/source.h"
#include "vm/srcdir.h"
#include "vm/tree.h"

#define SHA "32458c96b86352f8366ef18c70c345c196b6272cf1cb1cbf1f142fe13398201a"
static void pinned_sources(void **state)
{
	struct kernel k = {
		.name = "k", .package = "p=1", .sha256 = SHA, .tarball = "https://e/x.tar.xz"
	};
	struct source s[2];

	(void)state;
	/* A tarball without a known hash is none. */
	assert_int_equal(source__pinned(&k, s), 1);
	assert_int_equal(s[0].kind, SOURCE_DEB);
	assert_string_equal(s[0].what, "p=1");
	source__release(&s[0]);
	k.tarball_sha256 = SHA;
	assert_int_equal(source__pinned(&k, s), 2);
	assert_int_equal(s[1].kind, SOURCE_TARBALL);
	source__release(&s[0]);
	source__release(&s[1]);
	k.package = NULL;
	k.tarball = NULL;
	assert_int_equal(source__pinned(&k, s), 0);
}

static void source_folders(void **state)
{
	char *src = at("src"), *memo = at("memo"), *path;
	char a[HASH_HEX], b[HASH_HEX];
	struct srcdir d;

	(void)state;
	put("src/Kconfig", "x");
	put("src/kernel/a.c", "int a;\n");
	put("src/kernel/a.o", "object");
	put("src/.config", "built");
	put("src/include/generated/x.h", "built");
	put("src/vmlinux", "built");
	path = at("src/link");
	assert_int_equal(symlink("kernel/a.c", path), 0);
	free(path);
	assert_int_equal(srcdir__scan(src, memo, -1, &d), 0);
	assert_int_equal(d.n, 3);
	assert_non_null(srcdir__find(&d, "kernel/a.c"));
	assert_null(srcdir__find(&d, "kernel/a.o"));
	assert_int_equal(srcdir__hash(&d, a), 0);
	assert_int_equal(srcdir__save(&d, memo), 0);
	srcdir__release(&d);
	/* With the memo: the same. */
	assert_int_equal(srcdir__scan(src, memo, -1, &d), 0);
	assert_int_equal(srcdir__hash(&d, b), 0);
	assert_string_equal(a, b);
	srcdir__release(&d);
	put("src/kernel/a.c", "int b;\n");
	assert_int_equal(srcdir__scan(src, memo, -1, &d), 0);
	assert_int_equal(srcdir__hash(&d, b), 0);
	assert_string_not_equal(a, b);
	srcdir__release(&d);
	/* A memo that is rubbish is not believed. */
	put("memo", "x\n\n1 2 3 4 5 6\n");
	assert_int_equal(srcdir__scan(src, memo, -1, &d), 0);
	assert_int_equal(srcdir__hash(&d, a), 0);
	assert_string_equal(a, b);
	srcdir__release(&d);
	free(src);
	free(memo);
}

/* What git ignores is a build's; the file's state, not the commit's, counts. */
static void git_trees(void **state)
{
	char *src = at("src"), *memo = at("memo"), *log = at("git.log");
	const char *init[] = { "git", "-C", src, "init", "-q", NULL };
	const char *add[] = { "git", "-C", src, "add", "Kconfig", "a.c", "gone.c", NULL };
	struct proc_opts o = { .argv = init, .log_path = log, .cancel_fd = -1 };
	struct srcdir d;
	int status;

	(void)state;
	put("src/Kconfig", "x");
	put("src/a.c", "int a;\n");
	put("src/gone.c", "int a;\n");
	if (proc_run(&o, &status) || status)
		skip();
	o.argv = add;
	assert_int_equal(proc_run(&o, &status), 0);
	assert_int_equal(status, 0);
	put("src/.gitignore", "*.log\n");
	put("src/made.log", "x");
	put("src/new.c", "x");
	put("src/gone.c", "x");
	assert_int_equal(srcdir__scan(src, memo, -1, &d), 0);
	assert_int_equal(d.n, 5);
	assert_non_null(srcdir__find(&d, "new.c"));
	assert_null(srcdir__find(&d, "made.log"));
	srcdir__release(&d);
	free(log);
	log = at("src/gone.c");
	unlink(log);
	/* Debian's: all is ignored, and all is meant. */
	put("src/.gitignore", "/*\n");
	put("src/.git/index", "");
	assert_int_equal(srcdir__scan(src, memo, -1, &d), 0);
	assert_int_equal(d.n, 5);
	assert_non_null(srcdir__find(&d, "made.log"));
	srcdir__release(&d);
	free(log);
	free(memo);
	free(src);
}

/* A user's folder: copied, then followed; what patches changed is followed beside the tree. */
static void tree_follows_folder(void **state)
{
	struct kernel_paths p = paths();
	struct source_opts o = { .paths = &p, .cancel_fd = -1 };
	struct kernel k = { .name = "k", .source = at("src") };
	struct source s;
	struct tree t;
	char *path, *name;

	(void)state;
	put("src/Kconfig", "k");
	put("src/a.c", "a");
	put("src/sub/b.c", "b");
	assert_int_equal(tree__init(&t, &k, p.cache), 0);
	assert_true(str_starts(t.slot, "k@"));
	assert_int_equal(source__user(&k, &o, &s), 0);
	assert_int_equal(s.kind, SOURCE_DIR);
	assert_int_equal(tree__copy_folder(&t, &s, &o), 0);
	assert_true(tree__marked(&t, "source", s.hash));
	source__release(&s);
	name = str_fmt("cache/trees/%s/sub/b.c", t.slot);
	holds(name, "b");
	/* b.c is patched from now on, new.c is made by a patch. */
	put(name, "patched");
	free(name);
	name = str_fmt("cache/trees/%s/.assay/pristine/sub/b.c", t.slot);
	put(name, "b");
	free(name);
	name = str_fmt("cache/trees/%s/.assay/absent", t.slot);
	put(name, "new.c\n");
	free(name);
	put("src/sub/b.c", "b2");
	put("src/c.c", "c");
	path = at("src/a.c");
	unlink(path);
	free(path);
	assert_int_equal(source__user(&k, &o, &s), 0);
	assert_false(tree__marked(&t, "source", s.hash));
	assert_int_equal(tree__copy_folder(&t, &s, &o), 0);
	source__release(&s);
	name = str_fmt("cache/trees/%s/a.c", t.slot);
	holds(name, NULL);
	free(name);
	name = str_fmt("cache/trees/%s/c.c", t.slot);
	holds(name, "c");
	free(name);
	name = str_fmt("cache/trees/%s/sub/b.c", t.slot);
	holds(name, "patched");
	free(name);
	name = str_fmt("cache/trees/%s/.assay/pristine/sub/b.c", t.slot);
	holds(name, "b2");
	free(name);
	holds("src/sub/b.c", "b2");
	tree__release(&t);
	free(k.source);
	free_paths(&p);
}

static void no_kernel_tree(void **state)
{
	struct kernel_paths p = paths();
	struct source_opts o = { .paths = &p, .cancel_fd = -1 };
	struct kernel k = { .name = "k", .source = at("src") };
	struct source s;

	(void)state;
	put("src/README", "x");
	listen_begin();
	assert_int_equal(source__user(&k, &o, &s), -EINVAL);
	listen_end();
	says("is no kernel tree: it has no Kconfig");
	free(k.source);
	k.source = at("gone");
	listen_begin();
	assert_int_equal(source__user(&k, &o, &s), -ENOENT);
	listen_end();
	says("gone: No such file");
	free(k.source);
	free_paths(&p);
}

static void makefile_version(void **state)
{
	struct kernel_paths p = paths();
	struct kernel k = { .name = "k" };
	struct kver v;
	struct tree t;

	(void)state;
	assert_int_equal(tree__init(&t, &k, p.cache), 0);
	put("cache/trees/k/Makefile", "# SPDX\nVERSION = 5\nPATCHLEVEL = 10\nSUBLEVEL = 218\n"
				      "EXTRAVERSION =\nVERSION = 9\n");
	assert_int_equal(tree__version(&t, &v), 0);
	assert_int_equal(v.major, 5);
	assert_int_equal(v.minor, 10);
	assert_int_equal(v.patch, 218);
	put("cache/trees/k/Makefile", "VERSION = 5\nSUBLEVEL = 218");
	listen_begin();
	assert_int_equal(tree__version(&t, &v), -EINVAL);
	listen_end();
	says("does not tell the version");
	tree__release(&t);
	free_paths(&p);
}

/* What changes a key, and what does not. */
static void keys(void **state)
{
	struct kernel_paths p = paths();
	struct kernel k = { .name = "a", .series = "5.10" };
	struct inputs in;
	char a[KEY_HEX], b[KEY_HEX], ca[HASH_HEX], cb[HASH_HEX], *tree = at("tree");
	static const struct {
		const char *file, *text;
		bool built, configured;
	} v[] = {
		{ "config/x.config", "# a comment\n\nCONFIG_X=y\n", false, false },
		{ "config/x.config", "CONFIG_X=m\n", true, true },
		{ "config/x.config", "CONFIG_X=y\n", true, true },
		{ "patches/5.10/a.patch", "--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-a\n+b\n", true,
		  false },
		{ "patches/5.10/a.patch",
		  "--- a/lib/Kconfig\n+++ b/lib/Kconfig\n@@ -1 +1 @@\n-a\n+b\n", true, true },
		{ "tree/lib/Kconfig", "config NEW\n", false, true },
		{ "tree/lib/other.c", "int a;\n", false, false },
		{ "patches/5.10/a.patch",
		  "Why.\n--- a/lib/Kconfig\n+++ b/lib/Kconfig\n@@ -1 +1 @@\n-a\n+b\n", true,
		  false },
		{ "patches/5.10/series", "a.patch # provides: other\nb.patch\n", true, false },
		{ "patches/5.10/series", "# only a comment\na.patch\nb.patch\n", false, false },
	};

	(void)state;
	assert_int_equal(strv__add(&k.configs, "x.config"), 0);
	put("config/x.config", "CONFIG_X=y\n");
	put("patches/5.10/series", "b.patch # provides: bee\na.patch\n");
	put("patches/5.10/a.patch", "x");
	put("patches/5.10/b.patch", "--- a/y.c\n+++ b/y.c\n@@ -1 +1 @@\n-a\n+b\n");
	assert_int_equal(inputs__read(&k, &p, &in), 0);
	assert_int_equal(inputs__built(&in, "s", a), 0);
	assert_int_equal(inputs__configured(&in, "s", tree, ca), 0);
	assert_int_equal(inputs__built(&in, "t", b), 0);
	assert_string_not_equal(a, b);
	inputs__release(&in);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		put(v[i].file, v[i].text);
		assert_int_equal(inputs__read(&k, &p, &in), 0);
		assert_int_equal(inputs__built(&in, "s", b), 0);
		assert_int_equal(inputs__configured(&in, "s", tree, cb), 0);
		if (!strcmp(a, b) == v[i].built || !strcmp(ca, cb) == v[i].configured)
			fail_msg("step %zu: %s", i, v[i].text);
		memcpy(a, b, sizeof(a));
		memcpy(ca, cb, sizeof(ca));
		inputs__release(&in);
	}
	strv__free(&k.configs);
	free(tree);
	free_paths(&p);
}

#define KEY "0123456789abcdef"
#define META                                                                                      \
	"{\"format\": 1, \"key\": \"" KEY "\", \"release\": \"5.10.218\", \"build_id\": \"ab\", " \
	"\"source\": {\"what\": \"p=1\", \"sha256\": \"" SHA "\"}, \"files\": {\"vmlinux\": 3}}"

static void kept_kernels(void **state)
{
	struct kernel_paths p = paths();
	struct kernel k = { .name = "k" };
	struct image *img = NULL;

	(void)state;
	assert_int_equal(kept__load(&k, p.cache, "k", KEY, &img), -ENOENT);
	put("cache/kernels/k/" KEY "/vmlinux", "elf");
	put("cache/kernels/k/" KEY "/meta.json", META);
	assert_int_equal(kept__load(&k, p.cache, "k", KEY, &img), 0);
	assert_string_equal(img->release, "5.10.218");
	assert_int_equal(img->version.patch, 218);
	assert_string_equal(img->source, "p=1");
	assert_true(str_ends(img->vmlinux, "k/" KEY "/vmlinux"));
	image__free(img);
	img = NULL;
	/* Not whole: as if it were not there, and said. */
	put("cache/kernels/k/" KEY "/vmlinux", "el");
	assay_log.level = LOG_LEVEL_WARN;
	listen_begin();
	assert_int_equal(kept__load(&k, p.cache, "k", KEY, &img), -ENOENT);
	listen_end();
	says("is damaged: it is made again");
	put("cache/kernels/k/" KEY "/vmlinux", "elf");
	put("cache/kernels/k/" KEY "/meta.json", "{\"format\": 1,");
	listen_begin();
	assert_int_equal(kept__load(&k, p.cache, "k", KEY, &img), -ENOENT);
	listen_end();
	says("is damaged");
	assay_log.level = LOG_LEVEL_ERROR;
	free_paths(&p);
}

static void set_age(const char *name, time_t age)
{
	struct timespec ts[2] = { { .tv_sec = time(NULL) - age }, { .tv_sec = time(NULL) - age } };
	char *path = at(name);

	assert_int_equal(utimensat(-100, path, ts, 0), 0);
	free(path);
}

static void keeps_the_newest(void **state)
{
	struct kernel_paths p = paths();

	(void)state;
	put("cache/kernels/k/aaaaaaaaaaaaaaaa/x", "x");
	put("cache/kernels/k/bbbbbbbbbbbbbbbb/x", "x");
	put("cache/kernels/k/cccccccccccccccc/x", "x");
	put("cache/kernels/k/steps", "1 2\n");
	set_age("cache/kernels/k/aaaaaaaaaaaaaaaa", 10);
	set_age("cache/kernels/k/bbbbbbbbbbbbbbbb", 30);
	set_age("cache/kernels/k/cccccccccccccccc", 20);
	kept__trim(p.cache, "k", 2);
	assert_true(there("cache/kernels/k/aaaaaaaaaaaaaaaa/x"));
	assert_false(there("cache/kernels/k/bbbbbbbbbbbbbbbb"));
	assert_true(there("cache/kernels/k/cccccccccccccccc/x"));
	assert_true(there("cache/kernels/k/steps"));
	assert_int_equal(kept__steps(p.cache, "k").again, 2);
	assert_int_equal(kept__steps(p.cache, "none").again, 0);
	kept__trim(p.cache, "none", 2);
	free_paths(&p);
}

static void put_tree(const char *slot, time_t age)
{
	char *big = malloc(100001), *name = str_fmt("cache/trees/%s/big", slot), *used;

	memset(big, 'x', 100000);
	big[100000] = '\0';
	put(name, big);
	free(name);
	used = str_fmt("cache/trees/%s/.assay/used", slot);
	put(used, "");
	set_age(used, age);
	free(used);
	free(big);
}

static void prunes(void **state)
{
	struct kernel_paths p = paths();
	uint64_t freed;
	int lock;

	(void)state;
	put_tree("old", 300);
	put_tree("std", 400);
	put_tree("new", 100);
	put_tree("held", 500);
	put("cache/trees/x~part/rest", "x");
	lock = lock__try(p.cache, "held");
	assert_true(lock >= 0);
	/* Room for all: only what was left half done goes. */
	assert_int_equal(image__prune(&p, 10 << 20, "std", -1, &freed), 0);
	assert_false(there("cache/trees/x~part"));
	assert_true(there("cache/trees/old/big"));
	/* The one in use stays, the standard one goes last. */
	assert_int_equal(image__prune(&p, 350000, "std", -1, &freed), 0);
	assert_true(freed >= 100000 && freed < 200000);
	assert_false(there("cache/trees/old"));
	assert_true(there("cache/trees/held/big"));
	assert_int_equal(image__prune(&p, 250000, "std", -1, &freed), 0);
	assert_false(there("cache/trees/new"));
	assert_true(there("cache/trees/std/big"));
	assert_int_equal(image__prune(&p, 0, "std", -1, &freed), 0);
	assert_false(there("cache/trees/std"));
	assert_true(there("cache/trees/held/big"));
	close(lock);
	assert_int_equal(image__prune(&p, 0, NULL, -1, &freed), 0);
	assert_false(there("cache/trees/held"));
	assert_int_equal(image__prune(&p, 0, NULL, -1, &freed), 0);
	assert_int_equal(freed, 0);
	free_paths(&p);
}

/* A package is unpacked wherever the cache lies; one with two tarballs is none. */
static void unpacks_a_package(void **state)
{
	const char *script =
		"cd \"$0\" && mkdir -p deb/DEBIAN deb/usr/src l && echo 'VERSION = 5' > l/Makefile && "
		"tar -cJf deb/usr/src/linux-source-5.tar.xz l && printf 'Package: l\\nVersion: 1\\n"
		"Architecture: all\\nMaintainer: x\\nDescription: x\\n' > deb/DEBIAN/control && "
		"dpkg-deb -b deb 1.deb && cp deb/usr/src/*.xz deb/usr/src/linux-source-6.tar.xz && "
		"dpkg-deb -b deb 2.deb";
	const char *argv[] = { "bash", "-c", script, dir, NULL };
	char *log = at("deb.log"), *cache = at("[c]*");
	struct proc_opts o = { .argv = argv, .log_path = log, .cancel_fd = -1 };
	struct source s = { .kind = SOURCE_DEB, .hash = (char *)SHA };
	struct source_opts so = { .cancel_fd = -1 };
	struct kernel k = { .name = "k" };
	struct tree t;
	int status;

	(void)state;
	if (proc_run(&o, &status) || status)
		skip();
	assert_int_equal(tree__init(&t, &k, cache), 0);
	s.path = at("1.deb");
	assert_int_equal(tree__unpack(&t, &s, &so), 0);
	assert_true(there("[c]*/trees/k/Makefile"));
	assert_false(there("[c]*/trees/k~part"));
	assert_true(tree__marked(&t, "source", SHA));
	free(s.path);
	s.path = at("2.deb");
	listen_begin();
	assert_int_equal(tree__unpack(&t, &s, &so), -EINVAL);
	listen_end();
	says("holds no usr/src/linux-source-*.tar.*");
	assert_true(there("[c]*/trees/k/Makefile"));
	free(s.path);
	tree__release(&t);
	free(cache);
	free(log);
}

/* Said before the source is fetched and unpacked to where it can't be built. */
static void no_build_below_a_blank(void **state)
{
	static const char *const names[] = { "a cache", "a:cache" };
	struct kernel_paths p = paths();
	struct image_opts o = { .paths = &p, .cancel_fd = -1 };
	struct kernel k = { .name = "k", .version = { 5, 10, 218 } };
	struct image *img = NULL;

	(void)state;
	put("src/Kconfig", "x");
	k.source = at("src");
	for (size_t i = 0; i < 2; i++) {
		char *cache = at(names[i]), *trees = str_fmt("%s/trees", names[i]);

		free((char *)p.cache);
		p.cache = cache;
		listen_begin();
		assert_int_equal(image__ensure(&k, &o, &img), -EIO);
		listen_end();
		says("a blank or a colon");
		assert_false(there(trees));
		free(trees);
	}
	free(k.source);
	free_paths(&p);
}

static void prune_is_cancelled(void **state)
{
	struct kernel_paths p = paths();
	uint64_t freed = 1;
	int fd = eventfd(1, EFD_NONBLOCK);

	(void)state;
	assert_true(fd > 0);
	put_tree("old", 300);
	assert_int_equal(image__prune(&p, 0, NULL, fd, &freed), -EINTR);
	assert_int_equal(freed, 0);
	assert_true(there("cache/trees/old/big"));
	close(fd);
	free_paths(&p);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(pinned_sources),
		T(source_folders),
		T(git_trees),
		T(tree_follows_folder),
		T(no_kernel_tree),
		T(makefile_version),
		T(keys),
		T(kept_kernels),
		T(keeps_the_newest),
		T(prunes),
		T(prune_is_cancelled),
		T(unpacks_a_package),
		T(no_build_below_a_blank),
	};

	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
