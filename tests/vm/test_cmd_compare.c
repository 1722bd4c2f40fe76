// SPDX-License-Identifier: GPL-2.0-only
/* `assay compare` as a user meets it: on a made-up store, and on what two point releases of one
 * branch say to the programs of masked-read. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "assay.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/utf8.h"

#define OLD "5.10.218"
#define NEW "5.10.262"

#define UNINIT "invalid indirect read from stack R1 off -128+126 size 127"

static char *made_up; /* results: runs 1 to 5 */
static char *real;

/* --- a made-up store ------------------------------------------------------------------------- */

static struct guest_info guest(const char *kernel, const char *accel)
{
	return (struct guest_info){
		.kernel = (char *)kernel,
		.release = (char *)kernel,
		.accel = (char *)accel,
		.timing = (char *)"wall",
		.cpu_model = (char *)"qemu64",
		.cpus = 1,
		.mem_mb = 512,
	};
}

static void add(struct store *s, int64_t run, const char *kernel, const char *accel,
		struct record *r)
{
	struct guest_info g = guest(kernel, accel);

	assert_non_null(r);
	r->status = STATUS_OK;
	assert_int_equal(store__add_record(s, run, &g, r, NULL), 0);
	record__free(r);
}

static struct record *program(const char *name, int64_t insns)
{
	struct record *r = record__new(RECORD_PROGRAM, "e", name);

	assert_non_null(r);
	r->verdict = VERDICT_ACCEPT;
	r->stats.insns = insns;
	return r;
}

static struct record *rejection(const char *name, const char *message)
{
	struct record *r = program(name, 26);

	r->verdict = VERDICT_REJECT;
	r->err = EACCES;
	assert_int_equal(record__set(&r->message, message), 0);
	return r;
}

static struct record *timed(double us)
{
	struct record *r = record__new(RECORD_MEASUREMENT, "e", "timed");
	double v[20];

	for (int i = 0; i < 20; i++)
		v[i] = us * (1 + i / 1000.0);
	assert_int_equal(record__series(r, "read", "us", v, 20), 0);
	return r;
}

static void end(struct store *s, int64_t run, const char *kernel, const char *accel)
{
	struct guest_info g = guest(kernel, accel);

	assert_int_equal(store__add_experiment(s, run, &g, "e", "{}", STATUS_OK, NULL, 1), 0);
}

static void kernel_old(struct store *s, int64_t run, double us)
{
	static const char log[] = "0: (85) call bpf_probe_read_user#112\n" UNINIT "\n";

	add(s, run, OLD, "tcg", rejection("padding", UNINIT));
	add(s, run, OLD, "tcg", program("plain", 100));
	add(s, run, OLD, "tcg", program("gone", 5));
	add(s, run, OLD, "tcg", timed(us));
	assert_int_equal(
		store__add_text(s, run, OLD, "e", "padding", "log", log, strlen(log), true), 0);
	end(s, run, OLD, "tcg");
}

static void kernel_new(struct store *s, int64_t run, const char *accel)
{
	static const char log[] = "0: (85) call bpf_probe_read_user#112\n1: (95) exit\n";

	add(s, run, NEW, accel, program("padding", 43));
	add(s, run, NEW, accel, program("plain", 103));
	add(s, run, NEW, accel, timed(50));
	assert_int_equal(
		store__add_text(s, run, NEW, "e", "padding", "log", log, strlen(log), true), 0);
	end(s, run, NEW, accel);
}

static void begin(struct store *s, struct run_info *run)
{
	assert_int_equal(store__begin_run(s, "assay run e", "{\"clang\":\"clang 14\"}", run), 0);
}

static void finish(struct store *s, struct run_info *run, enum run_state state)
{
	assert_int_equal(
		store__end_run(s, run->id, state, state == RUN_CUT_OFF ? "killed" : NULL, 0), 0);
	run_info__release(run);
}

static int make_store(void **state)
{
	struct run_info run;
	struct store *s;

	(void)state;
	made_up = temp_dir();
	assert_int_equal(store__open(made_up, true, &s), 0);
	begin(s, &run); /* 1: both kernels */
	kernel_old(s, run.id, 10);
	kernel_new(s, run.id, "tcg");
	finish(s, &run, RUN_COMPLETE);
	begin(s, &run); /* 2: the old one again, and nothing else */
	kernel_old(s, run.id, 10.1);
	finish(s, &run, RUN_COMPLETE);
	begin(s, &run); /* 3: the new one under another accelerator */
	kernel_new(s, run.id, "kvm");
	finish(s, &run, RUN_COMPLETE);
	begin(s, &run); /* 4: cut off after one program */
	add(s, run.id, OLD, "tcg", program("plain", 100));
	finish(s, &run, RUN_CUT_OFF);
	begin(s, &run); /* 5: both kernels, and cut off before a third */
	kernel_old(s, run.id, 10);
	kernel_new(s, run.id, "tcg");
	finish(s, &run, RUN_CUT_OFF);
	store__close(s);
	return 0;
}

