// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "folder_fixture.h"
#include "vm/aptsrc.h"
#include "vm/inputs.h"
#include "vm/kernels.h"
#include "vm/source.h"

#define SHA  "32458c96b86352f8366ef18c70c345c196b6272cf1cb1cbf1f142fe13398201a"
#define HEAD "[assay]\ndefault = a\n"
#define MORE "version = 5.10.1\nsource = /src\nconfigs = x.config\n"

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
	put("patches/5.10/c.patch", "x");
	put("patches/5.10/d.patch", "x");
	put("patches/5.10/series-see", "c.patch # provides: see, bee\n");
	put("patches/5.10/series-dee", "d.patch # provides: dee\n");
	put("patches/5.10/series-again", "b.patch\n");
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

/* A source package, a pahole of its own, and nobody who has run it. */
static void further_keys(void **state)
{
	const struct kernel *k;
	struct source s[2];
	struct kernels *ks;
	char *name;

	(void)state;
	assert_int_equal(load(HEAD "[a]\nversion = 6.1.8\npackage = linux=6.1.8-1\nsha256 = " SHA
				   "\norig = linux_6.1.8.orig.tar.xz\npahole = 1.30\n"
				   "untested = yes\nconfigs = x.config\n"
				   "[b]\nlike = a\nbtf = damaged\n[c]\n" MORE,
			      &ks),
			 0);
	assert_string_equal(said, "");
	for (size_t i = 0; i < 2; i++) {
		k = kernels__at(ks, i);
		assert_string_equal(k->orig, "linux_6.1.8.orig.tar.xz");
		assert_string_equal(k->pahole, "1.30");
		assert_true(k->untested);
	}
	k = kernels__at(ks, 2);
	assert_null(k->orig);
	assert_null(k->pahole);
	assert_false(k->untested);
	/* upstream's tarball is taken, under its own name */
	k = kernels__at(ks, 0);
	assert_int_equal(source__pinned(k, s), 1);
	assert_int_equal(s[0].kind, SOURCE_ORIG);
	assert_string_equal(s[0].what, "linux=6.1.8-1");
	name = source__file_name(k, &s[0]);
	assert_string_equal(name, "linux_6.1.8.orig.tar.xz");
	free(name);
	source__release(&s[0]);
	kernels__free(ks);
}

/* A branch's name leads to one that somebody has run, be it older and without patches. */
static void untested_last(void **state)
{
	struct kernels *ks;

	(void)state;
	assert_int_equal(load(HEAD "[a]\n" MORE "[new]\nversion = 5.10.9\nsource = /src\n"
				   "configs = x.config\nseries = 5.10\nuntested = yes\n"
				   "[only]\nversion = 5.4.9\nsource = /src\nconfigs = x.config\n"
				   "untested = yes\n",
			      &ks),
			 0);
	assert_ptr_equal(kernels__find(ks, "5.10", NULL), kernels__at(ks, 0));
	assert_ptr_equal(kernels__find(ks, "5.4", NULL), kernels__at(ks, 2));
	kernels__free(ks);
}

/* The entry's version of pahole is part of the key. */
static void key_of_pahole(void **state)
{
	char key[2][KEY_HEX];
	struct kernel_paths p;
	struct kernels *ks;

	(void)state;
	assert_int_equal(load(HEAD "[a]\n" MORE "[b]\n" MORE "pahole = 1.99\n", &ks), 0);
	p = paths();
	for (size_t i = 0; i < 2; i++) {
		struct inputs in;

		assert_int_equal(inputs__read(kernels__at(ks, i), &p, &in), 0);
		if (i)
			assert_string_equal(in.tools.pahole, "v1.99");
		assert_int_equal(inputs__built(&in, SHA, key[i]), 0);
		inputs__release(&in);
	}
	assert_string_not_equal(key[0], key[1]);
	free_paths(&p);
	kernels__free(ks);
}

static void like_another(void **state)
{
	const struct kernel *k;
	struct kernels *ks;

	(void)state;
	assert_int_equal(load("[assay]\ndefault = 5.10.218\n[5.10.218]\nversion = 5.10.218\n"
			      "package = linux=1\nsha256 = " SHA "\nseries = 5.10\n"
			      "configs = x.config, y.config\n"
			      "[bad]\nlike = 5.10.218\nbtf = damaged\n",
			      &ks),
			 0);
	k = kernels__at(ks, 1);
	assert_string_equal(k->name, "bad");
	assert_string_equal(k->like, "5.10.218");
	assert_int_equal(k->version.patch, 218);
	assert_string_equal(k->package, "linux=1");
	assert_string_equal(k->sha256, SHA);
	assert_string_equal(k->series, "5.10");
	assert_int_equal(k->features.n, 3);
	assert_int_equal(k->configs.n, 2);
	assert_null(kernels__at(ks, 0)->like);
	/* a branch's name never leads to it */
	assert_ptr_equal(kernels__find(ks, "5.10", NULL), kernels__at(ks, 0));
	kernels__free(ks);
}

/* Lists beyond the series' own, in the order asked for; the keys in any order. */
static void more_patches(void **state)
{
	static const char *const features[] = { "bee", "ay", "ay-two", "dee", "see", "trait" };
	const struct kernel *k;
	struct kernels *ks;

	(void)state;
	assert_int_equal(load(HEAD "[a]\n" MORE "traits = trait\nmore = dee, see\nseries = 5.10\n"
				   "[b]\n" MORE "series = 5.10\n[c]\nlike = a\nbtf = damaged\n",
			      &ks),
			 0);
	assert_string_equal(said, "");
	k = kernels__at(ks, 0);
	assert_int_equal(k->more.n, 2);
	assert_string_equal(k->more.v[0], "dee");
	assert_int_equal(k->features.n, 6);
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(k->features.v[i], features[i]);
	assert_int_equal(kernels__at(ks, 1)->more.n, 0);
	assert_int_equal(kernels__at(ks, 1)->features.n, 3);
	k = kernels__at(ks, 2);
	assert_int_equal(k->more.n, 2);
	assert_int_equal(k->features.n, 6);
	kernels__free(ks);
}

