// SPDX-License-Identifier: GPL-2.0-only
/* What a run's report looks like, word for word, from records in a store. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/str.h"
#include "cli/report.h"
#include "cli/stat_columns.h"
#include "store_fixture.h"

struct scene {
	struct store *store;
	struct run_info run;
	struct guest_info guest;
};

static void scene_begin(struct scene *sc, struct fixture *f)
{
	sc->store = open_store(f);
	sc->guest = example_guest();
	assert_int_equal(store__begin_run(sc->store, "assay run", "{}", &sc->run), 0);
}

static void scene_end(struct scene *sc)
{
	run_info__release(&sc->run);
	store__close(sc->store);
}

static void add(struct scene *sc, struct record *r)
{
	assert_int_equal(store__add_record(sc->store, sc->run.id, &sc->guest, r, NULL), 0);
	record__free(r);
}

static void ended(struct scene *sc, const char *experiment, const char *params, enum status status,
		  const char *reason, double seconds)
{
	assert_int_equal(store__add_experiment(sc->store, sc->run.id, &sc->guest, experiment,
					       params, status, reason, seconds),
			 0);
}

static struct record *program(const char *experiment, const char *name, enum verdict verdict,
			      int err, int64_t insns)
{
	struct record *r = record__new(RECORD_PROGRAM, experiment, name);

	r->verdict = verdict;
	r->err = err;
	r->status = STATUS_OK;
	r->stats.insns = insns;
	r->stats.total_states = insns < 0 ? -1 : insns / 10;
	r->stats.peak_states = insns < 0 ? -1 : insns / 20;
	r->stats.stack_depth = insns < 0 ? -1 : 128;
	r->stats.verification_time_us = insns < 0 ? -1 : insns * 7;
	return r;
}

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

/* Replaces every `from` in *text. */
static void replace(char **text, const char *from, const char *to)
{
	struct strbuf sb = STRBUF_INIT;
	const char *p = *text, *next;

	while ((next = strstr(p, from))) {
		strbuf__add(&sb, p, (size_t)(next - p));
		strbuf__addf(&sb, "%s", to);
		p = next + strlen(from);
	}
	strbuf__addf(&sb, "%s", p);
	free(*text);
	*text = strbuf__detach(&sb);
}

/* The report with the run's name as RUN and its folder as DIR, the run's id being 1; caller frees.
 */
static char *report(struct scene *sc, struct report_opts opts)
{
	char *text = NULL, *dir = store__run_dir(sc->store, sc->run.name);
	struct run_info now;
	size_t len;

	assert_int_equal(store__find_run(sc->store, NULL, &now), 0);
	opts.out = open_memstream(&text, &len);
	if (!opts.prog)
		opts.prog = "assay";
	assert_int_equal(report__print(sc->store, &now, &opts), 0);
	fclose(opts.out);
	run_info__release(&now);
	replace(&text, dir, "DIR");
	replace(&text, sc->run.name, "RUN");
	free(dir);
	return text;
}

static void assert_text(const char *is, const char *should)
{
	if (strcmp(is, should) == 0)
		return;
	printf("printed:\n%s\nand should print:\n%s\n", is, should);
	fail();
}

static const char *summary_of(void *ctx, const char *experiment)
{
	(void)ctx;
	return strcmp(experiment, "masked-read") == 0
		       ? "Which masks let a variable-length read pass the verifier?"
		       : NULL;
}

