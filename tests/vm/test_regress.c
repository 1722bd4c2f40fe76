// SPDX-License-Identifier: GPL-2.0-only
/* Baselines as a user meets them: mostly on made-up runs of the real experiments, and once with a
 * guest. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assay.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/catalog.h"

#define KERNEL "5.10.218"
/* For one short experiment only. */
#define SHORT_KERNEL "5.10.218-badbtf"

#define HOST                                                                       \
	"{\"assay\":\"0.1\",\"clang\":\"14\",\"libbpf\":\"1.1\",\"guest_sha256\":" \
	"\"g\",\"objects\":{\"strtol\":\"o1\"}}"
#define FACTS                                                                    \
	"{\"facts\":1,\"release\":\"5.10.218\",\"source\":\"linux\","            \
	"\"source_sha256\":\"s1\",\"config_sha256\":\"c\",\"compiler\":\"gcc\"," \
	"\"linker\":\"ld\",\"pahole\":\"v1\",\"asked\":[\"BPF=y\"],\"patches\":[]}"

static char *results, *baselines, *file; /* that of KERNEL */

static int set_up(void **state)
{
	(void)state;
	results = temp_dir();
	baselines = str_fmt("%s/baselines", results);
	file = str_fmt("%s/" KERNEL ".txt", baselines);
	return !file || setenv("ASSAY_BASELINE", baselines, 1);
}

static int tear_down(void **state)
{
	(void)state;
	temp_dir_remove(results);
	free(baselines);
	free(file);
	return 0;
}

/* --- made-up runs ------------------------------------------------------------------------------
 */

struct made_up {
	const char *kernel;	    /* NULL: KERNEL */
	const char *without;	    /* an experiment that was not run */
	const char *facts, *params; /* NULL: as above, none */
	enum verdict verdict;	    /* of strtol's program; none: accept */
	enum status ended;	    /* strtol's end */
	bool cut_off;
};

static void put_records(struct store *s, int64_t run, const struct guest_info *g,
			const char *experiment, const struct made_up *m)
{
	struct record *program = record__new(RECORD_PROGRAM, experiment, "program");
	struct record *measured = record__new(RECORD_MEASUREMENT, experiment, "measured");
	bool strtol = !strcmp(experiment, "strtol");

	assert_true(program && measured);
	program->status = measured->status = STATUS_OK;
	program->verdict = strtol && m->verdict ? m->verdict : VERDICT_ACCEPT;
	program->err = program->verdict == VERDICT_REJECT ? EACCES : 0;
	/* What varies stays out of the file. */
	measured->message = str_fmt("at %p", (void *)measured);
	program->load_time_us = (double)run;
	assert_int_equal(store__add_record(s, run, g, program, NULL), 0);
	assert_int_equal(store__add_record(s, run, g, measured, NULL), 0);
	assert_int_equal(store__add_experiment(s, run, g, experiment,
					       strtol && m->params ? m->params : "{}",
					       strtol ? m->ended : STATUS_OK, NULL, 1),
			 0);
	record__free(program);
	record__free(measured);
}

/* All experiments that run in guests. */
static void make_run(const struct made_up *m)
{
	const char *kernel = m->kernel ? m->kernel : KERNEL;
	const char *facts = m->facts ? m->facts : FACTS;
	struct guest_info g = {
		(char *)kernel, (char *)"5.10.218", (char *)"b", (char *)"", (char *)"tcg",
		(char *)"wall", (char *)"max",	    1,		 512
	};
	struct catalog *c;
	struct run_info run;
	struct store *s;

	assert_int_equal(catalog__load("build/assay-guest", &c), 0);
	assert_int_equal(store__open(results, true, &s), 0);
	assert_int_equal(store__begin_run(s, "made up", HOST, &run), 0);
	assert_int_equal(
		store__add_text(s, run.id, kernel, "", "", "facts", facts, strlen(facts), true), 0);
	for (size_t i = 0; i < catalog__count(c); i++)
		if (!catalog__on_host(c, i) &&
		    (!m->without || strcmp(m->without, catalog__name(c, i))))
			put_records(s, run.id, &g, catalog__name(c, i), m);
	assert_int_equal(store__end_run(s, run.id, m->cut_off ? RUN_CUT_OFF : RUN_COMPLETE,
					m->cut_off ? "interrupted" : NULL, 0),
			 0);
	run_info__release(&run);
	store__close(s);
	catalog__free(c);
}

