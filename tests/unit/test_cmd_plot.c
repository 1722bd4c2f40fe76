// SPDX-License-Identifier: GPL-2.0-only
/* `assay plot`: which run it draws, where to, and how it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/proc.h"
#include "base/str.h"
#include "cli/cli.h"
#include "store_fixture.h"
#include "study_fixture.h"
#include "plot_scene.h"

static int plot(struct fixture *f, const char *arg1, const char *arg2, const char *arg3)
{
	struct cli cli = { .results = f->results, .cancel_fd = -1 };
	char *argv[] = { (char *)"plot", (char *)arg1, (char *)arg2, (char *)arg3, NULL };
	int argc = arg1 ? arg2 ? arg3 ? 4 : 3 : 2 : 1;

	return cmd_plot(&cli, argc, argv);
}

static void assert_there(const char *dir, const char *name, bool there)
{
	char *path = str_fmt("%s/%s", dir, name);

	if (file_exists(path) != there)
		fail_msg("%s is %sthere", path, there ? "not " : "");
	free(path);
}

static void test_no_results(void **state)
{
	assert_int_equal(plot(*state, NULL, NULL, NULL), EXIT_HARNESS);
	assert_said(*state, "no results yet");
}

static void test_no_study(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_store(f);
	struct run_info run = { 0 };

	fill(s, &run, 1);
	assert_int_equal(plot(f, NULL, NULL, NULL), EXIT_USAGE);
	assert_said(f, "there is no run of a study");
	assert_int_equal(plot(f, run.name, NULL, NULL), EXIT_USAGE);
	assert_said(f, "is no study");
	assert_int_equal(plot(f, "19990101", NULL, NULL), EXIT_USAGE);
	assert_said(f, "there is no run '19990101'");
	run_info__release(&run);
	store__close(s);
}

/* The newest study is drawn, not the newest run; one picture has nothing to show. */
static void test_draws(void **state)
{
	struct fixture *f = *state;
	char *gnuplot = proc_which("gnuplot"), *dir = str_fmt("%s/pictures", f->dir), *own;
	struct run_info other = { 0 };
	struct study_scene sc;

	scene_begin(&sc, f);
	scene_hooks(&sc);
	scene_end(&sc);
	fill(sc.store, &other, 1);
	if (!gnuplot) {
		assert_int_equal(plot(f, NULL, NULL, NULL), EXIT_HARNESS);
		assert_said(f, "install package gnuplot-nox");
		goto out;
	}
	assert_int_equal(plot(f, "-o", dir, "--format=svg"), EXIT_AS_EXPECTED);
	assert_said(f, "override-order is not drawn: no point of the experiment read-path");
	assert_there(dir, "override-success-reads.svg", true);
	assert_there(dir, "override-success-reads.gp", true);
	assert_there(dir, "override-success-reads.png", false);
	assert_there(dir, "override-order.svg", false);
	/* By default into the run's own folder, both formats. */
	assert_int_equal(plot(f, sc.run.name, NULL, NULL), EXIT_AS_EXPECTED);
	own = store__run_dir(sc.store, sc.run.name);
	assert_there(own, "override-latency.svg", true);
	assert_there(own, "override-latency.png", true);
	free(own);
out:
	run_info__release(&other);
	scene_free(&sc);
	free(gnuplot);
	free(dir);
}

/* A study that was cut off before anything was measured. */
static void test_nothing_drawn(void **state)
{
	struct fixture *f = *state;
	struct study_scene sc;

	scene_begin(&sc, f);
	scene_plan(&sc, "5.10.218", "override-point", "hook=int3", "hooks");
	scene_end(&sc);
	assert_int_equal(plot(f, NULL, NULL, NULL), EXIT_HARNESS);
	assert_said(f, "has 0 of 1 points");
	scene_free(&sc);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

static int be_loud(void **state)
{
	(void)state;
	assay_log.level = LOG_LEVEL_INFO;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_results),
		TEST(test_no_study),
		TEST(test_draws),
		TEST(test_nothing_drawn),
	};

	return cmocka_run_group_tests_name("cmd_plot", tests, be_loud, NULL);
}