/* The program has left a log. */
static void keep_log(struct scene *sc, const char *experiment, const char *name)
{
	assert_int_equal(store__add_text(sc->store, sc->run.id, sc->guest.kernel, experiment, name,
					 "log", "0: exit\n", 8, true),
			 0);
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
		"  unexpected: never_there: expected accept on 5.10.218, got none: libbpf could not load the object,\n"
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
	assert_text(
		text,
		"masked-read on 5.10.218: ok\n"
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
		"1 ok, none unexpected: 1 experiment on 5.10.218 (release 5.10.218-assay, TCG, wall clock)\n"
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
		"  failed check: loss (hook=int3 size=4096): every read is overridden; found: 23473 of 400000\n"
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
	assert_text(
		text,
		"masked-read on 5.10.218: ok (12 s)\n"
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
		"  map (rows=many): verdict, 25 by 3 (mask by buffer size); 48 'x', 27 '.'\n"
		"  drawn by assay show 1 masked-read --matrix\n"
		"\n"
		"2 ok, none unexpected: 1 experiment on 5.10.218 (release 5.10.218-assay, TCG, wall clock)\n"
		"run RUN is not over\n"
		"evidence: DIR\n");
	free(text);
	scene_end(&sc);
}

/* Nothing of what went wrong may be missing from the sum. */
static void whole_failures_are_counted(void **state)
{
	struct scene sc;
	struct record *r;
	char *text;

	scene_begin(&sc, *state);
	ended(&sc, "strtol", "{}", STATUS_SKIPPED,
	      "needs the helper bpf_kstrtol, which this kernel does not provide", 0);
	add(&sc, program("override", "p", VERDICT_ACCEPT, 0, 10));
	ended(&sc, "override", "{}", STATUS_CRASHED, "kernel BUG at fs/read_write.c:42", 1);
	sc.guest.kernel = (char *)"6.1.192";
	sc.guest.release = (char *)"6.1.192";
	sc.guest.accel = (char *)"kvm";
	r = program("override", "p", VERDICT_ACCEPT, 0, 10);
	record__fail(r, STATUS_TIMEOUT, "no answer for 60 s");
	add(&sc, r);
	ended(&sc, "override", "{}", STATUS_TIMEOUT, "no answer for 60 s", 60);
	add(&sc, program("strtol", "q", VERDICT_ACCEPT, 0, 10));
	keep_log(&sc, "override", "p");
	assert_int_equal(store__end_run(sc.store, sc.run.id, RUN_CUT_OFF, "interrupted", 3), 0);
	text = report(&sc, (struct report_opts){ .width = 100 });
	assert_text(
		text,
		"strtol on 5.10.218: skipped\n"
		"  skipped: needs the helper bpf_kstrtol, which this kernel does not provide\n"
		"\n"
		"override on 5.10.218: crashed (1.0 s)\n"
		"  crashed: kernel BUG at fs/read_write.c:42\n"
		"\n"
		"  program  verdict  insns  states  peak  stack  verify  status\n"
		"                                           (B)    (µs)\n"
		"  p        accept      10       1     0    128      70  ok\n"
		"\n"
		"override on 6.1.192: timeout (1 min 0 s)\n"
		"  timeout: no answer for 60 s\n"
		"\n"
		"  program  verdict  insns  states  peak  stack  verify  status\n"
		"                                           (B)    (µs)\n"
		"  p        accept      10       1     0    128      70  timeout\n"
		"\n"
		"  timeout: p: no answer for 60 s\n"
		"\n"
		"strtol on 6.1.192: did not end\n"
		"\n"
		"  program  verdict  insns  states  peak  stack  verify  status\n"
		"                                           (B)    (µs)\n"
		"  q        accept      10       1     0    128      70  ok\n"
		"\n"
		"2 ok, none unexpected, 1 timed out, 1 crashed, 1 skipped: 2 experiments on 5.10.218 (release\n"
		"  5.10.218-assay, TCG, wall clock) and 6.1.192 (release 6.1.192, KVM, wall clock)\n"
		"look at: override on 5.10.218; override p on 6.1.192\n"
		"run RUN was cut off: interrupted\n"
		"evidence: DIR\n"
		"a log:    assay show 1 override p -k 6.1.192 --log\n");
	free(text);
	/* Part of it: one experiment on one kernel. */
	text = report(&sc, (struct report_opts){
				   .width = 100, .kernel = "5.10.218", .experiment = "strtol" });
	assert_text(
		text,
		"strtol on 5.10.218: skipped\n"
		"  skipped: needs the helper bpf_kstrtol, which this kernel does not provide\n"
		"\n"
		"0 ok, none unexpected, 1 skipped: 1 experiment on 5.10.218 (release 5.10.218-assay, "
		"TCG, wall clock)\n"
		"run RUN was cut off: interrupted\n"
		"evidence: DIR\n");
	free(text);
	/* One program: sections and kernels without it are left out. */
	text = report(&sc, (struct report_opts){ .width = 100, .program = "q" });
	assert_true(str_starts(text, "strtol on 6.1.192: did not end\n"));
	assert_non_null(strstr(text, "\n1 ok, none unexpected: 1 experiment on 6.1.192 (release "
				     "6.1.192, KVM, wall clock)\n"));
	free(text);
	text = report(&sc, (struct report_opts){ .width = 100, .program = "no" });
	assert_true(str_starts(text, "nothing was recorded of this\n"));
	free(text);
	scene_end(&sc);
}

/* A kernel that could not be built has no release and no guest. */
static void a_kernel_that_never_ran(void **state)
{
	const struct guest_info none = { .kernel = (char *)"6.1.192" };
	struct scene sc;
	char *text;

	scene_begin(&sc, *state);
	assert_int_equal(store__add_experiment(sc.store, sc.run.id, &none, "strtol", "{}",
					       STATUS_HARNESS, "the kernel could not be built", 0),
			 0);
	assert_int_equal(store__add_experiment(sc.store, sc.run.id, &none, "override", "{}",
					       STATUS_HARNESS, "the kernel could not be built", 0),
			 0);
	assert_int_equal(store__end_run(sc.store, sc.run.id, RUN_COMPLETE, NULL, 3), 0);
	text = report(&sc, (struct report_opts){ .width = 100, .prog = "build/assay" });
	assert_text(text,
		    "strtol on 6.1.192: harness error\n"
		    "  harness error: the kernel could not be built\n"
		    "\n"
		    "override on 6.1.192: harness error\n"
		    "  harness error: the kernel could not be built\n"
		    "\n"
		    "0 ok, none unexpected, 2 harness errors: 2 experiments on 6.1.192 (never "
		    "started)\n"
		    "look at: strtol; override\n"
		    "evidence: DIR\n");
	free(text);
	scene_end(&sc);
}

/* 300 programs, half of them failed: the end stays readable. */
static void many_records(void **state)
{
	struct scene sc;
	char name[64], *text, *p;
	int i, lines = 0;

	scene_begin(&sc, *state);
	for (i = 0; i < 300; i++) {
		struct record *r;

		snprintf(name, sizeof(name), "program_%03d_%s", i, i == 7 ? "größe_漢字" : "x");
		r = program("e", name, i % 2 ? VERDICT_REJECT : VERDICT_ACCEPT, i % 2 ? 13 : 0, i);
		if (i % 2) {
			record__set(&r->message, "R1 invalid mem access 'inv'");
			record__fail(r, STATUS_UNEXPECTED, "expected accept, got reject EACCES");
		}
		add(&sc, r);
	}
	ended(&sc, "e", "{}", STATUS_UNEXPECTED, NULL, 0);
	text = report(&sc, (struct report_opts){ .width = 300 });
	for (p = text; (p = strstr(p, "\n  program_")); p++)
		lines++;
	assert_int_equal(lines, 300);
	assert_non_null(strstr(text, "\n  program_007_größe_漢字  reject EACCES      7  "));
	assert_non_null(strstr(text, "\n  program_008_x           accept             8  "));
	assert_non_null(strstr(text, "\n150 ok, 150 unexpected: 1 experiment on 5.10.218 "));
	assert_non_null(strstr(text, "e program_023_x; and 138 more\n"));
	assert_null(strstr(strstr(text, "\nlook at:"), "program_025_x"));
	free(text);
	scene_end(&sc);
}

static void an_empty_run(void **state)
{
	struct scene sc;
	char *text = NULL, *path = NULL;
	size_t len;
	FILE *out;

	scene_begin(&sc, *state);
	text = report(&sc, (struct report_opts){ 0 });
	assert_text(text, "nothing was recorded\n"
			  "run RUN is not over\n"
			  "evidence: DIR\n");
	free(text);
	/* A guest that said nothing has a console all the same. */
	assert_int_equal(
		store__text_path(sc.store, sc.run.id, "5.10.218", "", "", "console", &path), 0);
	free(path);
	text = report(&sc, (struct report_opts){ 0 });
	assert_true(str_ends(text, "evidence: DIR\na log:    assay show 1 --console\n"));
	free(text);
	out = open_memstream(&text, &len);
	assert_int_equal(report__run(sc.store, sc.run.id + 1, NULL, NULL, out), -ENOENT);
	assert_int_equal(report__run(sc.store, sc.run.id, NULL, NULL, out), 0);
	fclose(out);
	assert_true(str_starts(text, "nothing was recorded\n"));
	free(text);
	scene_end(&sc);
}

/* Where the results lie below the working directory the path can be typed as it stands. */
static void paths_are_relative(void **state)
{
	struct fixture *f = *state;
	char *text, cwd[4096];
	struct scene sc;

	scene_begin(&sc, f);
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_int_equal(chdir(f->dir), 0);
	text = report(&sc, (struct report_opts){ 0 });
	assert_non_null(strstr(text, "evidence: results/RUN\n"));
	free(text);
	assert_int_equal(chdir(cwd), 0);
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
		T(programs_have_a_table),
		T(expected_rejections_are_not_coloured),
		T(a_program_by_itself),
		T(checks_and_series),
		T(skipped_records_say_why),
		T(small_matrices_are_drawn),
		T(whole_failures_are_counted),
		T(a_kernel_that_never_ran),
		T(many_records),
		T(an_empty_run),
		T(paths_are_relative),
		T(programs_are_sorted),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
