// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "folder_fixture.h"
#include "vm/patch.h"

static void is(const char *name, const char *text)
{
	char *path = at(name), *s = NULL;
	int err = file_read(path, 0, &s, NULL);

	if (!text)
		assert_int_equal(err, -ENOENT);
	else if (err || strcmp(s, text))
		fail_msg("%s holds '%s', not '%s'", name, err ? "(nothing)" : s, text);
	free(s);
	free(path);
}

#define SRC "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n"

#define SECOND_TO_ZWEI                                                   \
	"Subject: two\n\nWhy.\n---\n x.c | 2 +-\n\n"                     \
	"diff --git a/lib/x.c b/lib/x.c\n--- a/lib/x.c\n+++ b/lib/x.c\n" \
	"@@ -1,5 +1,5 @@ first\n one\n-two\n+zwei\n three\n four\n five\n-- \n2.39\n"

#define ADD_FILE                                                                               \
	"diff --git a/new/y.c b/new/y.c\nnew file mode 100755\n--- /dev/null\n+++ b/new/y.c\n" \
	"@@ -0,0 +1,2 @@\n+a\n+b\n"

#define REMOVE_FILE                                                                          \
	"diff --git a/old.c b/old.c\ndeleted file mode 100644\n--- a/old.c\n+++ /dev/null\n" \
	"@@ -1 +0,0 @@\n-old\n"

static int series(const char *const *names, unsigned int *changed)
{
	char *tree = at("tree"), *state = at("tree/.assay"), *patches = at("p"), *log = at("log");
	struct strv sv = { 0 };
	struct patching p = { .kernel = "k",
			      .tree = tree,
			      .state = state,
			      .dir = patches,
			      .patches = &sv,
			      .cancel_fd = -1 };
	int keep = dup(2), err;

	for (; *names; names++)
		assert_int_equal(strv__add(&sv, *names), 0);
	assert_int_equal(dir_make(state), 0);
	assert_non_null(freopen(log, "w", stderr));
	err = patching__sync(&p, NULL, NULL, changed);
	fflush(stderr);
	dup2(keep, 2);
	close(keep);
	free(said);
	assert_int_equal(file_read(log, 0, &said, NULL), 0);
	strv__free(&sv);
	free(tree);
	free(state);
	free(patches);
	free(log);
	return err;
}
#define SERIES(changed, ...) series((const char *const[]){ __VA_ARGS__, NULL }, changed)

static void put_tree(void)
{
	put("tree/lib/x.c", SRC);
	put("tree/old.c", "old\n");
	put("tree/other.c", "other\n");
	put("p/2.patch", SECOND_TO_ZWEI);
	put("p/add.patch", ADD_FILE);
	put("p/rm.patch", REMOVE_FILE);
}

static void parse_files_and_hunks(void **state)
{
	struct strv paths = { 0 };
	struct patch p;
	char *reason;

	(void)state;
	assert_int_equal(patch__parse(SECOND_TO_ZWEI ADD_FILE REMOVE_FILE
				      "diff --git a/a b/b\nrename from a\nrename to b\n"
				      "diff --git a/lib/x.c b/lib/x.c\n--- a/lib/x.c\t2020\n"
				      "+++ b/lib/x.c\t2020\n@@ -9 +9 @@\n-nine\n\\ No newline\n"
				      "+neun\n\\ No newline\n",
				      &p, &reason),
			 0);
	assert_null(reason);
	assert_int_equal(patch__paths(&p, &paths), 0);
	assert_int_equal(paths.n, 5);
	assert_string_equal(paths.v[0], "lib/x.c");
	assert_string_equal(paths.v[1], "new/y.c");
	assert_string_equal(paths.v[2], "old.c");
	assert_string_equal(paths.v[3], "a");
	assert_string_equal(paths.v[4], "b");
	assert_int_equal(p.files[0].nr_hunks, 2);
	assert_string_equal(p.files[0].hunks[0].header, "@@ -1,5 +1,5 @@ first");
	assert_int_equal(p.files[0].hunks[0].line, 10);
	strv__free(&paths);
	patch__release(&p);
}

