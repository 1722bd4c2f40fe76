// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

/* The guest's archive as a whole needs libbpf, which no test is linked with; these files do not. */
#include "../../harness/guest/notes.c"
#include "../../harness/guest/trace.c"

/* --- build id ------------------------------------------------------------------------------- */

struct note {
	uint32_t namesz, descsz, type;
	char rest[40];
};

static void assert_id(const void *notes, size_t len, const char *expected)
{
	/* exactly as long as said: what reads on is caught by the sanitizer */
	void *copy = malloc(len ? len : 1);
	char *id;

	memcpy(copy, notes, len);
	id = notes__build_id(copy, len);
	if (expected)
		assert_string_equal(id, expected);
	else
		assert_null(id);
	free(id);
	free(copy);
}

static void test_build_id(void **state)
{
	static const struct note n = { 4, 3, NT_GNU_BUILD_ID, "GNU\0\xab\x01\xff" };

	(void)state;
	assert_id(&n, 12 + 4 + 4, "ab01ff");
	assert_id(&n, 12 + 4 + 3, "ab01ff"); /* without the last note's padding */
}

static void test_build_id_is_not_the_first(void **state)
{
	char notes[64];
	static const struct note xen = { 4, 5, 18, "Xen\0abcde" },
				 id = { 4, 2, NT_GNU_BUILD_ID, "GNU\0\x12\x34" },
				 other = { 5, 2, NT_GNU_BUILD_ID, "GNUX\0\0\0\0\x56\x78" };

	(void)state;
	memset(notes, 0, sizeof(notes));
	memcpy(notes, &xen, 12 + 4 + 8);
	memcpy(notes + 24, &id, 12 + 4 + 4);
	assert_id(notes, 44, "1234");
	memcpy(notes + 24, &other, 12 + 8 + 4);
	assert_id(notes, 48, NULL);
}

static void test_build_id_damaged(void **state)
{
	struct note n = { 4, 20, NT_GNU_BUILD_ID, "GNU\0" };

	(void)state;
	assert_id(&n, 0, NULL);
	assert_id(&n, 11, NULL);
	assert_id(&n, 12, NULL);
	assert_id(&n, 12 + 4 + 19, NULL); /* a byte is missing */
	n.namesz = UINT32_MAX;
	assert_id(&n, 52, NULL);
	n = (struct note){ 4, UINT32_MAX, NT_GNU_BUILD_ID, "GNU\0" };
	assert_id(&n, 52, NULL);
	n = (struct note){ 4, UINT32_MAX - 1, 1, "GNU\0" };
	assert_id(&n, 52, NULL);
}

/* --- words in lists --------------------------------------------------------------------------- */

static bool has(const char *text, const char *word, char before, const char *after)
{
	return text__has_word(text, strlen(text), word, before, after);
}

static void test_word(void **state)
{
	static const char kallsyms[] = "ffffffff81000000 T _stext\n"
				       "ffffffff81000010 t vfs_read_more\n"
				       "ffffffff81000020 T __vfs_read\n"
				       "ffffffffc0000000 t helper\t[module]\n"
				       "ffffffff81000030 T last";

	(void)state;
	assert_true(has(kallsyms, "_stext", ' ', " \t\n"));
	assert_true(has(kallsyms, "helper", ' ', " \t\n"));
	assert_true(has(kallsyms, "last", ' ', " \t\n"));
	assert_true(has(kallsyms, "vfs_read_more", ' ', " \t\n"));
	assert_false(has(kallsyms, "vfs_read", ' ', " \t\n"));
	assert_false(has(kallsyms, "stext", ' ', " \t\n"));
	assert_false(has(kallsyms, "", ' ', " \t\n"));
	assert_false(has("", "x", ' ', "\n"));
	assert_true(has("x", "x", ' ', "\n"));
	assert_true(has("CONFIG_A=y\nCONFIG_AB=m\n", "CONFIG_AB=m", '\n', "\n"));
	assert_false(has("CONFIG_A=ym\n", "CONFIG_A=y", '\n', "\n"));
	/* overlapping with itself */
	assert_true(has("aaa aa", "aa", ' ', "\n"));
}

/* --- trace --------------------------------------------------------------------------------------
 */

static void assert_cut(const char *trace, const char *expected)
{
	struct strbuf out = STRBUF_INIT;

	trace__cut(trace, 42, &out);
	assert_string_equal(strbuf__str(&out), expected);
	strbuf__free(&out);
}

static void test_trace_since_the_marker(void **state)
{
	(void)state;
	assert_cut("", "");
	assert_cut("# tracer: nop\n#\n#  TASK-PID\n", "");
	assert_cut("# tracer: nop\n old [000] bpf_trace_printk: before\n"
		   " init [000] tracing_mark_write: assay-experiment-42\n"
		   " init [000] bpf_trace_printk: one\n\n"
		   " init [000] bpf_trace_printk: two",
		   " init [000] bpf_trace_printk: one\n init [000] bpf_trace_printk: two\n");
	/* another experiment's marker, whose number begins with ours */
	assert_cut("x: assay-experiment-421\n", "x: assay-experiment-421\n");
}

static void test_trace_without_the_marker(void **state)
{
	(void)state;
	assert_cut("# tracer: nop\n a\n##### CPU 1 buffer started ####\n b\n", " a\n b\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build_id),
		cmocka_unit_test(test_build_id_is_not_the_first),
		cmocka_unit_test(test_build_id_damaged),
		cmocka_unit_test(test_word),
		cmocka_unit_test(test_trace_since_the_marker),
		cmocka_unit_test(test_trace_without_the_marker),
	};

	return cmocka_run_group_tests_name("guest notes", tests, NULL, NULL);
}
