// SPDX-License-Identifier: GPL-2.0-only
/* The store as it works when all is well: what goes in comes out. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/str.h"
#include "store_fixture.h"

static void assert_str(const char *a, const char *b)
{
	if (!a || !b)
		assert_ptr_equal(a, b);
	else
		assert_string_equal(a, b);
}

static void assert_double(double a, double b)
{
	if (isnan(a))
		assert_true(isnan(b));
	else
		assert_true(a == b);
}

static void assert_stats_equal(const struct vlog_stats *a, const struct vlog_stats *b)
{
	int i;

	assert_true(a->verification_time_us == b->verification_time_us);
	assert_true(a->insns == b->insns);
	assert_true(a->max_states_per_insn == b->max_states_per_insn);
	assert_true(a->total_states == b->total_states);
	assert_true(a->peak_states == b->peak_states);
	assert_true(a->mark_read == b->mark_read);
	assert_true(a->stack_depth == b->stack_depth);
	assert_int_equal(a->nr_subprogs, b->nr_subprogs);
	for (i = 0; i < a->nr_subprogs; i++)
		assert_int_equal(a->subprog_stack[i], b->subprog_stack[i]);
}

static void assert_parts_equal(const struct record *a, const struct record *b)
{
	size_t i, k;

	assert_int_equal(a->nr_labels, b->nr_labels);
	for (i = 0; i < a->nr_labels; i++) {
		assert_str(a->labels[i].name, b->labels[i].name);
		assert_str(a->labels[i].value, b->labels[i].value);
	}
	assert_int_equal(a->nr_metrics, b->nr_metrics);
	for (i = 0; i < a->nr_metrics; i++) {
		assert_str(a->metrics[i].name, b->metrics[i].name);
		assert_str(a->metrics[i].unit, b->metrics[i].unit);
		assert_double(a->metrics[i].value, b->metrics[i].value);
	}
	assert_int_equal(a->nr_series, b->nr_series);
	for (i = 0; i < a->nr_series; i++) {
		assert_str(a->series[i].name, b->series[i].name);
		assert_str(a->series[i].unit, b->series[i].unit);
		assert_int_equal(a->series[i].n, b->series[i].n);
		for (k = 0; k < a->series[i].n; k++)
			assert_double(a->series[i].values[k], b->series[i].values[k]);
	}
	assert_int_equal(a->nr_checks, b->nr_checks);
	for (i = 0; i < a->nr_checks; i++) {
		assert_str(a->checks[i].text, b->checks[i].text);
		assert_int_equal(a->checks[i].ok, b->checks[i].ok);
		assert_str(a->checks[i].found, b->checks[i].found);
	}
}

static void assert_matrices_equal(const struct record *a, const struct record *b)
{
	size_t i, k;

	assert_int_equal(a->nr_matrices, b->nr_matrices);
	for (i = 0; i < a->nr_matrices; i++) {
		const struct matrix *m = &a->matrices[i], *n = &b->matrices[i];

		assert_str(m->name, n->name);
		assert_str(m->row_axis, n->row_axis);
		assert_str(m->col_axis, n->col_axis);
		assert_str(m->legend, n->legend);
		assert_int_equal(m->nr_rows, n->nr_rows);
		assert_int_equal(m->nr_cols, n->nr_cols);
		for (k = 0; k < m->nr_rows; k++) {
			assert_str(m->row_names[k], n->row_names[k]);
			assert_str(m->cells[k], n->cells[k]);
		}
		for (k = 0; k < m->nr_cols; k++)
			assert_str(m->col_names[k], n->col_names[k]);
	}
}

static void assert_records_equal(const struct record *a, const struct record *b)
{
	size_t i;

	assert_int_equal(a->kind, b->kind);
	assert_str(a->experiment, b->experiment);
	assert_str(a->name, b->name);
	assert_str(a->prog_type, b->prog_type);
	assert_str(a->section, b->section);
	assert_int_equal(a->tags.n, b->tags.n);
	for (i = 0; i < a->tags.n; i++)
		assert_str(a->tags.v[i], b->tags.v[i]);
	assert_int_equal(a->verdict, b->verdict);
	assert_int_equal(a->err, b->err);
	assert_str(a->message, b->message);
	assert_str(a->failure, b->failure);
	assert_str(a->expected, b->expected);
	assert_int_equal(a->status, b->status);
	assert_str(a->reason, b->reason);
	assert_true(a->load_time_us == b->load_time_us);
	assert_true(a->xlated_size == b->xlated_size);
	assert_true(a->jited_size == b->jited_size);
	assert_stats_equal(&a->stats, &b->stats);
	assert_parts_equal(a, b);
	assert_matrices_equal(a, b);
}

static void assert_guests_equal(const struct guest_info *a, const struct guest_info *b)
{
	assert_str(a->kernel, b->kernel);
	assert_str(a->release, b->release);
	assert_str(a->build_id, b->build_id);
	assert_str(a->image_key, b->image_key);
	assert_str(a->accel, b->accel);
	assert_str(a->timing, b->timing);
	assert_str(a->cpu_model, b->cpu_model);
	assert_int_equal(a->cpus, b->cpus);
	assert_int_equal(a->mem_mb, b->mem_mb);
}

/* Every field set, with values that a careless conversion would bend. */
static struct record *full_record(void)
{
	static const double samples[] = { 0.1, -1e300, 5e-324, 0, 1.0 / 3 };
	struct record *r = record__new(RECORD_PROGRAM, "masked-read", "read_126");
	char *row_names[] = { (char *)"0", (char *)"1\"x" };
	char *cells[] = { (char *)".x.", (char *)"? \t" };
	char *col_names[] = { (char *)"a", (char *)"", (char *)"ö" };
	const struct matrix m = { (char *)"verdict",
				  (char *)"mask",
				  (char *)"size",
				  (char *)". ok",
				  row_names,
				  cells,
				  col_names,
				  2,
				  3 };
	double nan_series[] = { NAN, INFINITY, -INFINITY };
	int i;

