// SPDX-License-Identifier: GPL-2.0-only
/* CSV: veristat's header, quoting, one line a program. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/str.h"
#include "cli/csv.h"
#include "store_fixture.h"

static char *value(const char *s)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	csv__value(out, s);
	fclose(out);
	return text;
}

static void values_are_quoted_where_needed(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "plain", "plain" },
		{ "", "" },
		{ NULL, "" },
		{ "a b", "a b" },
		{ "a,b", "\"a,b\"" },
		{ "say \"no\"", "\"say \"\"no\"\"\"" },
		{ "\"", "\"\"\"\"" },
		{ ",", "\",\"" },
		{ "two\nlines", "\"two\nlines\"" },
		{ "cr\r", "\"cr\r\"" },
		{ " lead", "\" lead\"" },
		{ "trail ", "\"trail \"" },
		{ "µs, ü", "\"µs, ü\"" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = value(cases[i].in);

		assert_string_equal(text, cases[i].out);
		free(text);
	}
}

static char *line(const struct record *r, const struct guest_info *g)
{
	struct stored_record sr = { .guest = *g, .record = (struct record *)r };
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	csv__record(out, &sr);
	fclose(out);
	return text;
}

#define VERISTAT_61                                                                  \
	"file_name,prog_name,verdict,duration,total_insns,total_states,peak_states," \
	"max_states_per_insn,max_mark_read_len"

static void the_header_is_veristats(void **state)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	csv__header(out);
	fclose(out);
	assert_string_equal(text,
			    VERISTAT_61 ",prog_size_jited,prog_type,stack_depth,kernel,release,"
					"experiment,section,status,errno,load_time_us,xlated_size,"
					"subprogs,expected,reason,message,accel,timing,cpu_model,"
					"cpus,mem_mb,build_id,image_key,failure,labels\n");
	free(text);
}

static void a_full_record(void **state)
{
	struct guest_info g = example_guest();
	struct record *r = record__new(RECORD_PROGRAM, "masked-read", "read_80");
	char *text;

	(void)state;
	r->verdict = VERDICT_ACCEPT;
	r->status = STATUS_UNEXPECTED;
	record__set(&r->prog_type, "kprobe");
	record__set(&r->section, "kprobe/copyout_bpf");
	record__set(&r->expected, "reject EACCES /a,b/");
	record__set(&r->reason, "one \"two\"\nthree");
	r->stats = (struct vlog_stats){ .verification_time_us = 1,
					.insns = 2,
					.total_states = 3,
					.peak_states = 4,
					.max_states_per_insn = 5,
					.mark_read = 6,
					.stack_depth = 7,
					.nr_subprogs = 8 };
	r->load_time_us = 9.5;
	r->xlated_size = 10;
	r->jited_size = 11;
	text = line(r, &g);
	assert_string_equal(text,
			    "masked-read.bpf.o,read_80,success,1,2,3,4,5,6,11,kprobe,7,5.10.218,"
			    "5.10.218-assay,masked-read,kprobe/copyout_bpf,unexpected,,10,10,8,"
			    "\"reject EACCES /a,b/\",\"one \"\"two\"\" three\",,tcg,wall,max,2,512,"
			    "0123abcd,k1,,\n");
	free(text);
	record__free(r);
}

/* What is not known is 0 in veristat's columns, whose reader knows no empty cell, and empty in
 * ours. */
static void an_empty_record(void **state)
{
	struct guest_info g = { .kernel = (char *)"k" };
	struct record *r = record__new(RECORD_PROGRAM, "e", "p");
	char *text;

	(void)state;
	r->err = 22;
	r->status = STATUS_OK;
	text = line(r, &g);
	assert_string_equal(text, "e.bpf.o,p,failure,0,0,0,0,0,0,0,unspec,0,k,,e,,ok,EINVAL,,,,,,,,"
				  ",,0,0,,,,\n");
	free(text);
	r->verdict = VERDICT_REJECT;
	text = line(r, &g);
	assert_true(str_starts(text, "e.bpf.o,p,failure,0"));
	free(text);
	record__free(r);
}

static void measurements_have_no_line(void **state)
{
	struct guest_info g = example_guest();
	struct record *r = record__new(RECORD_MEASUREMENT, "e", "m");
	char *text = line(r, &g);

	(void)state;
	assert_string_equal(text, "");
	free(text);
	record__free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_quoted_where_needed),
		cmocka_unit_test(the_header_is_veristats),
		cmocka_unit_test(a_full_record),
		cmocka_unit_test(an_empty_record),
		cmocka_unit_test(measurements_have_no_line),
	};

	return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
