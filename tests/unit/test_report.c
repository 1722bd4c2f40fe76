// SPDX-License-Identifier: GPL-2.0-only
/* What a run's table looks like, word for word, from records in a store. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/str.h"
#include "cli/report.h"
#include "cli/report_matrix.h"
#include "cli/report_text.h"
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

/* The report with the run's name as RUN and its folder as DIR; caller frees. */
static char *report(struct scene *sc, struct report_opts opts)
{
	char *text = NULL, *dir = store__run_dir(sc->store, sc->run.name);
	struct run_info now;
	size_t len;

	assert_int_equal(store__find_run(sc->store, NULL, &now), 0);
	opts.out = open_memstream(&text, &len);
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

static void programs_have_a_table(void **state)
{
	struct scene sc;
	struct record *r;
	char *text;

	scene_begin(&sc, *state);
	add(&sc, program("masked-read", "read_80", VERDICT_ACCEPT, 0, 1234));
	r = program("masked-read", "read_126", VERDICT_REJECT, 13, 56);
	record__set(&r->message, "invalid indirect read from stack R1 off -128+126 size 127, and "
				 "what follows is cut");
	add(&sc, r);
	r = program("masked-read", "never_there", VERDICT_NONE, 22, -1);
	record__set(&r->message, "failed\tto\033[31m find \377");
	record__fail(r, STATUS_UNEXPECTED,
		     "expected accept on 5.10.218, got none: libbpf could "
		     "not load the object, which is a long story that needs "
		     "two lines");
	add(&sc, r);
	ended(&sc, "masked-read", "{\"full\":\"yes\",\"step\":\"4\"}", STATUS_UNEXPECTED,
	      "one record is unexpected", 3.25);
	text = report(&sc, (struct report_opts){ .width = 100, .summary = summary_of });
	assert_text(
		text,
		"masked-read on 5.10.218: unexpected (3.2 s)\n"
		"  Which masks let a variable-length read pass the verifier?\n"
		"  parameters: full=yes step=4\n"
		"\n"
		"program      verdict  errno   insns  states  peak  stack  verif. µs  status      "
		"message\n"
		"read_80      accept            1234     123    61    128       8638  ok\n"
		"read_126     reject   EACCES     56       5     2    128        392  ok          "
		"invalid indirect read f…\n"
		"never_there  -        EINVAL                                         unexpected  "
		"failed to [31m find ?\n"
		"\n"
		"  ! never_there: unexpected: expected accept on 5.10.218, got none: libbpf could not load "
		"the\n"
		"    object, which is a long story that needs two lines\n"
		"\n"
		"1 experiment on 1 kernel: 2 ok, 1 unexpected\n"
		"run RUN is not over\n"
		"evidence: DIR; `assay show RUN --log` (--disasm, --console, ...) prints it\n");
	free(text);
	scene_end(&sc);
}

static void measurements_share_tables(void **state)
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
	/* Another shape: a table of its own. */
	r = record__new(RECORD_MEASUREMENT, "override", "flags");
	r->status = STATUS_OK;
	record__metric(r, "after", "ms", NAN);
	record__series(r, "latency", "ns", samples, 3);
	add(&sc, r);
	add(&sc, reads("ftrace", 4096, 400000, 0.000123456));
	ended(&sc, "override", "{}", STATUS_UNEXPECTED, NULL, 0);
	assert_int_equal(store__end_run(sc.store, sc.run.id, RUN_COMPLETE, NULL, 1), 0);
	text = report(&sc, (struct report_opts){ .width = 100 });
	assert_text(
		text,
		"override on 5.10.218: unexpected\n"
		"\n"
		"measurement  hook    size  overridden  share (%)  status\n"
		"loss         int3     512      400000        100  ok\n"
		"loss         int3    4096       23473      5.868  unexpected\n"
		"loss         ftrace  4096      400000  0.0001235  ok\n"
		"\n"
		"measurement  after (ms)  status\n"
		"flags                 -  ok\n"
		"\n"
		"  ! loss (hook=int3 size=4096): check failed: every read is overridden; found: "
		"23473 of 400000\n"
		"\n"
		"  checks: 1 of 2 hold\n"
		"  series: latency (ns)\n"
		"          `assay show RUN override -k 5.10.218 --json` has the samples\n"
		"\n"
		"1 experiment on 1 kernel: 3 ok, 1 unexpected\n"
		"evidence: DIR; `assay show RUN --log` (--disasm, --console, ...) prints it\n");
	free(text);
	scene_end(&sc);
}

