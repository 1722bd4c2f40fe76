/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of merging share: made-up results, merging them, and looking at what came of it.
 */
#ifndef TESTS_UNIT_MERGE_FIXTURE_H
#define TESTS_UNIT_MERGE_FIXTURE_H

#include "base/hash.h"
#include "cli/formats.h"
#include "cli/suites.h"
#include "report_scene.h"
#include "store/merge.h"

/* --- sources -------------------------------------------------------------------------------- */

/* Makes results in a folder of the fixture; caller frees the path. */
static inline char *source(struct fixture *f, const char *name, struct store **s)
{
	char *dir = str_fmt("%s/%s", f->dir, name);

	assert_int_equal(store__open(dir, true, s), 0);
	return dir;
}

static inline struct record *rich_record(const char *name)
{
	static const double samples[] = { 0.1, -1e300, 5e-324, 1.0 / 3 };
	char *rows[] = { (char *)"0", (char *)"1" }, *cols[] = { (char *)"a" };
	char *cells[] = { (char *)".", (char *)"x" };
	const struct matrix m = { (char *)"verdict",
				  (char *)"mask",
				  (char *)"size",
				  (char *)". ok",
				  rows,
				  cells,
				  cols,
				  2,
				  1 };
	struct record *r = record__new(RECORD_PROGRAM, "e", name);

	r->status = STATUS_UNEXPECTED;
	r->verdict = VERDICT_REJECT;
	r->err = 13;
	record__set(&r->reason, "'; DROP TABLE runs; --");
	record__set(&r->message, "two\nlines, ünïcode");
	record__set(&r->failure, "kfunc");
	record__label(r, "hook", "int3");
	record__metric(r, "reads", "", 400000);
	record__series(r, "latency", "ns", samples, 4);
	record__check(r, false, "all", "96");
	record__matrix(r, &m);
	strv__add(&r->tags, "assay:accept:*");
	return r;
}

/* A run of one experiment on a kernel, with texts. */
static inline void make_run(struct store *s, const char *command, const char *kernel,
			    const char *key, const char *const *names, struct run_info *run)
{
	struct guest_info g = example_guest();

	g.kernel = (char *)kernel;
	g.image_key = (char *)key;
	assert_int_equal(store__begin_run(s, command, "{\"clang\":\"14\",\"cpu\":\"A\"}", run), 0);
	for (; *names; names++) {
		struct record *r = rich_record(*names);
		char *log = str_fmt("log of %s on %s\n", *names, kernel);

		assert_int_equal(store__add_record(s, run->id, &g, r, NULL), 0);
		assert_int_equal(store__add_text(s, run->id, kernel, "e", *names, "log", log,
						 strlen(log), true),
				 0);
		record__free(r);
		free(log);
	}
	assert_int_equal(store__add_text(s, run->id, kernel, "", "", "console", "boot\n", 5, true),
			 0);
	assert_int_equal(
		store__add_experiment(s, run->id, &g, "e", "{}", STATUS_UNEXPECTED, "so", 1.5), 0);
}

static const char *const two[] = { "p1", "p2", NULL };

static inline void end(struct store *s, struct run_info *run, enum run_state state,
		       const char *reason)
{
	assert_int_equal(store__end_run(s, run->id, state, reason, state == RUN_COMPLETE ? 1 : 3),
			 0);
	run_info__release(run);
}

static inline char *simple_source(struct fixture *f, const char *name, const char *kernel)
{
	struct run_info run;
	struct store *s;
	char *dir = source(f, name, &s), *command = str_fmt("assay run e -k %s", kernel);

	make_run(s, command, kernel, "k", two, &run);
	end(s, &run, RUN_COMPLETE, NULL);
	store__close(s);
	free(command);
	return dir;
}

/* --- merging and looking --------------------------------------------------------------------- */

struct told {
	size_t n[MERGE_REFUSED + 1];
	char here[128];
};

static inline void on_run(void *ctx, const char *from, const char *name, enum merge_end how,
			  const char *here)
{
	struct told *t = ctx;

	(void)from;
	(void)name;
	t->n[how]++;
	snprintf(t->here, sizeof(t->here), "%s", here ? here : "");
}

/* Sources are separated by blanks. */
static inline struct merge_result merge(struct fixture *f, const char *sources, bool as_one,
					struct told *told)
{
	const struct merge_opts o = {
		.as_one = as_one, .host = "host", .cancel_fd = -1, .on_run = on_run, .ctx = told
	};
	struct store *into = open_store(f);
	struct merge_result res;
	struct strv list = { 0 };

	*told = (struct told){ 0 };
	assert_int_equal(strv__split(&list, sources, " "), 0);
	assert_int_equal(store__merge(into, &list, &o, &res), 0);
	strv__free(&list);
	store__close(into);
	return res;
}

/* All that a run holds, as text. */
static inline char *dump(const char *results, const char *which)
{
	struct run_info run;
	struct store *s;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	const char *const formats[] = { "json", "junit" };

	assert_int_equal(store__open(results, false, &s), 0);
	assert_int_equal(store__find_run(s, which, &run), 0);
	for (size_t i = 0; i < 2; i++) {
		const struct suites_of of = { .store = s, .run = &run };

		assert_int_equal(format__run(format__find(formats[i], NULL), &of, out), 0);
	}
	fprintf(out, "%s %s %s %s %s %d %s\n", run.command, run.started,
		run.ended ? run.ended : "-", run_state__name(run.state),
		run.cut_off_reason ? run.cut_off_reason : "-", run.exit_status, run.host);
	fclose(out);
	replace(&text, run.name, "RUN");
	run_info__release(&run);
	store__close(s);
	return text;
}

static inline void assert_same(const char *a, const char *which_a, const char *b,
			       const char *which_b)
{
	char *x = dump(a, which_a), *y = dump(b, which_b);

	assert_non_null(strstr(x, "log of p1 on"));
	assert_text(y, x);
	free(x);
	free(y);
}

static inline void assert_state(struct fixture *f, enum run_state state, const char *reason)
{
	struct store *s = open_store(f);
	struct run_info run;

	assert_int_equal(store__find_run(s, NULL, &run), 0);
	assert_int_equal(run.state, state);
	if (reason)
		assert_non_null(strstr(run.cut_off_reason, reason));
	run_info__release(&run);
	store__close(s);
}

static inline int runs_of(struct fixture *f)
{
	struct store *s = open_store(f);
	int n = 0;

	assert_int_equal(store__runs(s, ignore_run, &n), 0);
	store__close(s);
	return n;
}

static inline int find_text(void *ctx, const struct stored_text *t)
{
	assert_true(file_exists(t->path));
	++*(int *)ctx;
	return 0;
}

#endif