static char *read_baseline(void)
{
	char *text = NULL;

	assert_int_equal(file_read(file, 0, &text, NULL), 0);
	return text;
}

#define EXPECT(o, exit, ...)                              \
	do {                                              \
		ASSAY(&(o), false, results, __VA_ARGS__); \
		assert_status(&(o), exit);                \
	} while (0)

/* --- update ------------------------------------------------------------------------------------
 */

static void test_update(void **state)
{
	char *first, *second;
	struct outcome o;

	(void)state;
	EXPECT(o, 0, "baseline");
	assert_has(o.out, "no kernel has a baseline");
	outcome__release(&o);
	make_run(&(struct made_up){ 0 });
	/* Which kernels get one, somebody has to say. */
	EXPECT(o, 2, "baseline", "update");
	assert_has(o.err, "no kernel that has a baseline");
	assert_has(o.err, "-k");
	outcome__release(&o);
	EXPECT(o, 0, "baseline", "update", "latest", "-k", KERNEL);
	assert_has(o.out, KERNEL ".txt: new, ");
	outcome__release(&o);
	first = read_baseline();
	assert_has(first, "\n# object strtol o1\n");
	assert_has(first, "\nstrtol\tmeasured\tok\nstrtol\tprogram\taccept\n");
	/* Another run that showed the same. */
	make_run(&(struct made_up){ 0 });
	EXPECT(o, 0, "baseline", "update");
	assert_has(o.out, KERNEL ".txt: as it was");
	outcome__release(&o);
	second = read_baseline();
	assert_string_equal(first, second);
	free(second);
	make_run(&(struct made_up){ .verdict = VERDICT_REJECT });
	EXPECT(o, 0, "baseline", "update");
	assert_has(o.out, KERNEL ".txt: 0 lines added, 1 changed, 0 removed");
	outcome__release(&o);
	second = read_baseline();
	assert_has(second, "\nstrtol\tprogram\treject EACCES\n");
	free(second);
	/* An earlier run by its number. */
	EXPECT(o, 0, "baseline", "update", "1");
	outcome__release(&o);
	second = read_baseline();
	assert_string_equal(first, second);
	EXPECT(o, 0, "baseline", "show");
	assert_has(o.out, KERNEL);
	outcome__release(&o);
	free(second);
	free(first);
}

static void test_refused(void **state)
{
	static const struct {
		struct made_up run;
		const char *kernel, *reason;
	} refused[] = {
		{ { .cut_off = true }, KERNEL, "the run was cut off" },
		{ { .without = "loops" }, KERNEL, "the run lacks loops" },
		{ { .ended = STATUS_TIMEOUT }, KERNEL, "strtol: timeout" },
		{ { .ended = STATUS_CRASHED }, KERNEL, "strtol: crashed" },
		{ { .ended = STATUS_HARNESS }, KERNEL, "strtol: harness error" },
		{ { .params = "{\"n\":\"1\"}" }, KERNEL, "strtol ran with other parameters" },
		{ { .kernel = "5.10.218-mine" }, "5.10.218-mine", "no entry of vm/kernels.ini" },
		{ { 0 }, "6.1.192", "nothing of a kernel '6.1.192'" },
	};
	struct outcome o;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		make_run(&refused[i].run);
		EXPECT(o, 2, "baseline", "update", "latest", "-k", refused[i].kernel);
		assert_has(o.err, refused[i].reason);
		assert_false(file_exists(baselines));
		outcome__release(&o);
	}
	EXPECT(o, 2, "baseline", "update", "nonesuch");
	assert_has(o.err, "there is no run 'nonesuch'");
	outcome__release(&o);
	EXPECT(o, 2, "baseline", "write");
	assert_has(o.err, "'write' is neither update nor show");
	outcome__release(&o);
}

/* --- comparing ---------------------------------------------------------------------------------
 */