/* A table too wide is split between metrics; every part repeats what tells the rows apart. */
static void wide_tables_are_split(void **state)
{
	struct scene sc;
	struct record *r = record__new(RECORD_MEASUREMENT, "override", "wide");
	char name[32], *text;
	int i;

	scene_begin(&sc, *state);
	r->status = STATUS_OK;
	record__label(r, "cpu", "0");
	for (i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "quantity_number_%d", i);
		record__metric(r, name, "", i);
	}
	add(&sc, r);
	text = report(&sc, (struct report_opts){ .width = 70 });
	assert_text(text,
		    "override on 5.10.218: did not end\n"
		    "\n"
		    "measurement  cpu  quantity_number_0  quantity_number_1  status\n"
		    "wide           0                  0                  1  ok\n"
		    "\n"
		    "measurement  cpu  quantity_number_2  quantity_number_3  status\n"
		    "wide           0                  2                  3  ok\n"
		    "\n"
		    "measurement  cpu  quantity_number_4  status\n"
		    "wide           0                  4  ok\n"
		    "\n"
		    "1 experiment on 1 kernel: 1 ok, 0 unexpected\n"
		    "run RUN is not over\n"
		    "evidence: DIR; `assay show RUN --log` (--disasm, --console, ...) prints it\n");
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
	record__label(r, "kind", "map");
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
	add_matrix(&sc, 41);
	ended(&sc, "masked-read", "{}", STATUS_OK, NULL, 12);
	text = report(&sc, (struct report_opts){ .width = 100 });
	assert_text(text,
		    "masked-read on 5.10.218: ok (12 s)\n"
		    "\n"
		    "measurement  kind  status\n"
		    "map          map   ok\n"
		    "map          map   ok\n"
		    "\n"
		    "map (kind=map): verdict (down: mask, across: buffer size)\n"
		    "  . accepted, x rejected\n"
		    "       2\n"
		    "      15\n"
		    "     166\n"
		    "  0  ...\n"
		    " 64  xx.\n"
		    "128  xx.\n"
		    "\n"
		    "map (kind=map): verdict: 41 by 3 cells; `assay show RUN masked-read -k "
		    "5.10.218 --matrix` draws it\n"
		    "\n"
		    "1 experiment on 1 kernel: 2 ok, 0 unexpected\n"
		    "run RUN is not over\n"
		    "evidence: DIR; `assay show RUN --log` (--disasm, --console, ...) prints it\n");
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
	r = program("override", "p", VERDICT_ACCEPT, 0, 10);
	record__fail(r, STATUS_TIMEOUT, "no answer for 60 s");
	add(&sc, r);
	ended(&sc, "override", "{}", STATUS_TIMEOUT, "no answer for 60 s", 60);
	add(&sc, program("strtol", "q", VERDICT_ACCEPT, 0, 10));
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
		"program  verdict  errno  insns  states  peak  stack  verif. µs  status  message\n"
		"p        accept             10       1     0    128         70  ok\n"
		"\n"
		"override on 6.1.192: timeout (1 min 0 s)\n"
		"  timeout: no answer for 60 s\n"
		"\n"
		"program  verdict  errno  insns  states  peak  stack  verif. µs  status   message\n"
		"p        accept             10       1     0    128         70  timeout\n"
		"\n"
		"  ! p: timeout: no answer for 60 s\n"
		"\n"
		"strtol on 6.1.192: did not end\n"
		"\n"
		"program  verdict  errno  insns  states  peak  stack  verif. µs  status  message\n"
		"q        accept             10       1     0    128         70  ok\n"
		"\n"
		"2 experiments on 2 kernels: 2 ok, 0 unexpected, 1 skipped, 1 timeout, 1 crashed\n"
		"run RUN was cut off: interrupted\n"
		"evidence: DIR; `assay show RUN --log` (--disasm, --console, ...) prints it\n");
	free(text);
	/* Part of it: one experiment on one kernel. */
	text = report(&sc, (struct report_opts){
				   .width = 100, .kernel = "5.10.218", .experiment = "strtol" });
	assert_text(text,
		    "strtol on 5.10.218: skipped\n"
		    "  skipped: needs the helper bpf_kstrtol, which this kernel does not provide\n"
		    "\n"
		    "1 experiment on 1 kernel: 0 ok, 0 unexpected, 1 skipped\n"
		    "run RUN was cut off: interrupted\n"
		    "evidence: DIR; `assay show RUN --log` (--disasm, --console, ...) prints it\n");
	free(text);
	/* One program: sections without it are left out. */
	text = report(&sc, (struct report_opts){ .width = 100, .program = "q" });
	assert_true(str_starts(text, "strtol on 6.1.192: did not end\n"));
	assert_non_null(strstr(text, "1 experiment on 1 kernel: 1 ok, 0 unexpected\n"));
	free(text);
	text = report(&sc, (struct report_opts){ .width = 100, .program = "no" });
	assert_true(str_starts(text, "nothing was recorded of this\n"));
	free(text);
	scene_end(&sc);
}