	assert_int_equal(record__label(r, "hook", "int3"), 0);
	assert_int_equal(record__label(r, "size", ""), 0);
	record__set(&r->prog_type, "kprobe");
	record__set(&r->section, "kprobe/copyout_bpf");
	strv__add(&r->tags, "assay:accept:>=5.10.223");
	strv__add(&r->tags, "assay:reject:<5.10.223:EACCES:a \"quoted\" [x]\\.");
	r->verdict = VERDICT_REJECT;
	r->err = 13;
	record__set(&r->failure, "kfunc");
	record__set(&r->message, "R1 'off'; DROP TABLE records; --\nsecond line, ünïcode");
	record__set(&r->expected, "accept");
	r->status = STATUS_UNEXPECTED;
	record__set(&r->reason, "expected accept, got reject EACCES");
	r->stats = (struct vlog_stats){ .verification_time_us = INT64_MAX,
					.insns = 5000000000,
					.max_states_per_insn = 1,
					.total_states = 2,
					.peak_states = 3,
					.mark_read = 4,
					.stack_depth = 512,
					.nr_subprogs = VLOG_MAX_SUBPROGS };
	for (i = 0; i < VLOG_MAX_SUBPROGS; i++)
		r->stats.subprog_stack[i] = i * 3;
	r->load_time_us = 1234.5678901234567;
	r->xlated_size = 1L << 40;
	r->jited_size = 0;
	assert_int_equal(record__metric(r, "reads", "", 400000), 0);
	assert_int_equal(record__metric(r, "ratio", "%", 0.1 + 0.2), 0);
	assert_int_equal(record__metric(r, "none", "µs", NAN), 0);
	assert_int_equal(record__series(r, "latency", "ns", samples, 5), 0);
	assert_int_equal(record__series(r, "empty", "", NULL, 0), 0);
	assert_int_equal(record__series(r, "odd", "", nan_series, 3), 0);
	assert_int_equal(record__check(r, true, "holds", "yes"), 0);
	assert_int_equal(record__check(r, false, "all overridden", "96 of 100"), 0);
	assert_int_equal(record__matrix(r, &m), 0);
	return r;
}