static void test_compared(void **state)
{
	static const char other[] =
		"{\"facts\":1,\"release\":\"5.10.223\",\"source\":\"linux\",\"source_sha256\":"
		"\"s2\",\"config_sha256\":\"c\",\"compiler\":\"gcc\",\"linker\":\"ld\",\"pahole\":"
		"\"v1\",\"asked\":[\"BPF=y\"],\"patches\":[]}";
	struct outcome o;

	(void)state;
	make_run(&(struct made_up){ 0 });
	EXPECT(o, 0, "baseline", "update", "latest", "-k", KERNEL);
	outcome__release(&o);
	EXPECT(o, 0, "compare", "baseline", "latest");
	outcome__release(&o);
	EXPECT(o, 0, "compare", file, "latest");
	outcome__release(&o);
	make_run(&(struct made_up){ .verdict = VERDICT_REJECT, .facts = other });
	EXPECT(o, 1, "compare", "baseline", "latest");
	assert_has(o.out, "accept -> reject EACCES");
	assert_matches(o.out, "it is the kernel[[:space:]]+\\(5.10.218 -> 5.10.223");
	outcome__release(&o);
	make_run(&(struct made_up){ .verdict = VERDICT_REJECT, .facts = "{}" });
	EXPECT(o, 1, "compare", "baseline", "latest");
	assert_has(o.out, "unknown");
	outcome__release(&o);
	EXPECT(o, 2, "compare", "baseline:6.1.192", "latest");
	assert_has(o.err, "has no baseline");
	outcome__release(&o);
}

/* --- regress -----------------------------------------------------------------------------------
 */

static void test_wrong_use(void **state)
{
	struct outcome o;
	char *text, *db = str_fmt("%s/assay.db", results);

	(void)state;
	EXPECT(o, 2, "regress");
	assert_has(o.err, "no kernel has a baseline");
	outcome__release(&o);
	EXPECT(o, 2, "regress", "-k", "6.1.192");
	assert_has(o.err, "kernel 6.1.192 has no baseline");
	outcome__release(&o);
	EXPECT(o, 2, "regress", "-k", "6.*");
	assert_has(o.err, "none of these kernels has a baseline");
	outcome__release(&o);
	EXPECT(o, 2, "regress", "strtol");
	assert_has(o.err, "'strtol' is too many");
	outcome__release(&o);
	/* A baseline that can't be read is found before minutes are spent. */
	text = strdup("# assay baseline 1 \n# kernel " KERNEL "\nwhat\n");
	assert_int_equal(dir_make(baselines), 0);
	assert_int_equal(file_write(file, text, strlen(text)), 0);
	EXPECT(o, 2, "regress");
	assert_has(o.err, KERNEL ".txt:3: ");
	outcome__release(&o);
	assert_false(file_exists(db));
	free(text);
	free(db);
}

/* What can't be run is no change of a verdict, and no success. */
static void test_no_qemu(void **state)
{
	const struct call c = { .results = results, .env = ARGS("PATH=/nonexistent") };
	struct outcome o;

	(void)state;
	make_run(&(struct made_up){ 0 });
	EXPECT(o, 0, "baseline", "update", "latest", "-k", "5.10.21?");
	outcome__release(&o);
	assay_call(&o, &c, ARGS("regress"));
	assert_status(&o, 3);
	assert_has(o.out, "there is no QEMU");
	assert_has(o.out, "0 flips");
	outcome__release(&o);
}

/* A whole round with guests: nothing changed, and then something. */
static void test_round(void **state)
{
	static const char accepted[] = "\tok\n", flipped[] = "\tunexpected\n";
	char *path = str_fmt("%s/" SHORT_KERNEL ".txt", baselines), *text = NULL, *at, *changed;
	struct outcome o;

	(void)state;
	need_kernel(SHORT_KERNEL);
	EXPECT(o, 0, "run", "attach-errors", "-k", SHORT_KERNEL);
	outcome__release(&o);
	EXPECT(o, 0, "baseline", "update", "-k", SHORT_KERNEL);
	outcome__release(&o);
	EXPECT(o, 0, "regress");
	assert_has(o.err, "left out, for they run on the host: ");
	assert_has(o.out, "0 flips");
	outcome__release(&o);
	assert_int_equal(file_read(path, 0, &text, NULL), 0);
	at = strstr(text, accepted);
	assert_non_null(at);
	changed = str_fmt("%.*s%s%s", (int)(at - text), text, flipped, at + strlen(accepted));
	assert_int_equal(file_write(path, changed, strlen(changed)), 0);
	EXPECT(o, 1, "regress", "-k", SHORT_KERNEL);
	assert_has(o.out, "1 status");
	outcome__release(&o);
	free(changed);
	free(text);
	free(path);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_update),    TEST(test_refused), TEST(test_compared),
		TEST(test_wrong_use), TEST(test_no_qemu), TEST(test_round),
	};

	return cmocka_run_group_tests_name("regress", tests, NULL, NULL);
}
