// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "vm/aptsrc.h"
#include "vm/btf.h"
#include "vm/image.h"
#include "vm/inputs.h"
#include "vm/kept.h"
#include "vm/kernels.h"
#include "vm/lock.h"
#include "vm/source.h"
#include "vm/srcdir.h"
#include "vm/tree.h"

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_ERROR };

static char dir[64];
static char *said;
static int keep_stderr = -1;

static char *at(const char *name)
{
	char *path = str_fmt("%s/%s", dir, name);

	assert_non_null(path);
	return path;
}

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/assay-test-kernels.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(said);
	said = NULL;
	return dir_remove(dir);
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

static void listen_begin(void)
{
	char *log = at("log");

	keep_stderr = dup(2);
	assert_non_null(freopen(log, "w", stderr));
	free(log);
}

static void listen_end(void)
{
	char *log = at("log");

	fflush(stderr);
	dup2(keep_stderr, 2);
	close(keep_stderr);
	free(said);
	assert_int_equal(file_read(log, 0, &said, NULL), 0);
	free(log);
}

static void says(const char *part)
{
	if (!strstr(said, part))
		fail_msg("'%s' is not in '%s'", part, said);
}

#define SHA  "32458c96b86352f8366ef18c70c345c196b6272cf1cb1cbf1f142fe13398201a"
#define HEAD "[assay]\ndefault = a\n"
#define MORE "version = 5.10.1\nsource = /src\nconfigs = x.config\n"

static struct kernel_paths paths(void)
{
	return (struct kernel_paths){ at("kernels.ini"), at("config"), at("patches"), at("cache") };
}

static void free_paths(struct kernel_paths *p)
{
	free((char *)p->ini);
	free((char *)p->configs);
	free((char *)p->patches);
	free((char *)p->cache);
}

static int load(const char *ini, struct kernels **ks)
{
	struct kernel_paths p = paths();
	int err;

	put("config/x.config", "CONFIG_X=y\n");
	put("config/y.config", "CONFIG_Y=y\n");
	put("patches/5.10/series", "# comment\n\nb.patch # provides: bee\n"
				   "a.patch\t# provides: ay, ay-two\n# provides: bee\n");
	put("patches/5.10/a.patch", "x");
	put("patches/5.10/b.patch", "x");
	put("kernels.ini", ini);
	*ks = NULL;
	listen_begin();
	err = kernels__load(&p, ks);
	listen_end();
	free_paths(&p);
	return err;
}

static void whole_entry(void **state)
{
	const struct kernel *k;
	struct kernels *ks;
	char *source;

	(void)state;
	assert_int_equal(load("; about\n[assay]\ndefault = 5.10.218\n\n[5.10.218]\n"
			      "version = 5.10.218\npackage = linux-source-5.10=5.10.218-1\n"
			      "sha256 = " SHA "\nsuites = bullseye, bullseye-security\n"
			      "tarball = https://example.org/v5.x/linux-5.10.218.tar.xz\n"
			      "tarball-sha256 = " SHA "\nsource = ../linux\nseries = 5.10\n"
			      "configs = x.config, y.config\nsteps = 1500 ; more or less\n",
			      &ks),
			 0);
	assert_string_equal(said, "");
	assert_int_equal(kernels__count(ks), 1);
	k = kernels__at(ks, 0);
	assert_ptr_equal(k, kernels__default(ks));
	assert_null(kernels__at(ks, 1));
	assert_string_equal(k->name, "5.10.218");
	assert_int_equal(k->version.patch, 218);
	assert_string_equal(k->package, "linux-source-5.10=5.10.218-1");
	assert_int_equal(k->suites.n, 2);
	assert_string_equal(k->suites.v[1], "bullseye-security");
	assert_string_equal(k->series, "5.10");
	assert_int_equal(k->features.n, 3);
	assert_string_equal(k->features.v[0], "bee");
	assert_string_equal(k->features.v[2], "ay-two");
	assert_int_equal(k->configs.n, 2);
	assert_int_equal(k->steps, 1500);
	assert_int_equal(k->line, 5);
	source = at("../linux");
	assert_string_equal(k->source, source);
	free(source);
	kernels__free(ks);
	kernels__free(NULL);
}

