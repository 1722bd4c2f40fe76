// SPDX-License-Identifier: GPL-2.0-only
/* What an experiment's section of a report looks like, word for word, from records in a store. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/stat_columns.h"
#include "report_scene.h"

static struct record *reads(const char *hook, int size, double overridden, double share)
{
	struct record *r = record__new(RECORD_MEASUREMENT, "override", "loss");
	char buf[16];

	snprintf(buf, sizeof(buf), "%d", size);
	record__label(r, "hook", hook);
	record__label(r, "size", buf);
	record__metric(r, "overridden", "", overridden);
	record__metric(r, "share", "%", share);
	r->status = STATUS_OK;
	return r;
}

static const char *summary_of(void *ctx, const char *experiment)
{
	(void)ctx;
	return strcmp(experiment, "masked-read") == 0
		       ? "Which masks let a variable-length read pass the verifier?"
		       : NULL;
}

static void some_programs(struct scene *sc)
{
	struct record *r;

	add(sc, program("masked-read", "read_80", VERDICT_ACCEPT, 0, 1234));
	r = program("masked-read", "read_126", VERDICT_REJECT, 13, 56);
	record__set(&r->message, "invalid indirect read from stack R1 off -128+126 size 127");
	add(sc, r);
	r = program("masked-read", "never_there", VERDICT_NONE, 22, -1);
	record__set(&r->message, "failed\tto\033[31m find \377");
	record__fail(r, STATUS_UNEXPECTED,
		     "expected accept on 5.10.218, got none: libbpf could "
		     "not load the object, which is a long story that needs "
		     "two lines");
	add(sc, r);
	keep_log(sc, "masked-read", "read_80");
	keep_log(sc, "masked-read", "read_126");
	ended(sc, "masked-read", "{\"full\":\"yes\",\"step\":\"4\"}", STATUS_UNEXPECTED,
	      "one record is unexpected", 3.25);
}

static void programs_have_a_table(void **state)
{
	struct scene sc;
	char *text;

	scene_begin(&sc, *state);
	some_programs(&sc);
	text = report(&sc, (struct report_opts){ .width = 100, .summary = summary_of });
	assert_text(
		text,
		"masked-read on 5.10.218: unexpected (3.2 s)\n"
		"  Which masks let a variable-length read pass the verifier?\n"
		"  parameters: full=yes step=4\n"
		"\n"
		"  program      verdict        insns  states  peak  stack  verify  status\n"
		"                                                     (B)    (µs)\n"
		"  read_80      accept          1234     123    61    128    8638  ok\n"
		"  read_126     reject EACCES     56       5     2    128     392  ok\n"
		"      invalid indirect read from stack R1 off -128+126 size 127\n"
		"  never_there  none EINVAL                                        unexpected\n"
		"      failed to [31m find ?\n"
		"\n"
		"  unexpected: never_there: expected accept on 5.10.218, got none: "
		"libbpf could not load the object,\n"
		"              which is a long story that needs two lines\n"
		"\n"
		"2 ok, 1 unexpected: 1 experiment on 5.10.218 (release 5.10.218-assay, TCG, wall clock)\n"
		"look at: masked-read never_there\n"
		"run RUN is not over\n"
		"evidence: DIR\n"
		"a log:    assay show 1 masked-read read_126 --log\n");
	free(text);
	/* A message is never cut, whatever the width. */
	text = report(&sc, (struct report_opts){ .width = 60 });
	assert_non_null(strstr(text, "  read_126     reject EACCES     56       5     2    128     "
				     "392  ok\n"
				     "      invalid indirect read from stack R1 off -128+126 size\n"
				     "      127\n"));
	free(text);
	scene_end(&sc);
}

