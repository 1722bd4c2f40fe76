// SPDX-License-Identifier: GPL-2.0-only
/* Doing a plan with a real store; kernels and guests are fakes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define kernel_build__all  fake_build
#define kernel_facts__keep fake_facts
#define guestfs__memory	   fake_memory
#define accel__settle	   fake_settle
#define session__run	   fake_session
#include "../../harness/cli/drive.c"

#include "store_fixture.h"
#include "vm/image.h"

static int build_err, memory_err, session_err;
static bool no_image;
static uint64_t built_ns;    /* how long the kernels took */
static uint64_t deadline_ns; /* that the last session got */

int fake_build(struct cli *cli, const struct kernel *const *ks, size_t n, struct kernel_built *out)
{
	uint64_t start = clock_ns();

	(void)cli;
	(void)ks;
	usleep(20000);
	built_ns = clock_ns() - start;
	for (size_t i = 0; i < n; i++) {
		out[i].image = no_image ? NULL : calloc(1, sizeof(*out[i].image));
		out[i].why = no_image ? strdup("patch 3.patch does not apply") : NULL;
	}
	return build_err;
}

int fake_facts(struct store *s, int64_t run, const struct kernel *k, const struct image *img,
	       const struct kernel_paths *paths)
{
	(void)s;
	(void)run;
	(void)k;
	(void)img;
	(void)paths;
	return 0;
}

int fake_memory(const struct guestfs_opts *o, int *fd, char **path)
{
	(void)o;
	*fd = -1;
	*path = NULL;
	if (memory_err)
		log_err("module x is missing");
	return memory_err;
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
	char reason[128]; /* the last one's */
};

static int see(void *ctx, const struct stored_experiment *e)
{
	struct seen *s = ctx;

	s->n++;
	s->ok += e->status == STATUS_OK;
	s->harness += e->status == STATUS_HARNESS;
	snprintf(s->reason, sizeof(s->reason), "%s", e->reason ? e->reason : "");
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
	struct cli cli = { .cancel_fd = -1 };
	struct cli_vm vm = { .accel = ACCEL_TCG };
	struct drive_opts o = { .cli = &cli, .vm = &vm, .run_timeout_ms = limit_ms };
	struct run_info info;
	int status;

	assert_int_equal(store__open(f->results, true, &o.store), 0);
	assert_int_equal(store__begin_run(o.store, "assay run", "{}", &info), 0);
	o.run = info.id;
	status = drive__run(&o, &plan, info.name);
	run_info__release(&info);
	*seen = (struct seen){ 0 };
	assert_int_equal(store__experiments(o.store, o.run, NULL, NULL, see, seen), 0);
	assert_int_equal(store__find_run(o.store, NULL, &info), 0);
	*state = info.state;
	run_info__release(&info);
	store__close(o.store);
	return status;
}

static void reset(void)
{
	build_err = memory_err = session_err = 0;
	no_image = false;
}

static void test_complete(void **state)
{
	enum run_state is;
	struct seen seen;

	reset();
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

	reset();
	no_image = true;
	assert_int_equal(run_it(*state, 2, 0, &seen, &is), EXIT_HARNESS);
	assert_int_equal(is, RUN_COMPLETE);
	assert_int_equal(seen.n, 4);
	assert_int_equal(seen.harness, 4);
	assert_string_equal(seen.reason,
			    "the kernel could not be built: patch 3.patch does not apply");
}

static void test_no_guest(void **state)
{
	enum run_state is;
	struct seen seen;

	reset();
	memory_err = -EIO;
	assert_int_equal(run_it(*state, 1, 0, &seen, &is), EXIT_HARNESS);
	assert_int_equal(is, RUN_COMPLETE);
	assert_int_equal(seen.harness, 2);
	assert_string_equal(seen.reason, "the guest could not be prepared: module x is missing");
}

/* Ctrl-C while kernels are built: none of them is said to have failed. */
static void test_interrupted_build(void **state)
{
	enum run_state is;
	struct seen seen;

	reset();
	build_err = -EINTR;
	assert_int_equal(run_it(*state, 2, 0, &seen, &is), EXIT_HARNESS);
	assert_int_equal(is, RUN_CUT_OFF);
	assert_int_equal(seen.n, 0);
}

/* What was kept until then stays what it was, and is there once. */
static void test_results_that_cannot_be_kept(void **state)
{
	enum run_state is;
	struct seen seen;

	reset();
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

	reset();
	assert_int_equal(run_it(*state, 1, limit_ms, &seen, &is), EXIT_AS_EXPECTED);
	assert_true(deadline_ns >= start + limit_ms * 1000000 + built_ns);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_complete),
		TEST(test_no_kernel),
		TEST(test_no_guest),
		TEST(test_interrupted_build),
		TEST(test_results_that_cannot_be_kept),
		TEST(test_limit_is_not_for_the_build),
	};

	return cmocka_run_group_tests_name("drive", tests, NULL, NULL);
}
