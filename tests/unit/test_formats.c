// SPDX-License-Identifier: GPL-2.0-only
/* Output for machines: JUnit, KTAP, annotations, and that a run prints what a later show
 * prints. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/proc.h"
#include "cli/formats.h"
#include "cli/suites.h"
#include "report_scene.h"

#define BAD   "\xef\xbf\xbd" /* U+FFFD */
#define STATS "processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0\n"

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

/* --- a run with everything ------------------------------------------------------------------ */

static struct record *measurement(const char *name, enum status status, const char *reason)
{
	struct record *r = record__new(RECORD_MEASUREMENT, "e", name);

	r->status = status;
	if (reason)
		record__set(&r->reason, reason);
	return r;
}

static void add_unexpected(struct scene *sc)
{
	struct record *r = program("e", "p_reject", VERDICT_REJECT, 13, 3);
	static const char log[] = "0: (b4) w2 = 0\n3: (85) call 1\nR1 <bad> \x1b[1m\xff\n" STATS;

	r->load_time_us = 1500;
	record__set(&r->expected, "accept");
	record__set(&r->message, "R1 <bad> \x1b[1m\xff");
	record__fail(r, STATUS_UNEXPECTED, "expected accept, was rejected: \"R1 <bad>\"");
	add(sc, r);
	assert_int_equal(store__add_text(sc->store, sc->run.id, sc->guest.kernel, "e", "p_reject",
					 "log", log, strlen(log), true),
			 0);
	assert_int_equal(store__add_text(sc->store, sc->run.id, sc->guest.kernel, "e", "p_reject",
					 "disasm", disasm, strlen(disasm), true),
			 0);
}

static void add_every_status(struct scene *sc)
{
	struct record *r;

	add(sc, program("e", "p", VERDICT_ACCEPT, 0, 100));
	add_unexpected(sc);
	r = measurement("loss", STATUS_OK, NULL);
	record__label(r, "hook", "int3 #1, \"x\"");
	record__label(r, "size", "64");
	add(sc, r);
	r = measurement("sum", STATUS_UNEXPECTED, "2 and 2: found 5");
	record__check(r, true, "holds", "so");
	record__check(r, false, "2 and 2 make 4", "5");
	add(sc, r);
	add(sc, measurement("needs", STATUS_SKIPPED, "no # CONFIG_X,\nnot here"));
	add(sc, measurement("slow", STATUS_TIMEOUT, "took 5 s"));
	add(sc, measurement("dead", STATUS_CRASHED, "BUG: \x01\xc3"));
	add(sc, measurement("odd", STATUS_HARNESS, "two tags"));
	ended(sc, "e", "{\"n\":\"1\"}", STATUS_HARNESS, "two tags", 2.5);
	ended(sc, "skipped", "{}", STATUS_SKIPPED, "nothing for it", 0.5);
	ended(sc, "quiet", "{}", STATUS_OK, NULL, -1);
}

static char *print(struct scene *sc, const char *format)
{
	struct run_info now;
	const struct suites_of of = { .store = sc->store, .run = &now };
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(store__find_run(sc->store, NULL, &now), 0);
	assert_int_equal(format__run(format__find(format, NULL), &of, out), 0);
	fclose(out);
	replace(&text, now.name, "RUN");
	run_info__release(&now);
	return text;
}

static void end_run(struct scene *sc, enum run_state state, const char *reason)
{
	assert_int_equal(store__end_run(sc->store, sc->run.id, state, reason, 0), 0);
}

static void assert_has(const char *text, const char *part)
{
	if (strstr(text, part))
		return;
	printf("printed:\n%s\nand should have:\n%s\n", text, part);
	fail();
}

/* What Python's parser, an XML parser like any other, reads: sums of its own, then each case. */
static const char reader[] =
	"import sys, xml.etree.ElementTree as E\n"
	"r = E.parse(sys.argv[1]).getroot()\n"
	"def n(e, t): return len(e.findall('.//' + t))\n"
	"for e in [r] + r.findall('testsuite'):\n"
	"  assert int(e.get('tests')) == n(e, 'testcase'), e.attrib\n"
	"  assert int(e.get('failures')) == n(e, 'failure'), e.attrib\n"
	"  assert int(e.get('errors')) == n(e, 'error'), e.attrib\n"
	"for s in r.findall('testsuite'):\n"
	"  assert int(s.get('skipped')) == n(s, 'skipped'), s.attrib\n"
	"  for c in s.findall('testcase'):\n"
	"    print(s.get('name'), ascii(c.get('name')), *[x.tag for x in c])\n";

