// SPDX-License-Identifier: GPL-2.0-only
/* What `assay bisect` goes along: the kernels of a list, the patches of a series. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/bisect_kernels.h"
#include "cli/bisect_prefix.h"
#include "folder_fixture.h"
#include "vm/inputs.h"
#include "vm/kernels.h"
#include "vm/series.h"
#include "vm/tree.h"

#define ENTRY(name, version, more) \
	"[" name "]\nversion = " version "\nsource = /nowhere\nconfigs = c.config\n" more

/* Not in the order of versions. */
static const char ini[] = "[assay]\ndefault = 5.10.1\n" ENTRY("5.10.1", "5.10.1", "series = s\n")
	ENTRY("6.1.2", "6.1.2", "series = t\n") ENTRY("5.10.9", "5.10.9", "series = s\n")
		ENTRY("5.10.1-stock", "5.10.1", "") ENTRY("5.10.5-stock", "5.10.5", "")
			ENTRY("5.10.5", "5.10.5",
			      "series = s\ntraits = own\n") ENTRY("5.10.9-stock", "5.10.9", "")
				ENTRY("5.15.3", "5.15.3", "series = t\n") ENTRY("odd", "5.10.7", "")
					ENTRY("5.10.8", "5.10.8", "series = s\nuntested = yes\n");

struct scene {
	struct kernel_paths paths;
	struct kernels *ks;
};