static void expected_rejections_are_not_coloured(void **state)
{
	struct scene sc;
	char *text;

	scene_begin(&sc, *state);
	some_programs(&sc);
	text = report(&sc, (struct report_opts){ .width = 100, .color = true });
	assert_true(str_starts(text, "\033[1mmasked-read\033[0m on 5.10.218: "
				     "\033[1;31munexpected\033[0m (3.2 s)\n"));
	assert_non_null(strstr(text, "  read_126     reject EACCES     56       5     2    128     "
				     "392  ok\n"
				     "      invalid indirect read"));
	assert_non_null(strstr(text, "  \033[1;31munexpected\033[0m\n"));
	assert_non_null(strstr(text, "\n  \033[1;31munexpected: \033[0mnever_there: expected"));
	assert_non_null(strstr(text, "\n2 ok, \033[1;31m1 unexpected\033[0m: 1 experiment"));
	assert_non_null(strstr(text, "\n\033[1;31mlook at: \033[0mmasked-read never_there\n"));
	free(text);
	scene_end(&sc);
}

/* Of one program all that is known. */
static void a_program_by_itself(void **state)
{
	struct scene sc;
	struct record *r;
	char *text;

	scene_begin(&sc, *state);
	add(&sc, program("masked-read", "read_80", VERDICT_ACCEPT, 0, 1234));
	r = program("masked-read", "read_126", VERDICT_REJECT, 13, 56);
	record__set(&r->section, "kprobe/vfs_write");
	record__set(&r->expected, "reject EACCES /invalid/");
	r->load_time_us = 99.6;
	r->jited_size = 317;
	r->stats.max_states_per_insn = 0;
	add(&sc, r);
	ended(&sc, "masked-read", "{}", STATUS_OK, NULL, 0);
	ended(&sc, "override", "{}", STATUS_OK, NULL, 0);
	text = report(&sc, (struct report_opts){ .width = 100, .program = "read_126" });
	assert_text(text, "masked-read on 5.10.218: ok\n"
			  "\n"
			  "  program   verdict        insns  states  peak  stack  verify  status\n"
			  "                                                  (B)    (µs)\n"
			  "  read_126  reject EACCES     56       5     2    128     392  ok\n"
			  "\n"
			  "  section                         kprobe/vfs_write\n"
			  "  type                            unspec\n"
			  "  expected                        reject EACCES /invalid/\n"
			  "  most states at one instruction  0\n"
			  "  load call                       100 µs\n"
			  "  jited                           317 bytes\n"
			  "\n"
			  "1 ok, none unexpected: 1 experiment on 5.10.218 (release "
			  "5.10.218-assay, TCG, wall clock)\n"
			  "run RUN is not over\n"
			  "evidence: DIR\n");
	free(text);
	scene_end(&sc);
}

static void checks_and_series(void **state)
{
	struct scene sc;
	struct record *r;
	double samples[3] = { 1, 2, 3 };
	char *text;

	scene_begin(&sc, *state);
	add(&sc, reads("int3", 512, 400000, 100));
	r = reads("int3", 4096, 23473, 5.86825);
	record__check(r, true, "the probe saw every read", "400000");
	record__check(r, false, "every read is overridden", "23473 of 400000");
	record__fail(r, STATUS_UNEXPECTED, "check failed: every read is overridden");
	add(&sc, r);
	r = record__new(RECORD_MEASUREMENT, "override", "flags");
	r->status = STATUS_OK;
	record__metric(r, "after", "ms", NAN);
	record__series(r, "latency", "ns", samples, 3);
	record__series(r, "a_series_with_a_name_of_some_length", "ns", samples, 3);
	add(&sc, r);
	add(&sc, reads("ftrace", 4096, 400000, 0.000123456));
	ended(&sc, "override", "{}", STATUS_UNEXPECTED, NULL, 0);
	assert_int_equal(store__end_run(sc.store, sc.run.id, RUN_COMPLETE, NULL, 1), 0);
	text = report(&sc, (struct report_opts){ .width = 100 });
	assert_text(
		text,
		"override on 5.10.218: unexpected\n"
		"\n"
		"  loss\n"
		"  hook    size  overridden      share  status\n"
		"                                  (%)\n"
		"  int3     512      400000        100  ok\n"
		"  int3    4096       23473      5.868  unexpected\n"
		"  ftrace  4096      400000  0.0001235  ok\n"
		"\n"
		"  flags\n"
		"  after  status\n"
		"   (ms)\n"
		"      -  ok\n"
		"\n"
		"  failed check: loss (hook=int3 size=4096): every read is overridden; "
		"found: 23473 of 400000\n"
		"  1 of 2 checks failed\n"
		"  samples of latency, a_series_with_a_name_of_some_length: assay show 1 override --json\n"
		"\n"
		"3 ok, 1 unexpected: 1 experiment on 5.10.218 (release 5.10.218-assay, TCG, wall clock)\n"
		"look at: override loss (hook=int3 size=4096)\n"
		"evidence: DIR\n");
	free(text);
	/* One line whatever the width, and dim. */
	text = report(&sc, (struct report_opts){ .width = 80, .color = true });
	assert_non_null(strstr(text,
			       "\n  \033[2msamples of latency and 1 more series: assay show 1 "
			       "override --json\033[0m\n"));
	assert_non_null(strstr(text, "\n  \033[1;31m1 of 2 checks failed\033[0m\n"));
	free(text);
	text = report(&sc, (struct report_opts){ .width = 60 });
	assert_non_null(strstr(text, "\n  samples of 2 series: assay show 1 override --json\n"));
	free(text);
	scene_end(&sc);
}

