// SPDX-License-Identifier: GPL-2.0-only
/* The scripts of a study's pictures, from made-up studies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/str.h"
#include "store_fixture.h"
#include "study/data.h"
#include "study/plot.h"
#include "study/plot_base.h"
#include "study/plot_levels.h"
#include "study/plot_reads.h"
#include "study/plot_script.h"
#include "study/svg.h"
#include "study_fixture.h"
#include "plot_scene.h"
#include "plot_script.h"

/* The lines of a datablock, without its name and end; caller frees. */
static char *block_of(const char *script, const char *name)
{
	char *begin = str_fmt("$%s << EOD\n", name);
	const char *at = strstr(script, begin), *end;
	char *text;

	if (!at)
		fail_msg("there is no datablock %s in:\n%s", name, script);
	at += strlen(begin);
	end = strstr(at, "EOD\n");
	assert_non_null(end);
	text = strndup(at, (size_t)(end - at));
	free(begin);
	return text;
}

static void assert_block(const char *script, const char *name, const char *lines)
{
	char *block = block_of(script, name);

	assert_string_equal(block, lines);
	free(block);
}

/* --- parts --------------------------------------------------------------------------------- */

static void test_reads(void **state)
{
	/* Round 0: 100 overridden in 10 ms, 10 not; round 1: 50 overridden, 50 of them with a
	 * caller that misbehaved. */
	static const double outcome[] = { 0, 2, 0, 1 }, reads[] = { 100, 10, 25, 25 };
	static const double start[] = { 0, 10, 0, 2 }, round[] = { 0, 0, 1, 1 };
	const struct read_runs r = { outcome, reads, start, round, 4 };
	struct read_share s;

	(void)state;
	assert_true(read_runs__longest(&r) == 110);
	s = read_runs__share(&r, 1, 2);
	assert_true(s.reads == 2 && s.overridden == 2);
	s = read_runs__share(&r, 40, 61);
	assert_true(s.reads == 21 + 11 && s.overridden == 32);
	s = read_runs__share(&r, 91, 1000);
	assert_true(s.reads == 20 && s.overridden == 10);
	s = read_runs__share(&r, 111, 1000);
	assert_true(s.reads == 0);

	assert_true(read_runs__number_at(&r, 0, 0, 1e6) == 1);
	assert_true(fabs(read_runs__number_at(&r, 0, 5, 1e6) - 50.5) < 1e-9);
	assert_true(read_runs__number_at(&r, 0, 10, 1e6) == 101);
	/* The last run of a round: a read a millisecond, and no more than there are. */
	assert_true(fabs(read_runs__number_at(&r, 0, 15, 1e6) - 105.5) < 1e-9);
	assert_true(read_runs__number_at(&r, 0, 99, 1e6) == 110);
	assert_true(read_runs__number_at(&r, 1, 2, 1e6) == 26);
	assert_true(read_runs__number_at(&r, 0, -1, 1e6) == 1);
	assert_true(isnan(read_runs__number_at(&r, 0, NAN, 1e6)));
	assert_true(isnan(read_runs__number_at(&r, 2, 1, 1e6)));
}

static void test_script_parts(void **state)
{
	struct strbuf sb = STRBUF_INIT;

	(void)state;
	script__quote(&sb, "it's\n[x] \\n");
	strbuf__addf(&sb, "|");
	script__bytes(&sb, "2");
	strbuf__addf(&sb, "|");
	script__bytes(&sb, "4096");
	strbuf__addf(&sb, "|");
	script__bytes(&sb, "1048576");
	strbuf__addf(&sb, "|");
	script__bytes(&sb, "1536");
	strbuf__addf(&sb, "|");
	script__bytes(&sb, "big");
	assert_string_equal(strbuf__str(&sb), "'it''s [x] \\n'|2 B|4 KiB|1 MiB|1536 B|big");
	strbuf__free(&sb);
	sb = (struct strbuf)STRBUF_INIT;
	script__log_tics(&sb, "x", 3, 130);
	assert_string_equal(strbuf__str(&sb),
			    "set xtics ('5' 5, '10' 10, '20' 20, '50' 50, '100' 100)\n");
	strbuf__free(&sb);
	sb = (struct strbuf)STRBUF_INIT;
	script__log_tics(&sb, "y", 0.9, 120000);
	assert_has(strbuf__str(&sb), "set ytics ('1' 1, '10' 10, '100' 100,");
	strbuf__free(&sb);
	sb = (struct strbuf)STRBUF_INIT;
	script__log_tics(&sb, "y", 0, 10);
	script__log_tics(&sb, "y", 1, INFINITY);
	assert_int_equal(sb.len, 0);
	strbuf__free(&sb);
}

