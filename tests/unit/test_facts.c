// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/hash.h"
#include "facts_fixture.h"
#include "store_fixture.h"

static void expect_state(const struct facts *a, const struct facts *b, const char *experiment,
			 enum fact which, enum fact_state state)
{
	enum fact_state out[FACT_MAX];

	facts__differ(a, b, experiment, out);
	assert_int_equal(out[which], state);
	facts__differ(b, a, experiment, out);
	assert_int_equal(out[which], state);
}

/* --- configurations and patches ----------------------------------------------------------------
 */

static void test_options(void **state)
{
	static const char config[] = "# Linux/x86 5.10.218 Kernel Configuration\n"
				     "CONFIG_CC_VERSION_TEXT=\"gcc 12\"\n"
				     "CONFIG_CC_HAS_ASM_GOTO=y\n"
				     "CONFIG_GCC_VERSION=120200\n"
				     "CONFIG_LD_VERSION=24000\n"
				     "CONFIG_PAHOLE_VERSION=124\n"
				     "CONFIG_NET=y\n"
				     "# CONFIG_SWAP is not set\n"
				     "\n"
				     "CONFIG_CC_OPTIMIZE_FOR_SIZE=y\n"
				     "CONFIG_BPF=y\n"
				     "CONFIG_AS_IS_GNU=y\n";
	struct strv o = { 0 };

	(void)state;
	assert_int_equal(facts__options(config, &o), 0);
	assert_int_equal(o.n, 3);
	assert_string_equal(o.v[0], "BPF=y");
	assert_string_equal(o.v[1], "CC_OPTIMIZE_FOR_SIZE=y");
	assert_string_equal(o.v[2], "NET=y");
	strv__free(&o);
	assert_int_equal(facts__options("", &o), 0);
	assert_int_equal(o.n, 0);
}

static void test_options_hash(void **state)
{
	struct strv a = { 0 }, b = { 0 };
	char x[HASH_HEX], y[HASH_HEX];

	(void)state;
	assert_int_equal(strv__split(&a, "A=y,B=y", ","), 0);
	assert_int_equal(strv__split(&b, "A=y,B=m", ","), 0);
	assert_int_equal(facts__options_hash(&a, x), 0);
	assert_int_equal(facts__options_hash(&b, y), 0);
	assert_int_equal(strlen(x), 64);
	assert_string_not_equal(x, y);
	strv__free(&a);
	strv__free(&b);
}

static void test_change_hash(void **state)
{
	static const char patch[] =
		"From 1234\nSubject: one\n\n--- what the author says\n---\n"
		"diff --git a/f.c b/f.c\n--- a/f.c\n+++ b/f.c\n"
		"@@ -10,3 +10,3 @@ int f(void)\n \tx();\n-\ty();\n+\tz();\n \tw();\n"
		"-- \n2.39\n";
	static const char ported[] =
		"From 9999\nSubject: one, ported\n\n---\n"
		"diff --git a/f.c b/f.c\n--- a/f.c\n+++ b/f.c\n"
		"@@ -70,2 +71,2 @@ int g(void)\n-\ty();\n+\tz();\n \tother();\n";
	static const char other[] =
		"diff --git a/f.c b/f.c\n--- a/f.c\n+++ b/f.c\n"
		"@@ -70,2 +71,2 @@ int g(void)\n-\ty();\n+\tzz();\n \tother();\n";
	static const char elsewhere[] =
		"diff --git a/g.c b/g.c\n--- a/g.c\n+++ b/g.c\n"
		"@@ -70,2 +71,2 @@ int g(void)\n-\ty();\n+\tz();\n \tother();\n";
	char a[HASH_HEX], b[HASH_HEX], c[HASH_HEX], d[HASH_HEX];

	(void)state;
	assert_int_equal(facts__change_hash(patch, a), 0);
	assert_int_equal(facts__change_hash(ported, b), 0);
	assert_int_equal(facts__change_hash(other, c), 0);
	assert_int_equal(facts__change_hash(elsewhere, d), 0);
	assert_string_equal(a, b);
	assert_string_not_equal(a, c);
	assert_string_not_equal(a, d);
}

/* --- JSON --------------------------------------------------------------------------------------
 */

