// SPDX-License-Identifier: GPL-2.0-only
/* How a report ends: what is counted, where it comes from, where the evidence lies. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "report_scene.h"

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
		"2 ok, none unexpected, 1 timed out, 1 crashed, 1 skipped: 2 experiments "
		"on 5.10.218 (release\n"
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

/* Of a study: one section, with what is the same in all and the worst end. */
static void many_points(void **state)
{
	struct scene sc;
	char *text;

	scene_begin(&sc, *state);
	ended(&sc, "e", "{\"a\": \"1\", \"b\": \"2\", \"c\": \"3\"}", STATUS_OK, NULL, 1.5);
	ended(&sc, "e", "{\"a\": \"1\", \"b\": \"3\", \"c\": \"3\"}", STATUS_TIMEOUT, "too slow",
	      2);
	ended(&sc, "e", "{\"a\": \"1\", \"b\": \"2\"}", STATUS_SKIPPED, "no need", -1);
	text = report(&sc, (struct report_opts){ .width = 100 });
	assert_true(str_starts(text, "e on 5.10.218: timeout (3 points, 3.5 s)\n"
				     "  the same in all: a=1\n"
				     "  timeout: too slow\n"));
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

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(whole_failures_are_counted),
		T(a_kernel_that_never_ran),
		T(many_points),
		T(many_records),
		T(an_empty_run),
		T(paths_are_relative),
	};

	return cmocka_run_group_tests_name("report_end", tests, NULL, NULL);
}