/* Each mistake with its line. */
static void mistakes(void **state)
{
	static const struct {
		const char *ini, *says;
	} v[] = {
		{ HEAD "[a]\n" MORE "sorce = /x\n",
		  "kernels.ini:7: unknown key 'sorce' (did you mean 'source'?)" },
		{ HEAD "[a]\n" MORE "xyzzyxyzzy = 1\n",
		  "kernels.ini:7: unknown key 'xyzzyxyzzy'\n" },
		{ "[assay]\ndefalt = a\n[a]\n" MORE,
		  ":2: unknown key 'defalt' (did you mean 'default'?)" },
		{ HEAD "[a]\n" MORE "[a]\n" MORE, ":7: section [a] comes twice (first in line 3)" },
		{ HEAD "[a]\n" MORE "[assay]\ndefault = a\n", ":7: section [assay] comes twice" },
		{ HEAD "[a]\n" MORE "version = 5.10.2\n", ":7: key 'version' comes twice" },
		{ HEAD "[a]\n" MORE "steps = 0\n",
		  ":7: steps = 0: not a number from 1 to 1000000" },
		{ HEAD "[a]\n" MORE "steps = 1000001\n", ":7: steps = 1000001: not" },
		{ HEAD "[a]\n" MORE "steps = 5x\n", ":7: steps = 5x: not" },
		{ HEAD "[a]\nversion = five\nsource = /x\nconfigs = x.config\n",
		  ":4: version = five: not a kernel version" },
		{ HEAD "[a]\nversion = 5.10-x\nsource = /x\nconfigs = x.config\n",
		  ":4: version = 5.10-x: not" },
		{ HEAD "[a]\nsource = /x\nconfigs = x.config\n",
		  ":3: kernel 'a' has no 'version'" },
		{ HEAD "[a]\nversion = 5.10\nconfigs = x.config\n",
		  ":3: kernel 'a' has neither 'package', 'tarball' nor 'source'" },
		{ HEAD "[a]\nversion = 5.10\nsource = /x\n", ":3: kernel 'a' has no 'configs'" },
		{ HEAD "[a]\n" MORE "package = linux=1\n",
		  ":3: kernel 'a': 'package' and 'sha256'" },
		{ HEAD "[a]\n" MORE "package = linux\n",
		  ":7: package = linux: not a Debian package" },
		{ HEAD "[a]\n" MORE "package = linux=1 2\n", ":7: package = linux=1 2: not" },
		{ HEAD "[a]\n" MORE "package = -o=1\n", ":7: package = -o=1: not" },
		{ HEAD "[a]\n" MORE "sha256 = abc\n", ":7: sha256 = abc: not a SHA-256" },
		{ HEAD "[a]\n" MORE "tarball-sha256 = " SHA "\n", "'tarball-sha256' without" },
		{ HEAD "[a]\n" MORE "tarball = /x.tar.xz\n",
		  ":7: tarball = /x.tar.xz: not the URL" },
		{ HEAD "[a]\n" MORE "tarball = https://x/\n", ":7: tarball = https://x/: not" },
		{ HEAD "[a]\n" MORE "series = 6.1\n", ":7: series '6.1' of kernel 'a'" },
		{ HEAD "[a]\n" MORE "series = ../5.10\n", ":7: series = ../5.10: not the name" },
		{ HEAD "[a]\nversion = 5.10\nsource = /x\nconfigs = x.config, z.config\n",
		  ":6: configuration fragment 'z.config' does not exist" },
		{ HEAD "[a]\nversion = 5.10\nsource = /x\nconfigs = ../config/x.config\n",
		  ":6: configuration fragment" },
		{ HEAD "[a]\nversion = 5.10\nsource = /x\nconfigs = ,\n", ":6: configs = ,: not" },
		{ HEAD "[a/b]\n" MORE, ":3: 'a/b' is no name for a kernel" },
		{ HEAD "[a]\n" MORE "[b]\n", ":7: section without keys" },
		{ HEAD "[b]\n[a]\n" MORE, ":3: section without keys" },
		{ "version = 1\n" HEAD "[a]\n" MORE, ":1: 'version' stands before the first" },
		{ HEAD "[a]\n" MORE "nonsense\n", ":7: neither a [section]" },
		{ "[a]\n" MORE, ":1: no default kernel" },
		{ "", ":1: no default kernel" },
		{ "[assay]\ndefault = 5.10.281\n[5.10.218]\n" MORE,
		  ":2: unknown default kernel '5.10.281' (did you mean '5.10.218'?)" },
		{ "[assay]\ndefault = qqqqqq\n[a]\n" MORE,
		  ":2: unknown default kernel 'qqqqqq'\n" },
	};
	struct kernels *ks;

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		if (load(v[i].ini, &ks) != -EINVAL)
			fail_msg("accepted: %s", v[i].ini);
		assert_null(ks);
		says(v[i].says);
	}
}

