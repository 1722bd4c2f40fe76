// SPDX-License-Identifier: GPL-2.0-only
/* The catalogue: what runs showed of each row, the document, and what is wrong with it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/wait.h>

#include "store_fixture.h"

#include "catalog_fixture.h"
#include "cli/catalogue.h"
#include "cli/cli.h"

static const char guest[] =
	"[{\"name\": \"stack\", \"programs\": [\"bad\", \"good\"], \"catalogue\": ["
	"   {\"id\": \"E10\", \"title\": \"off|limits\", \"origin\": \"log\", \"cause\": \"why\","
	"    \"fix\": \"mend\", \"shows\": \"bad\", \"passes\": \"good\"},"
	"   {\"id\": \"E2\", \"title\": \"t\", \"shows\": \"measured_*\"}]}]";

static void add(struct store *s, const struct run_info *run, const char *kernel, const char *name,
		enum record_kind kind, enum status status, int err, const char *message)
{
	struct guest_info g = example_guest();
	struct record *r = record__new(kind, "stack", name);

	g.kernel = (char *)kernel;
	r->status = status;
	r->err = err;
	if (kind == RECORD_PROGRAM)
		r->verdict = err ? VERDICT_REJECT : VERDICT_ACCEPT;
	else
		assert_int_equal(record__check(r, status == STATUS_OK, "it holds", "7"), 0);
	assert_int_equal(record__set(&r->message, message), 0);
	if (status != STATUS_OK)
		assert_int_equal(record__set(&r->reason, "not as expected"), 0);
	assert_int_equal(store__add_record(s, run->id, &g, r, NULL), 0);
	record__free(r);
}

static void end(struct store *s, const struct run_info *run, const char *kernel, enum status status,
		const char *reason)
{
	struct guest_info g = example_guest();

	g.kernel = (char *)kernel;
	assert_int_equal(store__add_experiment(s, run->id, &g, "stack", "{}", status, reason, 1),
			 0);
}

/* Two kernels that say the same, one that was skipped. */
static struct store *good_run(struct fixture *f, struct run_info *run)
{
	static const char *const kernels[] = { "k1", "k2" };
	struct store *s = open_store(f);

	assert_int_equal(store__begin_run(s, "x", "{}", run), 0);
	for (size_t i = 0; i < 2; i++) {
		add(s, run, kernels[i], "bad", RECORD_PROGRAM, STATUS_OK, EACCES, "R1 `off` a|b");
		add(s, run, kernels[i], "good", RECORD_PROGRAM, STATUS_OK, 0, NULL);
		add(s, run, kernels[i], "measured_1", RECORD_MEASUREMENT, STATUS_OK, 0, NULL);
		end(s, run, kernels[i], STATUS_OK, NULL);
	}
	end(s, run, "k3", STATUS_SKIPPED, "no <BTF>");
	return s;
}

static char *print(const struct catalogue *c)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(catalogue__print(c, out), 0);
	fclose(out);
	return text;
}

static void assert_in(const char *text, const char *part)
{
	if (!strstr(text, part)) {
		print_message("%s", text);
		fail_msg("no %s", part);
	}
}

static void test_document(void **state)
{
	struct fixture *f = *state;
	struct catalog *catalog = load_catalog(f->dir, guest);
	struct strv problems = { 0 };
	struct run_info run;
	struct store *s = good_run(f, &run);
	struct catalogue c;
	char *text;

	assert_int_equal(catalogue__read(catalog, s, &run, &c), 0);
	assert_int_equal(c.nr_kernels, 3);
	assert_string_equal(c.rows.v[0].row.id, "E2");
	assert_string_equal(c.rows.v[1].row.id, "E10");
	text = print(&c);
	assert_in(text, "## E10: off\\|limits");
	assert_in(text, "experiments/stack/stack.bpf.c");
	assert_in(text, "*Cause*: why.");
	assert_in(text, "*Fix*: mend.");
	assert_in(text, "| `bad` | k1, k2 | reject EACCES | ``R1 `off` a\\|b`` |");
	assert_in(text, "| `good` | k1, k2 | accept |");
	assert_in(text, "| `measured_1` | k1, k2 | ok | it holds |");
	assert_in(text, "Skipped on k3: no &lt;BTF>");
	assert_in(text,
		  "| [E10](#E10-stack) | off\\|limits | [stack](../experiments/stack/README.md) "
		  "| ok | ok | skipped |");
	assert_in(text, "<a id=\"E10-stack\"></a>");
	assert_int_equal(catalogue__problems(&c, &problems), 0);
	assert_int_equal(problems.n, 0);
	free(text);
	catalogue__release(&c);
	run_info__release(&run);
	store__close(s);
	catalog__free(catalog);
}