static int make(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_int_equal(setup(NULL), 0);
	s->paths = paths();
	put("kernels.ini", ini);
	put("config/c.config", "CONFIG_A=y\n");
	put("patches/s/series", "# provides: early\n0001-a.patch # provides: a\n0002-b.patch\n"
				"# provides: b\n0003-c.patch # provides: c\n");
	put("patches/s/0001-a.patch", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-1\n+2\n");
	put("patches/s/0002-b.patch", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-2\n+3\n");
	put("patches/s/0003-c.patch", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-3\n+4\n");
	put("patches/t/series", "");
	assert_int_equal(kernels__load(&s->paths, &s->ks), 0);
	*state = s;
	return 0;
}

static int unmake(void **state)
{
	struct scene *s = *state;

	kernels__free(s->ks);
	free_paths(&s->paths);
	free(s);
	return teardown(NULL);
}

static void choose(struct scene *s, const char *good, const char *bad, const char *only,
		   const char *want)
{
	struct strbuf sb = STRBUF_INIT;
	struct kernel_line l;

	assert_int_equal(kernel_line__choose(s->ks, good, bad, only, &l), 0);
	for (size_t i = 0; i < l.n; i++)
		strbuf__addf(&sb, "%s%s", i ? " " : "", l.v[i]->name);
	assert_string_equal(strbuf__str(&sb), want);
	strbuf__free(&sb);
	free(l.v);
}

static void test_kernels(void **state)
{
	struct scene *s = *state;

	choose(s, "5.10.1", "6.1.2", NULL, "5.10.1 5.10.5 5.10.9 5.15.3 6.1.2");
	choose(s, "6.1", "5.10.1", NULL, "6.1.2 5.15.3 5.10.9 5.10.5 5.10.1");
	choose(s, "5.10.1", "5.10.5", NULL, "5.10.1 5.10.5");
	choose(s, "5.10.1", "5.10.1-stock", NULL, "5.10.1 5.10.1-stock");
	choose(s, "5.10.1-stock", "5.10.9-stock", NULL, "5.10.1-stock 5.10.5-stock 5.10.9-stock");
	/* Globs choose within the kind, names bring in others. */
	choose(s, "5.10.1", "6.1.2", "5.10.*", "5.10.1 5.10.5 5.10.9 6.1.2");
	choose(s, "5.10.1", "6.1.2", "5.15*,5.10.5-stock,odd",
	       "5.10.1 5.10.5-stock odd 5.15.3 6.1.2");
	/* What nobody has run is named, or left out: 5.10.8. */
	choose(s, "5.10.1", "5.10.9", "5.10.5,5.10.8", "5.10.1 5.10.5 5.10.8 5.10.9");
	choose(s, "5.10.1", "5.10.8", NULL, "5.10.1 5.10.5 5.10.8");
}

static void test_no_kernels(void **state)
{
	struct scene *s = *state;
	struct kernel_line l;

	listen_begin();
	assert_int_equal(kernel_line__choose(s->ks, "5.10.2", "6.1.2", NULL, &l), -EINVAL);
	free(l.v);
	assert_int_equal(kernel_line__choose(s->ks, "5.10.9", "5.10", NULL, &l), -EINVAL);
	free(l.v);
	listen_end();
	says("unknown kernel '5.10.2'");
	says("the same kernel");
}

static void note(struct scene *s, const char *a, const char *b, const char *want)
{
	char *is = kernel_step__notes(kernels__find(s->ks, a, NULL), kernels__find(s->ks, b, NULL));

	assert_non_null(is);
	if (*want ? !strstr(is, want) : *is)
		fail_msg("'%s' is not in '%s'", want, is);
	free(is);
}

static void test_notes(void **state)
{
	struct scene *s = *state;

	note(s, "5.10.1", "5.10.5", "");
	note(s, "5.10.9", "5.15.3", "5.10.9 -> 5.15.3 is a step between branches");
	note(s, "5.10.9", "5.15.3", "series differ: s and t");
	note(s, "5.15.3", "6.1.2", "between branches");
	note(s, "5.10.1", "5.10.1-stock", "the same version");
	note(s, "5.10.1", "5.10.1-stock", "series differ: s and none");
}

/* --- patches ------------------------------------------------------------------------------------
 */

static void test_prefixes(void **state)
{
	static const char *const features[] = { "early own", "early a own", "early a b own",
						"early a b c own" };
	struct scene *s = *state;
	const struct kernel *entry = kernels__find(s->ks, "5.10.5", NULL);
	struct prefixes p;
	struct kernel k;

	assert_int_equal(prefixes__read(&p, entry, s->paths.patches, NULL, NULL), 0);
	assert_int_equal(p.points.n, 4);
	assert_string_equal(p.points.v[0], "+0 none");
	assert_string_equal(p.points.v[3], "+3 0003-c.patch");
	for (size_t i = 0; i < 4; i++) {
		struct strbuf sb = STRBUF_INIT;
		struct inputs in;
		char *slot;

		assert_int_equal(prefixes__kernel(&p, i, &k), 0);
		assert_int_equal(k.nr_patches, i);
		for (size_t f = 0; f < k.features.n; f++)
			strbuf__addf(&sb, "%s%s", f ? " " : "", k.features.v[f]);
		assert_string_equal(strbuf__str(&sb), features[i]);
		strbuf__free(&sb);
		/* One tree for all of them, that is not the entry's. */
		slot = tree__slot(&k);
		assert_true(str_starts(slot, "5.10.5+series@"));
		free(slot);
		assert_int_equal(inputs__read(&k, &s->paths, &in), 0);
		assert_int_equal(in.patches.n, i);
		inputs__release(&in);
		prefixes__release_kernel(&k);
	}
	prefixes__release(&p);
}

static void test_part_of_series(void **state)
{
	struct scene *s = *state;
	const struct kernel *entry = kernels__find(s->ks, "5.10.5", NULL);
	struct prefixes p;
	struct kernel k;

	assert_int_equal(prefixes__read(&p, entry, s->paths.patches, "0001-a", "0002-b.patch"), 0);
	assert_int_equal(p.points.n, 2);
	assert_string_equal(p.points.v[0], "+1 0001-a.patch");
	assert_int_equal(prefixes__kernel(&p, 1, &k), 0);
	assert_int_equal(k.nr_patches, 2);
	assert_string_equal(k.name, "5.10.5+2");
	prefixes__release_kernel(&k);
	prefixes__release(&p);
	listen_begin();
	assert_int_equal(prefixes__read(&p, entry, s->paths.patches, "0002-b", "0001-a"), -EINVAL);
	listen_end();
	prefixes__release(&p);
	says("no patch lies between 0002-b and 0001-a");
	listen_begin();
	assert_int_equal(prefixes__read(&p, entry, s->paths.patches, "0002-d", NULL), -EINVAL);
	prefixes__release(&p);
	entry = kernels__find(s->ks, "5.10.5-stock", NULL);
	assert_int_equal(prefixes__read(&p, entry, s->paths.patches, NULL, NULL), -EINVAL);
	prefixes__release(&p);
	listen_end();
	says("unknown patch '0002-d': did you mean '0002-b.patch'?");
	says("5.10.5-stock has no series");
}

/* A tree that was built with the first patch; all three touch the file x. */
static void test_same(void **state)
{
	struct scene *s = *state;
	const struct kernel *entry = kernels__find(s->ks, "5.10.5", NULL);
	char hex[HASH_HEX], *cmd;
	struct prefixes p;
	struct inputs in;
	struct kernel k;
	struct tree t;

	assert_int_equal(prefixes__read(&p, entry, s->paths.patches, NULL, NULL), 0);
	assert_false(prefixes__are_same(&p, &s->paths, NULL, 1, 2)); /* there is no tree */
	assert_int_equal(prefixes__kernel(&p, 1, &k), 0);
	assert_int_equal(tree__init(&t, &k, s->paths.cache), 0);
	assert_int_equal(inputs__read(&k, &s->paths, &in), 0);
	assert_int_equal(inputs__patched(&in, "source", hex), 0);
	assert_int_equal(dir_make(t.state), 0);
	assert_int_equal(tree__set_mark(&t, "source", "source"), 0);
	assert_int_equal(tree__set_mark(&t, "patched", hex), 0);
	assert_int_equal(tree__set_mark(&t, "built", "config"), 0);
	cmd = str_fmt("%s/.y.o.cmd", t.dir);
	assert_int_equal(file_write(cmd, "gcc y.c", 7), 0);
	assert_true(prefixes__are_same(&p, &s->paths, NULL, 1, 2));
	assert_true(prefixes__are_same(&p, &s->paths, NULL, 1, 0));
	assert_true(prefixes__are_same(&p, &s->paths, NULL, 1, 3));
	assert_false(prefixes__are_same(&p, &s->paths, NULL, 2, 3)); /* it is not there */
	assert_int_equal(file_write(cmd, "gcc x", 5), 0);
	assert_false(prefixes__are_same(&p, &s->paths, NULL, 1, 2));
	assert_int_equal(file_write(cmd, "gcc y.c", 7), 0);
	assert_int_equal(tree__set_mark(&t, "building", "config"), 0);
	assert_false(prefixes__are_same(&p, &s->paths, NULL, 1, 2));
	free(cmd);
	inputs__release(&in);
	tree__release(&t);
	prefixes__release_kernel(&k);
	prefixes__release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, make, unmake)
		TEST(test_kernels),  TEST(test_no_kernels),	TEST(test_notes),
		TEST(test_prefixes), TEST(test_part_of_series), TEST(test_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