struct seen {
	const struct record *expect[4];
	struct guest_info guest;
	int64_t ids[4];
	int n;
};

static int compare_record(void *ctx, const struct stored_record *r)
{
	struct seen *seen = ctx;

	assert_records_equal(seen->expect[seen->n], r->record);
	assert_guests_equal(&seen->guest, &r->guest);
	assert_true(seen->ids[seen->n] == r->id);
	seen->n++;
	return 0;
}

static void records_come_back(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_store(f);
	struct seen seen = { .guest = example_guest() };
	struct record *full = full_record(), *bare, *big;
	struct run_info run;

	bare = record__new(RECORD_MEASUREMENT, "override", "loss");
	/* A text far above a page, and one that only a blob could hold wrongly. */
	big = record__new(RECORD_PROGRAM, "strtol", "big");
	big->message = calloc(1, 1000001);
	memset(big->message, 'x', 1000000);
	big->verdict = VERDICT_ACCEPT;
	big->status = STATUS_OK;

	assert_int_equal(store__begin_run(s, "assay run", "{}", &run), 0);
	seen.expect[0] = full;
	seen.expect[1] = bare;
	seen.expect[2] = big;
	assert_int_equal(store__add_record(s, run.id, &seen.guest, full, &seen.ids[0]), 0);
	assert_int_equal(store__add_record(s, run.id, &seen.guest, bare, &seen.ids[1]), 0);
	assert_int_equal(store__add_record(s, run.id, &seen.guest, big, &seen.ids[2]), 0);
	store__close(s);

	s = open_store(f);
	assert_int_equal(store__records(s, run.id, NULL, NULL, compare_record, &seen), 0);
	assert_int_equal(seen.n, 3);
	seen.n = 0;
	assert_int_equal(
		store__records(s, run.id, "5.10.218", "masked-read", compare_record, &seen), 0);
	assert_int_equal(seen.n, 1);
	assert_int_equal(store__records(s, run.id, "6.1.192", NULL, compare_record, &seen), 0);
	assert_int_equal(store__records(s, run.id + 1, NULL, NULL, compare_record, &seen), 0);
	assert_int_equal(seen.n, 1);
	store__close(s);
	run_info__release(&run);
	record__free(full);
	record__free(bare);
	record__free(big);
	assert_silent(f);
}

static int count_and_stop(void *ctx, const struct stored_record *r)
{
	(void)r;
	return ++*(int *)ctx == 2 ? 77 : 0;
}

static void a_walk_stops_when_told(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_store(f);
	struct guest_info g = example_guest();
	struct record *r = record__new(RECORD_PROGRAM, "e", "p");
	struct run_info run;
	int n = 0, i;

	assert_int_equal(store__begin_run(s, "x", "{}", &run), 0);
	for (i = 0; i < 4; i++)
		assert_int_equal(store__add_record(s, run.id, &g, r, NULL), 0);
	assert_int_equal(store__records(s, run.id, NULL, NULL, count_and_stop, &n), 77);
	assert_int_equal(n, 2);
	store__close(s);
	run_info__release(&run);
	record__free(r);
}

/* --- experiments --------------------------------------------------------------------------- */

static int check_experiment(void *ctx, const struct stored_experiment *e)
{
	int *n = ctx;

	if ((*n)++ == 0) {
		assert_string_equal(e->kernel, "5.10.218");
		assert_string_equal(e->experiment, "override");
		assert_string_equal(e->params, "{\"reads\":\"10\"}");
		assert_null(e->reason);
		assert_int_equal(e->status, STATUS_OK);
		assert_true(e->seconds == 1.25);
		assert_string_equal(e->guest.accel, "tcg");
	} else {
		assert_string_equal(e->kernel, "6.1.192");
		assert_null(e->params);
		assert_string_equal(e->reason, "the kernel could not be built");
		assert_int_equal(e->status, STATUS_HARNESS);
		assert_true(e->seconds < 0);
		assert_null(e->guest.release);
		assert_null(e->guest.cpu_model);
	}
	return 0;
}

