// SPDX-License-Identifier: GPL-2.0-only
/* New releases: what an index offers, which of them are wanted, and the text of kernels.ini. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "folder_fixture.h"
#include "vm/aptindex.h"
#include "vm/debver.h"
#include "vm/kernels_add.h"
#include "vm/releases.h"

#define SHA	"32458c96b86352f8366ef18c70c345c196b6272cf1cb1cbf1f142fe13398201a"
#define OTHER	"4f01148344ca9e5c1c9743ab4a084cf61c437548f803443ccc044602278b52bc"
#define CONFIGS "configs = x.config, y.config\n"

/* --- versions ------------------------------------------------------------------------------- */

static void order_of_versions(void **state)
{
	/* each before the next one */
	static const char *const sorted[] = {
		"1.0~rc1-1", "1.0-1~deb11u1", "1.0-1", "1.0-1+b1", "1.0-2", "1.0-10",
		"1.0.1-1",   "1.2-1",	      "1.9-1", "1.10-1",   "2-1",   "1:0.1-1",
	};
	size_t n = sizeof(sorted) / sizeof(sorted[0]);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			int d = debver__cmp(sorted[i], sorted[j]);

			if ((d > 0) - (d < 0) != (i > j) - (i < j))
				fail_msg("%s and %s: %d", sorted[i], sorted[j], d);
		}
	assert_int_equal(debver__cmp("1.01-1", "1.1-1"), 0);
}

static void releases_of_versions(void **state)
{
	struct kver v;

	(void)state;
	assert_true(debver__release("6.1.180-1~deb11u1", &v));
	assert_int_equal(v.major, 6);
	assert_int_equal(v.patch, 180);
	assert_true(debver__release("7.2-1", &v));
	assert_false(debver__release("7.4~rc2-1~exp1", &v));
	assert_false(
		debver__release("5.10.1", &v)); /* no revision: no package of Debian's kernel */
	assert_false(debver__release("12-1", &v));
	assert_false(debver__release("", &v));
}

/* --- the index ------------------------------------------------------------------------------ */

