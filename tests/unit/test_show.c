// SPDX-License-Identifier: GPL-2.0-only
/* `assay show` and `assay list` as their user meets them: output, messages, exit status. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <sys/wait.h>

#include "base/str.h"
#include "cli/cli.h"
#include "store_fixture.h"

/* A guest program that tells of two experiments. */
static const char guest_script[] =
	"#!/bin/sh\n"
	"cat <<'EOF'\n"
	"[{\"name\": \"masked-read\", \"summary\": \"Which masks pass?\", \"rows\": \"X1 E1\",\n"
	"  \"params\": [{\"name\": \"step\", \"type\": \"uint\", \"value\": \"16\", \"min\": 1,\n"
	"               \"max\": 65536, \"help\": \"distance of masks\"},\n"
	"              {\"name\": \"map\", \"type\": \"string\", \"value\": \"größe\",\n"
	"               \"choices\": [\"small\", \"whole\"], \"help\": \"what to draw, in words "
	"long enough for a second line when the report is as wide as a file gets it\"},\n"
	"              {\"name\": \"sizes\", \"type\": \"string\", \"value\": \"64\",\n"
	"               \"help\": \"bytes\"}]},\n"
	" {\"name\": \"override\", \"summary\": \"When is it lost?\", \"rows\": \"X11\"}]\n"
	"EOF\n";

struct shown {
	int status;
	char *out, *err;
};

static void release(struct shown *s)
{
	free(s->out);
	free(s->err);
}