static void assert_tidy(const char *svg, const char *tidy)
{
	char *head = str_fmt("<?xml version=\"1.0\"?>\n<svg>\n%s", svg);
	char *want = str_fmt("<?xml version=\"1.0\"?>\n<svg>\n%s", tidy), *got = svg__tidy(head);

	assert_string_equal(got, want);
	free(head);
	free(want);
	free(got);
}

static void test_svg(void **state)
{
	(void)state;
	/* The version in the first line is no number to shorten; nor is one that is read. */
	assert_tidy("<g a=\"1.00\"><text>5.10.00 rgb(1,2,3)</text> 1.50 </g>",
		    "<g a=\"1\"><text>5.10.00 rgb(1,2,3)</text> 1.5 </g>");
	assert_tidy("<g b='rgb(  0, 114, 178)' c='rgb(300,1,1)'>x 10.05,0.10 .00 7. 100</g>",
		    "<g b='#0072b2' c='rgb(300,1,1)'>x 10.05,0.1 .00 7. 100</g>");
	assert_tidy("<g a=\"b\" stroke-linecap=\"butt\" stroke-linejoin=\"miter\">x</g>",
		    "<g a=\"b\">x</g>");
	/* Groups that are empty, or are so once others are gone. */
	assert_tidy("<g a=\"1\">\n<g b=\"2\">\n</g>\n\t</g>\n<g>x</g>", "<g>x</g>");
	assert_tidy("<g >x</g><path s='1'  d='M1.50,2.00  '/>y<path d='M1,2 L3,4  '/>",
		    "<g >x</g>y<path d='M1,2 L3,4  '/>");
	assert_tidy("<g id=\"p\" ><title>$row0 using 1:2</title>x</g><title>Mine</title>",
		    "<g id=\"p\" >x</g><title>Mine</title>");
}

static void test_looks_differ(void **state)
{
	(void)state;
	for (size_t i = 0; i < nr_plot_looks; i++) {
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(plot_looks[i].colour, plot_looks[k].colour);
			assert_string_not_equal(plot_looks[i].dash, plot_looks[k].dash);
			assert_int_not_equal(plot_looks[i].mark, plot_looks[k].mark);
		}
	}
	assert_null(look__of_hook("none"));
}

static void test_base(void **state)
{
	struct study_scene sc;
	struct study_data *d;
	struct study_base *b;
	const struct study_obs *o;

	scene_begin(&sc, *state);
	scene_hooks(&sc);
	scene_vary(&sc, "size", "Size of a read", "size", "4096|2|65536");
	scene_cpus(&sc);
	scene_end(&sc);
	d = read_scene(&sc);
	b = study_base__new(d);
	assert_string_equal(study_base__value(b, "kernel"), "5.10.218");
	assert_string_equal(study_base__value(b, "size"), "4096");
	assert_string_equal(study_base__value(b, "cpus"), "1");
	assert_string_equal(study_base__value(b, "point"), "");
	assert_string_equal(study_base__value(b, "absent"), "");
	o = study_base__hook(b, d, "int3", "5.10.218");
	assert_non_null(o);
	assert_string_equal(study_obs__factor(o, "size"), "4096");
	assert_true(study_base__has(b, o, "hook"));
	/* Refused on the base's kernel. */
	assert_null(study_base__hook(b, d, "multi", "5.10.218"));
	o = study_base__hook(b, d, "multi", NULL);
	assert_non_null(o);
	assert_string_equal(o->kernel, "6.1.192");
	assert_false(study_base__has(b, o, "hook"));
	assert_true(study_base__has(b, o, "hook kernel"));
	study_base__free(b);
	study_data__free(d);
	scene_free(&sc);
}