static void feed(struct apt_offers *to, const char *suite, const char *text)
{
	struct apt_index x = { .to = to, .suite = suite, .archive = "http://m.example/debian" };
	char *copy = strdup(text), *save = NULL, *line;

	/* strtok drops blank lines: a package begins with its name, too */
	for (line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		apt_index__line(&x, line);
	apt_index__line(&x, "");
	assert_int_equal(apt_index__end(&x), 0);
	free(copy);
}

static void offer(struct apt_offers *to, const char *suite, const char *branch, const char *version)
{
	char *text = str_fmt("Package: linux-source-%s\nVersion: %s\nFilename: pool/l_%s.deb\n"
			     "SHA256: %.56s%08x\n",
			     branch, version, version, SHA, (unsigned int)strlen(version));

	feed(to, suite, text);
	free(text);
}

static void whole_index(void **state)
{
	struct apt_offers o = { 0 };

	(void)state;
	feed(&o, "bullseye",
	     "Package: 0ad\nVersion: 1\nFilename: x\nSHA256: " SHA "\n"
	     "Package: linux-source-5.10\nSource: linux\nVersion: 5.10.218-1\n"
	     "Description: of\n Package: linux-source-5.9\n"
	     "Filename: pool/main/l/linux/a.deb\nMD5sum: 1\nSHA256: " SHA "\n"
	     "Package: linux-source\nVersion: 6\nFilename: x\nSHA256: " SHA "\n"
	     "Package: linux-source-6.1\nVersion: 6.1.1-1\nFilename: x\n"
	     "Package: linux-source-6.1-rt\nVersion: 6.1.1-1\nFilename: x\nSHA256: " SHA "\n");
	feed(&o, "bullseye-security",
	     "Package: linux-source-5.10\nVersion: 5.10.218-1\nFilename: pool/main/l/linux/a.deb\n"
	     "SHA256: " SHA "\n");
	/* the last one but two has no checksum: it is none that could be pinned */
	assert_int_equal(o.n, 1);
	assert_string_equal(o.v[0].package, "linux-source-5.10");
	assert_string_equal(o.v[0].version, "5.10.218-1");
	assert_string_equal(o.v[0].sha256, SHA);
	assert_string_equal(o.v[0].url, "http://m.example/debian/pool/main/l/linux/a.deb");
	assert_int_equal(o.v[0].suites.n, 2);
	assert_string_equal(o.v[0].suites.v[1], "bullseye-security");
	apt_offers__release(&o);
}

/* --- what is wanted ------------------------------------------------------------------------- */

#define ENTRY(name, version, more) "[" name "]\nversion = " version "\nsource = /s\n" CONFIGS more
#define PINNED(name, version, more)                                                      \
	"[" name "]\nversion = " version "\npackage = linux-source-5.10=" version "-1\n" \
	"sha256 = " SHA "\n" CONFIGS more

static struct kernels *load(const char *ini)
{
	struct kernel_paths p = paths();
	struct kernels *ks = NULL;

	put("config/x.config", "CONFIG_X=y\n");
	put("config/y.config", "# CONFIG_Y is not set\n");
	put("config/z.config", "CONFIG_Z=y\n");
	put("patches/5.10/series", "a.patch # provides: ay\n");
	put("patches/5.10/a.patch", "--- a/K\n+++ b/K\n@@ -0,0 +1,2 @@\n+config Z\n+\tbool\n");
	put("patches/5.10/series-more", "b.patch\n");
	put("patches/5.10/b.patch", "x");
	put("kernels.ini", ini);
	listen_begin();
	kernels__load(&p, &ks);
	listen_end();
	if (!ks)
		fail_msg("%s", said);
	free_paths(&p);
	return ks;
}

static const char text[] =
	"; top\n[assay]\ndefault = 5.10.218\n\n"
	"; the first\n" PINNED(
		"5.10.218", "5.10.218",
		"series = 5.10\nsteps = 7 ; seen\n") "\n"
						     "; a variant\n" PINNED(
							     "5.10.218-more", "5.10.218",
							     "series = 5.10\nmore = more\n") "\n"
											     "[bad]\nlike = 5.10.218\nbtf = damaged\n\n"
											     "; the last\n" PINNED(
												     "5.10.262",
												     "5.10.262",
												     "series = 5.10\nsteps = 9\n") "\n"
																   "[6.1.190]\nversion = 6.1.190\npackage = linux-source-6.1=6.1.190-1\nsha256 = " SHA
																   "\n"
																   "suites = a\ntarball = https://k.example/v6.x/linux-6.1.190.tar.xz\nsource = /s\n" CONFIGS
																   "; the end\n";

static void words_need_no_archive(void **state)
{
	static const char *const bad[] = { "stable", "6", "6.1.", "6.x", "6.1.180-1", ".." };
	struct strv words = { 0 };

	(void)state;
	assert_int_equal(strv__split(&words, "6.1 5.10.218", " "), 0);
	assert_int_equal(releases__check_words(&words), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(strv__add(&words, bad[i]), 0);
		listen_begin();
		assert_int_equal(releases__check_words(&words), -EINVAL);
		listen_end();
		says("is neither a branch such as 6.1 nor a release");
		free(words.v[--words.n]);
	}
	strv__free(&words);
}

/* apt-get ends well when it could fetch nothing new, and has old lists. A suite that the mirror
 * does not carry is another matter. */
static void old_lists_are_told_from_new_ones(void **state)
{
	static const char fake[] =
		"#!/bin/sh\ncase \"$*\" in\n"
		"*FILENAME*) echo \"$FOLDER/idx|trixie|http://h.example/debian\";;\n"
		"*indextargets*) echo 'Debian|Debian|13|http://h.example/debian/';;\n"
		"*) echo 'E: Failed to fetch http://h.example/y/Packages  404  Not Found'\n"
		"   echo 'E: Failed to fetch file:/z/Packages  File not found - /z/Packages'\n"
		"   if [ -f $FOLDER/down ]; then\n"
		"   echo 'W: Failed to fetch http://h.example/x/InRelease  Could not connect'\n"
		"   echo 'W: Some index files failed to download.'; fi\n"
		"   [ -d \"$TMPDIR\" ] && touch $TMPDIR/left;;\nesac\n";
	struct kernel_paths p = paths();
	const struct source_opts so = { .paths = &p, .cancel_fd = -1 };
	char *path = str_fmt("%s:%s", dir, getenv("PATH")), *was = strdup(getenv("PATH"));
	char *program = at("apt-get"), *reason;
	struct apt_offers o;

	(void)state;
	put("apt-get", fake);
	put("idx", "Package: linux-source-6.1\nVersion: 6.1.2-1\nFilename: pool/l.deb\nSHA256: " SHA
		   "\n\n");
	assert_int_equal(chmod(program, 0755), 0);
	setenv("PATH", path, 1);
	setenv("FOLDER", dir, 1);
	for (int down = 0; down < 2; down++) {
		if (down)
			put("down", "");
		assert_int_equal(apt_offers__fetch(&so, &o, &reason), 0);
		assert_int_equal(o.n, 1);
		assert_int_equal(o.stale.n, down);
		if (down)
			assert_string_equal(o.stale.v[0],
					    "http://h.example/x/InRelease  Could not connect");
		assert_true(there("cache/apt/index/tmp/left"));
		apt_offers__release(&o);
	}
	setenv("PATH", was, 1);
	free(was);
	free(path);
	free(program);
	free_paths(&p);
}

/* "5.10.263 6.1.191": the wanted ones. */
static char *wanted(const struct releases *rs)
{
	struct strbuf sb = STRBUF_INIT;
	char v[24];

	for (size_t i = 0; i < rs->n; i++)
		if (rs->v[i].wanted)
			strbuf__addf(&sb, "%s%s", sb.len ? " " : "",
				     kver__str(rs->v[i].version, v));
	return strbuf__detach(&sb);
}

static void wants(const struct kernels *ks, const struct apt_offers *o, const char *words,
		  bool older, const char *expected)
{
	struct strv w = { 0 };
	const struct releases_request rq = { .words = &w, .older = older };
	struct releases rs = { 0 };
	char *is;
	int err;

	assert_int_equal(strv__split(&w, words, " "), 0);
	listen_begin();
	err = releases__choose(ks, o, &rq, &rs);
	listen_end();
	if (!expected) {
		assert_int_equal(err, -EINVAL);
	} else {
		assert_int_equal(err, 0);
		is = wanted(&rs);
		assert_string_equal(is ? is : "", expected);
		free(is);
	}
	releases__free(&rs);
	strv__free(&w);
}

static void choosing(void **state)
{
	struct kernels *ks = load(text);
	struct apt_offers o = { 0 };

	(void)state;
	offer(&o, "bullseye", "5.10", "5.10.218-1");
	offer(&o, "bullseye", "5.10", "5.10.251-1");
	offer(&o, "bullseye-security", "5.10", "5.10.262-2"); /* the release is there */
	offer(&o, "bullseye-security", "5.10", "5.10.263-1");
	offer(&o, "bullseye-security", "5.10", "5.10.264-1");
	offer(&o, "bookworm", "6.1", "6.1.180-1");
	offer(&o, "bookworm", "5.15", "5.15.1-1"); /* a branch without entries, older than 6.1 */
	wants(ks, &o, "", false, "5.10.263 5.10.264");
	assert_string_equal(said, "");
	wants(ks, &o, "", true, "5.10.251 5.10.263 5.10.264 6.1.180");
	wants(ks, &o, "6.1", false, "");
	wants(ks, &o, "6.1", true, "6.1.180");
	wants(ks, &o, "6.1.180 5.10.251", false, "5.10.251 6.1.180");
	wants(ks, &o, "5.15", false, "5.15.1");
	wants(ks, &o, "5.10.218", false, "");
	wants(ks, &o, "6.12", false, NULL);
	says("has no source of 6.12");
	wants(ks, &o, "5.10.200", false, NULL);
	wants(ks, &o, "stable", false, NULL);
	says("'stable' is neither a branch such as 6.1 nor a release");
	apt_offers__release(&o);
	kernels__free(ks);
}

/* Of suites whose contents change the newest alone, and of new branches the newest. */
static void moving_suites(void **state)
{
	struct kernels *ks = load(text);
	struct apt_offers o = { 0 };

	(void)state;
	offer(&o, "testing", "6.1", "6.1.191-1");
	offer(&o, "sid", "6.1", "6.1.193-1");
	offer(&o, "trixie-backports", "6.1", "6.1.192-1~bpo13+1");
	offer(&o, "sid", "7.2", "7.2.13-1");
	offer(&o, "testing", "7.2", "7.2.12-1");
	offer(&o, "trixie-backports", "7.3", "7.3.4-1~bpo13+1");
	offer(&o, "sid", "7.4", "7.4~rc1-1");
	wants(ks, &o, "", true, "6.1.193 7.3.4");
	wants(ks, &o, "7.2", false, "7.2.13");
	wants(ks, &o, "6.1.191", false, "6.1.191");
	/* one that a release has, too, stays */
	offer(&o, "trixie", "6.1", "6.1.191-1");
	wants(ks, &o, "", false, "6.1.191 6.1.193 7.3.4");
	apt_offers__release(&o);
	/* the last two of all */
	offer(&o, "testing", "7.2", "7.2.12-1");
	offer(&o, "sid", "7.2", "7.2.13-1");
	wants(ks, &o, "7.2", false, "7.2.13");
	apt_offers__release(&o);
	kernels__free(ks);
}

static void revisions_and_models(void **state)
{
	static const char only_variants[] =
		"[assay]\ndefault = 5.10.1\n" ENTRY("5.10.1", "5.10.1", "traits = t\n");
	struct kernels *ks = load(text);
	const struct strv none = { 0 };
	const struct releases_request rq = { .words = &none };
	struct apt_offers o = { 0 };
	struct releases rs;

	(void)state;
	offer(&o, "a", "5.10", "5.10.263-1~deb12u1");
	offer(&o, "a", "5.10", "5.10.263-2");
	offer(&o, "a", "5.10", "5.10.263-1");
	offer(&o, "a", "7.1", "7.1.1-1");
	assert_int_equal(releases__choose(ks, &o, &rq, &rs), 0);
	assert_int_equal(rs.n, 2);
	assert_int_equal(rs.v[0].n, 3);
	assert_string_equal(rs.v[0].offers[0]->version, "5.10.263-2");
	assert_string_equal(rs.v[0].offers[2]->version, "5.10.263-1~deb12u1");
	assert_false(rs.v[0].new_branch);
	assert_string_equal(rs.v[0].like->name, "5.10.262");
	assert_true(rs.v[1].new_branch);
	/* 6.1.190 has a source of the user's: no model */
	assert_string_equal(rs.v[1].like->name, "5.10.262");
	releases__free(&rs);
	kernels__free(ks);
	ks = load(only_variants);
	assert_int_equal(releases__choose(ks, &o, &rq, &rs), 0);
	assert_null(rs.v[0].like);
	releases__free(&rs);
	apt_offers__release(&o);
	kernels__free(ks);
}

/* --- the text ------------------------------------------------------------------------------- */

static char *add(const char *to, unsigned int major, unsigned int minor, unsigned int patch,
		 const char *like, const struct strv *configs)
{
	struct strv suites = { 0 };
	struct kernel_new n = { .version = { major, minor, patch },
				.package = "linux-source-x=1-1",
				.sha256 = OTHER,
				.suites = &suites,
				.like = like,
				.configs = configs };
	char *out = NULL;

	assert_int_equal(strv__add(&suites, "b"), 0);
	assert_int_equal(strv__add(&suites, "b-security"), 0);
	assert_int_equal(kernels_text__add(to, &n, &out), 0);
	strv__free(&suites);
	return out;
}

/* `is` is `was` with `part` behind the text `after`. */
static void inserted(const char *was, const char *is, const char *after, const char *part)
{
	const char *at = strstr(was, after);
	char *expected;

	assert_non_null(at);
	at += strlen(after);
	expected = str_fmt("%.*s%s%s", (int)(at - was), was, part, at);
	assert_string_equal(is, expected);
	free(expected);
}

#define HEAD(v)                                                           \
	"\n; Found by `assay kernel update`.\n[" v "]\nversion = " v "\n" \
	"package = linux-source-x=1-1\nsha256 = " OTHER "\nsuites = b, b-security\n"

static void places(void **state)
{
	char *is = add(text, 5, 10, 263, "5.10.262", NULL), *next;

	(void)state;
	inserted(text, is, "steps = 9\n", HEAD("5.10.263") CONFIGS "series = 5.10\nsteps = 9\n");
	/* behind the one that was just added */
	next = add(is, 5, 10, 264, "5.10.263", NULL);
	inserted(is, next, HEAD("5.10.263") CONFIGS "series = 5.10\nsteps = 9\n",
		 HEAD("5.10.264") CONFIGS "series = 5.10\nsteps = 9\n");
	free(next);
	free(is);
	/* between: behind all that was made of the release before it; comments of lines stay */
	is = add(text, 5, 10, 230, "5.10.218", NULL);
	inserted(text, is, "btf = damaged\n",
		 HEAD("5.10.230") CONFIGS "series = 5.10\nsteps = 7 ; seen\n");
	free(is);
	/* older than all, and of no branch that is there: the last one */
	is = add(text, 4, 19, 1, "5.10.218", NULL);
	assert_true(str_starts(strrchr(is, '['), "[4.19.1]\n"));
	free(is);
	/* before all of its branch, but behind the section before it */
	is = add(text, 6, 1, 170, "6.1.190", NULL);
	inserted(text, is, "steps = 9\n",
		 HEAD("6.1.170") "tarball = https://k.example/v6.x/linux-6.1.170.tar.xz\n" CONFIGS);
	free(is);
}

static void new_branch(void **state)
{
	struct kernels *ks;
	struct kernel_paths p = paths();
	struct strv configs = { 0 };
	char *is;

	(void)state;
	ks = load("[assay]\ndefault = 5.10.262\n"
		  "[5.10.262]\nversion = 5.10.262\nsource = /s\nseries = 5.10\n"
		  "configs = x.config, z.config, y.config\n");
	/* z.config sets what a.patch adds */
	assert_int_equal(kernels__bare_configs(&p, kernels__at(ks, 0), &configs), 0);
	assert_int_equal(configs.n, 2);
	assert_string_equal(configs.v[1], "y.config");
	kernels__free(ks);
	is = add(text, 7, 2, 13, "6.1.190", &configs);
	/* the file's last line is a comment: it stays the last */
	inserted(text, is, "linux-6.1.190.tar.xz\nsource = /s\n" CONFIGS,
		 HEAD("7.2.13") "tarball = https://k.example/v7.x/linux-7.2.13.tar.xz\n" CONFIGS);
	free(is);
	is = add(text, 7, 2, 13, "5.10.262", &configs);
	assert_null(strstr(strstr(is, "[7.2.13]"), "series"));
	free(is);
	strv__free(&configs);
	free_paths(&p);
}

/* Keys that this code knows nothing of are taken along, and values that go on in the next line. */
static void other_keys(void **state)
{
	static const char odd[] = "[5.10.1]\nversion = 5.10.1\npackage = a=1\n  b\nsha256 = x\n"
				  "configs = x.config,\n\ty.config\n; c\npahole = 1.30";
	char *is = add(odd, 5, 10, 2, "5.10.1", NULL);

	(void)state;
	inserted("[5.10.1]\nversion = 5.10.1\npackage = a=1\n  b\nsha256 = x\n"
		 "configs = x.config,\n\ty.config\n; c\npahole = 1.30\n",
		 is, "1.30\n", HEAD("5.10.2") "configs = x.config,\n\ty.config\npahole = 1.30\n");
	free(is);
}

static void refused(void **state)
{
	struct strv suites = { 0 };
	struct kernel_new n = { .version = { 5, 10, 262 },
				.package = "x=1",
				.sha256 = SHA,
				.suites = &suites,
				.like = "5.10.218" };
	char *out;

	(void)state;
	assert_int_equal(kernels_text__add(text, &n, &out), -EEXIST);
	n.version.patch = 263;
	n.like = "5.10.1";
	assert_int_equal(kernels_text__add(text, &n, &out), -ENOENT);
}

/* --- the file ------------------------------------------------------------------------------- */

static int save(const char *was, const char *now)
{
	struct kernel_paths p = paths();
	int err;

	listen_begin();
	err = kernels_text__save(&p, was, now);
	listen_end();
	free_paths(&p);
	return err;
}

static void saving(void **state)
{
	char *is = add(text, 5, 10, 263, "5.10.262", NULL), *file = at("kernels.ini");
	struct stat st;

	(void)state;
	kernels__free(load(text));
	assert_int_equal(chmod(file, 0640), 0);
	assert_int_equal(save(text, is), -0);
	assert_string_equal(said, "");
	holds("kernels.ini", is);
	assert_false(there("kernels.ini.new"));
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	/* somebody was quicker */
	assert_int_equal(save(text, is), -EAGAIN);
	says("somebody else has changed it meanwhile");
	holds("kernels.ini", is);
	assert_false(there("kernels.ini.new"));
	/* what would not load is not written */
	assert_int_equal(save(is, "[assay]\ndefault = none\n"), -EINVAL);
	says("with the new entries it would not load: it stays as it was");
	holds("kernels.ini", is);
	assert_false(there("kernels.ini.new"));
	free(file);
	free(is);
}

/* One of two that save at once is told so; neither takes the other's file for its own. */
static void saving_at_once(void **state)
{
	char *one = add(text, 5, 10, 263, "5.10.262", NULL);
	char *other = add(text, 5, 10, 264, "5.10.262", NULL);

	(void)state;
	for (int i = 0; i < 20; i++) {
		int status, won = 0;
		pid_t pid;

		kernels__free(load(text));
		pid = fork();
		assert_true(pid >= 0);
		if (!pid)
			_exit(-save(text, one));
		won = save(text, other) == 0;
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), won ? EAGAIN : 0);
		holds("kernels.ini", won ? other : one);
	}
	free(one);
	free(other);
}

