// SPDX-License-Identifier: GPL-2.0-only
/* The two clocks. `--timing icount`: counts that repeat between boots while the machine is busy,
 * their unit wherever they are shown, and a comparison that never mixes them with the host's clock.
 * `--precision`: an interval, and no say where it is too wide. The host's time is not asserted
 * anywhere here. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "assay.h"
#include "base/file.h"
#include "base/str.h"
#include "model/stats.h"

#define KERNEL	"5.10.218"
#define OBJECT	"long.bpf.o"
#define PATH	"build/tests/objects/" OBJECT
#define LOADS	15
#define BUSY	4 /* processes that keep the machine busy, at least */
#define MAXBUSY 64

static char *results; /* runs: 1 and 2 by icount, 3 by the host's clock */

/* --- a busy machine -------------------------------------------------------------------------- */

struct load {
	pid_t pids[MAXBUSY];
	size_t n;
};

/* Alternates between work and sleep, so that the guest gets the CPU in pieces of all lengths. */
static void keep_busy(unsigned int seed)
{
	volatile unsigned long work = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		unsigned long end = (unsigned long)(rand_r(&seed) % 30 + 1) * 1000000;

		for (unsigned long i = 0; i < end; i++)
			work += i;
		usleep((useconds_t)(rand_r(&seed) % 5000));
	}
}

static void load__begin(struct load *l, size_t n)
{
	*l = (struct load){ 0 };
	for (; l->n < n && l->n < MAXBUSY; l->n++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (!pid)
			keep_busy((unsigned int)l->n + 1);
		l->pids[l->n] = pid;
	}
}

static void load__end(struct load *l)
{
	for (size_t i = 0; i < l->n; i++) {
		kill(l->pids[i], SIGKILL);
		waitpid(l->pids[i], NULL, 0);
	}
	l->n = 0;
}

static size_t busy_count(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	return cpus > BUSY / 2 ? 2 * (size_t)cpus : BUSY;
}

/* --- the runs -------------------------------------------------------------------------------- */

/* A boot, and the loads of both programs. */
static void measure(const char *timing, struct records *rs)
{
	struct outcome o;

	ASSAY(&o, false, results, "verify", PATH, "-k", KERNEL, "--accel", "tcg", "--timing",
	      timing, "--repeats", "15");
	assert_status(&o, 0);
	if (!strcmp(timing, "icount")) {
		assert_has(o.out, "(virtual \302\265s)");
		assert_has(o.out, "(tcg, virtual time by instruction count)");
	} else {
		assert_lacks(o.out, "virtual");
		assert_has(o.out, "(tcg, wall clock)");
	}
	outcome__release(&o);
	records__load(rs, results, KERNEL, OBJECT);
}

static int set_up(void **state)
{
	(void)state;
	need_kernel(KERNEL);
	results = temp_dir();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	temp_dir_remove(results);
	return 0;
}

static double median_of(const struct records *rs, const char *program, const char *name,
			const char *unit)
{
	const struct record *r = records__get(rs, program);

	for (size_t i = 0; i < r->nr_series; i++) {
		if (strcmp(r->series[i].name, name) != 0)
			continue;
		assert_string_equal(r->series[i].unit, unit);
		assert_int_equal(r->series[i].n, LOADS);
		return stats__median(r->series[i].values, r->series[i].n);
	}
	fail_msg("%s has no series %s", program, name);
	return NAN;
}

static void assert_near(const char *program, const char *series, double a, double b)
{
	print_message("%s %s: %.3f and %.3f virtual us, %+.3f %%\n", program, series, a, b,
		      100 * (b - a) / a);
	assert_true(a > 0);
	if (fabs(b - a) > a / 100)
		fail_msg("%s %s: medians of two boots are more than 1 %% apart: %.3f, %.3f",
			 program, series, a, b);
}

/* The first boot has the machine as it is, the second one among busy processes. */
static void test_counts_repeat(void **state)
{
	static const char *const series[] = { "verification_time", "load_time" };
	struct records first, second;
	struct load load;

	(void)state;
	measure("icount", &first);
	load__begin(&load, busy_count());
	measure("icount", &second);
	load__end(&load);
	/* Long enough that no rounding to microseconds hides behind the limit, or makes it. */
	assert_true(records__get(&first, "longer")->stats.insns > 5000);
	for (size_t i = 0; i < 2; i++) {
		double a = median_of(&first, "longer", series[i], "virtual us");
		double b = median_of(&second, "longer", series[i], "virtual us");

		assert_true(a > 1000);
		assert_near("longer", series[i], a, b);
		/* It is a measure of the work, not a constant. */
		assert_true(median_of(&first, "shorter", series[i], "virtual us") < a / 10);
	}
	records__release(&first);
	records__release(&second);
}

/* Of two runs by count nothing is a change; a clock is compared with itself alone. */
static void test_compare(void **state)
{
	struct records rs;
	struct outcome o;

	(void)state;
	ASSAY(&o, false, results, "compare", "1", "2");
	assert_status(&o, 0);
	assert_has(o.out, "timing icount");
	assert_lacks(o.out, "times are not compared");
	outcome__release(&o);
	measure("wall", &rs);
	records__release(&rs);
	ASSAY(&o, false, results, "compare", "1", "3", "--threshold", "all=0");
	assert_status(&o, 0);
	assert_has(o.out, "times are not compared: timing icount against wall, only counts are");
	outcome__release(&o);
	ASSAY(&o, false, results, "compare", "1", "3", "--csv", "-e", "duration");
	assert_matches(o.out, "longer,.*,[0-9]+,[0-9]+,N/A,N/A,");
	outcome__release(&o);
	ASSAY(&o, false, results, "compare", "1", "2", "--csv", "-e", "duration");
	assert_matches(o.out, "longer,.*,[0-9]+,[0-9]+,-?[0-9]+,[-+][0-9.]+,");
	outcome__release(&o);
}