static void all_mistakes_at_once(void **state)
{
	struct kernels *ks;

	(void)state;
	assert_int_equal(load(HEAD "[a]\n" MORE "sorce = 1\nstep = 2\n", &ks), -EINVAL);
	says(":7: ");
	says(":8: unknown key 'step' (did you mean 'steps'?)");
}

static void long_lines(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	struct kernels *ks;

	(void)state;
	strbuf__addf(&sb, "%s[a]\n%s; %0500d\nsteps = 5\n", HEAD, MORE, 0);
	assert_int_equal(load(strbuf__str(&sb), &ks), -EINVAL);
	says(":7: line of more than ");
	strbuf__free(&sb);
	assert_int_equal(
		load("[assay]\ndefault = a\n[a]\nversion=5.10\nsource=/x\nconfigs=x.config", &ks),
		0);
	kernels__free(ks);
}

static void missing_file(void **state)
{
	struct kernel_paths p = paths();
	struct kernels *ks;

	(void)state;
	listen_begin();
	assert_int_equal(kernels__load(&p, &ks), -ENOENT);
	listen_end();
	says("kernels.ini: cannot be read: No such file");
	free_paths(&p);
}

static void series_mistakes(void **state)
{
	static const struct {
		const char *series, *says;
	} v[] = {
		{ "none.patch\n", "series:1: patch 'none.patch' does not exist" },
		{ "a.patch\na.patch\n", "series:2: patch 'a.patch' is listed twice" },
		{ "../x.patch\n", "series:1: patch '../x.patch' is not in this folder" },
		{ "a.patch -p0\n", "series:1: 'a.patch -p0': one patch a line" },
		{ "a.patch # provides:\n", "series:1: 'provides' without a name" },
		{ "a.patch # provides: 1x\n", "series:1: '1x' is no name for a feature" },
	};
	struct kernels *ks;

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct kernel_paths p = paths();

		assert_int_equal(load(HEAD "[a]\n" MORE, &ks), 0);
		kernels__free(ks);
		put("patches/5.10/series", v[i].series);
		put("kernels.ini", HEAD "[a]\n" MORE "series = 5.10\n");
		listen_begin();
		assert_int_equal(kernels__load(&p, &ks), -EINVAL);
		listen_end();
		says(v[i].says);
		says("kernels.ini:7: series '5.10' of kernel 'a' cannot be used");
		free_paths(&p);
	}
}

#define KERNEL(name, version, series) \
	"[" name "]\nversion = " version "\nsource = /x\nconfigs = x.config\n" series