/* An fmod_ret program that returns 0 asks for nothing: another result stands for the hook. */
static void test_asked(void **state)
{
	static const char *const results[] = { "0", "1" };
	struct guest_info g = example_guest();
	struct study_scene sc;
	struct study_data *d;
	struct study_base *b;
	const struct study_obs *o;
	char *script;

	scene_begin(&sc, *state);
	scene_block(&sc, "hooks", "Hooks", "1");
	scene_point(&sc, "5.10.218", 1, "int3", "result=0", "hooks", 0);
	for (int i = 0; i < 2; i++) {
		char params[256];
		struct record *r;

		snprintf(params, sizeof(params), BASE "hook=fmod_ret cpus=1 result=%s", results[i]);
		scene_plan(&sc, "5.10.218", "override-point", params, "hooks");
		r = scene_record(&sc, "point");
		add_rounds(r, 1, 300, 0);
		record__metric(r, "runs", "runs", 300);
		record__metric(r, "requests", "", 300 * i);
		scene_add(&sc, &g, r);
		scene_row(&sc, &g, STATUS_OK, NULL);
	}
	scene_end(&sc);
	d = read_scene(&sc);
	b = study_base__new(d);
	o = study_base__hook(b, d, "fmod_ret", NULL);
	assert_non_null(o);
	assert_string_equal(study_obs__factor(o, "result"), "1");
	o = study_base__hook(b, d, "int3", NULL);
	assert_string_equal(study_obs__factor(o, "result"), "0");
	study_base__free(b);
	script = script_of(d, "override-success-reads");
	assert_has(script, "('kprobe, int3' 2.1200, 'fmod_ret'.\"\\n\".'result 1' 0.5000)");
	free(script);
	script = script_of(d, "override-factors");
	assert_has(script, "set label 'program asked for none'");
	free(script);
	study_data__free(d);
	scene_free(&sc);
}

static void assert_levels(const struct study_data *d, size_t block, const char *names)
{
	struct strbuf sb = STRBUF_INIT;
	struct levels l;

	assert_int_equal(levels__find(d, &d->blocks[block], &l), 0);
	for (size_t i = 0; i < l.n; i++)
		strbuf__addf(&sb, "%s%s:%zu", i ? "|" : "", l.v[i].name, l.v[i].n);
	assert_string_equal(strbuf__str(&sb), names);
	strbuf__free(&sb);
	levels__release(&l);
}

static void test_levels(void **state)
{
	struct study_scene sc;
	struct study_data *d;

	scene_begin(&sc, *state);
	scene_hooks(&sc);
	scene_vary(&sc, "size", "Size of a read", "size", "4096|65536|2|1048576");
	scene_vary(&sc, "barriers", "Barriers", "barrier", "none|wmb|lfence");
	scene_vary(&sc, "barriers", "Barriers", "hint", "none|likely");
	scene_cpus(&sc);
	scene_block(&sc, "empty", "Nothing", "");
	scene_end(&sc);
	d = read_scene(&sc);
	assert_levels(d, 0, "5.10.218:6|5.10.218-cure:6|6.1.192:6");
	assert_levels(d, 1, "2 B:3|4 KiB:3|64 KiB:3|1 MiB:3");
	assert_levels(d, 2, "none:3|hint=likely:3|barrier=lfence:3|barrier=wmb:3");
	assert_levels(d, 4,
		      "5.10.218, 1 CPU:3|5.10.218, 2 CPUs:3|5.10.218, 4 CPUs:3|"
		      "5.10.218-preempt, 1 CPU:3|5.10.218-preempt, 2 CPUs:3|"
		      "5.10.218-preempt, 4 CPUs:3|6.1.192, 2 CPUs:3|6.1.192, 4 CPUs:3");
	assert_levels(d, 5, "");
	study_data__free(d);
	scene_free(&sc);
}

/* --- pictures ------------------------------------------------------------------------------ */