/* Nothing was measured. */
static struct record *skipped_reads(int size)
{
	struct record *r = record__new(RECORD_MEASUREMENT, "override", "loss");
	char buf[16];

	snprintf(buf, sizeof(buf), "%d", size);
	record__label(r, "hook", "ftrace");
	record__label(r, "size", buf);
	r->status = STATUS_OK;
	record__fail(r, STATUS_SKIPPED, "no ftrace entry");
	return r;
}

static void skipped_records_say_why(void **state)
{
	struct scene sc;
	struct record *r;
	char *text;
	int i;

	scene_begin(&sc, *state);
	for (i = 0; i < 3; i++) {
		r = i ? skipped_reads(512 << i) : reads("ftrace", 512, 0, 0);
		record__check(r, true, "the hook is there", "");
		add(&sc, r);
	}
	r = program("override", "q", VERDICT_ACCEPT, 0, 10);
	record__fail(r, STATUS_SKIPPED, "no kernel option");
	add(&sc, r);
	ended(&sc, "override", "{}", STATUS_OK, NULL, 0);
	text = report(&sc, (struct report_opts){ .width = 80, .color = true });
	assert_non_null(strstr(text, "override\033[0m on 5.10.218: ok\n"));
	assert_non_null(
		strstr(text, "\n"
			     "  loss (hook=ftrace)\n"
			     "  \033[1msize\033[0m  \033[1moverridden\033[0m  \033[1mshare\033[0m  "
			     "\033[1mstatus\033[0m\n"
			     "                      \033[2m(%)\033[0m\n"
			     "   512           0      0  ok\n"
			     "  1024                     \033[33mskipped\033[0m\n"
			     "  2048                     \033[33mskipped\033[0m\n"
			     "\n"
			     "  \033[33mskipped: \033[0mloss (hook=ftrace size=1024) and loss "
			     "(hook=ftrace size=2048): no\n"
			     "           ftrace entry\n"
			     "  \033[33mskipped: \033[0mq: no kernel option\n"
			     "  3 checks hold\n"
			     "\n"
			     "1 ok, none unexpected, \033[33m3 skipped\033[0m: 1 experiment"));
	assert_null(strstr(text, "look at"));
	free(text);
	scene_end(&sc);
}

static void add_matrix(struct scene *sc, size_t rows)
{
	struct record *r = record__new(RECORD_MEASUREMENT, "masked-read", "map");
	char *row_names[64], *cells[64],
		*col_names[] = { (char *)"1", (char *)"16", (char *)"256" };
	struct matrix m = { (char *)"verdict",
			    (char *)"mask",
			    (char *)"buffer size",
			    (char *)". accepted, x rejected",
			    row_names,
			    cells,
			    col_names,
			    rows,
			    3 };
	size_t i;

	for (i = 0; i < rows; i++) {
		row_names[i] = str_fmt("%zu", i * 64);
		cells[i] = (char *)(i ? "xx." : "...");
	}
	r->status = STATUS_OK;
	record__label(r, "rows", rows == 3 ? "few" : "many");
	assert_int_equal(record__matrix(r, &m), 0);
	add(sc, r);
	for (i = 0; i < rows; i++)
		free(row_names[i]);
}