/* What a kernel is made of: their patches behind the series', and another key for them. */
static void more_inputs(void **state)
{
	struct inputs with, without;
	char key[2][KEY_HEX];
	struct kernel_paths p = paths();
	struct kernels *ks;

	(void)state;
	assert_int_equal(load(HEAD "[a]\n" MORE "series = 5.10\n[b]\n" MORE
				   "series = 5.10\nmore = dee, see\n",
			      &ks),
			 0);
	assert_int_equal(inputs__read(kernels__at(ks, 0), &p, &without), 0);
	assert_int_equal(inputs__read(kernels__at(ks, 1), &p, &with), 0);
	assert_int_equal(without.patches.n, 2);
	assert_int_equal(with.patches.n, 4);
	assert_string_equal(with.patches.v[1], "a.patch");
	assert_string_equal(with.patches.v[2], "d.patch");
	assert_string_equal(with.patches.v[3], "c.patch");
	assert_int_equal(inputs__built(&without, "source", key[0]), 0);
	assert_int_equal(inputs__built(&with, "source", key[1]), 0);
	assert_string_not_equal(key[0], key[1]);
	inputs__release(&without);
	inputs__release(&with);
	kernels__free(ks);
	free_paths(&p);
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
		{ HEAD "[a]\n" MORE "[b]\nlike = ../x\nbtf = damaged\n",
		  ":8: like = ../x: not the name of an entry" },
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
		{ HEAD "[a]\n" MORE "more = see\n", ":3: kernel 'a': 'more' without 'series'" },
		{ HEAD "[a]\n" MORE "series = 5.10\nmore = ,\n", ":8: more = ,: not a list" },
		{ HEAD "[a]\n" MORE "series = 5.10\nmore = a/b\n", ":8: more = a/b: not a list" },
		{ HEAD "[a]\n" MORE "more = none\nseries = 5.10\n",
		  "5.10/series-none: cannot be read: No such file" },
		{ HEAD "[a]\n" MORE "more = none\nseries = 5.10\n",
		  ":7: series '5.10' of kernel 'a' cannot be used" },
		{ HEAD "[a]\n" MORE "series = 5.10\nmore = see, again\n",
		  "5.10/series-again:1: patch 'b.patch' is listed twice" },
		{ HEAD "[a]\n" MORE "series = 5.10\nmore = see, see\n",
		  "5.10/series-see:1: patch 'c.patch' is listed twice" },
		{ HEAD "[a]\n" MORE "[b]\nlike = a\nbtf = damaged\nmore = see\n",
		  ":7: kernel 'b': 'like' and 'btf' go together, without other keys" },
		{ HEAD "[a]\nversion = 5.10\nsource = /x\nconfigs = x.config, z.config\n",
		  ":6: configuration fragment 'z.config' does not exist" },
		{ HEAD "[a]\nversion = 5.10\nsource = /x\nconfigs = ../config/x.config\n",
		  ":6: configuration fragment" },
		{ HEAD "[a]\nversion = 5.10\nsource = /x\nconfigs = ,\n", ":6: configs = ,: not" },
		{ HEAD "[a/b]\n" MORE, ":3: 'a/b' is no name for a kernel" },
		{ HEAD "[a]\n" MORE "[b]\n", ":7: section without keys" },
		{ HEAD "[a]\n" MORE "[b]\nlike = a\n", ":7: kernel 'b': 'like' and 'btf' go" },
		{ HEAD "[a]\n" MORE "[b]\nbtf = damaged\n", ":7: kernel 'b': 'like' and 'btf'" },
		{ HEAD "[a]\n" MORE "[b]\nlike = a\nbtf = damaged\nsteps = 5\n",
		  ":7: kernel 'b': 'like' and 'btf' go together, without other keys" },
		{ HEAD "[a]\n" MORE "[b]\nlike = a\nbtf = none\n",
		  ":9: btf = none: not 'damaged'" },
		{ HEAD "[a]\n" MORE "[b]\nlike = c\nbtf = damaged\n",
		  ":7: kernel 'b' is like 'c', which is no entry before it" },
		{ HEAD "[a]\n" MORE "[b]\nlike = b\nbtf = damaged\n", "'b' is like 'b', which" },
		{ HEAD "[a]\n" MORE "untested = no\n", ":7: untested = no: not 'yes'" },
		{ HEAD "[a]\n" MORE "pahole = new\n", ":7: pahole = new: not a version of pahole" },
		{ HEAD "[a]\n" MORE "orig = ../linux.orig.tar.xz\n",
		  ":7: orig = ../linux.orig.tar.xz: not the name of an .orig.tar file" },
		{ HEAD "[a]\n" MORE "orig = linux_6.1.8.orig.tar.xz\n",
		  ":3: kernel 'a': 'orig' without 'package'" },
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
	text = apt_sources(&m, "deb", suites, 2, "/k.gpg");
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

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(whole_entry),	  T(mistakes),	    T(all_mistakes_at_once),
		T(long_lines),	  T(missing_file),  T(series_mistakes),
		T(finds),	  T(mirrors),	    T(mirrors_unknown),
		T(package_files), T(like_another),  T(further_keys),
		T(untested_last), T(key_of_pahole), T(more_patches),
		T(more_inputs),
	};

	return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
