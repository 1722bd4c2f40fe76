// SPDX-License-Identifier: GPL-2.0-only
/* What happens to a run when something is taken from under it: no QEMU stays behind, what was
 * recorded stays readable, and the run says that it was cut off. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "assay.h"
#include "base/file.h"
#include "base/str.h"

#define KERNEL		    "5.10.218"
#define STARTED(experiment) experiment " on " KERNEL ": started"

static char *results;

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
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	temp_dir_remove(results);
	return 0;
}

/* trivial has ended, hang is running. */
static void start_and_hang(struct running *r)
{
	const struct call c = { .results = results, .selftest = true };

	assay_start(r, &c, ARGS("run", "trivial", "hang", "--timeout", "100s"));
	assay_await(r, STARTED("hang"));
	usleep(500000);
	assert_int_equal(count_qemus(results, NULL), 1);
}

static void assert_trivial_is_kept(void)
{
	struct records rs;

	assert_int_equal(experiment_status(results, KERNEL, "trivial", NULL), STATUS_OK);
	records__load(&rs, results, KERNEL, "trivial");
	assert_int_equal(rs.n, 3);
	assert_true(metric(records__get(&rs, "hits"), "calls") == 1000);
	records__release(&rs);
}

/* In every place where a user would look. */
static void assert_shown_as_cut_off(const char *reason)
{
	struct run_info run;
	struct outcome o;

	find_run(results, &run);
	assert_int_equal(run.state, RUN_CUT_OFF);
	assert_has(run.cut_off_reason, reason);
	run_info__release(&run);
	ASSAY(&o, true, results, "list", "runs");
	assert_status(&o, 0);
	assert_has(o.out, "cut off");
	outcome__release(&o);
	ASSAY(&o, true, results, "show");
	assert_has(o.out, "cut off");
	assert_has(o.out, reason);
	assert_has(o.out, "trivial on " KERNEL ": ok");
	outcome__release(&o);
}

/* --- signals to assay ------------------------------------------------------------------------ */

static void test_interrupted(void **state)
{
	struct running r;
	struct outcome o;
	char *reason;

	(void)state;
	start_and_hang(&r);
	assert_int_equal(kill(-r.pid, SIGINT), 0);
	assay_wait(&r, &o);
	assert_status(&o, 3);
	assert_has(o.err, "was cut off: interrupted");
	assert_no_qemu(results, 0);
	outcome__release(&o);
	assert_shown_as_cut_off("interrupted");
	assert_trivial_is_kept();
	assert_int_equal(experiment_status(results, KERNEL, "hang", &reason), STATUS_HARNESS);
	assert_string_equal(reason, "interrupted");
	free(reason);
}

static bool qemu_runs(void *ctx)
{
	return count_qemus(ctx, NULL) > 0;
}

static void test_interrupted_while_booting(void **state)
{
	const struct call c = { .results = results, .selftest = true };
	struct running r;
	struct outcome o;

	(void)state;
	assay_start(&r, &c, ARGS("run", "hang", "trivial"));
	assert_true(wait_until(qemu_runs, results, 60));
	assert_int_equal(kill(-r.pid, SIGTERM), 0);
	assay_wait(&r, &o);
	assert_status(&o, 3);
	assert_no_qemu(results, 0);
	outcome__release(&o);
	assert_int_equal(run_state(results), RUN_CUT_OFF);
	assert_int_equal(experiment_status(results, KERNEL, "hang", NULL), STATUS_HARNESS);
	/* what was not begun has no status */
	assert_int_equal(count_experiments(results), 1);
}

static void test_killed(void **state)
{
	struct running r;
	struct outcome o;

	(void)state;
	start_and_hang(&r);
	assert_int_equal(run_state(results), RUN_RUNNING);
	assert_int_equal(kill(r.pid, SIGKILL), 0);
	assay_wait(&r, &o);
	assert_int_equal(o.status, 128 + SIGKILL);
	outcome__release(&o);
	assert_no_qemu(results, 2);
	assert_shown_as_cut_off("is gone");
	assert_trivial_is_kept();

	/* and the results can be added to */
	ASSAY(&o, true, results, "run", "trivial");
	assert_status(&o, 0);
	outcome__release(&o);
	assert_int_equal(run_state(results), RUN_COMPLETE);
}

/* --- QEMU's end ------------------------------------------------------------------------------ */

static void test_qemu_killed(void **state)
{
	const struct call c = { .results = results, .selftest = true };
	struct running r;
	struct outcome o;
	pid_t qemu = 0;
	char *reason;

	(void)state;
	assay_start(&r, &c, ARGS("run", "hang", "trivial", "--timeout", "100s"));
	assay_await(&r, STARTED("hang"));
	assert_true(wait_until(qemu_runs, results, 60));
	assert_int_equal(count_qemus(results, &qemu), 1);
	assert_int_equal(kill(qemu, SIGKILL), 0);
	assay_wait(&r, &o);
	assert_status(&o, 3);
	assert_no_qemu(results, 0);
	outcome__release(&o);
	/* says nothing about the kernel, and the next one has a guest of its own */
	assert_int_equal(experiment_status(results, KERNEL, "hang", &reason), STATUS_HARNESS);
	assert_has(reason, "killed by signal 9");
	free(reason);
	assert_int_equal(run_state(results), RUN_COMPLETE);
	assert_trivial_is_kept();
}

