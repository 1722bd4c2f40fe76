// SPDX-License-Identifier: GPL-2.0-only
/* What output for machines is made of: escapes of XML and of workflow commands, source lines. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/github.h"
#include "cli/source_line.h"
#include "cli/xml.h"

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_WARN };

#define BAD "\xef\xbf\xbd" /* U+FFFD */

/* --- escaping ------------------------------------------------------------------------------- */

static void check(void (*put)(FILE *out, const char *s), const char *in, const char *should)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	put(out, in);
	fclose(out);
	assert_string_equal(text, should);
	free(text);
}

static void put_text(FILE *out, const char *s)
{
	xml__text(out, s, strlen(s));
}

static void put_attribute(FILE *out, const char *s)
{
	xml__attribute(out, "a", s);
}

static void xml_is_escaped(void **state)
{
	(void)state;
	check(put_text, "a<b> & \"c\" 'd' ]]>", "a&lt;b&gt; &amp; \"c\" 'd' ]]&gt;");
	check(put_text, "\t1\r\n2", "\t1&#13;\n2");
	/* not in XML 1.0 at all, not even as references */
	check(put_text, "\x01\x08\x0b\x1b[1m\x1f", BAD BAD BAD BAD "[1m" BAD);
	check(put_text, "\xef\xbf\xbe|\xef\xbf\xbf|\xef\xbf\xbd", BAD "|" BAD "|" BAD);
	/* no UTF-8: a lone byte, a surrogate, a cut sequence, too long a form */
	check(put_text, "\xff.\xed\xa0\x80.\xc3", BAD "." BAD BAD BAD "." BAD);
	check(put_text, "\xc0\xaf", BAD BAD);
	check(put_text,
	      "gr\xc3\xb6\xc3\x9f"
	      "e \xf0\x9f\x98\x80",
	      "gr\xc3\xb6\xc3\x9f"
	      "e \xf0\x9f\x98\x80");
	check(put_attribute, "<\"\t\n\x02\">&", " a=\"&lt;&quot;&#9;&#10;" BAD "&quot;&gt;&amp;\"");
	check(put_attribute, "", " a=\"\"");
}

static void put_message(FILE *out, const char *s)
{
	github__escape(out, s, false);
}

static void put_property(FILE *out, const char *s)
{
	github__escape(out, s, true);
}

static void commands_are_escaped(void **state)
{
	(void)state;
	check(put_message, "100 %, a:b\r\nend\x1b[0m", "100 %25, a:b%0D%0Aend [0m");
	check(put_property, "e: 100 %,\nx", "e%3A 100 %25%2C%0Ax");
	check(put_message, "%0A", "%250A");
	check(put_message, "\xff", "?");
}

/* --- source lines --------------------------------------------------------------------------- */

static const char disasm[] = "0000000000000aa0 <p>:\n"
			     "; p():\n"
			     "; /home/experiments/x/experiments/e/e.bpf.c:159\n"
			     "; {\n"
			     "     340:\tw2 = 0\n"
			     "; /usr/include/bpf/bpf_helpers.h:80\n"
			     "     341:\tr1 = 0 ll\n"
			     "; /home/experiments/x/bpf/common.h:12\n"
			     ";  a ? b : c:1\n"
			     "     343:\tcall 1\n"
			     "\n"
			     "0000000000000bb0 <LBB7_2>:\n"
			     "; /home/experiments/x/experiments/e/e.bpf.c:164\n"
			     "     344:\tr2 = r10\n";

static void expect_line(const char *log, const char *dis, const char *file, long line)
{
	char *is = NULL;
	long at = -1;

	assert_int_equal(source_line__find(log, dis, &is, &at), 0);
	if (file)
		assert_string_equal(is, file);
	else
		assert_null(is);
	assert_int_equal(at, line);
	free(is);
}

#define STATS "processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0\n"

static void lines_are_found(void **state)
{
	(void)state;
	expect_line("0: (b4) w2 = 0\n3: (85) call 1\nbad\n" STATS, disasm, "bpf/common.h", 12);
	expect_line("0: (b4) w2 = 0\n4: (bf) r2 = r10\nbad\n" STATS, disasm,
		    "experiments/e/e.bpf.c", 164);
	/* a header of the system: the line of ours before it */
	expect_line("1: (18) r1 = 0x0\nbad\n" STATS, disasm, "experiments/e/e.bpf.c", 159);
	/* an instruction of a function that the disassembly is not of: what the log itself says */
	expect_line("; x = 1; @ e.bpf.c:7\n77: (b4) w2 = 0\nbad\n" STATS, disasm,
		    "experiments/e/e.bpf.c", 7);
	expect_line("; a @ e.bpf.c:7\n0: (b4) w2 = 0\n;  @ e.bpf.c:0\n1: (95) exit\nbad\n" STATS,
		    NULL, "e.bpf.c", 7);
	/* accepted: where the program begins */
	expect_line(NULL, disasm, "experiments/e/e.bpf.c", 159);
	expect_line("0: (95) exit\nbad\n" STATS, NULL, NULL, 0);
	expect_line(NULL, NULL, NULL, 0);
	expect_line("", "", NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xml_is_escaped),
		cmocka_unit_test(commands_are_escaped),
		cmocka_unit_test(lines_are_found),
	};

	return cmocka_run_group_tests_name("escaping", tests, NULL, NULL);
}