static void parse_mistakes(void **state)
{
#define H "--- a/x\n+++ b/x\n"
	static const struct {
		const char *text, *reason;
	} v[] = {
		{ "", "line 0: no file" },
		{ "Only words\n", "no file is changed" },
		{ "@@ -1 +1 @@\n-a\n+b\n", "line 1: hunk without the name" },
		{ H "@@ -1,2 +1,2 @@\n a\n-b\n", "line 5: the last hunk is cut off" },
		{ H "@@ -1,2 +1,2 @@\n a\n-b\nfoo\n", "line 6: the hunk has other lines" },
		{ H "@@ -1 +1 @@\n-a\n-b\n", "line 5: the hunk has other lines" },
		{ H "@@ -x +1 @@\n", "line 3: malformed hunk header" },
		{ H "@@ -1, +1 @@\n", "line 3: malformed hunk header" },
		{ H "@@ -1 +1\n", "line 3: malformed hunk header" },
		{ "--- a/x\n+++ b/../../etc/passwd\n@@ -1 +1 @@\n-a\n+b\n", "outside the tree" },
		{ "--- a//etc/passwd\n+++ b/x\n", "outside the tree" },
		{ "--- a/x/..\n+++ b/x\n", "outside the tree" },
		{ "rename from /etc/x\n", "outside the tree" },
		{ "--- \"a/x\\n\"\n+++ b/x\n", "quoted" },
		{ "GIT binary patch\n", "binary" },
		{ "--- /dev/null\n+++ /dev/null\n", "from /dev/null to /dev/null" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		char *reason = NULL;
		struct patch p;

		assert_int_equal(patch__parse(v[i].text, &p, &reason), -EINVAL);
		assert_non_null(reason);
		if (!strstr(reason, v[i].reason))
			fail_msg("'%s': %s", v[i].text, reason);
		free(reason);
	}
#undef H
}

static void parse_eaten_blank(void **state)
{
	struct patch p;
	char *reason;

	(void)state;
	assert_int_equal(
		patch__parse("--- a/x\r\n+++ b/x\r\n@@ -1,3 +1,3 @@\r\n a\r\n\r\n-b\r\n+c\r\n", &p,
			     &reason),
		0);
	assert_string_equal(p.files[0].path, "x");
	patch__release(&p);
}

static void applies(void **state)
{
	unsigned int changed;
	struct stat st;
	char *path;

	(void)state;
	put_tree();
	assert_int_equal(SERIES(&changed, "2.patch", "add.patch", "rm.patch"), 0);
	assert_int_equal(changed, 3);
	is("tree/lib/x.c", "one\nzwei\nthree\nfour\nfive\nsix\nseven\neight\nnine\n");
	is("tree/new/y.c", "a\nb\n");
	is("tree/old.c", NULL);
	is("tree/other.c", "other\n");
	path = at("tree/new/y.c");
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_mode & 0100);
	free(path);
	path = at("tree/.assay/scratch");
	assert_false(file_exists(path));
	free(path);
}