static void finds(void **state)
{
	const char *near = "";
	struct kernels *ks;

	(void)state;
	assert_int_equal(load("[assay]\ndefault = 6.1\n" KERNEL("5.10.300-stock", "5.10.300", "")
				      KERNEL("5.10.218", "5.10.218", "series = 5.10\n")
					      KERNEL("5.10.262", "5.10.262",
						     "series = 5.10\n") KERNEL("6.1.9", "6.1.9", "")
						      KERNEL("6.1.192", "6.1.192", "")
							      KERNEL("6.12.1", "6.12.1", ""),
			      &ks),
			 0);
	assert_string_equal(kernels__find(ks, "5.10.218", NULL)->name, "5.10.218");
	assert_string_equal(kernels__find(ks, "5.10", NULL)->name, "5.10.262");
	assert_string_equal(kernels__find(ks, "6.1", NULL)->name, "6.1.192");
	assert_string_equal(kernels__find(ks, "6.12", &near)->name, "6.12.1");
	assert_null(near);
	assert_string_equal(kernels__default(ks)->name, "6.1.192");
	assert_null(kernels__find(ks, "5.4", &near));
	assert_null(kernels__find(ks, "6", NULL));
	assert_null(kernels__find(ks, "6.1.", NULL));
	assert_null(kernels__find(ks, "", &near));
	assert_null(kernels__find(ks, "5.10.281", &near));
	assert_string_equal(near, "5.10.218");
	kernels__free(ks);
}

static void mirrors(void **state)
{
	struct apt_mirrors m;
	static const char *const suites[] = { "bullseye", "bullseye-security" };
	char *text;

	(void)state;
	assert_int_equal(
		apt_mirrors__parse("Debian|Debian|bookworm|http://m.example/debian/\n"
				   "Debian|Debian|bookworm-updates|http://m.example/debian/\n"
				   "Debian-Security|Debian|bookworm-security|http://s.example/x\n"
				   "Other|Other|stable|https://o.example/debian\n",
				   &m),
		0);
	assert_int_equal(m.main.n, 1);
	assert_int_equal(m.security.n, 1);
	text = apt_sources(&m, suites, 2, "/k.gpg");
	assert_string_equal(text, "Types: deb\nURIs: http://m.example/debian/\nSuites: bullseye\n"
				  "Components: main\nSigned-By: /k.gpg\n\n"
				  "Types: deb\nURIs: http://s.example/x/\n"
				  "Suites: bullseye-security\nComponents: main\n"
				  "Signed-By: /k.gpg\n");
	free(text);
	apt_mirrors__release(&m);
}

/* Lists never fetched: release and address tell. */
static void mirrors_unknown(void **state)
{
	struct apt_mirrors m;

	(void)state;
	assert_int_equal(
		apt_mirrors__parse(
			"$(LABEL)|$(ORIGIN)|bookworm|http://m.example/debian\n"
			"$(LABEL)|$(ORIGIN)|bookworm-security|http://s.example/debian-security/\n"
			"$(LABEL)|$(ORIGIN)|nodistro|https://n.example/node_20.x/\n"
			"rubbish\n|\n$(LABEL)|$(ORIGIN)|x|\n",
			&m),
		0);
	assert_int_equal(m.main.n, 1);
	assert_string_equal(m.main.v[0], "http://m.example/debian");
	assert_int_equal(m.security.n, 1);
	apt_mirrors__release(&m);
	/* One archive lies beside the other. */
	assert_int_equal(apt_mirrors__parse("Debian|Debian|x|http://m.example/debian", &m), 0);
	assert_string_equal(m.security.v[0], "http://m.example/debian-security");
	apt_mirrors__release(&m);
	assert_int_equal(apt_mirrors__parse("", &m), 0);
	assert_int_equal(m.main.n + m.security.n, 0);
	apt_mirrors__release(&m);
}

static void package_files(void **state)
{
	char *s = apt_file_name("linux-source-5.10=5.10.218-1");

	(void)state;
	assert_string_equal(s, "linux-source-5.10_5.10.218-1_all.deb");
	free(s);
	s = apt_file_name("x=1:2~3");
	assert_string_equal(s, "x_1%3a2~3_all.deb");
	free(s);
}

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