/* One point with known numbers. */
static void test_success(void **state)
{
	static const double outcome[] = { 0, 2 }, reads[] = { 99, 101 }, start[] = { 0, 99 };
	static const double round[] = { 0, 0 }, flag[] = { 49 }, jump[] = { 109 }, lost[] = { 99 };
	struct guest_info g = example_guest();
	struct study_scene sc;
	struct study_data *d;
	struct record *r;
	char *script, *block;

	scene_begin(&sc, *state);
	scene_plan(&sc, "5.10.218", "override-point", "hook=optimised size=512 source=ext4", "b");
	r = scene_record(&sc, "point");
	record__metric(r, "attempted", "reads", 200);
	record__metric(r, "not_overridden_ns_median", "ns", 1e6);
	record__series(r, "run_outcome", "", outcome, 2);
	record__series(r, "run_reads", "reads", reads, 2);
	record__series(r, "run_start", "ms", start, 2);
	record__series(r, "run_round", "", round, 2);
	record__series(r, "lost_ms", "ms", lost, 1);
	record__series(r, "flag_ms", "ms", flag, 1);
	record__series(r, "jump_ms", "ms", jump, 1);
	scene_add(&sc, &g, r);
	scene_row(&sc, &g, STATUS_OK, NULL);
	scene_end(&sc);
	d = read_scene(&sc);
	script = script_of(d, "override-success-reads");
	assert_has(script,
		   "reads of 512 B, ext4 · kernel 5.10.218 · accelerator TCG · timing wall");
	assert_has(script, sc.run.name);
	assert_has(script, "'kprobe, optimised' 0.5000");
	/* The second axis: 200 reads of 512 bytes. */
	assert_has(script, "set x2range [0.0004608:0.11776]");
	block = block_of(script, "row0");
	assert_true(!strncmp(block, "1 1.0000\n", 9));
	/* Reads 80 to 99; 100 to 125; and 159 to 199 and the last. */
	assert_has(block, "\n88.994 1.0000\n");
	assert_has(block, "\n111.8 0.0000\n");
	assert_has(block, " 0.0000\n200 0.0000\n");
	free(block);
	assert_block(script, "flag", "49.5051 1.2000\n");
	assert_block(script, "jump", "109.901 -0.2000\n");
	free(script);
	study_data__free(d);
	scene_free(&sc);
}

static void test_factors(void **state)
{
	struct guest_info g = example_guest();
	struct study_scene sc;
	struct study_data *d;
	struct record *r;
	char *script;

	scene_begin(&sc, *state);
	scene_block(&sc, "hooks", "Bob's hooks", "1");
	scene_point(&sc, "5.10.218", 1, "int3", "", "hooks", 0);
	scene_point(&sc, "5.10.218", 1, "multi", "", "hooks", -1);
	scene_point(&sc, "6.1.192", 1, "int3", "", "hooks", 0);
	scene_block(&sc, "unmeasured", "Another", "1");
	/* A read that does not pass copyout. */
	scene_block(&sc, "source", "What is read", "1");
	scene_plan(&sc, "5.10.218", "override-point", "hook=int3 source=direct", "source");
	r = scene_record(&sc, "point");
	record__metric(r, "attempted", "reads", 300);
	record__metric(r, "never_hit", "reads", 300);
	add_rate(r, "success", 0, 300);
	scene_add(&sc, &g, r);
	scene_row(&sc, &g, STATUS_OK, NULL);
	scene_end(&sc);
	d = read_scene(&sc);
	script = script_of(d, "override-factors");
	assert_has(script, "kernels 5.10.218, 6.1.192");
	assert_has(script, "set label 'Bob''s hooks'");
	assert_has(script, "'5.10.218' 35.0, '6.1.192' 52.5");
	assert_not(script, "Another");
	/* Five rounds of 60,000 reads: as certain as can be. */
	assert_block(script, "int30", "100 31.5\n100 52.5\n");
	assert_block(script, "refused0", "-22 38.5 5682409\n");
	assert_has(script, "set xtics add ('not tried' -22)");
	assert_block(script, "passed_by0", "-22 95.5 29362\n");
	assert_has(script, "set label 'refused at attach'");
	assert_has(script, "set label 'function never called'");
	assert_has(script, "set label 'kprobe, int3'");
	assert_not(script, "set label 'kprobe, optimised'");
	free(script);
	study_data__free(d);
	scene_free(&sc);
}