/* What two kernels say of one record is in lines one below the other. */
static void test_order(void **state)
{
	static const char *const kernels[] = { "k1", "k2" };
	struct fixture *f = *state;
	struct catalog *catalog = load_catalog(f->dir, guest);
	struct store *s = open_store(f);
	struct run_info run;
	struct catalogue c;
	char *text;

	assert_int_equal(store__begin_run(s, "x", "{}", &run), 0);
	for (size_t i = 0; i < 2; i++) {
		add(s, &run, kernels[i], "measured_1", RECORD_MEASUREMENT, STATUS_OK, 0,
		    kernels[i]);
		add(s, &run, kernels[i], "measured_2", RECORD_MEASUREMENT, STATUS_OK, 0,
		    "``x`\n\n`");
		end(s, &run, kernels[i], STATUS_OK, NULL);
	}
	assert_int_equal(catalogue__read(catalog, s, &run, &c), 0);
	text = print(&c);
	assert_in(text, "| `measured_1` | k1 | ok | `k1`<br>it holds |\n"
			"| `measured_1` | k2 | ok | `k2`<br>it holds |\n"
			"| `measured_2` | k1, k2 | ok | ``` ``x` ```<br>`` ` ``<br>it holds |\n");
	free(text);
	catalogue__release(&c);
	run_info__release(&run);
	store__close(s);
	catalog__free(catalog);
}

/* One fails, one has no record; both are told. */
static void test_problems(void **state)
{
	struct fixture *f = *state;
	struct catalog *catalog = load_catalog(f->dir, guest);
	struct strv problems = { 0 };
	struct run_info run;
	struct store *s = open_store(f);
	struct catalogue c;

	assert_int_equal(store__begin_run(s, "x", "{}", &run), 0);
	add(s, &run, "k1", "bad", RECORD_PROGRAM, STATUS_UNEXPECTED, 0, NULL);
	add(s, &run, "k2", "bad", RECORD_PROGRAM, STATUS_OK, EACCES, "m");
	end(s, &run, "k1", STATUS_UNEXPECTED, NULL);
	end(s, &run, "k2", STATUS_OK, NULL);
	assert_int_equal(catalogue__read(catalog, s, &run, &c), 0);
	assert_int_equal(catalogue__problems(&c, &problems), 0);
	assert_int_equal(problems.n, 3);
	assert_string_equal(problems.v[0], "E2 (stack): no kernel shows it");
	assert_string_equal(problems.v[1], "E10 (stack) on k1: not as expected");
	assert_string_equal(problems.v[2], "E10 (stack): no kernel has a record 'good'");
	strv__free(&problems);
	catalogue__release(&c);
	run_info__release(&run);
	store__close(s);
	catalog__free(catalog);
}

