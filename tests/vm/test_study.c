// SPDX-License-Identifier: GPL-2.0-only
/* `assay study`: the points of a design are measured once each, whatever comes between. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "assay.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/num.h"
#include "base/str.h"

#define KERNEL "5.10.218"
#define OTHER  "5.10.218-stock"

#define HEAD "[study]\nexperiment = study-point\nquestion = Is each point there?\n"

/* 11 points on 2 boots. */
static const char small[] =
	HEAD "[base]\nkernel = " KERNEL "\nms = 60\n"
	     "[numbers]\ntitle = Numbers\nanswers = 1\n"
	     "vary.n = 1 | 2 | 3 | 4 | 5 | 6 | 7\n"
	     "[words]\ntitle = Words\nvary.word = x | a b\ncross.cpus = 1 | 2\n";
#define SMALL_POINTS 11

static char *results, *design;

static int set_up_all(void **state)
{
	(void)state;
	need_kernel(KERNEL);
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	results = temp_dir();
	design = str_fmt("%s/test.study", results);
	return design ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	free(design);
	temp_dir_remove(results);
	return 0;
}

static void write_design(const char *text)
{
	assert_int_equal(file_write(design, text, strlen(text)), 0);
}

static void study(struct outcome *o, const char *option)
{
	ASSAY(o, true, results, "study", "--design", design, "--accel", "tcg", option);
}

/* --- what a run holds ------------------------------------------------------------------------ */

struct points {
	struct strv rows, records; /* their ids */
	enum status worst;
};

static int take_row(void *ctx, const struct stored_experiment *e)
{
	struct points *p = ctx;
	json_t *params = json_loads(e->params, 0, NULL);
	const char *id = json_string_value(json_object_get(params, "point"));

	assert_string_equal(e->experiment, "study-point");
	assert_non_null(id);
	assert_int_equal(strlen(id), 12);
	if (strv__has(&p->rows, id))
		fail_msg("point %s is there twice", id);
	assert_int_equal(strv__add(&p->rows, id), 0);
	p->worst = status__worse(p->worst, e->status);
	json_decref(params);
	return 0;
}