static void small_matrices_are_drawn(void **state)
{
	struct scene sc;
	char *text;

	scene_begin(&sc, *state);
	add_matrix(&sc, 3);
	add_matrix(&sc, 25);
	ended(&sc, "masked-read", "{}", STATUS_OK, NULL, 12);
	text = report(&sc, (struct report_opts){ .width = 100 });
	assert_text(text, "masked-read on 5.10.218: ok (12 s)\n"
			  "\n"
			  "  map\n"
			  "  rows  status\n"
			  "  few   ok\n"
			  "  many  ok\n"
			  "\n"
			  "  map (rows=few): verdict\n"
			  "    . accepted, x rejected\n"
			  "        buffer size\n"
			  "          2\n"
			  "         15\n"
			  "  mask  166\n"
			  "     0  ...\n"
			  "    64  xx.\n"
			  "   128  xx.\n"
			  "\n"
			  "  map (rows=many): verdict, 25 by 3 (mask by buffer size)\n"
			  "  drawn by assay show 1 masked-read --matrix\n"
			  "\n"
			  "2 ok, none unexpected: 1 experiment on 5.10.218 (release "
			  "5.10.218-assay, TCG, wall clock)\n"
			  "run RUN is not over\n"
			  "evidence: DIR\n");
	free(text);
	text = report(&sc, (struct report_opts){ .width = 101 });
	assert_non_null(strstr(text, "(mask by buffer size); drawn by assay show 1 masked-read "
				     "--matrix\n"));
	free(text);
	scene_end(&sc);
}

static void assert_order(struct scene *sc, const char *column, bool reverse, const char *a,
			 const char *b, const char *c)
{
	const struct stat_column *sort = stat_column__find(column, NULL);
	char *text, *at[3];

	assert_non_null(sort);
	text = report(sc, (struct report_opts){ .width = 100, .sort = sort, .reverse = reverse });
	at[0] = strstr(text, a);
	at[1] = strstr(text, b);
	at[2] = strstr(text, c);
	assert_true(at[0] && at[1] && at[2]);
	if (!(at[0] < at[1] && at[1] < at[2]))
		fail_msg("by %s%s", column, reverse ? ", reversed" : "");
	free(text);
}

static void programs_are_sorted(void **state)
{
	const char *nearest = NULL;
	struct scene sc;

	scene_begin(&sc, *state);
	add(&sc, program("e", "mid_prog", VERDICT_ACCEPT, 0, 50));
	add(&sc, program("e", "unk_prog", VERDICT_REJECT, 13, -1));
	add(&sc, program("e", "big_prog", VERDICT_ACCEPT, 0, 500));
	assert_order(&sc, "insns", false, "big_prog", "mid_prog", "unk_prog");
	assert_order(&sc, "total_insns", true, "mid_prog", "big_prog", "unk_prog");
	assert_order(&sc, "prog_name", false, "big_prog", "mid_prog", "unk_prog");
	assert_order(&sc, "program", true, "unk_prog", "mid_prog", "big_prog");
	/* Equal keys keep the order of the records; a column that tables do not show. */
	assert_order(&sc, "status", false, "mid_prog", "unk_prog", "big_prog");
	assert_order(&sc, "cpus", true, "mid_prog", "unk_prog", "big_prog");
	assert_null(stat_column__find("insn", &nearest));
	assert_string_equal(nearest, "insns");
	assert_null(stat_column__find("", NULL));
	scene_end(&sc);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(programs_have_a_table),   T(expected_rejections_are_not_coloured),
		T(a_program_by_itself),	    T(checks_and_series),
		T(skipped_records_say_why), T(small_matrices_are_drawn),
		T(programs_are_sorted),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