static void test_flip(void **state)
{
	static const double lost[][3] = { { 10, 30, 20 }, { 100, NAN, 200 } };
	struct guest_info g = example_guest();
	struct study_scene sc;
	struct study_data *d;
	struct record *r;
	char *script;

	scene_begin(&sc, *state);
	for (int i = 0; i < 2; i++) {
		scene_plan(&sc, "5.10.218", "override-point",
			   i ? "hook=optimised cpus=4" : "hook=optimised cpus=1", "cpus");
		r = scene_record(&sc, "point");
		record__metric(r, "attempted", "reads", 5);
		record__series(r, "lost_ms", "ms", lost[i], 3);
		scene_add(&sc, &g, r);
		scene_row(&sc, &g, STATUS_OK, NULL);
	}
	/* Not at the base: not drawn. */
	scene_plan(&sc, "5.10.218", "override-point", "hook=optimised cpus=1 cache=drop3", "x");
	r = scene_record(&sc, "point");
	record__metric(r, "attempted", "reads", 5);
	record__series(r, "lost_ms", "ms", lost[0], 3);
	scene_add(&sc, &g, r);
	scene_row(&sc, &g, STATUS_OK, NULL);
	scene_end(&sc);
	d = read_scene(&sc);
	script = script_of(d, "override-flip-cpus");
	assert_block(script, "rounds", "10 36.0\n30 41.0\n20 46.0\n100 70.0\n200 80.0\n");
	assert_block(script, "medians", "20 52.0 10 30\n150 86.0 100 200\n");
	assert_block(script, "never", "440 75.0\n");
	assert_has(script, "('1 CPU, n = 3' 43.0, '4 CPUs, n = 3' 77.0)");
	assert_has(script, "set label '5.10.218' at screen");
	assert_has(script, "set xtics add ('not lost' 440)");
	free(script);
	study_data__free(d);
	scene_free(&sc);
}

static void test_latency(void **state)
{
	static const double before[] = { 1000, 2000, 4000 }, after[] = { 3000, 5000, 9000 };
	struct guest_info g = example_guest();
	struct study_scene sc;
	struct study_data *d;
	struct record *r;
	char *script;

	scene_begin(&sc, *state);
	scene_plan(&sc, "5.10.218", "override-point", "hook=optimised", "b");
	r = scene_record(&sc, "point");
	record__metric(r, "attempted", "reads", 5);
	record__series(r, "latency_unhooked", "ns", before, 3);
	record__series(r, "latency_not_overridden", "ns", after, 3);
	scene_add(&sc, &g, r);
	scene_row(&sc, &g, STATUS_OK, NULL);
	scene_end(&sc);
	d = read_scene(&sc);
	script = script_of(d, "override-latency");
	assert_block(script, "panel0_0", "1 0\n2 50\n4 100\n");
	assert_block(script, "panel0_1", "3 0\n5 50\n9 100\n");
	assert_has(script, "set label 'program ran, not overridden'");
	assert_has(script, "set label 'time of a read (µs)'");
	free(script);
	study_data__free(d);
	scene_free(&sc);
}

/* Without the optimised hook there is but one panel, which has the page's title then. */
static void test_one_panel(void **state)
{
	struct study_scene sc;
	struct study_data *d;
	char *script;

	scene_begin(&sc, *state);
	scene_point(&sc, "5.10.218", 1, "int3", "", "b", 0);
	scene_end(&sc);
	d = read_scene(&sc);
	script = script_of(d, "override-latency");
	assert_has(script, "$panel1_1 << EOD");
	assert_not(script, "unset label");
	assert_has(script, "set label 'reads that took at most as long (%)'");
	free(script);
	study_data__free(d);
	scene_free(&sc);
}

/* What comes from a plan or from kernels.ini is text to gnuplot, never a command. */
static void test_odd_names(void **state)
{
	static const char odd[] = "k`touch x`'\"$(y)\\";
	static const char *const hooks[] = { "int3", "optimised" };
	struct study_scene sc;
	struct study_data *d;

	scene_begin(&sc, *state);
	json_object_set_new(sc.plan, "form", json_string("quick\nsystem 'x'"));
	scene_block(&sc, "hooks", "Hooks `x` 'y'\n|z", "1");
	for (int h = 0; h < 2; h++)
		scene_point(&sc, odd, 1, hooks[h], "", "hooks", loses(hooks[h], 300));
	scene_point(&sc, "5.10.218", 1, "ftrace", "", "hooks", 0);
	scene_point(&sc, "5.10.218", 1, "multi", "", "hooks", 0);
	scene_point(&sc, "5.10.218", 1, "fmod_ret", "", "hooks", 0);
	scene_end(&sc);
	d = read_scene(&sc);
	for (size_t i = 0; i < nr_plot_kinds; i++) {
		char *script = NULL, *why = NULL, *at;

		assert_in_set(kind_of(plot_kinds[i].name)->script(d, &script, &why),
			      ((const uintmax_t[]){ 0, (uintmax_t)-ENODATA }), 2);
		free(why);
		if (!script)
			continue;
		assert_not(script, "\nsystem");
		for (at = script; (at = strstr(at, "`touch")); at++)
			assert_true(str_starts(at, "`touch x`''\"$(y)\\"));
		free(script);
	}
	study_data__free(d);
	scene_free(&sc);
}

