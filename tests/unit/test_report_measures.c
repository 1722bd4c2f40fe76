// SPDX-License-Identifier: GPL-2.0-only
/* How the measurements of a report are laid out. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "base/log.h"
#include "cli/report_measures.h"
#include "model/record.h"
#include "report_paper.h"

struct log assay_log = { .prog = "test", .level = LOG_LEVEL_WARN };

static struct record *measure(const char *name, const char *label, const char *value)
{
	struct record *r = record__new(RECORD_MEASUREMENT, "override", name);

	if (label)
		record__label(r, label, value);
	r->status = STATUS_OK;
	return r;
}

static void put(struct report_measures *m, struct record *r)
{
	assert_int_equal(report_measures__add(m, r), 0);
	record__free(r);
}

static void print_measures(struct report_measures *m, size_t width, const char *should)
{
	struct paper p;

	assert_int_equal(report_measures__print(m, paper_new(&p), 0, width, false), 0);
	expect_paper(&p, should);
}

/* As the experiment `override` measures, cut down. */
static struct report_measures *campaign(void)
{
	static const struct {
		const char *hook, *flags;
		double overridden, low, high, elapsed, lost;
	} rows[] = {
		{ "int3", "none", 2000, 0.9981, 1, 45.16, 0 },
		{ "ftrace", "FTRACE", 2000, 0.9981, 1, 5, 0 },
		{ "optimised", "OPTIMIZED", 1357, 0.6577, 0.6986, 42.5, 1358 },
	};
	struct report_measures *m = report_measures__new();
	size_t i;

	for (i = 0; i < 3; i++) {
		struct record *r = measure("copyout", "hook", rows[i].hook);

		record__label(r, "size", "4096");
		record__label(r, "file", "tmpfs");
		record__label(r, "kprobe_flags", rows[i].flags);
		record__metric(r, "reads", "reads", 2000);
		record__metric(r, "overridden", "reads", rows[i].overridden);
		record__metric(r, "success", "", rows[i].overridden / 2000);
		record__metric(r, "success_low", "", rows[i].low);
		record__metric(r, "success_high", "", rows[i].high);
		if (rows[i].lost > 0)
			record__metric(r, "first_lost", "read number", rows[i].lost);
		record__metric(r, "override_requests", "runs", 2000);
		record__metric(r, "elapsed", "us", rows[i].elapsed);
		put(m, r);
	}
	return m;
}

static void what_is_the_same_stands_above(void **state)
{
	struct report_measures *m = campaign();
	static const char wide[] =
		"copyout (size=4096 file=tmpfs)\n"
		"hook       kprobe_flags  reads  overridden   success [low, high]     first_lost  "
		"override_requests  elapsed  status\n"
		"                                   (reads)                        (read number)  "
		"           (runs)     (µs)\n"
		"int3       none           2000        2000  1.000 [0.998, 1.000]                 "
		"             2000    45.16  ok\n"
		"ftrace     FTRACE         2000        2000  1.000 [0.998, 1.000]                 "
		"             2000     5.00  ok\n"
		"optimised  OPTIMIZED      2000        1357  0.678 [0.658, 0.699]           1358  "
		"             2000    42.50  ok\n";

	(void)state;
	print_measures(m, 115, wide);
	print_measures(m, 0, wide);
	/* One column less: metrics that are the same in all rows go above, too. */
	print_measures(m, 114,
		       "copyout (size=4096 file=tmpfs)\n"
		       "in all rows: reads=2000, override_requests=2000 (runs)\n"
		       "hook       kprobe_flags  overridden   success [low, high]     first_lost  "
		       "elapsed  status\n"
		       "                            (reads)                        (read number)  "
		       "   (µs)\n"
		       "int3       none                2000  1.000 [0.998, 1.000]                 "
		       "  45.16  ok\n"
		       "ftrace     FTRACE              2000  1.000 [0.998, 1.000]                 "
		       "   5.00  ok\n"
		       "optimised  OPTIMIZED           1357  0.678 [0.658, 0.699]           1358  "
		       "  42.50  ok\n");
	/* Still too wide: parts of about the same width, each with what tells the rows apart. */
	print_measures(m, 80,
		       "copyout (size=4096 file=tmpfs)\n"
		       "in all rows: reads=2000, override_requests=2000 (runs)\n"
		       "hook       kprobe_flags  overridden   success [low, high]\n"
		       "                            (reads)\n"
		       "int3       none                2000  1.000 [0.998, 1.000]\n"
		       "ftrace     FTRACE              2000  1.000 [0.998, 1.000]\n"
		       "optimised  OPTIMIZED           1357  0.678 [0.658, 0.699]\n"
		       "\n"
		       "hook       kprobe_flags     first_lost  elapsed  status\n"
		       "                         (read number)     (µs)\n"
		       "int3       none                           45.16  ok\n"
		       "ftrace     FTRACE                          5.00  ok\n"
		       "optimised  OPTIMIZED              1358    42.50  ok\n");
	report_measures__free(m);
}

