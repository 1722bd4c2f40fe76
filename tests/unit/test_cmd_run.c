// SPDX-License-Identifier: GPL-2.0-only
/* `assay run` with a real store; kernels and guests are fakes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define cli__image	fake_image
#define guestfs__memory fake_memory
#define accel__settle	fake_settle
#define session__run	fake_session
#include "../../harness/cli/drive.c"

#include "../../harness/cli/cmd_run.c"

#include "store_fixture.h"
#include "vm/image.h"

static int image_err, session_err;
static uint64_t built_ns;    /* how long the last image took */
static uint64_t deadline_ns; /* that the last session got */

int fake_image(struct cli *cli, const struct kernel *k, struct image **out)
{
	uint64_t start = clock_ns();

	(void)cli;
	(void)k;
	usleep(20000);
	built_ns = clock_ns() - start;
	*out = image_err ? NULL : calloc(1, sizeof(**out));
	return image_err;
}

int fake_memory(const struct guestfs_opts *o, int *fd, char **path)
{
	(void)o;
	*fd = -1;
	*path = NULL;
	return 0;
}

int fake_settle(enum accel wanted, const struct vm_opts *probe, const char *cache_dir,
		enum accel *out, char **why)
{
	(void)wanted;
	(void)probe;
	(void)cache_dir;
	*out = ACCEL_TCG;
	*why = NULL;
	return 0;
}

/* One experiment ends well; then results can't be kept any more, if so told. */
int fake_session(const struct session_opts *o, const struct plan *plan, const struct kernel *kernel,
		 struct session_result *out)
{
	struct guest_info g = { .kernel = "k", .cpus = 1, .mem_mb = 512 };

	assert_string_equal(kernel->name, "k");
	*out = (struct session_result){ .worst = STATUS_OK };
	deadline_ns = o->deadline_ns;
	assert_int_equal(store__add_experiment(o->store, o->run, &g, plan->items[0].experiment,
					       "{}", STATUS_OK, NULL, 1),
			 0);
	return session_err;
}

struct seen {
	unsigned int n, ok, harness;
};

static int see(void *ctx, const struct stored_experiment *e)
{
	struct seen *s = ctx;

	s->n++;
	s->ok += e->status == STATUS_OK;
	s->harness += e->status == STATUS_HARNESS;
	return 0;
}

/* Runs two experiments on as many kernels; returns the exit status. */
static int run_it(struct fixture *f, size_t kernels, uint64_t limit_ms, struct seen *seen,
		  enum run_state *state)
{
	struct plan_item items[] = { { .experiment = "a" }, { .experiment = "b" } };
	struct kernel k = { .name = "k" };
	const struct kernel *list[] = { &k, &k };
	struct plan plan = {
		.items = items, .nr_items = 2, .kernels = list, .nr_kernels = kernels
	};
	struct run_args args = { .output = { .format = format__find("json", NULL) },
				 .run_timeout_ms = limit_ms };
	struct cli cli = { .cancel_fd = -1 };
	struct run run = { .cli = &cli, .args = &args };
	struct run_info info;
	int status;

	assert_int_equal(store__open(f->results, true, &run.store), 0);
	assert_int_equal(store__begin_run(run.store, "assay run", "{}", &run.info), 0);
	status = execute(&run, &plan);
	*seen = (struct seen){ 0 };
	assert_int_equal(store__experiments(run.store, run.info.id, NULL, NULL, see, seen), 0);
	assert_int_equal(store__find_run(run.store, NULL, &info), 0);
	*state = info.state;
	run_info__release(&info);
	run_info__release(&run.info);
	store__close(run.store);
	return status;
}

static void test_complete(void **state)
{
	enum run_state is;
	struct seen seen;

	image_err = session_err = 0;
	assert_int_equal(run_it(*state, 1, 0, &seen, &is), EXIT_AS_EXPECTED);
	assert_int_equal(is, RUN_COMPLETE);
	assert_int_equal(seen.n, 1);
	assert_int_equal(deadline_ns, 0);
}

/* Every experiment gets its row, and the next kernel its turn. */
static void test_no_kernel(void **state)
{
	enum run_state is;
	struct seen seen;

	image_err = -EIO;
	session_err = 0;
	assert_int_equal(run_it(*state, 2, 0, &seen, &is), EXIT_HARNESS);
	assert_int_equal(is, RUN_COMPLETE);
	assert_int_equal(seen.n, 4);
	assert_int_equal(seen.harness, 4);
}

/* What was kept until then stays what it was, and is there once. */
static void test_results_that_cannot_be_kept(void **state)
{
	enum run_state is;
	struct seen seen;

	image_err = 0;
	session_err = -EIO;
	assert_int_equal(run_it(*state, 2, 0, &seen, &is), EXIT_HARNESS);
	assert_said(*state, "was cut off");
	assert_int_equal(is, RUN_CUT_OFF);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.ok, 1);
}

/* The time limit is for the run, not for building its kernels. */
static void test_limit_is_not_for_the_build(void **state)
{
	uint64_t start = clock_ns(), limit_ms = 1000000;
	enum run_state is;
	struct seen seen;

	image_err = session_err = 0;
	assert_int_equal(run_it(*state, 1, limit_ms, &seen, &is), EXIT_AS_EXPECTED);
	assert_true(deadline_ns >= start + limit_ms * 1000000 + built_ns);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_complete),
		TEST(test_no_kernel),
		TEST(test_results_that_cannot_be_kept),
		TEST(test_limit_is_not_for_the_build),
	};

	return cmocka_run_group_tests_name("cmd_run", tests, NULL, NULL);
}