static void test_kernel_json(void **state)
{
	struct facts f = made_up_facts("5.10.218"), back = { 0 };
	enum fact_state s[FACT_MAX];
	char *text;

	(void)state;
	set_fact(&f.damage, "type 3 of its BTF is damaged");
	free(f.patches[1].change);
	f.patches[1].change = NULL;
	text = facts__kernel_json(&f);
	assert_non_null(text);
	assert_int_equal(facts__parse_kernel(text, &back), 0);
	assert_true(back.has_kernel && back.has_asked && back.has_patches);
	assert_string_equal(back.release, "5.10.218");
	assert_string_equal(back.damage, f.damage);
	assert_int_equal(back.nr_patches, 2);
	assert_string_equal(back.patches[0].change, "x1");
	assert_null(back.patches[1].change);
	assert_int_equal(back.asked.n, 2);
	set_fact(&back.image_key, NULL);
	facts__differ(&f, &back, "override", s);
	for (enum fact i = FACT_KERNEL; i <= FACT_COMPILER; i++)
		assert_int_equal(s[i], FACT_SAME);
	free(text);
	facts__release(&f);
	facts__release(&back);
}

/* A kernel that was not built here: little is known, and it stays unknown. */
static void test_kernel_json_little(void **state)
{
	struct facts f = { .has_kernel = true }, back = { 0 };
	char *text;

	(void)state;
	set_fact(&f.release, "6.1.0-18-amd64");
	text = facts__kernel_json(&f);
	assert_int_equal(facts__parse_kernel(text, &back), 0);
	assert_true(back.has_kernel);
	assert_false(back.has_asked || back.has_patches);
	assert_null(back.compiler);
	free(text);
	facts__release(&f);
	facts__release(&back);
}

static void test_kernel_json_garbage(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{}",
		"{\"facts\": 2}",
		"{\"facts\": 1, \"facts\": 1}",
		"{\"facts\": 1, \"patches\": [1]}",
		"{\"facts\": 1, \"patches\": [{\"name\": \"a\"}]}",
		"{\"facts\": 1, \"asked\": [null]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct facts f = { 0 };

		assert_int_equal(facts__parse_kernel(texts[i], &f), -EINVAL);
		assert_false(f.has_kernel);
		facts__release(&f);
	}
}

static void test_host_json(void **state)
{
	struct facts f = { 0 };

	(void)state;
	assert_int_equal(facts__parse_host("{\"assay\":\"0.1\",\"clang\":\"14\",\"guest_sha256\":"
					   "\"g\",\"objects\":{\"override\":\"o\",\"x\":3}}",
					   &f),
			 0);
	assert_true(f.has_objects);
	assert_string_equal(facts__object(&f, "override"), "o");
	assert_null(facts__object(&f, "x"));
	assert_null(facts__object(&f, "loops"));
	assert_string_equal(f.guest, "g");
	facts__release(&f);
	/* As older versions kept it, and none at all. */
	assert_int_equal(facts__parse_host("{\"assay\":\"0.1\",\"clang\":\"14\"}", &f), 0);
	assert_false(f.has_objects);
	assert_false(facts__known(&f));
	facts__release(&f);
	assert_int_equal(facts__parse_host("what", &f), 0);
	assert_null(f.assay);
	facts__release(&f);
}

/* --- comparing ----------------------------------------------------------------------------------
 */

static void test_same(void **state)
{
	struct facts a = made_up_facts("5.10.218"), b = made_up_facts("5.10.218");
	enum fact_state s[FACT_MAX];

	(void)state;
	facts__differ(&a, &b, "override", s);
	for (size_t i = 0; i < FACT_MAX; i++)
		assert_int_equal(s[i], FACT_SAME);
	facts__differ(&a, &b, NULL, s);
	for (size_t i = 0; i < FACT_MAX; i++)
		assert_int_equal(s[i], FACT_SAME);
	facts__release(&a);
	facts__release(&b);
}