/* Where one of the rows is not ok every part says so. */
static void parts_say_what_is_wrong(void **state)
{
	struct report_measures *m = report_measures__new();
	struct record *r = measure("wide", "cpu", "0");
	char name[32];
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "quantity_number_%d", i);
		record__metric(r, name, "", i);
	}
	assert_int_equal(report_measures__add(m, r), 0);
	r->status = STATUS_TIMEOUT;
	r->labels[0].value[0] = '1';
	put(m, r);
	print_measures(m, 42,
		       "wide\n"
		       "in all rows: quantity_number_0=0,\n"
		       "             quantity_number_1=1,\n"
		       "             quantity_number_2=2\n"
		       "cpu  status\n"
		       "  0  ok\n"
		       "  1  timeout\n");
	r = measure("wide", "cpu", "2");
	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "quantity_number_%d", i);
		record__metric(r, name, "", 7);
	}
	put(m, r);
	print_measures(m, 50,
		       "wide\n"
		       "cpu  quantity_number_0  quantity_number_1  status\n"
		       "  0                  0                  1  ok\n"
		       "  1                  0                  1  timeout\n"
		       "  2                  7                  7  ok\n"
		       "\n"
		       "cpu  quantity_number_2  status\n"
		       "  0                  2  ok\n"
		       "  1                  2  timeout\n"
		       "  2                  7  ok\n");
	/* However narrow, one metric at least. */
	print_measures(m, 1,
		       "wide\n"
		       "cpu  quantity_number_0  status\n"
		       "  0                  0  ok\n"
		       "  1                  0  timeout\n"
		       "  2                  7  ok\n"
		       "\n"
		       "cpu  quantity_number_1  status\n"
		       "  0                  1  ok\n"
		       "  1                  1  timeout\n"
		       "  2                  7  ok\n"
		       "\n"
		       "cpu  quantity_number_2  status\n"
		       "  0                  2  ok\n"
		       "  1                  2  timeout\n"
		       "  2                  7  ok\n");
	report_measures__free(m);
}

/* What comes before the first blank line. */
static void print_line_of(struct report_measures *m, size_t width, const char *should)
{
	struct paper p;
	char *end;

	assert_int_equal(report_measures__print(m, paper_new(&p), 0, width, false), 0);
	fflush(p.out);
	end = strstr(p.text, "\n\n");
	assert_non_null(end);
	end[1] = '\0';
	assert_string_equal(p.text, should);
	fclose(p.out);
	free(p.text);
}