/* The unit in each form. */
static void test_units(void **state)
{
	struct outcome o;
	json_t *record;

	(void)state;
	ASSAY(&o, false, results, "show", "1", "--json");
	assert_status(&o, 0);
	o.out[strcspn(o.out, "\n")] = '\0';
	record = json_loads(o.out, 0, NULL);
	assert_non_null(record);
	assert_string_equal(json_string_value(json_object_get(record, "timing")), "icount");
	assert_string_equal(json_string_value(json_object_get(record, "time_unit")), "virtual us");
	json_decref(record);
	outcome__release(&o);
	ASSAY(&o, false, results, "show", "1", "--csv");
	assert_matches(o.out, ",tcg,icount,");
	outcome__release(&o);
	ASSAY(&o, false, results, "show", "1");
	assert_has(o.out, "(virtual \302\265s)");
	assert_has(o.out, "virtual time by instruction count");
	outcome__release(&o);
	ASSAY(&o, false, results, "show", "1", OBJECT, "longer");
	assert_matches(o.out, "load call +[0-9]+ virtual \302\265s\n");
	outcome__release(&o);
}

static void test_wrong_use(void **state)
{
	struct outcome o;

	(void)state;
	ASSAY(&o, false, results, "verify", PATH, "--timing", "icount", "--accel", "kvm");
	assert_status(&o, 2);
	assert_has(o.err, "--timing icount: KVM");
	outcome__release(&o);
	ASSAY(&o, false, results, "run", "masked-read", "--cpus", "2", "--timing", "icount");
	assert_status(&o, 2);
	assert_has(o.err, "--cpus");
	outcome__release(&o);
	ASSAY(&o, false, results, "regress", "--timing", "sundial");
	assert_status(&o, 2);
	assert_has(o.err, "neither wall nor icount");
	outcome__release(&o);
}

static const struct series *series_of(const struct record *r, const char *name)
{
	for (size_t i = 0; i < r->nr_series; i++)
		if (strcmp(r->series[i].name, name) == 0)
			return &r->series[i];
	fail_msg("%s has no series %s", r->name, name);
	return NULL;
}

/* Whatever the times are: all samples are kept, the interval is theirs, and it is narrow enough or
 * the result says that it is not. */
static void assert_precise(const struct record *r, double percent)
{
	const struct series *s = series_of(r, "verification_time");
	double median = stats__median(s->values, s->n);
	struct interval ci = stats__median_ci(s->values, s->n);
	bool narrow = ci.high - median <= median * percent / 100 &&
		      median - ci.low <= median * percent / 100;

	assert_int_equal(r->verdict, VERDICT_ACCEPT);
	assert_int_equal(r->status, STATUS_OK);
	assert_in_range(s->n, 15, 500);
	assert_int_equal(series_of(r, "load_time")->n, s->n);
	assert_true(metric(r, "median_low") == ci.low);
	assert_true(metric(r, "median_high") == ci.high);
	assert_true(metric(r, "conclusive") == narrow);
}

static void test_precision(void **state)
{
	static const char *const wanted[] = { "0.1%", "20%" };
	struct records rs;
	struct outcome o;
	char *text;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		size_t vague = 0;

		ASSAY(&o, false, results, "verify", PATH, "-k", KERNEL, "--accel", "tcg",
		      "--precision", wanted[i]);
		assert_status(&o, 0);
		records__load(&rs, results, KERNEL, OBJECT);
		assert_int_equal(rs.n, 2);
		for (size_t k = 0; k < rs.n; k++) {
			assert_precise(rs.v[k], i ? 20 : 0.1);
			vague += metric(rs.v[k], "conclusive") == 0;
		}
		assert_int_equal(vague > 0, strstr(o.out, "inconclusive [") != NULL);
		outcome__release(&o);
		records__release(&rs);
		text = find_text(results, KERNEL, OBJECT, "", "machine");
		assert_non_null(text);
		assert_matches(text, "^load average of the host: before ");
		assert_has(text, "steal time: ");
		assert_has(text, "CPU frequency: ");
		free(text);
	}
	ASSAY(&o, false, results, "run", "loops", "--precision", "5");
	assert_status(&o, 2);
	outcome__release(&o);
	ASSAY(&o, false, results, "run", "loops", "--timing", "icount", "--precision", "5%");
	assert_status(&o, 2);
	outcome__release(&o);
}

/* Of the host: the guest's own clock may be anywhere. */
static void test_time_limit(void **state)
{
	struct outcome o;
	char *reason;

	(void)state;
	ASSAY(&o, true, results, "run", "hang", "trivial", "-k", KERNEL, "--timing", "icount");
	assert_status(&o, 1);
	outcome__release(&o);
	assert_int_equal(experiment_status(results, KERNEL, "hang", &reason), STATUS_TIMEOUT);
	assert_string_equal(reason, "no answer within 2.0 s");
	free(reason);
	/* In a new guest. */
	assert_int_equal(experiment_status(results, KERNEL, "trivial", NULL), STATUS_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_use),  cmocka_unit_test(test_counts_repeat),
		cmocka_unit_test(test_compare),	   cmocka_unit_test(test_units),
		cmocka_unit_test(test_time_limit), cmocka_unit_test(test_precision),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