static void experiments_come_back(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_store(f);
	struct guest_info g = example_guest(), none = { .kernel = (char *)"6.1.192" };
	struct run_info run;
	int n = 0;

	assert_int_equal(store__begin_run(s, "x", "{}", &run), 0);
	assert_int_equal(store__add_experiment(s, run.id, &g, "override", "{\"reads\":\"10\"}",
					       STATUS_OK, NULL, 1.25),
			 0);
	assert_int_equal(store__add_experiment(s, run.id, &none, "override", NULL, STATUS_HARNESS,
					       "the kernel could not be built", -1),
			 0);
	assert_int_equal(store__experiments(s, run.id, NULL, NULL, check_experiment, &n), 0);
	assert_int_equal(n, 2);
	n = 1;
	assert_int_equal(store__experiments(s, run.id, "6.1.192", "override", check_experiment, &n),
			 0);
	assert_int_equal(n, 2);
	/* An unknown run is a foreign key of nothing. */
	assert_int_equal(store__add_experiment(s, run.id + 1, &g, "x", "{}", STATUS_OK, NULL, 0),
			 -EINVAL);
	assert_said(f, "FOREIGN KEY");
	store__close(s);
	run_info__release(&run);
}

/* --- runs ---------------------------------------------------------------------------------- */

static int collect_runs(void *ctx, const struct run_info *r)
{
	struct strv *names = ctx;

	return strv__add(names, r->name);
}

static void runs_have_a_life(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_store(f);
	struct guest_info g = example_guest();
	struct record *r = record__new(RECORD_PROGRAM, "e", "p");
	struct run_info run, again;
	int i;

	assert_int_equal(store__begin_run(s, "assay run 'x y'", "{\"a\":1}", &run), 0);
	assert_int_equal(run.state, RUN_RUNNING);
	assert_string_equal(run.command, "assay run 'x y'");
	assert_string_equal(run.host, "{\"a\":1}");
	assert_null(run.ended);
	assert_int_equal(run.exit_status, -1);
	assert_int_equal(strlen(run.name), strlen("20261120-183012-1a2b"));
	assert_int_equal(strlen(run.started), strlen("2026-11-20T18:30:12Z"));
	assert_int_equal(run.started[strlen(run.started) - 1], 'Z');

	for (i = 0; i < 6; i++) {
		int k;

		r->status = i;
		for (k = 0; k < i; k++)
			assert_int_equal(store__add_record(s, run.id, &g, r, NULL), 0);
	}
	assert_int_equal(store__end_run(s, run.id, RUN_RUNNING, NULL, 0), -EINVAL);
	assert_int_equal(store__end_run(s, run.id, RUN_CUT_OFF, "interrupted", 3), 0);
	assert_silent(f);
	assert_int_equal(store__end_run(s, run.id + 1, RUN_COMPLETE, NULL, 0), -ENOENT);
	assert_said(f, "no run 2");
	assert_int_equal(store__find_run(s, NULL, &again), 0);
	assert_true(again.id == run.id);
	assert_int_equal(again.state, RUN_CUT_OFF);
	assert_string_equal(again.cut_off_reason, "interrupted");
	assert_int_equal(again.exit_status, 3);
	assert_non_null(again.ended);
	for (i = 0; i < 6; i++)
		assert_int_equal(again.counts[i], i);
	run_info__release(&again);
	run_info__release(&run);
	record__free(r);
	store__close(s);
}