static void which_measurements_share_a_table(void **state)
{
	struct report_measures *m = report_measures__new();
	struct record *r;

	(void)state;
	/* Nothing but a status needs no table, and such lines stand together. */
	put(m, measure("attach_again", NULL, NULL));
	put(m, measure("offered", "bpf_strtol", "yes"));
	/* The same metrics under different names share a table. */
	r = measure("fentry", "variant", "plain");
	record__metric(r, "runs", "runs", 100);
	put(m, r);
	/* Other metrics with nothing in common do not, ... */
	r = measure("latency", "variant", "plain");
	record__metric(r, "mean", "ns", 12.25);
	put(m, r);
	r = measure("fexit", "variant", "plain");
	record__metric(r, "runs", "runs", 7);
	put(m, r);
	/* ... but stand behind the table that has their name. */
	r = measure("fentry", "variant", "plain");
	record__metric(r, "mean", "us", NAN);
	put(m, r);
	/* A name with less to tell than before stays in its table: it was skipped. */
	r = measure("latency", "variant", "ftrace");
	r->status = STATUS_SKIPPED;
	put(m, r);
	/* The same name with other labels is another table. */
	r = measure("latency", "cpu", "1");
	record__metric(r, "mean", "ns", 3);
	put(m, r);
	assert_int_equal(report_measures__count(m), 8);
	/* Too long for one line. */
	print_line_of(m, 24,
		      "attach_again: ok\n"
		      "offered\n"
		      "(bpf_strtol=yes): ok\n");
	print_measures(m, 100,
		       "attach_again: ok\n"
		       "offered (bpf_strtol=yes): ok\n"
		       "\n"
		       "variant=plain\n"
		       "measurement  runs  status\n"
		       "fentry        100  ok\n"
		       "fexit           7  ok\n"
		       "\n"
		       "fentry (variant=plain)\n"
		       "mean  status\n"
		       "(µs)\n"
		       "   -  ok\n"
		       "\n"
		       "latency\n"
		       "variant   mean  status\n"
		       "          (ns)\n"
		       "plain    12.25  ok\n"
		       "ftrace          skipped\n"
		       "\n"
		       "latency (cpu=1)\n"
		       "mean  status\n"
		       "(ns)\n"
		       "   3  ok\n");
	report_measures__free(m);
}

/* Rows that nothing tells apart are printed all the same. */
static void equal_rows(void **state)
{
	struct report_measures *m = report_measures__new();
	struct paper p;
	int i, lines = 0;
	char *s;

	(void)state;
	put(m, measure("again", "empty", ""));
	put(m, measure("again", "empty", ""));
	print_measures(m, 100,
		       "measurement  status\n"
		       "again        ok\n"
		       "again        ok\n");
	for (i = 0; i < 298; i++)
		put(m, measure("again", "empty", ""));
	assert_int_equal(report_measures__print(m, paper_new(&p), 0, 80, false), 0);
	fclose(p.out);
	for (s = p.text; (s = strchr(s, '\n')); s++)
		lines++;
	assert_int_equal(lines, 301);
	free(p.text);
	report_measures__free(m);
	m = report_measures__new();
	print_measures(m, 100, "");
	report_measures__free(m);
	report_measures__free(NULL);
}

/* Bounds without what they bound are metrics like others; half of an interval is none. */
static void intervals_need_both_ends(void **state)
{
	struct report_measures *m = report_measures__new();
	struct record *r = measure("m", "n", "1");

	(void)state;
	record__metric(r, "rate", "us", 100);
	record__metric(r, "rate_low", "us", 90);
	record__metric(r, "rate_high", "ns", 110); /* another unit */
	record__metric(r, "x_low", "", 1);
	record__metric(r, "x_high", "", 2);
	put(m, r);
	print_measures(m, 100,
		       "m (n=1)\n"
		       "rate  rate_low  rate_high  x_low  x_high  status\n"
		       "(µs)      (µs)       (ns)\n"
		       " 100        90        110      1       2  ok\n");
	report_measures__free(m);
	m = report_measures__new();
	r = measure("m", "n", "1");
	record__metric(r, "t", "us", 561.74);
	record__metric(r, "t_low", "us", 550);
	record__metric(r, "t_high", "us", 570.25);
	put(m, r);
	r = measure("m", "n", "2");
	record__metric(r, "t", "us", NAN);
	put(m, r);
	print_measures(m, 100,
		       "m\n"
		       "n         t [low, high]  status\n"
		       "                   (µs)\n"
		       "1  561.7 [550.0, 570.2]  ok\n"
		       "2                     -  ok\n");
	report_measures__free(m);
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_the_same_stands_above),    T(parts_say_what_is_wrong),
		T(which_measurements_share_a_table), T(equal_rows),
		T(intervals_need_both_ends),
	};

	return cmocka_run_group_tests_name("report_measures", tests, NULL, NULL);
}