static void an_empty_run(void **state)
{
	struct scene sc;
	char *text = NULL;
	size_t len;
	FILE *out;

	scene_begin(&sc, *state);
	text = report(&sc, (struct report_opts){ 0 });
	assert_text(text,
		    "nothing was recorded\n"
		    "run RUN is not over\n"
		    "evidence: DIR; `assay show RUN --log` (--disasm, --console, ...) prints it\n");
	free(text);
	out = open_memstream(&text, &len);
	assert_int_equal(report__run(sc.store, sc.run.id + 1, NULL, NULL, out), -ENOENT);
	assert_int_equal(report__run(sc.store, sc.run.id, NULL, NULL, out), 0);
	fclose(out);
	assert_true(str_starts(text, "nothing was recorded\n"));
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

static void numbers_and_words(void **state)
{
	static const struct {
		double v;
		const char *s;
	} cases[] = {
		{ 0, "0" },
		{ -3, "-3" },
		{ 400000, "400000" },
		{ 0.5, "0.5" },
		{ 12345.678, "12345.7" },
		{ 1e15, "1e+15" },
		{ 1.0 / 3, "0.3333" },
		{ INFINITY, "inf" },
		{ 1e-9, "1e-09" },
	};
	char buf[64], *text = NULL;
	size_t len, i;
	FILE *out;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(report_text__number(cases[i].v, buf, sizeof(buf)), cases[i].s);
	out = open_memstream(&text, &len);
	report_text__wrap(out, "> ", "", 10);
	report_text__wrap(out, "> ", "  a\nb   cdefghijklmnop qrs", 10);
	report_text__wrap(out, "", "long enough to need no wrapping", 0);
	fclose(out);
	assert_text(text, "> \n"
			  "> a b\n"
			  "  cdefghijklmnop\n"
			  "  qrs\n"
			  "long enough to need no wrapping\n");
	free(text);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(programs_have_a_table),      T(measurements_share_tables),
		T(wide_tables_are_split),      T(small_matrices_are_drawn),
		T(whole_failures_are_counted), T(an_empty_run),
		T(programs_are_sorted),	       T(numbers_and_words),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
