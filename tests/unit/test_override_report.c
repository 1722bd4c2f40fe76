// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "override_fixture.h"
#include "study/override_report.h"

static char *print(const struct study_data *d, int (*fn)(const struct study_data *, FILE *))
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_int_equal(fn(d, f), 0);
	fclose(f);
	return text;
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

static void has_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' is in:\n%s", part, text);
}

static struct study_data *example(void)
{
	struct study_data *d = made_up_study("quick");
	struct study_obs *o;

	for (int cpus = 1; cpus <= 4; cpus *= 2) {
		char factors[64];

		snprintf(factors, sizeof(factors), "hook=optimised cpus=%d", cpus);
		add_optimised(d, "5.10.218", factors,
			      (struct made_up_loss){ 800 * cpus, 25 * cpus, true, 0 });
		snprintf(factors, sizeof(factors), "hook=int3 cpus=%d", cpus);
		add_plain(d, "5.10.218", factors, 1500, 0);
		snprintf(factors, sizeof(factors), "hook=ftrace cpus=%d", cpus);
		add_plain(d, "5.10.218", factors, 1500, 0);
	}
	add_optimised(d, "5.10.218-nooptprobes", "hook=optimised", (struct made_up_loss){ 0 });
	count_reads(add_made_up(d, "5.10.218", "hook=ftrace companion=fexit"), 0,
		    OUTCOME_NOT_OVERRIDDEN, 300);
	o = add_made_up(d, "5.10.218", "hook=multi");
	o->status = STATUS_SKIPPED;
	o->reason = strdup("no kprobe.multi | before 5.18");
	return d;
}

static void test_document(void **state)
{
	struct study_data *d = example();
	char *text = print(d, study_report__document);
	const char *show = getenv("ASSAY_SHOW_DOCUMENT");

	(void)state;
	if (show)
		puts(text);
	has(text,
	    "1. **Does optimisation explain the loss?** *supported.* Optimisation explains the loss.");
	has(text, "The quick form has 12 points, of which 12 were done");
	has(text, "| cpus | 1 · 2 · 4 |");
	has(text,
	    "| `not_overridden` | the program ran and asked for it, and the body ran nevertheless | 3,300 |");
	has(text, "companion=fexit");
	has(text,
	    "![Time until the override is lost, by number of CPUs.](override/override-flip-cpus.svg)");
	has_not(text, "override-order.svg");
	has(text, "Guests ran under TCG");
	has_not(text, "Siblings are threads of QEMU");
	has(text, "1 point on 5.10.218 is skipped: no kprobe.multi \\| before 5.18");
	has(text, "This document is of run `20261121-120000-abcd`");
	has(text, "| qemu | 7.2 |");
	has(text, "This run has no measurement of what the cure costs");
	free(text);
	study_data__free(d);
}

/* The same words must not come out of other data. */
static void test_other_way(void **state)
{
	struct study_data *d = made_up_study("full");
	char *text;

	(void)state;
	add_optimised(d, "5.10.218", "hook=optimised", (struct made_up_loss){ 0, 0, true, 0 });
	add_plain(d, "5.10.218", "hook=int3", 1000, 500);
	text = print(d, study_report__document);
	has(text, "*contradicted.* Optimisation does not explain the loss, or not alone.");
	has(text, "*contradicted.* Overrides fail without optimisation, too");
	has_not(text, "Optimisation explains the loss");
	has(text, "assay study override --full");
	free(text);
	study_data__free(d);
}

static void test_summary(void **state)
{
	struct study_data *d = example();
	char *text = print(d, study_report__summary);

	(void)state;
	has(text, "Does optimisation explain the loss? supported\n");
	has(text, "Does the cure hold? not decided\n");
	has(text, "Missing: a kernel with the cure");
	has_not(text, "`");
	free(text);
	study_data__free(d);
}

static void test_empty(void **state)
{
	struct study_data *d = made_up_study("quick");
	char *text = print(d, study_report__document);

	(void)state;
	has(text, "No kprobe of this run became optimised.");
	has(text, "*not decided.*");
	free(text);
	study_data__free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_document),
		cmocka_unit_test(test_other_way),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