static char *read_xml(struct fixture *f, const char *xml)
{
	char *script = str_fmt("%s/reader.py", f->dir), *path = str_fmt("%s/x.xml", f->dir);
	const char *const argv[] = { "python3", "-B", script, path, NULL };
	char *out = NULL;
	int status;

	assert_int_equal(file_write(script, reader, strlen(reader)), 0);
	assert_int_equal(file_write(path, xml, strlen(xml)), 0);
	restore_stderr(f);
	if (proc_output(argv, &out, &status) == -ENOENT) {
		free(script);
		free(path);
		return NULL;
	}
	assert_int_equal(status, 0);
	capture_stderr(f);
	free(script);
	free(path);
	return out;
}

static void junit_has_every_status(void **state)
{
	struct scene sc;
	char *text, *read;

	scene_begin(&sc, *state);
	add_every_status(&sc);
	end_run(&sc, RUN_COMPLETE, NULL);
	text = print(&sc, "junit");
	assert_has(text, "<testsuites name=\"RUN\" tests=\"10\" failures=\"4\" errors=\"1\" "
			 "time=\"3.000000\">\n");
	assert_has(text, "<testsuite name=\"5.10.218/e\" id=\"0\" tests=\"8\" failures=\"4\" "
			 "errors=\"1\" skipped=\"1\" time=\"2.500000\" timestamp=\"20");
	assert_has(text, "<property name=\"parameters\" value=\"{&quot;n&quot;:&quot;1&quot;}\"/>");
	assert_has(text,
		   "    <testcase name=\"p_reject\" classname=\"5.10.218.e\" time=\"0.001500\">\n"
		   "      <failure message=\"expected accept, was rejected: &quot;R1 "
		   "&lt;bad&gt;&quot;\" type=\"unexpected\">verdict: reject EACCES\n"
		   "expected: accept\n"
		   "message: R1 &lt;bad&gt; " BAD "[1m" BAD "</failure>\n"
		   "      <system-out>verifier log (`assay show RUN e p_reject -k 5.10.218 "
		   "--log`):\n"
		   "0: (b4) w2 = 0\n3: (85) call 1\nR1 &lt;bad&gt; " BAD "[1m" BAD "\n" STATS
		   "</system-out>\n");
	assert_has(text, "does not hold: 2 and 2 make 4; found: 5</failure>");
	assert_has(text, "<skipped message=\"no # CONFIG_X, not here\" type=\"skipped\"/>");
	assert_has(text, "type=\"timeout\"");
	assert_has(text, "type=\"crashed\"");
	assert_has(text, "<error message=\"two tags\" type=\"harness error\"/>");
	read = read_xml(*state, text);
	if (read)
		assert_text(read, "5.10.218/e 'p'\n"
				  "5.10.218/e 'p_reject' failure system-out\n"
				  "5.10.218/e 'loss[hook=int3 #1, \"x\" size=64]'\n"
				  "5.10.218/e 'sum' failure\n"
				  "5.10.218/e 'needs' skipped\n"
				  "5.10.218/e 'slow' failure\n"
				  "5.10.218/e 'dead' failure\n"
				  "5.10.218/e 'odd' error\n"
				  "5.10.218/skipped '(experiment)' skipped\n"
				  "5.10.218/quiet '(experiment)'\n");
	free(read);
	free(text);
	scene_end(&sc);
}