static void runs_are_found(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_store(f);
	struct strv names = { 0 };
	struct run_info run, found;
	char id[8], prefix[21];
	int i;

	assert_int_equal(store__find_run(s, NULL, &found), -ENOENT);
	assert_int_equal(store__find_run(s, "latest", &found), -ENOENT);
	for (i = 0; i < 3; i++) {
		assert_int_equal(store__begin_run(s, "x", NULL, &run), 0);
		assert_null(run.host);
		run_info__release(&run);
	}
	assert_int_equal(store__runs(s, collect_runs, &names), 0);
	assert_int_equal(names.n, 3);

	for (i = 0; i < 3; i++) {
		assert_int_equal(store__find_run(s, names.v[i], &found), 0);
		assert_string_equal(found.name, names.v[i]);
		snprintf(id, sizeof(id), "%d", (int)found.id);
		run_info__release(&found);
		assert_int_equal(store__find_run(s, id, &found), 0);
		assert_string_equal(found.name, names.v[i]);
		run_info__release(&found);
		snprintf(prefix, sizeof(prefix), "%.19s", names.v[i]);
		if (strncmp(names.v[(i + 1) % 3], prefix, 19) != 0 &&
		    strncmp(names.v[(i + 2) % 3], prefix, 19) != 0) {
			assert_int_equal(store__find_run(s, prefix, &found), 0);
			assert_string_equal(found.name, names.v[i]);
			run_info__release(&found);
		}
	}
	assert_int_equal(store__find_run(s, "latest", &found), 0);
	assert_string_equal(found.name, names.v[2]);
	run_info__release(&found);
	assert_silent(f);

	snprintf(prefix, sizeof(prefix), "%.9s", names.v[0]);
	assert_int_equal(store__find_run(s, prefix, &found), -ENOTUNIQ);
	assert_said(f, "several runs");
	/* An unknown id is not taken as the beginning of a name. */
	assert_int_equal(store__find_run(s, "20", &found), -ENOENT);
	snprintf(prefix, sizeof(prefix), "%.8s", names.v[0]);
	assert_int_equal(store__find_run(s, prefix, &found), -ENOTUNIQ);
	assert_said(f, "several runs");
	assert_int_equal(store__find_run(s, "nonsense", &found), -ENOENT);
	assert_int_equal(store__find_run(s, "", &found), -ENOENT);
	assert_int_equal(store__find_run(s, "99", &found), -ENOENT);
	assert_int_equal(store__find_run(s, "%", &found), -ENOENT);
	assert_silent(f);
	strv__free(&names);
	store__close(s);
}

/* --- texts --------------------------------------------------------------------------------- */

static int collect_texts(void *ctx, const struct stored_text *t)
{
	struct strv *out = ctx;
	char *data = NULL, *line;
	int err;

	assert_int_equal(t->path[0], '/');
	assert_int_equal(file_read(t->path, 0, &data, NULL), 0);
	line = str_fmt("%s|%s|%s|%s|%s|%s", t->kernel, t->experiment, t->name, t->kind,
		       strrchr(t->path, '/') + 1, data);
	err = strv__add(out, line);
	free(line);
	free(data);
	return err;
}