static void test_order(void **state)
{
	static const double wait[] = { 100000, 300000, 200000 }, whole[] = { 3000, 3000, 3000 };
	static const double to_body[] = { 500, 600, 700 }, body[] = { 1000, 1000, 1000 };
	struct guest_info g = example_guest();
	struct study_scene sc;
	struct study_data *d;
	struct record *r;
	char *script;

	scene_begin(&sc, *state);
	scene_plan(&sc, "5.10.218", "read-path", "reads=3", "order");
	r = scene_record(&sc, "stamps_ext4_uncached");
	record__series(r, "vfs_read_to_copyout", "ns", wait, 3);
	record__series(r, "copyout_to_return", "ns", whole, 3);
	record__series(r, "probe_to_body", "ns", to_body, 3);
	record__series(r, "body", "ns", body, 3);
	scene_add(&sc, &g, r);
	r = scene_record(&sc, "stamps_tmpfs"); /* a kernel that notes no times of the body */
	record__series(r, "vfs_read_to_copyout", "ns", body, 3);
	record__series(r, "copyout_to_return", "ns", whole, 3);
	scene_add(&sc, &g, r);
	scene_row(&sc, &g, STATUS_OK, NULL);
	scene_end(&sc);
	d = read_scene(&sc);
	script = script_of(d, "override-order");
	assert_has(script, "'tmpfs'.\"\\n\".'3 reads' 1.00, "
			   "'ext4, not cached'.\"\\n\".'3 reads' 0.00");
	assert_block(script, "at_read", "1 1.00 1 1\n200 0.00 150 250\n");
	assert_block(script, "at_probe", "0 1.00 0 0\n0 0.00 0 0\n");
	assert_block(script, "at_body", "0.6 0.00 0.55 0.65\n");
	assert_block(script, "at_body_end", "1.6 0.00 1.55 1.65\n");
	assert_block(script, "at_return", "3 1.00 3 3\n3 0.00 3 3\n");
	free(script);
	study_data__free(d);
	scene_free(&sc);
}

/* A study whose points were all skipped has nothing to draw, and each picture says so. */
static void test_nothing(void **state)
{
	struct guest_info g = example_guest();
	struct study_scene sc;
	struct study_data *d;
	struct record *r;

	scene_begin(&sc, *state);
	scene_block(&sc, "hooks", "Hooks", "1");
	scene_plan(&sc, "5.10.218", "override-point", "hook=multi", "hooks");
	r = scene_record(&sc, "point");
	record__fail(r, STATUS_SKIPPED, "no kprobe.multi");
	scene_add(&sc, &g, r);
	scene_row(&sc, &g, STATUS_OK, NULL);
	scene_end(&sc);
	d = read_scene(&sc);
	for (size_t i = 0; i < nr_plot_kinds; i++) {
		char *script = NULL, *why = NULL;

		assert_int_equal(plot_kinds[i].script(d, &script, &why), -ENODATA);
		assert_null(script);
		assert_true(str_starts(why, "no point"));
		free(why);
	}
	study_data__free(d);
	scene_free(&sc);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_script_parts),
		cmocka_unit_test(test_svg),
		cmocka_unit_test(test_looks_differ),
		TEST(test_base),
		TEST(test_asked),
		TEST(test_levels),
		TEST(test_success),
		TEST(test_factors),
		TEST(test_flip),
		TEST(test_latency),
		TEST(test_one_panel),
		TEST(test_odd_names),
		TEST(test_order),
		TEST(test_nothing),
	};

	return cmocka_run_group_tests_name("plot", tests, NULL, NULL);
}