static void ktap_nests(void **state)
{
	struct scene sc;
	char *text, *dir;

	scene_begin(&sc, *state);
	dir = store__run_dir(sc.store, sc.run.name);
	add_every_status(&sc);
	end_run(&sc, RUN_COMPLETE, NULL);
	text = print(&sc, "ktap");
	replace(&dir, sc.run.name, "RUN");
	replace(&text, dir, "DIR");
	assert_text(text, "KTAP version 1\n"
			  "1..3\n"
			  "  KTAP version 1\n"
			  "  # Subtest: 5.10.218/e\n"
			  "  1..8\n"
			  "  ok 1 p\n"
			  "  # unexpected: expected accept, was rejected: \"R1 <bad>\"\n"
			  "  # detail: verdict: reject EACCES\n"
			  "  # detail: expected: accept\n"
			  "  # detail: message: R1 <bad>  [1m?\n"
			  "  # source: bpf/common.h:12\n"
			  "  # verifier log: DIR/5.10.218/e/p_reject.log.txt\n"
			  "  not ok 2 p_reject\n"
			  "  ok 3 loss[hook=int3 _1, \"x\" size=64]\n"
			  "  # unexpected: 2 and 2: found 5\n"
			  "  # detail: does not hold: 2 and 2 make 4; found: 5\n"
			  "  not ok 4 sum\n"
			  "  ok 5 needs # SKIP no _ CONFIG_X, not here\n"
			  "  # timeout: took 5 s\n"
			  "  not ok 6 slow\n"
			  "  # crashed: BUG:  ?\n"
			  "  not ok 7 dead\n"
			  "  # harness error: two tags\n"
			  "  not ok 8 odd\n"
			  "not ok 1 5.10.218/e\n"
			  "  KTAP version 1\n"
			  "  # Subtest: 5.10.218/skipped\n"
			  "  1..1\n"
			  "  ok 1 (experiment) # SKIP nothing for it\n"
			  "ok 2 5.10.218/skipped # SKIP all of it\n"
			  "  KTAP version 1\n"
			  "  # Subtest: 5.10.218/quiet\n"
			  "  1..1\n"
			  "  ok 1 (experiment)\n"
			  "ok 3 5.10.218/quiet\n");
	free(dir);
	free(text);
	scene_end(&sc);
}

static void annotations_are_sorted(void **state)
{
	struct scene sc;
	char *text;

	scene_begin(&sc, *state);
	add_every_status(&sc);
	end_run(&sc, RUN_COMPLETE, NULL);
	text = print(&sc, "github");
	assert_text(text,
		    "::error title=e odd on 5.10.218%3A harness error::two tags\n"
		    "::error title=e dead on 5.10.218%3A crashed::BUG:  ?\n"
		    "::error file=bpf/common.h,line=12,title=e p_reject on 5.10.218%3A "
		    "unexpected::expected accept, was rejected: \"R1 <bad>\"%0Averdict: reject "
		    "EACCES%0Aexpected: accept%0Amessage: R1 <bad>  [1m?\n"
		    "::error title=e sum on 5.10.218%3A unexpected::2 and 2: found 5%0Adoes not "
		    "hold: 2 and 2 make 4; found: 5\n"
		    "::error title=e slow on 5.10.218%3A timeout::took 5 s\n"
		    "::notice title=RUN::3 passed, 4 failed, 1 not measured, 2 skipped; assay show "
		    "RUN\n");
	free(text);
	scene_end(&sc);
}

/* --- what is not whole ---------------------------------------------------------------------- */

static void a_cut_off_run_is_no_whole_one(void **state)
{
	struct scene sc;
	char *text;

	scene_begin(&sc, *state);
	add(&sc, program("e", "p", VERDICT_ACCEPT, 0, 100)); /* its experiment never ended */
	end_run(&sc, RUN_CUT_OFF, "interrupted");
	text = print(&sc, "ktap");
	assert_text(text, "KTAP version 1\n"
			  "1..2\n"
			  "  KTAP version 1\n"
			  "  # Subtest: 5.10.218/e\n"
			  "  1..2\n"
			  "  ok 1 p\n"
			  "  # harness error: the experiment did not end\n"
			  "  not ok 2 (experiment)\n"
			  "not ok 1 5.10.218/e\n"
			  "  KTAP version 1\n"
			  "  # Subtest: run\n"
			  "  1..1\n"
			  "  # cut off: the run was cut off: interrupted; what is missing was not "
			  "measured\n"
			  "  not ok 1 RUN\n"
			  "not ok 2 run\n");
	free(text);
	text = print(&sc, "github");
	/* first of all */
	assert_true(str_starts(text, "::error title=run RUN%3A cut off::the run was cut off"));
	free(text);
	text = print(&sc, "junit");
	assert_has(text, "type=\"cut off\"");
	free(text);
	scene_end(&sc);
}