static int take_record(void *ctx, const struct stored_record *sr)
{
	struct points *p = ctx;
	const char *id = record__get_label(sr->record, "point");

	assert_non_null(id);
	if (strv__has(&p->records, id))
		fail_msg("point %s has two records", id);
	return strv__add(&p->records, id);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *joined(struct strv *sv)
{
	struct strbuf sb = STRBUF_INIT;

	qsort(sv->v, sv->n, sizeof(*sv->v), compare);
	for (size_t i = 0; i < sv->n; i++)
		strbuf__addf(&sb, "%s ", sv->v[i]);
	strbuf__add(&sb, "", 0);
	return strbuf__detach(&sb);
}

/* The ids of the latest run's points, sorted, each of which is there once; caller frees. */
static char *ids_of_rows(enum status *worst)
{
	struct points p = { 0 };
	struct run_info run;
	struct store *s;
	char *ids;

	assert_int_equal(store__open(results, false, &s), 0);
	assert_int_equal(store__find_run(s, "latest", &run), 0);
	assert_int_equal(store__experiments(s, run.id, NULL, NULL, take_row, &p), 0);
	ids = joined(&p.rows);
	if (worst)
		*worst = p.worst;
	strv__free(&p.rows);
	run_info__release(&run);
	store__close(s);
	return ids;
}

/* Each has its record, too. */
static char *ids_of_whole_run(void)
{
	struct points p = { 0 };
	struct run_info run;
	struct store *s;
	char *ids, *records;

	assert_int_equal(store__open(results, false, &s), 0);
	assert_int_equal(store__find_run(s, "latest", &run), 0);
	assert_int_equal(run.state, RUN_COMPLETE);
	assert_int_equal(store__records(s, run.id, NULL, NULL, take_record, &p), 0);
	records = joined(&p.records);
	ids = ids_of_rows(NULL);
	assert_string_equal(ids, records);
	free(records);
	strv__free(&p.records);
	run_info__release(&run);
	store__close(s);
	return ids;
}

/* What the plan, the text of the run, says. */
static char *ids_of_plan(void)
{
	char *text = find_text(results, "", "", "test", "study"), *joint;
	json_t *plan = text ? json_loads(text, 0, NULL) : NULL;
	const json_t *points = json_object_get(plan, "points"), *point;
	struct strv ids = { 0 };
	size_t i;

	assert_non_null(plan);
	json_array_foreach (points, i, point)
		assert_int_equal(strv__add(&ids, json_string_value(json_object_get(point, "id"))),
				 0);
	joint = joined(&ids);
	strv__free(&ids);
	json_decref(plan);
	free(text);
	return joint;
}

static int take_name(void *ctx, const struct run_info *r)
{
	(void)r;
	++*(int *)ctx;
	return 0;
}

static int count_runs(void)
{
	struct store *s;
	int n = 0;

	assert_int_equal(store__open(results, false, &s), 0);
	assert_int_equal(store__runs(s, take_name, &n), 0);
	store__close(s);
	return n;
}

/* --- without trouble ------------------------------------------------------------------------- */

static void test_whole(void **state)
{
	const struct record *r;
	struct records rs;
	struct outcome o;
	char *ids, *plan, *first, *second;

	(void)state;
	write_design(small);
	study(&o, NULL);
	assert_status(&o, 0);
	assert_has(o.out, "Is each point there?");
	assert_matches(o.out, "^numbers +7 +7 +7 +0 +0 ");
	assert_matches(o.out, "^words +4 +4 +4 +0 +0 ");
	assert_matches(o.out, "^all \\(each once\\) +11 +11 +11 +0 +0 ");
	outcome__release(&o);
	ids = ids_of_whole_run();
	plan = ids_of_plan();
	assert_string_equal(ids, plan);
	assert_int_equal(strlen(ids), SMALL_POINTS * 13);
	records__load(&rs, results, KERNEL, "study-point");
	r = records__find(&rs, "point", "word", "a b");
	assert_non_null(r);
	assert_true(metric(r, "n") == 1);
	for (size_t i = 0; i < rs.n; i++)
		assert_in_range((int)metric(rs.v[i], "cpus"), 1, 2);
	records__release(&rs);
	/* each boot has its console */
	first = find_text(results, KERNEL, "", "", "console");
	second = find_text(results, KERNEL, "", "boot-2", "console");
	assert_has(first, "Linux version 5.10.218");
	assert_has(second, "Linux version 5.10.218");
	assert_true(strstr(first, "CPUs=1") || strstr(second, "CPUs=1"));
	assert_true(strstr(first, "CPUs=2") || strstr(second, "CPUs=2"));
	free(first);
	free(second);
	free(ids);
	free(plan);
}

/* --- cut off --------------------------------------------------------------------------------- */

static void start(struct running *r)
{
	const struct call c = { .results = results, .selftest = true };

	assay_start(r, &c, ARGS("study", "--design", design, "--accel", "tcg"));
}

/* To its end, however often it takes. */
static char *finish(void)
{
	struct outcome o;

	study(&o, NULL);
	assert_status(&o, 0);
	outcome__release(&o);
	return ids_of_whole_run();
}

static unsigned int seed_of_now(void)
{
	const char *given = getenv("ASSAY_TEST_SEED");
	unsigned int seed;
	uint64_t n;

	if (!num_u64(given ? given : "", 0, UINT32_MAX, &n))
		return (unsigned int)n;
	assert_int_equal(getrandom(&seed, sizeof(seed), 0), sizeof(seed));
	return seed;
}

/* Kills it at moments from before its run begins to the last points, until it was fast enough. */
static void test_killed_at_any_moment(void **state)
{
	unsigned int seed = seed_of_now(), next = seed;
	struct running r;
	struct outcome o;
	int64_t began;
	char *ids, *plan;
	int kills = 0;

	(void)state;
	print_message("ASSAY_TEST_SEED=%u\n", seed);
	write_design(small);
	began = clock_ms();
	start(&r);
	assay_wait(&r, &o);
	assert_status(&o, 0);
	began = clock_ms() - began; /* now: how long it takes */
	outcome__release(&o);
	ids = ids_of_whole_run();
	for (; kills < 4; kills++) {
		start(&r);
		usleep((useconds_t)(rand_r(&next) % (began * 700)));
		kill(r.pid, SIGKILL);
		assay_wait(&r, &o);
		if (o.status != 128 + SIGKILL)
			assert_status(&o, 0);
		outcome__release(&o);
		free(ids_of_rows(NULL)); /* none twice */
		assert_no_qemu(results, 5);
	}
	if (run_state(results) == RUN_COMPLETE) /* it was faster */
		plan = ids_of_whole_run();
	else
		plan = finish();
	assert_string_equal(ids, plan);
	free(ids);
	free(plan);
}

/* The points that were whole stay as they are; those that were not are measured. */
static void test_interrupted(void **state)
{
	struct running r;
	struct outcome o;
	char *ids, *plan, *before;

	(void)state;
	write_design(small);
	start(&r);
	assay_await(&r, "study test: started");
	for (int i = 0; i < 200; i++) {
		usleep(50000);
		before = ids_of_rows(NULL);
		if (strlen(before) >= 2 * 13)
			break;
		free(before);
	}
	assert_int_equal(kill(-r.pid, SIGINT), 0);
	assay_wait(&r, &o);
	assert_status(&o, 3);
	assert_has(o.err, "was cut off: interrupted");
	assert_has(o.err, "the same command goes on with the rest");
	outcome__release(&o);
	assert_int_equal(run_state(results), RUN_CUT_OFF);
	assert_no_qemu(results, 5);
	study(&o, NULL);
	assert_status(&o, 0);
	assert_matches(o.err, "run .* goes on: ([2-9]|1[01]) of 11 points are measured");
	outcome__release(&o);
	assert_int_equal(count_runs(), 1);
	ids = ids_of_whole_run();
	plan = ids_of_plan();
	assert_string_equal(ids, plan);
	free(ids);
	free(plan);
	free(before);
}

/* Another design, or --new, is another run; so is a study that was complete. */
static void test_when_a_new_run_begins(void **state)
{
	struct running r;
	struct outcome o;

	(void)state;
	write_design(HEAD "[b]\ntitle = B\nvary.ms = 1 | 60000\n");
	start(&r);
	assay_await(&r, "study test: started");
	usleep(300000);
	study(&o, NULL);
	assert_status(&o, 2);
	assert_has(o.err, "of this study is under way; --new begins another beside it");
	outcome__release(&o);
	kill(-r.pid, SIGINT);
	assay_wait(&r, &o);
	assert_status(&o, 3);
	outcome__release(&o);
	write_design(HEAD "[b]\ntitle = B\nvary.ms = 1 | 2\n");
	study(&o, NULL);
	assert_status(&o, 0);
	assert_has(o.err, "the design or the guest program has changed since: a new run begins");
	outcome__release(&o);
	assert_int_equal(count_runs(), 2);
	study(&o, NULL);
	assert_status(&o, 0);
	outcome__release(&o);
	assert_int_equal(count_runs(), 3);
}

/* --- points and kernels that fail ------------------------------------------------------------ */

static void test_crash_costs_one_point(void **state)
{
	enum status worst;
	struct outcome o;
	char *ids;

	(void)state;
	write_design(HEAD "[b]\ntitle = B\ncross.end = ok | panic | skip\ncross.n = 1 | 2\n");
	study(&o, NULL);
	assert_status(&o, 1);
	assert_matches(o.out, "^b +6 +6 +2 +2 +2 ");
	assert_matches(o.err,
		       "warning: point [0-9a-f]{12} \\(5.10.218 cpus=1 · end=panic n=[12]\\): "
		       "crashed: Kernel panic - not syncing: sysrq triggered crash");
	outcome__release(&o);
	assert_int_equal(run_state(results), RUN_COMPLETE);
	ids = ids_of_rows(&worst);
	assert_int_equal(strlen(ids), 6 * 13);
	assert_int_equal(worst, STATUS_CRASHED);
	assert_int_equal(count_texts(results, "study-point", "console-excerpt"), 2);
	free(ids);
}

/* A folder for the cache in which only one kernel can be found, with programs that fetch nothing.
 */
static char *poor_cache(void)
{
	static const char *const fetchers[] = { "apt-get", "wget", "curl" };
	struct image *img = find_image(KERNEL);
	char *cache = temp_dir(), *dir = str_fmt("%s/kernels/" KERNEL, cache);
	char *link = str_fmt("%s/%s", dir, img->key), *bin = str_fmt("%s/bin", cache);

	assert_int_equal(dir_make(dir), 0);
	assert_int_equal(symlink(img->dir, link), 0);
	assert_int_equal(dir_make(bin), 0);
	for (size_t i = 0; i < sizeof(fetchers) / sizeof(fetchers[0]); i++) {
		char *fetcher = str_fmt("%s/%s", bin, fetchers[i]);

		assert_int_equal(symlink("/bin/false", fetcher), 0);
		free(fetcher);
	}
	free(bin);
	free(link);
	free(dir);
	image__free(img);
	return cache;
}

static void test_kernel_that_cannot_be_had(void **state)
{
	char *cache = poor_cache(), *env = str_fmt("ASSAY_CACHE=%s", cache);
	char *path = str_fmt("PATH=%s/bin:%s", cache, getenv("PATH")), *ids, *plan;
	struct call c = { .results = results, .selftest = true };
	struct outcome o;

	(void)state;
	write_design(HEAD "[b]\ntitle = B\ncross.kernel = " OTHER " | " KERNEL
			  "\nvary.n = 1 | 2\n");
	c.env = ARGS(env, path);
	assay_call(&o, &c, ARGS("study", "--design", design, "--accel", "tcg"));
	assert_status(&o, 3);
	assert_has(o.err, "kernel " OTHER " can't be had: its points are left out");
	assert_has(o.err, "2 of 4 points could not be measured");
	assert_matches(o.out, "^b +4 +2 +2 +0 +0 ");
	outcome__release(&o);
	assert_int_equal(run_state(results), RUN_CUT_OFF);
	ids = ids_of_rows(NULL);
	assert_int_equal(strlen(ids), 2 * 13);
	free(ids);
	/* With all kernels at hand the rest is done. */
	need_kernel(OTHER);
	study(&o, NULL);
	assert_status(&o, 0);
	assert_has(o.err, "goes on: 2 of 4 points are measured");
	outcome__release(&o);
	ids = ids_of_whole_run();
	plan = ids_of_plan();
	assert_string_equal(ids, plan);
	free(ids);
	free(plan);
	free(path);
	free(env);
	temp_dir_remove(cache);
}

/* --- wrong use ------------------------------------------------------------------------------- */

static void test_wrong_use(void **state)
{
	struct outcome o;
	char *db;

	(void)state;
	write_design(HEAD "[b]\ntitle = B\nvary.n = 1 | 101\nvary.end = bad\nset.siez = 4\n");
	study(&o, NULL);
	assert_status(&o, 2);
	assert_has(o.err, "test.study:6: n: '101' is no whole number from 0 to 100");
	assert_has(o.err, "test.study:7: end: 'bad' is none of ok, skip, panic");
	assert_has(o.err, "test.study:8: study-point has no parameter 'siez'");
	outcome__release(&o);
	write_design(small);
	study(&o, "--only=nubers");
	assert_status(&o, 2);
	assert_has(o.err, "has no block 'nubers': did you mean 'numbers'?");
	outcome__release(&o);
	study(&o, "--only=,");
	assert_status(&o, 2);
	outcome__release(&o);
	ASSAY(&o, false, results, "study", "overide");
	assert_status(&o, 2);
	assert_has(o.err, "unknown study 'overide': did you mean 'override'?");
	outcome__release(&o);
	ASSAY(&o, true, results, "study", "--design", "/no/such.study");
	assert_status(&o, 2);
	assert_has(o.err, "/no/such.study: cannot be read");
	outcome__release(&o);
	ASSAY(&o, true, results, "study", "--design", results);
	assert_status(&o, 2);
	assert_has(o.err, "cannot be read: Is a directory");
	assert_lacks(o.err, "no section");
	outcome__release(&o);
	ASSAY(&o, false, results, "study", "--full");
	assert_status(&o, 2);
	assert_has(o.err, "--full: of which study?");
	outcome__release(&o);
	ASSAY(&o, false, results, "study", "override", "--report", "--accel=tcg");
	assert_status(&o, 2);
	assert_has(o.err, "--report goes with --output alone");
	outcome__release(&o);
	ASSAY(&o, true, results, "study", "a", "b");
	assert_status(&o, 2);
	assert_has(o.err, "one study at a time");
	outcome__release(&o);
	ASSAY(&o, true, results, "study", "--report");
	assert_status(&o, 2);
	assert_has(o.err, "--report: of which study?");
	outcome__release(&o);
	study(&o, "--output=x.md");
	assert_status(&o, 2);
	assert_has(o.err, "--output goes with --report");
	outcome__release(&o);
	/* nothing was begun */
	db = str_fmt("%s/assay.db", results);
	assert_false(file_exists(db));
	free(db);
}

static void test_lists(void **state)
{
	struct outcome o;

	(void)state;
	write_design(small);
	study(&o, "--list");
	assert_status(&o, 0);
	assert_has(o.out, "11 points on 2 boots");
	assert_matches(o.out, "^[0-9a-f]{12} +5.10.218 cpus=2 +word=a b +words");
	outcome__release(&o);
	/* With a design of another name it is the study that was named. */
	ASSAY(&o, true, results, "study", "other", "--design", design, "--accel", "tcg",
	      "--only=words");
	assert_status(&o, 0);
	outcome__release(&o);
	ASSAY(&o, true, results, "study", "other", "--report");
	assert_status(&o, 2);
	assert_matches(o.err, "run .* is of the study 'other', which has no document");
	outcome__release(&o);
	study(&o, "--only=numbers");
	assert_status(&o, 0);
	assert_matches(o.out, "^numbers +7 +7 ");
	assert_lacks(o.out, "words");
	outcome__release(&o);
	/* nobody has put the answers of this study into rules */
	ASSAY(&o, true, results, "study", "test", "--report");
	assert_status(&o, 2);
	assert_matches(o.err, "run .* is of the study 'test', which has no document");
	outcome__release(&o);
	ASSAY(&o, true, results, "study", "override", "--report");
	assert_status(&o, 2);
	assert_has(o.err,
		   "there is no run of the study override; `assay study override` makes one");
	outcome__release(&o);
	ASSAY(&o, true, results, "study", "override", "--report", "latest");
	assert_status(&o, 2);
	assert_matches(o.err, "run .* is of the study 'test', not of 'override'");
	outcome__release(&o);
	ASSAY(&o, false, results, "study");
	assert_status(&o, 0);
	assert_matches(o.out, "^override +[0-9]+ on [0-9]+ +[0-9]+ on [0-9]+ +How often");
	outcome__release(&o);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_whole),
		T(test_killed_at_any_moment),
		T(test_interrupted),
		T(test_when_a_new_run_begins),
		T(test_crash_costs_one_point),
		T(test_kernel_that_cannot_be_had),
		T(test_wrong_use),
		T(test_lists),
	};

	return cmocka_run_group_tests_name("study", tests, set_up_all, NULL);
}