static void test_each(void **state)
{
	struct facts a = made_up_facts("5.10.218"), b = made_up_facts("5.10.223");

	(void)state;
	expect_state(&a, &b, "override", FACT_KERNEL, FACT_DIFFERS);
	expect_state(&a, &b, "override", FACT_CONFIG, FACT_SAME);
	/* Another source makes another configuration: with the same asked for, that is its doing.
	 */
	set_fact(&b.config_hash, "c2");
	expect_state(&a, &b, "override", FACT_CONFIG, FACT_SAME);
	set_fact(&b.release, "5.10.218");
	expect_state(&a, &b, "override", FACT_KERNEL, FACT_DIFFERS);
	set_fact(&b.source_hash, a.source_hash);
	expect_state(&a, &b, "override", FACT_KERNEL, FACT_SAME);
	expect_state(&a, &b, "override", FACT_CONFIG, FACT_DIFFERS);
	set_fact(&b.damage, "type 3");
	expect_state(&a, &b, "override", FACT_KERNEL, FACT_DIFFERS);
	set_fact(&b.pahole, "v1.30");
	expect_state(&a, &b, "override", FACT_COMPILER, FACT_DIFFERS);
	set_fact(&b.pahole, NULL);
	expect_state(&a, &b, "override", FACT_COMPILER, FACT_UNKNOWN);
	set_fact(&b.clang, "clang 16");
	expect_state(&a, &b, "override", FACT_CLANG, FACT_DIFFERS);
	set_fact(&b.libbpf, "1.4.0");
	expect_state(&a, &b, "override", FACT_LIBBPF, FACT_DIFFERS);
	/* The same build has the same of all that it was made of, known or not. */
	set_fact(&b.image_key, a.image_key);
	expect_state(&a, &b, "override", FACT_COMPILER, FACT_SAME);
	facts__release(&a);
	facts__release(&b);
}

static void test_asked(void **state)
{
	struct facts a = made_up_facts("5.10.218"), b = made_up_facts("5.10.223");

	(void)state;
	assert_int_equal(strv__add(&b.asked, "NET=y"), 0);
	expect_state(&a, &b, "override", FACT_CONFIG, FACT_DIFFERS);
	/* Without what was asked for, what was made tells. */
	b.has_asked = false;
	expect_state(&a, &b, "override", FACT_CONFIG, FACT_SAME);
	set_fact(&b.config_hash, "c2");
	expect_state(&a, &b, "override", FACT_CONFIG, FACT_DIFFERS);
	set_fact(&b.config_hash, NULL);
	expect_state(&a, &b, "override", FACT_CONFIG, FACT_UNKNOWN);
	facts__release(&a);
	facts__release(&b);
}

static void test_series(void **state)
{
	struct facts a = made_up_facts("5.10.218"), b = made_up_facts("6.1.192");

	(void)state;
	/* Ported, and renumbered. */
	set_fact(&b.patches[1].hash, "other");
	set_fact(&b.patches[1].name, "0007-two.patch");
	expect_state(&a, &b, "override", FACT_SERIES, FACT_SAME);
	/* A number is four digits, as those of git; others belong to the name. */
	set_fact(&b.patches[1].name, "12-two.patch");
	expect_state(&a, &b, "override", FACT_SERIES, FACT_DIFFERS);
	set_fact(&b.patches[1].name, "0007-two.patch");
	set_fact(&b.patches[1].change, "x3");
	expect_state(&a, &b, "override", FACT_SERIES, FACT_DIFFERS);
	set_fact(&b.patches[1].change, "x2");
	add_patch(&b, "0003-three.patch", "p3", "x3");
	expect_state(&a, &b, "override", FACT_SERIES, FACT_DIFFERS);
	b.has_patches = false;
	expect_state(&a, &b, "override", FACT_SERIES, FACT_UNKNOWN);
	facts__release(&a);
	facts__release(&b);
}

static void test_objects(void **state)
{
	struct facts a = made_up_facts("5.10.218"), b = made_up_facts("5.10.218");

	(void)state;
	set_object(&b, "override", "o9");
	expect_state(&a, &b, "override", FACT_OBJECT, FACT_DIFFERS);
	expect_state(&a, &b, "strtol", FACT_OBJECT, FACT_SAME);
	expect_state(&a, &b, NULL, FACT_OBJECT, FACT_DIFFERS);
	/* Without object it is the guest program that makes the instructions. */
	expect_state(&a, &b, "verifier-scaling", FACT_OBJECT, FACT_SAME);
	set_fact(&b.guest, "g2");
	expect_state(&a, &b, "verifier-scaling", FACT_OBJECT, FACT_DIFFERS);
	expect_state(&a, &b, "strtol", FACT_GUEST, FACT_DIFFERS);
	b.has_objects = false;
	expect_state(&a, &b, "strtol", FACT_OBJECT, FACT_UNKNOWN);
	facts__release(&a);
	facts__release(&b);
}