static void texts_are_files(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_store(f);
	struct strv got = { 0 };
	struct run_info run;
	char *dir, *path;

	assert_int_equal(store__begin_run(s, "x", "{}", &run), 0);
	dir = store__run_dir(s, run.name);
	assert_int_equal(
		store__add_text(s, run.id, "5.10.218", "strtol", "p", "log", "one ", 4, true), 0);
	assert_int_equal(
		store__add_text(s, run.id, "5.10.218", "strtol", "p", "log", "two", 3, false), 0);
	assert_int_equal(store__add_text(s, run.id, "5.10.218", "strtol", "", "dmesg", "", 0, true),
			 0);
	/* A second first part starts over, and makes no second row. */
	assert_int_equal(
		store__add_text(s, run.id, "5.10.218", "strtol", NULL, "dmesg", "d", 1, true), 0);
	path = str_fmt("%s/5.10.218/strtol/p.log.txt", dir);
	assert_true(file_exists(path));
	free(path);
	path = str_fmt("%s/5.10.218/strtol/dmesg.txt", dir);
	assert_true(file_exists(path));
	free(path);

	assert_int_equal(store__text_path(s, run.id, "5.10.218", NULL, NULL, "console", &path), 0);
	assert_false(file_exists(path));
	assert_int_equal(file_write(path, "boot", 4), 0);
	free(path);

	assert_int_equal(store__texts(s, run.id, NULL, NULL, NULL, NULL, collect_texts, &got), 0);
	assert_int_equal(got.n, 3);
	assert_string_equal(got.v[0], "5.10.218|strtol|p|log|p.log.txt|one two");
	assert_string_equal(got.v[1], "5.10.218|strtol||dmesg|dmesg.txt|d");
	assert_string_equal(got.v[2], "5.10.218|||console|console.txt|boot");
	strv__free(&got);

	assert_int_equal(store__texts(s, run.id, NULL, "strtol", "", NULL, collect_texts, &got), 0);
	assert_int_equal(got.n, 1);
	strv__free(&got);
	assert_int_equal(store__texts(s, run.id, "6.1", NULL, NULL, NULL, collect_texts, &got), 0);
	assert_int_equal(got.n, 0);
	assert_silent(f);
	assert_int_equal(store__add_text(s, 42, "k", "e", "n", "log", "x", 1, true), -ENOENT);
	assert_said(f, "no run 42");
	free(dir);
	run_info__release(&run);
	store__close(s);
}

/* Each text was written with its name as contents: no other one went into its file. */
static int holds_its_name(void *ctx, const struct stored_text *t)
{
	char *data = NULL, *real = realpath(t->path, NULL);

	assert_non_null(real);
	assert_true(str_starts(real, ctx));
	assert_int_equal(file_read(t->path, 0, &data, NULL), 0);
	assert_string_equal(data, t->name);
	free(data);
	free(real);
	return 0;
}

/* Names come from BPF objects and generated programs: none may leave the run's folder, and two
 * different ones may not share a file. */
static void odd_names_stay_inside_and_apart(void **state)
{
	static const char *const names[] = { "..",   "../../x", "a/b",	  "a_b",
					     "a b",  ".",	"/etc/x", "ä",
					     "a\nb", "-rf",	"a.log",  "mask=80,size=126" };
	const int nr = sizeof(names) / sizeof(names[0]);
	struct fixture *f = *state;
	struct store *s = open_store(f);
	char *dir, *long1 = calloc(1, 5001), *long2 = calloc(1, 5001), *real;
	struct run_info run;
	int i;

	memset(long1, 'n', 5000);
	memset(long2, 'n', 5000);
	long2[4999] = 'm';
	assert_int_equal(store__begin_run(s, "x", "{}", &run), 0);
	dir = store__run_dir(s, run.name);
	real = realpath(f->dir, NULL);
	for (i = 0; i < nr; i++)
		assert_int_equal(store__add_text(s, run.id, names[i], names[i], names[i], names[i],
						 names[i], strlen(names[i]), true),
				 0);
	assert_int_equal(store__add_text(s, run.id, "k", "e", long1, "log", long1, 5000, true), 0);
	assert_int_equal(store__add_text(s, run.id, "k", "e", long2, "log", long2, 5000, true), 0);
	for (i = 0; i < nr; i++)
		assert_int_equal(store__add_text(s, run.id, "k", "e", names[i], "log", names[i],
						 strlen(names[i]), true),
				 0);
	assert_int_equal(store__texts(s, run.id, NULL, NULL, NULL, NULL, holds_its_name, real), 0);
	assert_true(str_starts(dir, real));
	free(real);
	free(long1);
	free(long2);
	free(dir);
	run_info__release(&run);
	store__close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(records_come_back, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_walk_stops_when_told, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(experiments_come_back, fixture_setup,
						fixture_teardown),
		cmocka_unit_test_setup_teardown(runs_have_a_life, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(runs_are_found, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(texts_are_files, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(odd_names_stay_inside_and_apart, fixture_setup,
						fixture_teardown),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