/* What the newest run says of a pair of experiment and kernel counts. */
static void test_newest(void **state)
{
	struct fixture *f = *state;
	struct catalog *catalog = load_catalog(f->dir, guest);
	struct run_info old, new;
	struct store *s = good_run(f, &old);
	struct rows rows;
	const char *why;

	assert_int_equal(store__begin_run(s, "x", "{}", &new), 0);
	add(s, &new, "k1", "bad", RECORD_PROGRAM, STATUS_UNEXPECTED, 0, NULL);
	end(s, &new, "k1", STATUS_UNEXPECTED, NULL);
	end(s, &new, "k4", STATUS_HARNESS, "did not boot");
	add(s, &new, "k6", "bad", RECORD_PROGRAM, STATUS_SKIPPED, 0, NULL);
	end(s, &new, "k6", STATUS_CRASHED, "crashed");
	assert_int_equal(rows__new(catalog, &rows), 0);
	assert_int_equal(rows__read(&rows, s, new.id), 0);
	assert_int_equal(rows__read(&rows, s, old.id), 0);
	assert_int_equal(row_entry__state(&rows.v[1], "k1", &why), ROW_FAILED);
	assert_string_equal(why, "not as expected");
	assert_int_equal(row_entry__state(&rows.v[1], "k2", &why), ROW_OK);
	assert_int_equal(row_entry__state(&rows.v[1], "k3", &why), ROW_SKIPPED);
	assert_string_equal(why, "no <BTF>");
	assert_int_equal(row_entry__state(&rows.v[1], "k4", &why), ROW_FAILED);
	assert_int_equal(row_entry__state(&rows.v[1], "k5", &why), ROW_NEVER);
	/* a skipped record does not hide how the experiment ended */
	assert_int_equal(row_entry__state(&rows.v[1], "k6", &why), ROW_FAILED);
	assert_string_equal(why, "crashed");
	assert_int_equal(row_entry__state(&rows.v[0], "k1", &why), ROW_ABSENT);
	rows__release(&rows);
	run_info__release(&old);
	run_info__release(&new);
	store__close(s);
	catalog__free(catalog);
}

static void test_names(void **state)
{
	(void)state;
	assert_true(rows__names("a b_* c", "b_1"));
	assert_true(rows__names("a b_* c", "c"));
	assert_true(rows__names("*", "anything"));
	assert_false(rows__names("a b_* c", "b"));
	assert_false(rows__names("a b_* c", "cc"));
	assert_false(rows__names(NULL, "a"));
}

/* `assay catalogue -o FILE` in a child: argp may exit. Its status. */
static int write_document(const struct fixture *f, const char *path)
{
	char *guest = str_fmt("%s/guest", f->dir);
	char *argv[] = { (char *)"catalogue", (char *)"-o", (char *)path, NULL };
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct cli cli = { .results = (char *)f->results, .guest = guest, .cancel_fd = -1 };

		cli.paths.ini = "vm/kernels.ini";
		cli.paths.configs = "vm/config";
		cli.paths.patches = "kernel-patches";
		status = cmd_catalogue(&cli, 3, argv);
		fflush(NULL);
		_exit(status);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	free(guest);
	return WEXITSTATUS(status);
}

static void assert_file(const char *path, const char *part)
{
	char *text = NULL;

	assert_int_equal(file_read(path, 0, &text, NULL), 0);
	assert_in(text, part);
	free(text);
}

/* A document of half a run takes the place of no other one. */
static void test_cut_off(void **state)
{
	struct fixture *f = *state;
	char *path = str_fmt("%s/document.md", f->dir);
	struct run_info run;
	struct store *s;

	catalog__free(load_catalog(f->dir, guest));
	s = good_run(f, &run);
	assert_int_equal(file_write(path, "before\n", 7), 0);
	assert_int_equal(write_document(f, path), 3);
	assert_said(f, " goes on: ");
	assert_file(path, "before");
	assert_int_equal(store__end_run(s, run.id, RUN_CUT_OFF, "interrupted", 3), 0);
	assert_int_equal(write_document(f, path), 3);
	assert_said(f, " was cut off (interrupted): ");
	assert_file(path, "before");
	run_info__release(&run);
	store__close(s);

	s = good_run(f, &run);
	assert_int_equal(store__end_run(s, run.id, RUN_COMPLETE, NULL, 0), 0);
	assert_int_equal(write_document(f, path), 0);
	assert_file(path, "## E10: ");
	run_info__release(&run);
	store__close(s);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_document, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_order, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_problems, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_newest, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_cut_off, fixture_setup, fixture_teardown),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