static int remove_store(void **state)
{
	(void)state;
	temp_dir_remove(made_up);
	return 0;
}

#define COMPARE(o, ...) ASSAY(o, false, made_up, "compare", __VA_ARGS__)

static void test_two_kernels(void **state)
{
	struct outcome o;

	(void)state;
	COMPARE(&o, OLD, NEW);
	assert_status(&o, 1);
	assert_has(o.out, "a: 5.10.218 (run 1)");
	assert_has(o.out, "b: 5.10.262 (run 1)");
	assert_has(o.out, "1 flip, 0 statuses, 0 messages, 1 statistic, 1 measurement, 1 vanished, "
			  "0 appeared; 0 the same");
	assert_has(o.out,
		   "Verdict flips (1)\n  e padding\n    reject EACCES -> accept\n    message of "
		   "a: " UNINIT "\n    the logs part after: 0: (85) call "
		   "bpf_probe_read_user#112\n      a 2: " UNINIT "\n      b 2: 1: (95) exit\n");
	assert_has(o.out, "  e plain\n    total_insns 100 -> 103 (+3.0 %)\n");
	assert_has(o.out, "  e timed\n    read 10.09 -> 50.47 us (+400.0 %), 5 times [");
	assert_has(o.out, "  e gone\n    vanished; it was accept\n");
	assert_has(o.out,
		   "\nwhere it flips: assay bisect " OLD " " NEW " e:padding\na whole log:    "
		   "assay show ");
	assert_lacks(o.out, "\033");
	/* Flips come first. */
	assert_true(strstr(o.out, "Verdict flips") < strstr(o.out, "Statistics"));
	outcome__release(&o);
}

static void test_nothing_changed(void **state)
{
	struct outcome o;

	(void)state;
	COMPARE(&o, "1", "2");
	assert_status(&o, 0);
	assert_has(o.out,
		   "0 flips, 0 statuses, 0 messages, 0 statistics, 0 measurements, 0 vanished, "
		   "0 appeared; 4 the same\n");
	assert_has(o.err, NEW ": only in ");
	outcome__release(&o);
}

static void test_refused(void **state)
{
	struct outcome o;

	(void)state;
	COMPARE(&o, "1:" OLD, "3:" NEW);
	assert_status(&o, 1);
	assert_has(o.out,
		   "refused: times are not compared: accelerator tcg against kvm, only counts "
		   "are\n");
	assert_has(o.out, "1 flip, 0 statuses, 0 messages, 1 statistic, 0 measurements");
	outcome__release(&o);
}

static void test_cut_off(void **state)
{
	struct outcome o;

	(void)state;
	COMPARE(&o, "1:" OLD, "4");
	/* Nothing seems to have changed, but who knows. */
	assert_status(&o, 3);
	assert_has(o.err, "not all could be compared: a run was cut off");
	assert_has(o.out, "CUT OFF");
	assert_has(o.out, "0 vanished, 0 appeared; 1 the same, 3 not comparable\n");
	assert_has(o.out, "note: not measured on 5.10.218 (run 4), whose run was cut off: e\n");
	outcome__release(&o);
	/* Kernels alone are taken from complete runs. */
	COMPARE(&o, OLD, "4");
	assert_has(o.out, "a: 5.10.218 (run 2)");
	assert_has(o.out, "b: 5.10.218 (run 4)");
	outcome__release(&o);
}

static void test_thresholds_and_filters(void **state)
{
	struct outcome o;

	(void)state;
	COMPARE(&o, OLD, NEW, "--threshold", "insns=5%,series=off", "-f", "!gone", "-f",
		"!padding");
	assert_status(&o, 0);
	outcome__release(&o);
	COMPARE(&o, OLD, NEW, "-f", "verdict_a!=verdict_b");
	assert_status(&o, 1);
	assert_has(o.out,
		   "1 flip, 0 statuses, 0 messages, 0 statistics, 0 measurements, 0 vanished");
	outcome__release(&o);
}

static void test_kernel_by_kernel(void **state)
{
	struct outcome o;

	(void)state;
	COMPARE(&o, "1", "latest");
	assert_status(&o, 0);
	assert_has(o.out, "a: 5.10.218 (run 1)");
	assert_has(o.out, "b: 5.10.218 (run 5)");
	assert_has(o.out, "a: 5.10.262 (run 1)");
	assert_has(o.out, "b: 5.10.262 (run 5)");
	assert_has(o.out, "\n2 kernels: 0 flips, 0 statuses");
	outcome__release(&o);
}

