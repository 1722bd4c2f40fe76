// SPDX-License-Identifier: GPL-2.0-only
/* What the experiment override-point reads from kprobes/list and kprobe_profile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>

/* It needs no libbpf; the experiment as a whole does. */
#include "../../experiments/override-point/watch.c"

int exp__copyout_watch(void)
{
	return 0;
}

void exp__copyout_unwatch(void)
{
}

int exp__write_str(const char *path, const char *value)
{
	(void)path;
	(void)value;
	return 0;
}

static int file_with(const char *text)
{
	int fd = memfd_create("kernel", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

/* --- the kprobe's state -------------------------------------------------------------------- */

static void assert_state(const char *list, enum probe_state state)
{
	struct watch w = WATCH_INIT;

	w.list = file_with(list);
	assert_int_equal(watch__state(&w, "copyout_bpf"), state);
	assert_int_equal(w.polls, 1);
	watch__close(&w);
}

static void test_state(void **state)
{
	struct watch none = WATCH_INIT;

	(void)state;
	assert_state("", PROBE_ABSENT);
	assert_state("ffffffff81234560  k  copyout_bpf+0x0    \n", PROBE_PLAIN);
	assert_state("ffffffff81234560  k  copyout_bpf+0x0    [OPTIMIZED]\n", PROBE_OPTIMISED);
	assert_state("ffffffff81234560  k  copyout_bpf+0x0    [FTRACE]\n", PROBE_FTRACE);
	assert_state("ffffffff81234560  k  copyout_bpf+0x0    [DISABLED][OPTIMIZED]\n",
		     PROBE_DISABLED);
	/* Another function's, and one whose name begins with this one's. */
	assert_state("ffffffff81234000  k  vfs_read+0x0    [OPTIMIZED]\n"
		     "ffffffff81234100  k  copyout_bpf_not+0x0    [OPTIMIZED]\n"
		     "ffffffff81234560  k  copyout_bpf+0x0    \n",
		     PROBE_PLAIN);
	assert_int_equal(watch__state(&none, "copyout_bpf"), PROBE_ABSENT);
}

/* --- what was missed ----------------------------------------------------------------------- */

static struct probe_counts counts_of(const char *profile, uint64_t runs, uint64_t others)
{
	struct point_state s = { .runs_others = others };
	const struct point p = { .state = &s };
	struct watch w = WATCH_INIT;
	struct probe_counts counts;

	s.slots[0].runs = runs - runs / 3;
	s.slots[POINT_READERS - 1].runs = runs / 3;
	w.profile = file_with(profile);
	watch__start(&w, &p, true);
	counts = watch__counts(&w, &p);
	watch__close(&w);
	return counts;
}

static void test_missed(void **state)
{
	static const char profile[] = "  beside                    5           4\n"
				      "  override                100           7\n"
				      "  override_not              1           2\n";
	struct probe_counts c = counts_of(profile, 60, 40);

	(void)state;
	assert_int_equal(c.missed, 0);
	assert_int_equal(c.nmissed, 7);
	c = counts_of(profile, 60, 0);
	assert_int_equal(c.missed, 40);
	c = counts_of(profile, 0, 99);
	assert_int_equal(c.missed, 1);
	/* It is not in the profile, or a hook of another kind. */
	c = counts_of("  beside 5 4\n", 1, 1);
	assert_int_equal(c.missed, OVERRIDE_UNKNOWN);
	assert_int_equal(c.nmissed, OVERRIDE_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_state),
		cmocka_unit_test(test_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