static void read_tree(const char *name, const char *text)
{
	char *path = at(name), *s = NULL;
	int err = file_read(path, 0, &s, NULL);

	if (text ? err || strcmp(s, text) : err != -ENOENT)
		fail_msg("%s holds '%s'", name, s ? s : "(nothing)");
	free(s);
	free(path);
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
	read_tree(name, "b");
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
	read_tree(name, NULL);
	free(name);
	name = str_fmt("cache/trees/%s/c.c", t.slot);
	read_tree(name, "c");
	free(name);
	name = str_fmt("cache/trees/%s/sub/b.c", t.slot);
	read_tree(name, "patched");
	free(name);
	name = str_fmt("cache/trees/%s/.assay/pristine/sub/b.c", t.slot);
	read_tree(name, "b2");
	free(name);
	read_tree("src/sub/b.c", "b2");
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
	struct kernels *ks;
	struct inputs in;
	char a[KEY_HEX], b[KEY_HEX], ca[HASH_HEX], cb[HASH_HEX];
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
		{ "patches/5.10/series", "a.patch # provides: other\nb.patch\n", true, false },
		{ "patches/5.10/series", "# only a comment\na.patch\nb.patch\n", false, false },
	};

	(void)state;
	assert_int_equal(load(HEAD "[a]\n" MORE "series = 5.10\n", &ks), 0);
	put("patches/5.10/b.patch", "--- a/y.c\n+++ b/y.c\n@@ -1 +1 @@\n-a\n+b\n");
	assert_int_equal(inputs__read(kernels__at(ks, 0), &p, &in), 0);
	assert_int_equal(inputs__built(&in, "s", a), 0);
	assert_int_equal(inputs__configured(&in, "s", ca), 0);
	assert_int_equal(inputs__built(&in, "t", b), 0);
	assert_string_not_equal(a, b);
	inputs__release(&in);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		put(v[i].file, v[i].text);
		assert_int_equal(inputs__read(kernels__at(ks, 0), &p, &in), 0);
		assert_int_equal(inputs__built(&in, "s", b), 0);
		assert_int_equal(inputs__configured(&in, "s", cb), 0);
		if (!strcmp(a, b) == v[i].built || !strcmp(ca, cb) == v[i].configured)
			fail_msg("step %zu: %s", i, v[i].text);
		memcpy(a, b, sizeof(a));
		memcpy(ca, cb, sizeof(ca));
		inputs__release(&in);
	}
	kernels__free(ks);
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

static bool there(const char *name)
{
	char *path = at(name);
	bool is = file_exists(path);

	free(path);
	return is;
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
	assert_int_equal(image__prune(&p, 10 << 20, "std", &freed), 0);
	assert_false(there("cache/trees/x~part"));
	assert_true(there("cache/trees/old/big"));
	/* The one in use stays, the standard one goes last. */
	assert_int_equal(image__prune(&p, 350000, "std", &freed), 0);
	assert_true(freed >= 100000 && freed < 200000);
	assert_false(there("cache/trees/old"));
	assert_true(there("cache/trees/held/big"));
	assert_int_equal(image__prune(&p, 250000, "std", &freed), 0);
	assert_false(there("cache/trees/new"));
	assert_true(there("cache/trees/std/big"));
	assert_int_equal(image__prune(&p, 0, "std", &freed), 0);
	assert_false(there("cache/trees/std"));
	assert_true(there("cache/trees/held/big"));
	close(lock);
	assert_int_equal(image__prune(&p, 0, NULL, &freed), 0);
	assert_false(there("cache/trees/held"));
	assert_int_equal(image__prune(&p, 0, NULL, &freed), 0);
	assert_int_equal(freed, 0);
	free_paths(&p);
}

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
		T(whole_entry),
		T(mistakes),
		T(all_mistakes_at_once),
		T(long_lines),
		T(missing_file),
		T(series_mistakes),
		T(finds),
		T(mirrors),
		T(mirrors_unknown),
		T(package_files),
		T(pinned_sources),
		T(source_folders),
		T(tree_follows_folder),
		T(no_kernel_tree),
		T(makefile_version),
		T(keys),
		T(kept_kernels),
		T(keeps_the_newest),
		T(prunes),
		T(btf_functions),
		T(btf_malformed),
		T(build_ids),
	};

	return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