/* Runs a command in a child (argp may exit), words separated by blanks. */
static struct shown run(struct fixture *f, int (*cmd)(struct cli *cli, int argc, char **argv),
			const char *words)
{
	struct shown s = { .status = -1 };
	struct strv argv = { 0 };
	char *out = str_fmt("%s/out", f->dir), *err = str_fmt("%s/err", f->dir), *guest;
	int status;
	pid_t pid;

	guest = str_fmt("%s/guest", f->dir);
	assert_int_equal(file_write(guest, guest_script, strlen(guest_script)), 0);
	chmod(guest, 0755);
	assert_int_equal(strv__split(&argv, words, " "), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct cli cli = { .results = f->results, .guest = guest, .cancel_fd = -1 };

		if (!freopen(out, "w", stdout) || !freopen(err, "w", stderr))
			_exit(99);
		assay_log.level = LOG_LEVEL_INFO;
		status = cmd(&cli, (int)argv.n, argv.v);
		fflush(NULL);
		_exit(status);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	s.status = WEXITSTATUS(status);
	assert_int_equal(file_read(out, 0, &s.out, NULL), 0);
	assert_int_equal(file_read(err, 0, &s.err, NULL), 0);
	strv__free(&argv);
	free(guest);
	free(out);
	free(err);
	return s;
}

static void expect(struct fixture *f, const char *words, int status, const char *out,
		   const char *err)
{
	struct shown s = run(f, str_starts(words, "list") ? cmd_list : cmd_show, words);

	if (s.status != status || !strstr(s.out, out) || !strstr(s.err, err)) {
		printf("`%s`: status %d\n%s\n---\n%s\n", words, s.status, s.out, s.err);
		fail();
	}
	release(&s);
}

static void add_program(struct store *s, int64_t run_id, const char *kernel, const char *name)
{
	struct guest_info g = example_guest();
	struct record *r = record__new(RECORD_PROGRAM, "masked-read", name);
	char *log = str_fmt("log of %s on %s\n", name, kernel);

	g.kernel = (char *)kernel;
	r->verdict = VERDICT_ACCEPT;
	r->status = STATUS_OK;
	r->stats.insns = 10;
	assert_int_equal(store__add_record(s, run_id, &g, r, NULL), 0);
	assert_int_equal(store__add_text(s, run_id, kernel, "masked-read", name, "log", log,
					 strlen(log), true),
			 0);
	record__free(r);
	free(log);
}

static void add_map(struct store *s, int64_t run_id)
{
	struct guest_info g = example_guest();
	struct record *r = record__new(RECORD_MEASUREMENT, "masked-read", "map");
	char *names[] = { (char *)"0" }, *cells[] = { (char *)"x" };
	const struct matrix m = { (char *)"verdict",
				  (char *)"mask",
				  (char *)"size",
				  (char *)"x rejected",
				  names,
				  cells,
				  names,
				  1,
				  1 };

	r->status = STATUS_OK;
	assert_int_equal(record__matrix(r, &m), 0);
	assert_int_equal(store__add_record(s, run_id, &g, r, NULL), 0);
	record__free(r);
}

/* Two runs: masked-read on two kernels, then override alone. */
static void two_runs(struct fixture *f)
{
	struct guest_info g = example_guest();
	struct store *s = open_store(f);
	struct run_info first, second;

	assert_int_equal(store__begin_run(s, "assay run masked-read", "{}", &first), 0);
	add_program(s, first.id, "5.10.218", "read_80");
	add_program(s, first.id, "5.10.218", "read_126");
	add_map(s, first.id);
	add_program(s, first.id, "6.1.192", "read_80");
	assert_int_equal(store__add_text(s, first.id, "5.10.218", "masked-read", "", "dmesg",
					 "splat\n", 6, true),
			 0);
	assert_int_equal(
		store__add_text(s, first.id, "5.10.218", "", "", "console", "boot", 4, true), 0);
	assert_int_equal(store__add_text(s, first.id, "5.10.218", "masked-read", "",
					 "console-excerpt", "oops\n", 5, true),
			 0);
	assert_int_equal(store__end_run(s, first.id, RUN_COMPLETE, NULL, 0), 0);
	assert_int_equal(store__begin_run(s, "assay run override", "{}", &second), 0);
	assert_int_equal(store__add_experiment(s, second.id, &g, "override", "{}", STATUS_SKIPPED,
					       "no hook", 0),
			 0);
	assert_int_equal(store__end_run(s, second.id, RUN_CUT_OFF, "interrupted", 3), 0);
	run_info__release(&first);
	run_info__release(&second);
	store__close(s);
}

static void runs_are_chosen(void **state)
{
	struct fixture *f = *state;

	expect(f, "show", 3, "", "no results yet");
	expect(f, "list runs", 0, "no runs yet", "");
	two_runs(f);
	expect(f, "show", 0, "override on 5.10.218: skipped\n  When is it lost?", "");
	expect(f, "show latest", 0, "was cut off: interrupted", "");
	expect(f, "show 1", 0, "masked-read on 6.1.192", "");
	expect(f, "show 2 override", 0, "1 skipped", "");
	/* An experiment that the last run has not: the last one that has it. */
	expect(f, "show masked-read", 0, "masked-read on 5.10.218",
	       "the last one with masked-read");
	expect(f, "show masked-read read_126", 0,
	       "1 ok, none unexpected: 1 experiment on 5.10.218 (", "");
	expect(f, "show 1 masked-read read_80", 0,
	       "2 ok, none unexpected: 1 experiment on 5.10.218 (", "");
	expect(f, "show 1 masked-read read_80 -k 5.10", 0,
	       "1 ok, none unexpected: 1 experiment on 5.10.218 (", "");

	expect(f, "show 9", 2, "", "'9' is neither a run nor");
	expect(f, "show overide", 2, "", "did you mean 'override'?");
	expect(f, "show 1 masked-raed", 2, "", "did you mean 'masked-read'?");
	expect(f, "show 1 masked-read read_81", 2, "", "did you mean 'read_80'?");
	expect(f, "show 1 masked-read -k 6.1.19", 2, "", "did you mean '6.1.192'?");
	expect(f, "show masked-read read_80 more", 2, "", "'more' is too much");
	expect(f, "show 1 2 3 4", 2, "", "'4' is too much");
	expect(f, "show --sort insn", 2, "", "did you mean 'insns'?");
	expect(f, "show --json --log", 2, "", "can't be had in one");
	expect(f, "show --lgo", 2, "", "did you mean '--log'?");
}

static void texts_are_printed(void **state)
{
	struct fixture *f = *state;
	struct shown s;

	two_runs(f);
	/* One text alone stands without a heading. */
	s = run(f, cmd_show, "show 1 masked-read read_126 --log");
	assert_string_equal(s.out, "log of read_126 on 5.10.218\n");
	assert_int_equal(s.status, 0);
	release(&s);
	s = run(f, cmd_show, "show 1 masked-read read_80 --log");
	assert_string_equal(s.out, "=== masked-read read_80 on 5.10.218: verifier log ===\n"
				   "log of read_80 on 5.10.218\n"
				   "\n"
				   "=== masked-read read_80 on 6.1.192: verifier log ===\n"
				   "log of read_80 on 6.1.192\n");
	release(&s);
	s = run(f, cmd_show, "show 1 --console");
	assert_string_equal(s.out, "boot\n");
	release(&s);
	s = run(f, cmd_show, "show 1 masked-read --console");
	assert_non_null(strstr(s.out, "console ===\noops\n"));
	assert_non_null(strstr(s.out, "=== guest on 5.10.218: console ===\nboot\n"));
	release(&s);
	/* Of several kinds each says which it is. */
	s = run(f, cmd_show, "show 1 masked-read read_126 --log --dmesg");
	assert_string_equal(s.out, "=== masked-read read_126 on 5.10.218: verifier log ===\n"
				   "log of read_126 on 5.10.218\n"
				   "\n"
				   "=== masked-read on 5.10.218: kernel messages ===\n"
				   "splat\n");
	release(&s);
	/* Kept for the experiment: shown for any of its programs. */
	expect(f, "show 1 masked-read read_80 --dmesg", 0, "splat\n", "");
	expect(f, "show 1 masked-read --dmesg --log", 0, "log of read_126", "");
	expect(f, "show 1 --disasm", 1, "", "holds no disassembly");
	expect(f, "show 1 masked-read read_80 -k 6.1.192 --stack", 1, "",
	       "holds no stack layout of masked-read read_80 on 6.1.192");
	expect(f, "show 1 --matrix", 0, "x rejected", "");
	expect(f, "show 2 --matrix", 1, "", "holds no matrix");
}

/* --- --lines --------------------------------------------------------------------------------- */

#define WALK                                                                                    \
	"func#0 @0\n0: R1=ctx() R10=fp0\n; int n = 0; @ e.bpf.c:3\n0: (b7) r0 = 0\n"            \
	"; n += 7; @ e.bpf.c:5\n1: (07) r0 += 7\n2: (05) goto pc-2\n1: (07) r0 += 7\n2: safe\n" \
	"verification time 5 usec\nstack depth 0\n"
#define COUNT(n) "processed " #n " insns (limit 1000000) max_states_per_insn 0 total_states 0\n"

static void add_series(struct record *r, const char *name, double a, double b, double c)
{
	double values[] = { a, b, c };

	assert_int_equal(record__series(r, name, "us", values, 3), 0);
}

static void add_log(struct store *s, int64_t run_id, const char *name, const char *log)
{
	struct guest_info g = example_guest();
	struct record *r = record__new(RECORD_PROGRAM, "masked-read", name);

	g.kernel = (char *)"6.12.117";
	r->verdict = VERDICT_ACCEPT;
	r->status = STATUS_OK;
	r->stats.insns = 40;
	add_series(r, "load_time", 100, 130, 900);
	add_series(r, "verification_time", 60, 70, 80);
	assert_int_equal(store__add_record(s, run_id, &g, r, NULL), 0);
	assert_int_equal(store__add_text(s, run_id, g.kernel, "masked-read", name, "log", log,
					 strlen(log), true),
			 0);
	record__free(r);
}

static void run_with_logs(struct fixture *f)
{
	struct store *s = open_store(f);
	struct run_info run;

	assert_int_equal(store__begin_run(s, "assay run masked-read", "{}", &run), 0);
	add_log(s, run.id, "whole", WALK COUNT(5));
	add_log(s, run.id, "part", WALK COUNT(50));
	add_log(s, run.id, "cut", WALK); /* the record knows that there were 40 */
	add_log(s, run.id, "odd", WALK COUNT(3));
	add_log(s, run.id, "none", COUNT(7));
	assert_int_equal(store__end_run(s, run.id, RUN_COMPLETE, NULL, 0), 0);
	run_info__release(&run);
	store__close(s);
}

static void lines_are_shown(void **state)
{
	struct fixture *f = *state;

	run_with_logs(f);
	expect(f, "show masked-read whole --lines", 0,
	       "masked-read whole on 6.12.117, accept: what verifying cost, by source line\n"
	       "All of the verifier's walk: the log shows each of the 5 instructions that it says "
	       "it processed.\n"
	       "\n"
	       "visits    share  pruned  insns  line       source\n"
	       "     4   80.0 %       1      2  e.bpf.c:5  n += 7;\n"
	       "     1   20.0 %              1  e.bpf.c:3  int n = 0;\n"
	       "\n"
	       "     5  100.0 %       1      3             total\n",
	       "");
	/* Of 40, 60 and 820 that the loads took beside. */
	expect(f, "show masked-read whole --lines", 0,
	       "Medians of 3 loads, each by itself (wall clock, tcg): loading 130 µs, of which "
	       "verifying 70 µs and the rest 60 µs\n(system call,",
	       "");
	expect(f, "show masked-read whole --lines --sort first", 0, "int n = 0;\n     4   80.0 %",
	       "");
	expect(f, "show masked-read whole --lines --sort -first", 0, "n += 7;\n     1   20.0 %",
	       "");
	/* A part is said to be one, and its shares are of the whole. */
	expect(f, "show masked-read part --lines", 0,
	       "A part only: the log shows 5 of the 50 instructions that the verifier processed "
	       "(10.0 %)",
	       "");
	expect(f, "show masked-read part --lines", 0, "\n     5  10.0 %", "");
	expect(f, "show masked-read cut --lines", 0, "shows 5 of the 40", "");
	expect(f, "show masked-read odd --lines", 0, "Not to be relied on: 5 instructions", "");
	expect(f, "show masked-read none --lines", 0,
	       "The log shows no instruction, of 7 that the verifier processed", "");
	expect(f, "show masked-read --lines --csv", 2, "", "--lines is a table or --json");
	expect(f, "show masked-read --lines --log", 2, "", "can't be had in one");
	expect(f, "show masked-read --lines --sort visit", 2, "", "did you mean 'visits'?");
	expect(f, "show masked-read --sort first", 2, "", "no column is called 'first'");
}

static void lines_are_json(void **state)
{
	static const char *const covers[] = { "whole", "part", "part", "too much", "nothing" };
	struct fixture *f = *state;
	struct shown s;
	size_t n = 0;

	run_with_logs(f);
	s = run(f, cmd_show, "show masked-read --lines --json");
	assert_int_equal(s.status, 0);
	for (char *line = strtok(s.out, "\n"); line; line = strtok(NULL, "\n"), n++) {
		json_t *o = json_loads(line, 0, NULL), *first;

		assert_non_null(o);
		assert_true(n < 5);
		first = json_array_get(json_object_get(o, "lines"), 0);
		assert_string_equal(json_string_value(json_object_get(o, "covers")), covers[n]);
		assert_int_equal(json_integer_value(json_object_get(first, "visits")),
				 n < 4 ? 4 : 0);
		if (n < 4)
			assert_string_equal(json_string_value(json_object_get(first, "source")),
					    "n += 7;");
		json_decref(o);
	}
	assert_int_equal(n, 5);
	release(&s);
}

static int unlink_text(void *ctx, const struct stored_text *t)
{
	(void)ctx;
	return unlink(t->path);
}

static void a_lost_text_is_said(void **state)
{
	struct fixture *f = *state;
	struct store *s;

	two_runs(f);
	s = open_store(f);
	assert_int_equal(store__texts(s, 1, "6.1.192", NULL, NULL, "log", unlink_text, NULL), 0);
	store__close(s);
	expect(f, "show 1 --log", 3, "log of read_126", "gone since");
}

static void json_has_one_record_a_line(void **state)
{
	struct fixture *f = *state;
	struct shown s;
	char *line, *rest;
	json_t *o;
	int n = 0;

	two_runs(f);
	s = run(f, cmd_show, "show 1 --json");
	assert_int_equal(s.status, 0);
	for (line = strtok_r(s.out, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		o = json_loads(line, 0, NULL);
		assert_true(json_is_object(o));
		assert_string_equal(json_string_value(json_object_get(o, "accel")), "tcg");
		assert_string_equal(json_string_value(json_object_get(o, "timing")), "wall");
		assert_string_equal(json_string_value(json_object_get(o, "build_id")), "0123abcd");
		assert_int_equal(json_integer_value(json_object_get(o, "mem_mb")), 512);
		assert_int_equal(json_integer_value(json_object_get(o, "cpus")), 2);
		assert_true(json_is_string(json_object_get(o, "run")));
		assert_true(json_is_string(json_object_get(o, "kernel")));
		assert_string_equal(json_string_value(json_object_get(o, "experiment")),
				    "masked-read");
		json_decref(o);
		n++;
	}
	assert_int_equal(n, 4);
	release(&s);
	s = run(f, cmd_show, "show 1 --csv -k 5.10.218");
	assert_true(str_starts(s.out, "file_name,prog_name,verdict,"));
	assert_non_null(strstr(s.out, "\nmasked-read.bpf.o,read_126,success,0,10,"));
	assert_null(strstr(s.out, "6.1.192"));
	release(&s);
}

static void lists(void **state)
{
	struct fixture *f = *state;

	expect(f, "list experiments", 0,
	       "masked-read  X1 E1\n"
	       "    Which masks pass?\n"
	       "    -p step=16    distance of masks (1 to 65,536)\n"
	       "    -p map=größe  what to draw, in words long enough for a second line when the report "
	       "is as wide as a file gets it\n"
	       "                  (small, whole)\n"
	       "    -p sizes=64   bytes\n"
	       "override  X11\n"
	       "    When is it lost?\n",
	       "");
	expect(f, "list rnus", 2, "", "did you mean 'runs'?");
	expect(f, "list kernel", 2, "", "did you mean 'kernels'?");
	expect(f, "list runs kernels", 2, "", "too many");
	two_runs(f);
	expect(f, "list runs", 0, "complete     0  4 ok     assay run masked-read\n", "");
	expect(f, "list runs", 0, "cut off      3  none     assay run override\n", "");
	assert_int_equal(file_write(f->db, "rubbish", 7), 0);
	expect(f, "list runs", 3, "", "damaged");
	expect(f, "show", 3, "", "damaged");
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(runs_are_chosen),
		T(texts_are_printed),
		T(a_lost_text_is_said),
		T(json_has_one_record_a_line),
		T(lists),
		T(lines_are_shown),
		T(lines_are_json),
	};

	unsetenv("COLUMNS"); /* what is printed to a file is 120 columns wide */
	return cmocka_run_group_tests_name("show", tests, NULL, NULL);
}
