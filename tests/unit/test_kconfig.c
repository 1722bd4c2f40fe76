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
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/str.h"
#include "vm/kconfig.h"
#include "vm/kconfig_expr.h"

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_ERROR };

static char dir[64];
static char *said; /* what was logged: stderr goes to a file */

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/assay-test-kconfig.XXXXXX");
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
	char *path = str_fmt("%s/%s", dir, name), *slash = strrchr(path, '/');

	*slash = '\0';
	assert_int_equal(dir_make(path), 0);
	*slash = '/';
	assert_int_equal(file_write(path, text, strlen(text)), 0);
	free(path);
}

/* Reads a fragment; `said` is what was logged. */
static int read_fragment(struct kopts *ks, const char *name, const char *text)
{
	char *path = str_fmt("%s/%s", dir, name), *log = str_fmt("%s/log", dir);
	int keep = dup(2), err;

	put(name, text);
	assert_non_null(freopen(log, "w", stderr));
	err = kopts__read(ks, path, name);
	fflush(stderr);
	dup2(keep, 2);
	close(keep);
	free(said);
	assert_int_equal(file_read(log, 0, &said, NULL), 0);
	free(log);
	free(path);
	return err;
}

static void fragments_later_wins(void **state)
{
	struct kopts ks = { 0 };
	char *out;

	(void)state;
	assert_int_equal(read_fragment(&ks, "a",
				       "# a comment\n\nCONFIG_B=y\nCONFIG_A=64\n"
				       "# CONFIG_C is not set\nCONFIG_S=\"x y\"\n"),
			 0);
	assert_int_equal(read_fragment(&ks, "b", "CONFIG_C=m\r\n# CONFIG_B is not set\n"), 0);
	assert_int_equal(ks.n, 4);
	assert_string_equal(ks.v[0].name, "A");
	assert_string_equal(ks.v[1].value, "n");
	assert_string_equal(ks.v[1].file, "b");
	assert_int_equal(ks.v[1].line, 2);
	assert_string_equal(ks.v[2].value, "m");
	assert_int_equal(kopts__merge(&ks,
				      "#\n# Head\n#\nCONFIG_A=1\n# CONFIG_B is not set\n"
				      "CONFIG_KEEP=y\n# CONFIG_CC is not set\nCONFIG_C=y",
				      &out),
			 0);
	assert_string_equal(out, "#\n# Head\n#\nCONFIG_KEEP=y\n# CONFIG_CC is not set\n"
				 "CONFIG_A=64\n# CONFIG_B is not set\nCONFIG_C=m\n"
				 "CONFIG_S=\"x y\"\n");
	free(out);
	kopts__release(&ks);
}

static void fragments_empty_and_odd(void **state)
{
	struct kopts ks = { 0 };
	char *out;

	(void)state;
	assert_int_equal(read_fragment(&ks, "a", ""), 0);
	assert_int_equal(read_fragment(&ks, "a", "\n\n# CONFIG_X is not set here, but there\n"), 0);
	assert_int_equal(ks.n, 0);
	assert_int_equal(kopts__merge(&ks, "", &out), 0);
	assert_string_equal(out, "");
	free(out);
	/* no newline at the end; the same twice */
	assert_int_equal(read_fragment(&ks, "a", "CONFIG_X=y\nCONFIG_X=y"), 0);
	assert_int_equal(ks.n, 1);
	kopts__release(&ks);
}