static void a_run_that_goes_on_is_no_whole_one(void **state)
{
	struct scene sc;
	char *text;

	scene_begin(&sc, *state);
	add(&sc, program("e", "p", VERDICT_ACCEPT, 0, 100));
	ended(&sc, "e", "{}", STATUS_OK, NULL, 1);
	text = print(&sc, "junit");
	assert_has(text, "<error message=\"the run is not over\" type=\"running\"/>");
	free(text);
	scene_end(&sc);
}

static void an_empty_run_is_an_error(void **state)
{
	struct scene sc;
	char *text;

	scene_begin(&sc, *state);
	end_run(&sc, RUN_COMPLETE, NULL);
	text = print(&sc, "junit");
	assert_has(text, "tests=\"1\" failures=\"0\" errors=\"1\"");
	assert_has(text, "nothing was recorded");
	free(text);
	scene_end(&sc);
}

/* A kernel that can't be had fails all its experiments for one reason: one annotation. */
static void a_kernel_that_was_not_built(void **state)
{
	static const char *const experiments[] = { "a", "b", "c", "d", "e", "f", "g", "h" };
	struct guest_info none = { .kernel = (char *)"6.1.192" };
	struct scene sc;
	char *text;

	scene_begin(&sc, *state);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(store__add_experiment(sc.store, sc.run.id, &none, experiments[i],
						       "{}", STATUS_HARNESS,
						       "the kernel could not be built", 0),
				 0);
	end_run(&sc, RUN_COMPLETE, NULL);
	text = print(&sc, "github");
	assert_text(text, "::error title=a%2C b%2C c%2C d%2C e and 3 more on 6.1.192%3A harness "
			  "error::the kernel could not be built\n"
			  "::notice title=RUN::8 not measured; assay show RUN\n");
	free(text);
	text = print(&sc, "junit");
	assert_has(text, "tests=\"8\" failures=\"0\" errors=\"8\"");
	assert_has(text, "<testcase name=\"(experiment)\" classname=\"6.1.192.h\">\n      <error "
			 "message=\"the kernel could not be built\" type=\"harness error\"/>");
	free(text);
	scene_end(&sc);
}

static void no_more_annotations_than_are_shown(void **state)
{
	struct scene sc;
	char *text, *name, *p;
	size_t n = 0;

	scene_begin(&sc, *state);
	for (int i = 0; i < 23; i++) {
		name = str_fmt("p%d", i);
		for (int kernel = 0; kernel < 2; kernel++) {
			struct record *r = measurement(name, STATUS_UNEXPECTED, "so");

			sc.guest.kernel = (char *)(kernel ? "6.1" : "5.10");
			add(&sc, r);
		}
		free(name);
	}
	for (int kernel = 0; kernel < 2; kernel++) {
		sc.guest.kernel = (char *)(kernel ? "6.1" : "5.10");
		ended(&sc, "e", "{}", STATUS_UNEXPECTED, "so", 1);
	}
	end_run(&sc, RUN_COMPLETE, NULL);
	text = print(&sc, "github");
	for (p = text; (p = strstr(p, "::error ")); p++)
		n++;
	assert_int_equal(n, 10);
	assert_has(text, "::error title=e p8 on 5.10%2C 6.1%3A unexpected::so\n");
	assert_has(text, "::error title=14 more::e p9 on 5.10, 6.1: unexpected%0Ae p10 on");
	assert_has(text, "e p22 on 5.10, 6.1: unexpected\n");
	free(text);
	scene_end(&sc);
}

