// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store_fixture.h"
#include "study/data.h"
#include "study_fixture.h"

static struct study_data *read_scene(struct study_scene *sc)
{
	struct study_data *d = NULL;

	assert_int_equal(study_data__read(sc->store, &sc->run, &d), 0);
	assert_non_null(d);
	return d;
}

static void test_read(void **state)
{
	struct study_scene sc;
	struct guest_info one = example_guest(), two = example_guest();
	static const double lost[] = { 310, NAN }, times[] = { 1, 2, 3 };
	struct study_data *d;
	struct record *r;
	const struct series *s;

	one.cpus = 1;
	scene_begin(&sc, *state);
	scene_block(&sc, "size", "Size of a read", "3");
	scene_block(&sc, "cpus", "CPUs", "1,3");
	scene_plan(&sc, "5.10.218", "override-point", "hook=optimised size=4096 cpus=1",
		   "size cpus");
	r = scene_record(&sc, "point");
	record__label(r, "hook", "optimised");
	record__metric(r, "success", "", 0.25);
	record__series(r, "lost_ms", "ms", lost, 2);
	/* Another record of the point comes first. */
	scene_add(&sc, &one, scene_record(&sc, "before"));
	scene_add(&sc, &one, r);
	scene_row(&sc, &one, STATUS_OK, NULL);
	scene_plan(&sc, "5.10.218", "override-point", "hook=multi size=4096 cpus=2", "size");
	r = scene_record(&sc, "point");
	record__fail(r, STATUS_SKIPPED, "no kprobe.multi");
	scene_add(&sc, &two, r);
	scene_row(&sc, &two, STATUS_OK, NULL);
	scene_plan(&sc, "5.10.218", "read-path", "reads=200 cpus=2 append=", "size");
	r = scene_record(&sc, "stamps_tmpfs");
	record__series(r, "body", "ns", times, 3);
	scene_add(&sc, &two, r);
	scene_row(&sc, &two, STATUS_UNEXPECTED, "a check failed");
	scene_end(&sc);

	d = read_scene(&sc);
	assert_string_equal(d->study, "override");
	assert_string_equal(d->form, "quick");
	assert_string_equal(d->question, "Does it hold?");
	assert_string_equal(d->run, sc.run.name);
	assert_string_equal(d->started, sc.run.started);
	assert_true(d->complete);
	assert_int_equal(d->nr_blocks, 2);
	assert_string_equal(d->blocks[1].name, "cpus");
	assert_string_equal(d->blocks[1].title, "CPUs");
	assert_string_equal(d->blocks[1].answers, "1,3");
	assert_true(d->blocks[1].quick);
	assert_int_equal(d->nr_planned, 3);
	assert_int_equal(d->nr_obs, 3);

	assert_string_equal(d->obs[0].id, "000000000001");
	assert_string_equal(d->obs[0].kernel, "5.10.218");
	assert_string_equal(study_obs__factor(&d->obs[0], "hook"), "optimised");
	assert_string_equal(study_obs__factor(&d->obs[0], "kernel"), "5.10.218");
	assert_string_equal(study_obs__factor(&d->obs[0], "nesting"), "");
	assert_true(study_obs__in(&d->obs[0], "cpus"));
	assert_false(study_obs__in(&d->obs[1], "cpus"));
	assert_int_equal(d->obs[0].status, STATUS_OK);
	assert_int_equal(d->obs[0].guest->cpus, 1);
	assert_string_equal(d->obs[0].guest->timing, "wall");
	assert_int_equal(d->obs[0].nr_records, 2);
	assert_string_equal(d->obs[0].records[0]->name, "point");
	assert_true(study_obs__metric(&d->obs[0], "success") == 0.25);
	assert_true(isnan(study_obs__metric(&d->obs[0], "absent")));
	s = study_obs__series(&d->obs[0], "lost_ms");
	assert_non_null(s);
	assert_int_equal(s->n, 2);
	assert_true(s->values[0] == 310 && isnan(s->values[1]));
	assert_null(study_obs__series(&d->obs[0], "absent"));

	assert_int_equal(d->obs[1].status, STATUS_SKIPPED);
	assert_string_equal(d->obs[1].reason, "no kprobe.multi");

	assert_int_equal(d->obs[2].status, STATUS_UNEXPECTED);
	assert_string_equal(d->obs[2].reason, "a check failed");
	assert_non_null(study_obs__record(&d->obs[2], "stamps_tmpfs"));
	assert_null(study_obs__record(&d->obs[2], "point"));
	assert_true(isnan(study_obs__metric(&d->obs[2], "success")));
	study_data__free(d);
	scene_free(&sc);
}