static void test_narrow(void **state)
{
	static const char *const env[] = { "COLUMNS=72", NULL };
	struct call c = { .results = made_up, .env = env };
	struct outcome o;
	char *line, *rest;

	(void)state;
	assay_call(&o, &c, ARGS("compare", OLD, NEW, "--full"));
	assert_status(&o, 1);
	for (rest = o.out; (line = strsep(&rest, "\n"));)
		if (utf8_width(line) > 72)
			fail_msg("longer than 72 columns: %s", line);
	outcome__release(&o);
}

static void test_csv(void **state)
{
	struct outcome o;

	(void)state;
	COMPARE(&o, OLD, NEW, "--csv", "-e", "insns", "-s", "insns_diff^");
	assert_status(&o, 1);
	assert_string_equal(
		o.out,
		"file_name,prog_name,labels,kernel_a,kernel_b,verdict_a,verdict_b,verdict_diff,"
		"total_insns_a,total_insns_b,total_insns_diff,total_insns_pct,status_a,status_b,"
		"message_a,message_b\n"
		"e.bpf.o,plain,,5.10.218,5.10.262,success,success,MATCH,100,103,3,+3.00,ok,ok,,\n"
		"e.bpf.o,padding,,5.10.218,5.10.262,failure,success,MISMATCH,26,43,17,+65.38,ok,ok,"
		"" UNINIT ",\n"
		"e.bpf.o,gone,,5.10.218,5.10.262,success,N/A,N/A,5,N/A,N/A,N/A,ok,,,\n");
	outcome__release(&o);
}

static void test_json(void **state)
{
	struct outcome o;

	(void)state;
	COMPARE(&o, OLD, NEW, "--json");
	assert_status(&o, 1);
	assert_has(o.out, "{\"type\":\"pair\",\"a\":{\"title\":\"5.10.218 (run 1)\"");
	assert_has(o.out, "\"counts\":{\"flip\":1,\"status\":0,\"message\":0,\"statistic\":1,"
			  "\"measurement\":1,\"vanished\":1,\"appeared\":0}");
	assert_has(o.out, "{\"type\":\"change\",\"kind\":\"flip\",");
	assert_has(o.out, "\"text\":\"reject EACCES -> accept\"");
	assert_has(o.out, "\"test\":\"rank test\"");
	outcome__release(&o);
}

static void test_wrong_use(void **state)
{
	static const struct {
		const char *args[5];
		const char *message;
	} cases[] = {
		{ { "1" }, "two sides are compared" },
		{ { "1", "2", "3" }, "'3' is too much" },
		{ { "1", "1" }, "'1' and '1' are the same" },
		{ { "1:" OLD, "1:5.10.218" }, "are the same" },
		{ { "1", "9" }, "'9' is neither a run nor a kernel" },
		{ { "1", "5.10.281" }, "did you mean '5.10.218'?" },
		{ { "1:5.10.219", "2" }, "has no kernel '5.10.219': did you mean '5.10.218'?" },
		{ { "1:6.1", "2" }, "has no kernel '6.1'" },
		{ { "1:5.10", "2" }, "several kernels of 5.10: 5.10.218, 5.10.262; name one" },
		{ { "2", "3" }, "no kernel in common" },
		{ { "6.1.192", "1" }, "no complete run has kernel 6.1.192" },
		{ { "1", "2", "--threshold", "insn=5%" }, "unknown figure 'insn': did you mean" },
		{ { "1", "2", "--threshold", "insns" }, "--threshold: 'insns' is no NAME=VALUE" },
		{ { "1", "2", "-f", "insn>5" }, "--filter: no such statistic in 'insn>5'" },
		{ { "1", "2", "-f", "no-such*" }, "--filter: no experiment or program" },
		{ { "1", "2", "-s", "insn" }, "--sort: nothing to sort by is called 'insn'" },
		{ { "1", "2", "-e", "insn" }, "--emit: no statistic is called 'insn'" },
		{ { "1", "no-such.txt" }, "no-such.txt: there is no such file" },
		{ { "1", "2", "--json", "--csv" }, "only one of --json and --csv" },
	};
	struct outcome o;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *args[7] = { "compare" };

		memcpy(args + 1, cases[i].args, sizeof(cases[i].args));
		assay_run(&o, false, made_up, args);
		assert_has(o.err, cases[i].message);
		assert_status(&o, 2);
		assert_string_equal(o.out, "");
		outcome__release(&o);
	}
}