/* Of a long log the beginning and the end, and how much is missing. */
static void long_logs_are_cut(void **state)
{
	struct strbuf log = STRBUF_INIT;
	struct scene sc;
	struct record *r = program("e", "p", VERDICT_REJECT, 13, 3);
	char *text, *system_out;

	for (int i = 0; i < 20000; i++)
		strbuf__addf(&log, "line %d\n", i);
	strbuf__addf(&log, "the reason\n");
	record__fail(r, STATUS_UNEXPECTED, "so");
	scene_begin(&sc, *state);
	add(&sc, r);
	ended(&sc, "e", "{}", STATUS_UNEXPECTED, "so", 1);
	assert_int_equal(store__add_text(sc.store, sc.run.id, sc.guest.kernel, "e", "p", "log",
					 log.data, log.len, true),
			 0);
	end_run(&sc, RUN_COMPLETE, NULL);
	text = print(&sc, "junit");
	system_out = strstr(text, "<system-out>");
	assert_non_null(system_out);
	assert_true(strlen(system_out) < 34000);
	assert_has(system_out, "--log`):\nline 0\nline 1\n");
	assert_has(system_out, "\n\n[... ");
	assert_has(system_out, " bytes are left out here ...]\nline ");
	assert_has(system_out, "line 19999\nthe reason\n</system-out>");
	/* A log that is gone is said, and spoils nothing else. */
	free(text);
	strbuf__free(&log);
	scene_end(&sc);
}

/* --- the same later ------------------------------------------------------------------------- */

struct streaming {
	struct format_stream stream;
	const char *run;
};

static int stream_one(void *ctx, const struct stored_record *r)
{
	struct streaming *s = ctx;

	format_stream__record(&s->stream, s->run, r);
	return 0;
}

static void show_prints_what_run_printed(void **state)
{
	struct scene sc;
	struct run_info now;
	struct suites_of of;
	size_t len;

	scene_begin(&sc, *state);
	add_every_status(&sc);
	end_run(&sc, RUN_COMPLETE, NULL);
	assert_int_equal(store__find_run(sc.store, NULL, &now), 0);
	of = (struct suites_of){ .store = sc.store, .run = &now };
	for (size_t i = 1; i < nr_formats; i++) {
		char *as_run = NULL, *as_show = NULL;
		FILE *out = open_memstream(&as_run, &len);
		struct streaming s = { .stream = { .format = &formats[i], .out = out },
				       .run = now.name };

		assert_int_equal(store__records(sc.store, now.id, NULL, NULL, stream_one, &s), 0);
		assert_int_equal(format_stream__end(&s.stream, &of), 0);
		fclose(out);
		out = open_memstream(&as_show, &len);
		assert_int_equal(format__run(&formats[i], &of, out), 0);
		fclose(out);
		assert_true(strlen(as_run) > 100);
		assert_text(as_show, as_run);
		free(as_run);
		free(as_show);
	}
	run_info__release(&now);
	scene_end(&sc);
}

/* A CSV file has its header also when there is no program. */
static void csv_of_nothing(void **state)
{
	struct scene sc;
	char *text;

	scene_begin(&sc, *state);
	end_run(&sc, RUN_COMPLETE, NULL);
	text = print(&sc, "csv");
	assert_true(str_starts(text, "file_name,prog_name,verdict"));
	assert_int_equal(strchr(text, '\n') - text, strlen(text) - 1);
	free(text);
	scene_end(&sc);
}

static void formats_are_found(void **state)
{
	const char *nearest = NULL;

	(void)state;
	assert_string_equal(format__find("junit", NULL)->name, "junit");
	assert_null(format__find("jnuit", &nearest));
	assert_string_equal(nearest, "junit");
	assert_true(format__is_table(NULL));
	assert_true(format__is_table(format__find("table", NULL)));
	assert_false(format__is_table(format__find("json", NULL)));
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_are_found),
		TEST(junit_has_every_status),
		TEST(ktap_nests),
		TEST(annotations_are_sorted),
		TEST(a_cut_off_run_is_no_whole_one),
		TEST(a_run_that_goes_on_is_no_whole_one),
		TEST(an_empty_run_is_an_error),
		TEST(a_kernel_that_was_not_built),
		TEST(no_more_annotations_than_are_shown),
		TEST(long_logs_are_cut),
		TEST(show_prints_what_run_printed),
		TEST(csv_of_nothing),
	};

	return cmocka_run_group_tests_name("formats", tests, NULL, NULL);
}