static void fragments_mistakes(void **state)
{
	static const struct {
		const char *text, *says;
	} v[] = {
		{ "CONFIG_A=y\nCONFIG B=y\n", "x:2: 'CONFIG B=y' is neither" },
		{ "CONFIG_A\n", "x:1: " },
		{ "CONFIG_A=\n", "x:1: " },
		{ "CONFIG_=y\n", "x:1: " },
		{ "A=y\n", "x:1: 'A=y'" },
		{ "CONFIG_A-B=y\n", "x:1: " },
		{ "CONFIG_A=y\n\n# CONFIG_A is not set\n",
		  "x:3: CONFIG_A=n, but line 1 of this file says y" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct kopts ks = { 0 };

		assert_int_equal(read_fragment(&ks, "x", v[i].text), -EINVAL);
		if (!strstr(said, v[i].says))
			fail_msg("'%s' said '%s'", v[i].text, said);
		kopts__release(&ks);
	}
}

static void hash_of(struct kopts *ks, char hex[HASH_HEX])
{
	struct hash *h = hash__new();

	assert_non_null(h);
	kopts__hash(ks, h);
	hash__end(h, hex);
}

static void hash_ignores_comments_and_order(void **state)
{
	struct kopts a = { 0 }, b = { 0 }, c = { 0 };
	char x[HASH_HEX], y[HASH_HEX], z[HASH_HEX];

	(void)state;
	read_fragment(&a, "a", "CONFIG_A=y\nCONFIG_B=1\n");
	read_fragment(&b, "b", "# why\nCONFIG_B=1\n");
	read_fragment(&b, "c", "CONFIG_A=y\n");
	read_fragment(&c, "d", "CONFIG_A=y\nCONFIG_B=2\n");
	hash_of(&a, x);
	hash_of(&b, y);
	hash_of(&c, z);
	assert_string_equal(x, y);
	assert_string_not_equal(x, z);
	kopts__release(&a);
	kopts__release(&b);
	kopts__release(&c);
}

static struct dotconfig *config(const char *text)
{
	struct dotconfig *c;

	assert_int_equal(dotconfig__parse(text, &c), 0);
	return c;
}

static void holds(void **state)
{
	struct dotconfig *c = config("CONFIG_Y=y\nCONFIG_M=m\n# CONFIG_N is not set\n"
				     "CONFIG_I=8\nCONFIG_S=\"\"\n");
	static const struct {
		const char *name, *value;
		bool holds;
	} v[] = {
		{ "Y", "y", true },    { "Y", "n", false },    { "M", "m", true },
		{ "M", "y", false },   { "N", "n", true },     { "N", "y", false },
		{ "I", "8", true },    { "I", "80", false },   { "S", "\"\"", true },
		{ "GONE", "n", true }, { "GONE", "y", false }, { "I", "n", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct kopt o = { (char *)v[i].name, (char *)v[i].value, "f", 1 };

		if (kopt__holds(&o, c) != v[i].holds)
			fail_msg("%s=%s", v[i].name, v[i].value);
	}
	dotconfig__free(c);
}

static void expressions(void **state)
{
	struct dotconfig *c = config("CONFIG_Y=y\nCONFIG_M=m\nCONFIG_64BIT=y\nCONFIG_I=250\n"
				     "CONFIG_S=\"abc\"\n");
	static const struct {
		const char *expr;
		int value;
	} v[] = {
		{ "Y", 2 },
		{ "M", 1 },
		{ "N", 0 },
		{ "y", 2 },
		{ "n", 0 },
		{ "!Y", 0 },
		{ "!N", 2 },
		{ "!M", 1 },
		{ "Y && M", 1 },
		{ "Y&&N", 0 },
		{ "N || M", 1 },
		{ "N || N && Y", 0 },
		{ "(N || Y) && !N", 2 },
		{ "!(Y && N)", 2 },
		{ "64BIT", 2 },
		{ "!64BIT", 0 },
		{ "Y = y", 2 },
		{ "M=y", 0 },
		{ "N = n", 2 },
		{ "Y != n", 2 },
		{ "I > 100", 2 },
		{ "I >= 250 && I <= 250", 2 },
		{ "I < 0x10", 0 },
		{ "S = \"abc\"", 2 },
		{ "S != 'abc'", 0 },
		{ "$(cc-option,-mfoo(bar))", 2 },
		{ "$(success,a && b) && N", 0 },
		{ "!$(x) || Y", 2 },
		{ "", 2 },
		{ "((((Y))))", 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (kexpr__value(v[i].expr, c) != v[i].value)
			fail_msg("'%s' is %d", v[i].expr, kexpr__value(v[i].expr, c));
	dotconfig__free(c);
}

static void expression_without_end(void **state)
{
	struct dotconfig *c = config("");
	char deep[1001];

	(void)state;
	memset(deep, '(', 1000);
	deep[1000] = '\0';
	kexpr__value(deep, c);
	memset(deep, '!', 1000);
	kexpr__value(deep, c);
	assert_int_equal(kexpr__value("$(a", c), 2);
	assert_int_equal(kexpr__value("\"a", c), 0);
	assert_int_equal(kexpr__value("A =", c), 0);
	dotconfig__free(c);
}

static void conjunctions(void **state)
{
	static const struct {
		const char *expr, *parts;
	} v[] = {
		{ "A", "A" },
		{ "A && (B || C)&&!D", "A;(B || C);!D" },
		{ "A && B || C", "A && B || C" },
		{ "$(x,a && b) && C", "$(x,a && b);C" },
		{ "A = \"&&\" && B", "A = \"&&\";B" },
		{ " A ", "A" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct strbuf sb = STRBUF_INIT;
		struct strv parts = { 0 };

		assert_int_equal(kexpr__split(v[i].expr, &parts), 0);
		for (size_t k = 0; k < parts.n; k++)
			strbuf__addf(&sb, "%s%s", k ? ";" : "", parts.v[k]);
		assert_string_equal(strbuf__str(&sb), v[i].parts);
		strbuf__free(&sb);
		strv__free(&parts);
	}
}

/* A small kernel's Kconfig files. */
static void put_kconfig(void)
{
	put("Kconfig", "mainmenu \"Linux\"\n"
		       "source \"init/Kconfig\"\n"
		       "source \"arch/$(SRCARCH)/Kconfig\"\n"
		       "source \"missing/Kconfig\"\n"
		       "source \"$(ODD)/Kconfig\"\n");
	put("init/Kconfig", "config EXPERT\n"
			    "\tbool \"Expert\"\n"
			    "\thelp\n"
			    "\t  Text with words:\n"
			    "\t    config FALSE\n"
			    "\n"
			    "\t  select TRAP\n"
			    "config TRAP\n"
			    "\tbool \"Trap\" if EXPERT\n"
			    "\tdefault y # it is\n"
			    "if NET\n"
			    "menu \"Things\"\n"
			    "\tdepends on PCI || \\\n"
			    "\t\tISA\n"
			    "config THING\n"
			    "\ttristate \"Thing\"\n"
			    "\tdepends on EXPERT && !TINY\n"
			    "endmenu\n"
			    "endif\n"
			    "config QUIET\n"
			    "\tbool\n"
			    "config LOUD\n"
			    "\tbool \"Loud\"\n"
			    "\tselect QUIET\n"
			    "\tselect SPEAKER if PCI\n"
			    "config SPEAKER\n"
			    "\tbool \"Speaker\"\n"
			    "choice\n"
			    "\tprompt \"Colour\"\n"
			    "config RED\n"
			    "\tbool \"Red\"\n"
			    "config BLUE\n"
			    "\tbool \"Blue\"\n"
			    "endchoice\n"
			    "config AFTER\n"
			    "\tbool \"After\"\n");
	put("arch/x86/Kconfig", "config ISA\n\tbool \"ISA\"\n"
				"config QUIET\n\tbool\n\tdepends on ISA\n");
}

static void why(void **state)
{
	static const struct {
		const char *name, *value, *config, *says;
	} v[] = {
		{ "NOSUCH", "y", "", "this kernel has no such option (for x86)" },
		{ "FALSE", "y", "", "this kernel has no such option (for x86)" },
		{ "THING", "y", "CONFIG_NET=y\nCONFIG_ISA=y\nCONFIG_EXPERT=y\nCONFIG_TINY=y\n",
		  "it depends on !TINY, and TINY is y (init/Kconfig:15)" },
		{ "THING", "y", "CONFIG_EXPERT=y\n",
		  "it depends on NET, and NET is not set; it depends on PCI || ISA" },
		{ "THING", "y", "CONFIG_NET=m\nCONFIG_ISA=y\nCONFIG_EXPERT=y\n",
		  "it depends on NET, and NET is m (" },
		{ "THING", "m", "CONFIG_NET=m\nCONFIG_ISA=y\nCONFIG_EXPERT=y\n",
		  "its dependencies are met (init/Kconfig:15)" },
		{ "TRAP", "n", "CONFIG_TRAP=y\n", "nothing selects it (init/Kconfig:8)" },
		{ "TRAP", "y", "", "it can be set only if EXPERT, and EXPERT is not set" },
		{ "QUIET", "y", "", "it has no prompt" },
		{ "QUIET", "n", "CONFIG_LOUD=y\nCONFIG_QUIET=y\n",
		  "LOUD selects it (init/Kconfig:24)" },
		{ "SPEAKER", "n", "CONFIG_LOUD=y\nCONFIG_SPEAKER=y\nCONFIG_PCI=y\n",
		  "LOUD selects it (init/Kconfig:25)" },
		{ "SPEAKER", "n", "CONFIG_LOUD=y\nCONFIG_SPEAKER=y\n", "nothing selects it" },
		{ "RED", "y", "CONFIG_BLUE=y\n",
		  "it is one of a choice, and another one is set (init/Kconfig:30)" },
		{ "AFTER", "y", "", "its dependencies are met" },
	};

	(void)state;
	put_kconfig();
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct kopt o = { (char *)v[i].name, (char *)v[i].value, "f", 1 };
		struct dotconfig *c = config(v[i].config);
		char *s = kopt__why(&o, c, dir);

		assert_non_null(s);
		if (!strstr(s, v[i].says))
			fail_msg("%s=%s: %s", v[i].name, v[i].value, s);
		free(s);
		dotconfig__free(c);
	}
}

static void why_without_kconfig(void **state)
{
	struct kopt o = { "A", "y", "f", 1 };
	struct dotconfig *c = config("");
	char *s;

	(void)state;
	s = kopt__why(&o, c, dir);
	assert_string_equal(s, "this kernel has no such option (for x86)");
	free(s);
	/* a file that includes itself ends */
	put("Kconfig", "source \"Kconfig\"\n");
	s = kopt__why(&o, c, dir);
	assert_non_null(strstr(s, "cannot be read"));
	free(s);
	dotconfig__free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(fragments_later_wins, setup, teardown),
		cmocka_unit_test_setup_teardown(fragments_empty_and_odd, setup, teardown),
		cmocka_unit_test_setup_teardown(fragments_mistakes, setup, teardown),
		cmocka_unit_test_setup_teardown(hash_ignores_comments_and_order, setup, teardown),
		cmocka_unit_test(holds),
		cmocka_unit_test(expressions),
		cmocka_unit_test(expression_without_end),
		cmocka_unit_test(conjunctions),
		cmocka_unit_test_setup_teardown(why, setup, teardown),
		cmocka_unit_test_setup_teardown(why_without_kconfig, setup, teardown),
	};

	return cmocka_run_group_tests_name("kconfig", tests, NULL, NULL);
}