/* Whoever compares e with f has compared nothing, and nothing can have changed. */
static void test_nothing_in_common(void **state)
{
	const char *const experiments[] = { "e", "f" };
	struct record *record;
	struct run_info other;
	char *dir = temp_dir();
	struct outcome o;
	struct store *s;

	(void)state;
	assert_int_equal(store__open(dir, true, &s), 0);
	for (size_t i = 0; i < 2; i++) {
		struct run_info run;
		struct record *r = record__new(RECORD_PROGRAM, experiments[i], "p");

		begin(s, &run);
		add(s, run.id, OLD, "tcg", r);
		finish(s, &run, RUN_COMPLETE);
	}
	begin(s, &other);
	record = record__new(RECORD_MEASUREMENT, "setup", "it");
	add(s, other.id, "host", "tcg", record);
	add(s, other.id, NEW, "tcg", program("p", 1));
	finish(s, &other, RUN_COMPLETE);
	store__close(s);
	/* What ran on the host is no kernel to name. */
	ASSAY(&o, false, dir, "compare", "3", "1");
	assert_status(&o, 2);
	assert_has(o.err, "have no kernel in common; kernels can be named, as in 3:" NEW "\n");
	outcome__release(&o);
	ASSAY(&o, false, dir, "compare", "1", "2");
	assert_status(&o, 2);
	assert_has(o.out, "note: not measured on 5.10.218 (run 1): f\n");
	assert_has(o.err, "nothing was compared: the two sides have no program");
	outcome__release(&o);
	temp_dir_remove(dir);
}

/* What a store holds need not be text. */
static void test_odd_bytes(void **state)
{
	char *dir = temp_dir();
	struct outcome o;
	struct store *s;

	(void)state;
	assert_int_equal(store__open(dir, true, &s), 0);
	for (size_t i = 0; i < 2; i++) {
		struct run_info run;

		begin(s, &run);
		add(s, run.id, OLD, "tcg", rejection("p", i ? "b\xff\033[31m\nb" : ""));
		end(s, run.id, OLD, "tcg");
		finish(s, &run, RUN_COMPLETE);
	}
	store__close(s);
	ASSAY(&o, false, dir, "compare", "1", "2", "--json");
	assert_status(&o, 1);
	assert_has(o.out, "{\"type\":\"change\",\"kind\":\"message\"");
	assert_has(o.out, "\"message\":\"b?\\u001B[31m\\nb\"");
	outcome__release(&o);
	ASSAY(&o, false, dir, "compare", "1", "2", "--csv");
	assert_status(&o, 1);
	assert_has(o.out, ",b? [31m b\n");
	outcome__release(&o);
	ASSAY(&o, false, dir, "compare", "1", "2");
	assert_status(&o, 1);
	assert_has(o.out, "EACCES \"\" -> EACCES \"b? [31m b\"\n");
	outcome__release(&o);
	temp_dir_remove(dir);
}

/* --- two point releases ---------------------------------------------------------------------- */

static int run_both(void **state)
{
	struct outcome o;

	(void)state;
	need_kernel(OLD);
	need_kernel(NEW);
	real = temp_dir();
	ASSAY(&o, false, real, "run", "masked-read", "-p", "map=none", "-k", OLD "," NEW);
	assert_status(&o, 0);
	outcome__release(&o);
	return 0;
}

static int remove_real(void **state)
{
	(void)state;
	temp_dir_remove(real);
	return 0;
}

/* The stable branch took over that privileged programs may read what they did not write. */
static void test_real_flip(void **state)
{
	struct outcome o;

	(void)state;
	ASSAY(&o, false, real, "compare", OLD, NEW);
	assert_status(&o, 1);
	assert_matches(
		o.out,
		"  masked-read mask_7f_buf_126 \\[X1, E2\\]\n    reject EACCES -> accept\n    message of a: "
		"invalid indirect read from stack R1 off -128\\+126 size 127\n    the logs part "
		"after: [0-9]+: \\(85\\) call bpf_probe_read_user#112\n");
	assert_has(o.out, "  masked-read mask_ff_buf_254 [X1]\n    reject EACCES -> accept\n");
	assert_lacks(o.out, "mask_7f_buf_127 "); /* 127 bytes load on both */
	outcome__release(&o);
	/* The same run against itself, kernel by kernel, is nothing to ask for. */
	ASSAY(&o, false, real, "compare", "latest", "latest");
	assert_status(&o, 2);
	outcome__release(&o);
}

int main(void)
{
	const struct CMUnitTest on_made_up[] = {
		cmocka_unit_test(test_two_kernels),
		cmocka_unit_test(test_nothing_changed),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_kernel_by_kernel),
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_thresholds_and_filters),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_wrong_use),
		cmocka_unit_test(test_nothing_in_common),
		cmocka_unit_test(test_odd_bytes),
	};
	const struct CMUnitTest on_kernels[] = { cmocka_unit_test(test_real_flip) };
	int failed = cmocka_run_group_tests(on_made_up, make_store, remove_store);

	return failed + cmocka_run_group_tests(on_kernels, run_both, remove_real);
}