/* A row that says that assay was interrupted makes no run complete. */
static void test_interrupted(void **state)
{
	struct study_scene sc;
	struct guest_info g = example_guest();
	struct study_data *d;

	scene_begin(&sc, *state);
	scene_plan(&sc, "5.10.218", "override-point", "hook=int3", "size");
	scene_row(&sc, &g, STATUS_HARNESS, "interrupted");
	scene_end(&sc);
	d = read_scene(&sc);
	assert_int_equal(d->nr_obs, 0);
	assert_false(d->complete);
	study_data__free(d);
	scene_free(&sc);
}

/* A run that was cut off: what is planned and has no row, or was interrupted, is not there. */
static void test_incomplete(void **state)
{
	struct study_scene sc;
	struct guest_info g = example_guest();
	struct study_data *d;
	struct record *r;

	scene_begin(&sc, *state);
	scene_plan(&sc, "5.10.218", "override-point", "hook=int3", "size");
	scene_plan(&sc, "5.10.218", "override-point", "hook=optimised", "size");
	scene_add(&sc, &g, scene_record(&sc, "point"));
	scene_row(&sc, &g, STATUS_OK, NULL);
	scene_plan(&sc, "6.1.192", "override-point", "hook=optimised", "size");
	scene_add(&sc, &g, scene_record(&sc, "point"));
	scene_plan(&sc, "6.1.192", "override-point", "hook=int3", "size");
	scene_add(&sc, &g, scene_record(&sc, "point"));
	scene_row(&sc, &g, STATUS_HARNESS, "interrupted");
	scene_end(&sc);
	/* An experiment for which there was no kernel is of no point. */
	assert_int_equal(store__add_experiment(sc.store, sc.run.id, &g, "setup", "{}",
					       STATUS_HARNESS, "no kernel", 0),
			 0);
	assert_int_equal(store__add_experiment(sc.store, sc.run.id, &g, "override-point", "{}",
					       STATUS_HARNESS, "no kernel", 0),
			 0);
	/* Nor is a record that names none. */
	r = record__new(RECORD_MEASUREMENT, "override-point", "point");
	scene_add(&sc, &g, r);
	d = read_scene(&sc);
	assert_int_equal(d->nr_planned, 4);
	assert_int_equal(d->nr_obs, 1);
	assert_false(d->complete);
	assert_string_equal(d->obs[0].id, "000000000002");
	assert_int_equal(d->obs[0].nr_records, 1);
	study_data__free(d);
	scene_free(&sc);
}

static void test_twice(void **state)
{
	struct study_scene sc;
	struct guest_info g = example_guest();
	struct study_data *d = NULL;

	scene_begin(&sc, *state);
	scene_plan(&sc, "5.10.218", "override-point", "hook=int3", "size");
	scene_row(&sc, &g, STATUS_OK, NULL);
	scene_row(&sc, &g, STATUS_OK, NULL);
	scene_end(&sc);
	assert_int_equal(study_data__read(sc.store, &sc.run, &d), -EBADMSG);
	assert_null(d);
	assert_said(*state, "point 000000000001 is there twice");
	scene_free(&sc);
}

static void test_no_study(void **state)
{
	struct run_info run = { 0 };
	struct store *s = open_store(*state);
	struct study_data *d = NULL;

	fill(s, &run, 1);
	assert_int_equal(study_data__read(s, &run, &d), -ENODATA);
	assert_null(d);
	assert_silent(*state);
	run_info__release(&run);
	store__close(s);
}

static void test_bad_plan(void **state)
{
	static const struct {
		const char *text, *said;
	} plans[] = {
		{ "{\"study\":", "is no JSON" },
		{ "{\"study\":\"override\"}", "is no plan of a study" },
		{ "{\"study\":1,\"blocks\":[],\"points\":[]}", "is no plan of a study" },
		{ "{\"study\":\"o\",\"blocks\":[],\"points\":[{\"id\":\"1\"}]}",
		  "is no plan of a study" },
		{ "{\"study\":\"o\",\"blocks\":[],\"points\":[{\"params\":{},\"blocks\":[1]}]}",
		  "is no plan of a study" },
		{ "[]", "is no plan of a study" },
	};
	struct store *s = open_store(*state);

	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		struct run_info run = { 0 };
		struct study_data *d = NULL;

		assert_int_equal(store__begin_run(s, "x", "{}", &run), 0);
		assert_int_equal(store__add_text(s, run.id, "", "", "override", "study",
						 plans[i].text, strlen(plans[i].text), true),
				 0);
		assert_int_equal(study_data__read(s, &run, &d), -EBADMSG);
		assert_null(d);
		assert_said(*state, plans[i].said);
		run_info__release(&run);
	}
	store__close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_read, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_interrupted, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_incomplete, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_twice, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_no_study, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_bad_plan, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