/* From an editor of another system. */
static void lines_that_end_in_cr(void **state)
{
	static const char crlf[] = "[assay]\r\ndefault = 5.10.1\r\n\r\n[5.10.1]\r\n"
				   "version = 5.10.1\r\npackage = a=1\r\nsha256 = " SHA "\r\n"
				   "configs = x.config\r\n";
	char *is = add(crlf, 5, 10, 2, "5.10.1", NULL);
	struct kernels *ks = load(is);

	(void)state;
	assert_int_equal(kernels__count(ks), 2);
	assert_string_equal(kernels__at(ks, 1)->name, "5.10.2");
	assert_string_equal(kernels__at(ks, 1)->configs.v[0], "x.config");
	kernels__free(ks);
	free(is);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(order_of_versions),
		TEST(releases_of_versions),
		TEST(whole_index),
		TEST(old_lists_are_told_from_new_ones),
		TEST(words_need_no_archive),
		TEST(choosing),
		TEST(moving_suites),
		TEST(revisions_and_models),
		TEST(places),
		TEST(new_branch),
		TEST(other_keys),
		TEST(refused),
		TEST(saving),
		TEST(saving_at_once),
		TEST(lines_that_end_in_cr),
	};

	return cmocka_run_group_tests_name("kernel_update", tests, NULL, NULL);
}