/* A guest that does not even keep its own time limit. */
static void test_qemu_stopped(void **state)
{
	const struct call c = { .results = results, .selftest = true };
	struct running r;
	struct outcome o;
	pid_t qemu = 0;
	char *reason;

	(void)state;
	assay_start(&r, &c, ARGS("run", "trivial", "hang", "--timeout", "3s"));
	assay_await(&r, STARTED("hang"));
	assert_int_equal(count_qemus(results, &qemu), 1);
	assert_int_equal(kill(qemu, SIGSTOP), 0);
	assay_wait(&r, &o);
	assert_status(&o, 1);
	assert_no_qemu(results, 0);
	outcome__release(&o);
	assert_int_equal(experiment_status(results, KERNEL, "hang", &reason), STATUS_TIMEOUT);
	assert_has(reason, "no answer within");
	free(reason);
	assert_trivial_is_kept();
}

/* --- limits ---------------------------------------------------------------------------------- */

static void test_run_timeout(void **state)
{
	struct outcome o;
	char *reason;

	(void)state;
	ASSAY(&o, true, results, "run", "trivial", "hang", "generated", "--timeout", "100s",
	      "--run-timeout", "20s");
	assert_status(&o, 3);
	assert_has(o.err, "time limit of the whole run");
	outcome__release(&o);
	assert_shown_as_cut_off("time limit of the whole run");
	assert_trivial_is_kept();
	assert_int_equal(experiment_status(results, KERNEL, "hang", &reason), STATUS_TIMEOUT);
	assert_has(reason, "timed out after");
	free(reason);
	assert_int_equal(experiment_status(results, KERNEL, "generated", &reason), STATUS_TIMEOUT);
	assert_has(reason, "time limit of the whole run");
	free(reason);
	assert_no_qemu(results, 0);
}

/* A file that does not fit into the guest's memory. */
static void test_guest_too_small(void **state)
{
	char *path = str_fmt("%s/big", results);
	struct outcome o;

	(void)state;
	assert_int_equal(file_write(path, "x", 1), 0);
	assert_int_equal(truncate(path, 80 << 20), 0);
	ASSAY(&o, false, results, "exec", "--mem", "128M", "--file", path, "--", "echo", "ran");
	assert_status(&o, 3);
	assert_string_equal(o.out, "");
	assert_has(o.err, "use a larger --mem");
	outcome__release(&o);
	free(path);
}

/* --- a full disk ----------------------------------------------------------------------------- */

/* Mounts a small file system on the results; skips the test where that is not permitted. */
static void small_disk(const char *size)
{
	char *options = str_fmt("size=%s,mode=0755", size);
	int err = mount("tmpfs", results, "tmpfs", 0, options) ? errno : 0;

	free(options);
	if (err == EPERM || err == EACCES) {
		print_message("only root can mount a small file system here\n");
		skip();
	}
	assert_int_equal(err, 0);
}

static int tear_down_disk(void **state)
{
	if (umount2(results, MNT_DETACH) && errno != EINVAL && errno != EPERM)
		print_error("%s: %s\n", results, strerror(errno));
	return tear_down(state);
}

static void test_disk_full(void **state)
{
	struct outcome o;

	(void)state;
	small_disk("4m");
	ASSAY(&o, true, results, "run", "trivial", "flood-log", "-p", "flood-log.insns=50000",
	      "--repeats", "1");
	assert_status(&o, 3);
	assert_has(o.err, "was cut off: No space left on device");
	outcome__release(&o);
	assert_no_qemu(results, 0);
	assert_int_equal(run_state(results), RUN_CUT_OFF);
	assert_trivial_is_kept();
}

/* Found before the console's text is lost. */
static void test_disk_almost_full(void **state)
{
	struct outcome o;
	char *reason;

	(void)state;
	small_disk("1000k");
	ASSAY(&o, true, results, "run", "hang", "--timeout", "100s");
	assert_status(&o, 3);
	assert_has(o.err, "was cut off: No space left on device");
	outcome__release(&o);
	assert_int_equal(run_state(results), RUN_CUT_OFF);
	assert_int_equal(experiment_status(results, KERNEL, "hang", &reason), STATUS_HARNESS);
	assert_has(reason, "less than 1 MB is left on the disk");
	assert_has(reason, "make room");
	free(reason);
	assert_no_qemu(results, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_interrupted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_interrupted_while_booting, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_killed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_qemu_killed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_qemu_stopped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_run_timeout, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_guest_too_small, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_disk_full, set_up, tear_down_disk),
		cmocka_unit_test_setup_teardown(test_disk_almost_full, set_up, tear_down_disk),
	};

	return cmocka_run_group_tests_name("faults", tests, set_up_all, NULL);
}