static void again_changes_nothing(void **state)
{
	unsigned int changed;
	struct stat a, b;
	char *path;

	(void)state;
	put_tree();
	assert_int_equal(SERIES(&changed, "2.patch", "add.patch", "rm.patch"), 0);
	path = at("tree/lib/x.c");
	assert_int_equal(stat(path, &a), 0);
	assert_int_equal(SERIES(&changed, "2.patch", "add.patch", "rm.patch"), 0);
	assert_int_equal(changed, 0);
	assert_int_equal(stat(path, &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	free(path);
}

static void changed_series(void **state)
{
	unsigned int changed;

	(void)state;
	put_tree();
	assert_int_equal(SERIES(&changed, "2.patch", "add.patch", "rm.patch"), 0);
	/* Without two of them: only their files are written. */
	assert_int_equal(SERIES(&changed, "2.patch"), 0);
	assert_int_equal(changed, 2);
	is("tree/new/y.c", NULL);
	is("tree/old.c", "old\n");
	/* Another content. */
	put("p/2.patch", "--- a/lib/x.c\n+++ b/lib/x.c\n@@ -2 +2 @@\n-two\n+deux\n");
	assert_int_equal(SERIES(&changed, "2.patch"), 0);
	assert_int_equal(changed, 1);
	is("tree/lib/x.c", "one\ndeux\nthree\nfour\nfive\nsix\nseven\neight\nnine\n");
	/* None at all: as it was unpacked. */
	assert_int_equal(series((const char *const[]){ NULL }, &changed), 0);
	assert_int_equal(changed, 1);
	is("tree/lib/x.c", SRC);
}

static void same_file_twice(void **state)
{
	unsigned int changed;

	(void)state;
	put_tree();
	put("p/zwei-to-dos.patch",
	    "--- a/lib/x.c\n+++ b/lib/x.c\n@@ -1,3 +1,3 @@\n one\n-zwei\n+dos\n three\n");
	assert_int_equal(SERIES(&changed, "2.patch", "zwei-to-dos.patch"), 0);
	assert_int_equal(changed, 1);
	is("tree/lib/x.c", "one\ndos\nthree\nfour\nfive\nsix\nseven\neight\nnine\n");
}

static void offset_is_accepted(void **state)
{
	unsigned int changed;

	(void)state;
	put_tree();
	put("p/7.patch",
	    "--- a/lib/x.c\n+++ b/lib/x.c\n@@ -3,5 +3,5 @@\n five\n six\n-seven\n+sept\n"
	    " eight\n nine\n");
	assert_int_equal(SERIES(&changed, "7.patch"), 0);
	is("tree/lib/x.c", "one\ntwo\nthree\nfour\nfive\nsix\nsept\neight\nnine\n");
}

/* Context that differs in its outermost line: patch would take it by default. */
static void fuzz_is_refused(void **state)
{
	unsigned int changed;

	(void)state;
	put_tree();
	put("p/fuzz.patch", "--- a/other.c\n+++ b/other.c\n@@ -1 +1 @@\n-other\n+changed\n"
			    "--- a/lib/x.c\n+++ b/lib/x.c\n@@ -1,2 +1,2 @@\n-one\n+un\n two\n"
			    "@@ -4,5 +4,5 @@ place\n FOUR\n five\n-six\n+sechs\n seven\n eight\n");
	assert_int_equal(SERIES(&changed, "2.patch"), 0);
	assert_int_equal(SERIES(&changed, "2.patch", "fuzz.patch"), -EINVAL);
	says("kernel k: patch fuzz.patch does not apply: file lib/x.c, hunk 1");
	put("p/fuzz.patch", "--- a/other.c\n+++ b/other.c\n@@ -1 +1 @@\n-other\n+changed\n"
			    "--- a/lib/x.c\n+++ b/lib/x.c\n@@ -1,2 +1,2 @@\n-one\n+un\n zwei\n"
			    "@@ -4,5 +4,5 @@ place\n FOUR\n five\n-six\n+sechs\n seven\n eight\n");
	assert_int_equal(SERIES(&changed, "2.patch", "fuzz.patch"), -EINVAL);
	says("file lib/x.c, hunk 2 (@@ -4,5 +4,5 @@ place; line 12 of the patch)");
	says("it would apply with fuzz 1, which is not accepted");
	/* The tree is as it was. */
	assert_int_equal(changed, 0);
	is("tree/lib/x.c", "one\nzwei\nthree\nfour\nfive\nsix\nseven\neight\nnine\n");
	is("tree/other.c", "other\n");
	assert_int_equal(SERIES(&changed, "2.patch"), 0);
	assert_int_equal(changed, 0);
}

static void refusals(void **state)
{
	static const struct {
		const char *text, *says;
	} v[] = {
		{ "--- a/lib/x.c\n+++ b/lib/x.c\n@@ -2 +2 @@\n-no such line\n+x\n",
		  "file lib/x.c, hunk 1 (@@ -2 +2 @@; line 3 of the patch)" },
		{ "--- a/nope.c\n+++ b/nope.c\n@@ -1 +1 @@\n-a\n+b\n",
		  "the source has no file nope.c" },
		{ "--- /dev/null\n+++ b/other.c\n@@ -0,0 +1 @@\n+x\n", "file other.c, hunk 1" },
		{ "--- a/other.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-different\n",
		  "file other.c, hunk 1" },
		{ "just words\n", "bad.patch: line 1: no file is changed by it" },
	};
	unsigned int changed;

	(void)state;
	put_tree();
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		put("p/bad.patch", v[i].text);
		assert_int_equal(SERIES(&changed, "2.patch", "bad.patch"), -EINVAL);
		says(v[i].says);
		if (strstr(said, "fuzz"))
			fail_msg("%s", said);
		is("tree/lib/x.c", SRC);
		is("tree/other.c", "other\n");
	}
	assert_int_equal(SERIES(&changed, "none.patch"), -ENOENT);
	says("none.patch: No such file");
}

/* An applied patch applies no second time. */
static void twice_is_refused(void **state)
{
	unsigned int changed;

	(void)state;
	put_tree();
	put("p/2again.patch", SECOND_TO_ZWEI);
	assert_int_equal(SERIES(&changed, "2.patch", "2again.patch"), -EINVAL);
	says("patch 2again.patch does not apply: file lib/x.c, hunk 1");
}

/* Cut off while the tree was written: the list of touched files says more than was done. */
static void mends_half_written_tree(void **state)
{
	unsigned int changed;

	(void)state;
	put_tree();
	assert_int_equal(SERIES(&changed, "2.patch", "add.patch", "rm.patch"), 0);
	put("tree/lib/x.c", "half");
	put("tree/old.c", "old\n");
	put("tree/.assay/scratch/rubbish", "x");
	put("tree/.assay/touched", "lib/x.c\nnew/y.c\nold.c\nother.c\n");
	assert_int_equal(SERIES(&changed, "add.patch", "rm.patch"), 0);
	is("tree/lib/x.c", SRC);
	is("tree/new/y.c", "a\nb\n");
	is("tree/old.c", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_files_and_hunks),
		cmocka_unit_test(parse_mistakes),
		cmocka_unit_test(parse_eaten_blank),
		cmocka_unit_test_setup_teardown(applies, setup, teardown),
		cmocka_unit_test_setup_teardown(again_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(changed_series, setup, teardown),
		cmocka_unit_test_setup_teardown(same_file_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(offset_is_accepted, setup, teardown),
		cmocka_unit_test_setup_teardown(fuzz_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(twice_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(mends_half_written_tree, setup, teardown),
	};

	return cmocka_run_group_tests_name("patch", tests, NULL, NULL);
}