static void test_params(void **state)
{
	struct facts a = made_up_facts("5.10.218"), b = made_up_facts("5.10.218");

	(void)state;
	add_of(&b.params, &b.nr_params, "loops", "{\"n\":\"3\"}");
	expect_state(&a, &b, "loops", FACT_PARAMS, FACT_DIFFERS);
	expect_state(&a, &b, "override", FACT_PARAMS, FACT_SAME);
	expect_state(&a, &b, NULL, FACT_PARAMS, FACT_DIFFERS);
	add_of(&a.params, &a.nr_params, "loops", "{\"n\":\"3\"}");
	expect_state(&a, &b, "loops", FACT_PARAMS, FACT_SAME);
	facts__release(&a);
	facts__release(&b);
}

/* --- of a run ------------------------------------------------------------------------------------
 */

static void put_run(struct store *s, const char *host, struct run_info *run)
{
	struct guest_info g = { .kernel = (char *)"5.10.218",
				.release = (char *)"5.10.218",
				.build_id = (char *)"abcd",
				.image_key = (char *)"key of 5.10.218",
				.accel = (char *)"tcg",
				.timing = (char *)"wall" };

	assert_int_equal(store__begin_run(s, "assay run", host, run), 0);
	assert_int_equal(
		store__add_experiment(s, run->id, &g, "loops", "{\"n\":\"3\"}", STATUS_OK, NULL, 1),
		0);
	assert_int_equal(
		store__add_experiment(s, run->id, &g, "override", "{}", STATUS_OK, NULL, 1), 0);
}

static void test_of_run(void **state)
{
	struct fixture *f = *state;
	struct facts made = made_up_facts("5.10.218"), got;
	char *json = facts__kernel_json(&made);
	struct run_info run;
	struct store *s;

	assert_int_equal(store__open(f->results, true, &s), 0);
	put_run(s, "{\"clang\":\"14\",\"guest_sha256\":\"g1\",\"objects\":{\"override\":\"o1\"}}",
		&run);
	assert_int_equal(store__add_text(s, run.id, "5.10.218", "", "", FACTS_TEXT, json,
					 strlen(json), true),
			 0);
	assert_int_equal(
		store__add_text(s, run.id, "5.10.218", "", "", CONFIG_TEXT, "A=y\nB=m\n", 8, true),
		0);
	assert_int_equal(facts__of_run(s, &run, "5.10.218", &got), 0);
	assert_true(facts__known(&got));
	assert_true(got.has_kernel && got.has_objects);
	assert_string_equal(got.source_hash, "hash of 5.10.218");
	assert_string_equal(facts__object(&got, "override"), "o1");
	assert_string_equal(facts__params(&got, "loops"), "{\"n\":\"3\"}");
	assert_null(facts__params(&got, "override"));
	assert_int_equal(got.config.n, 2);
	facts__release(&got);
	facts__release(&made);
	free(json);
	run_info__release(&run);
	store__close(s);
}

/* A run of an older assay knows the release and nothing else. */
static void test_of_old_run(void **state)
{
	struct fixture *f = *state;
	struct run_info run;
	struct facts got;
	struct store *s;

	assert_int_equal(store__open(f->results, true, &s), 0);
	put_run(s, "{\"assay\":\"0.1\",\"clang\":\"14\"}", &run);
	assert_int_equal(facts__of_run(s, &run, "5.10.218", &got), 0);
	assert_false(facts__known(&got));
	assert_string_equal(got.release, "5.10.218");
	assert_string_equal(got.image_key, "key of 5.10.218");
	facts__release(&got);
	/* Damaged is unknown, and said. */
	assert_int_equal(store__add_text(s, run.id, "5.10.218", "", "", FACTS_TEXT, "{", 1, true),
			 0);
	capture_stderr(f);
	assert_int_equal(facts__of_run(s, &run, "5.10.218", &got), 0);
	assert_said(f, "is damaged");
	restore_stderr(f);
	assert_false(got.has_kernel);
	facts__release(&got);
	run_info__release(&run);
	store__close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_options_hash),
		cmocka_unit_test(test_change_hash),
		cmocka_unit_test(test_kernel_json),
		cmocka_unit_test(test_kernel_json_little),
		cmocka_unit_test(test_kernel_json_garbage),
		cmocka_unit_test(test_host_json),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_asked),
		cmocka_unit_test(test_series),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_params),
		cmocka_unit_test_setup_teardown(test_of_run, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_of_old_run, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
