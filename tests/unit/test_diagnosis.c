// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

/* An experiment's code is in no archive; this file needs none of its rest. */
#include "../../experiments/silent-probe/diagnosis.c"

#define UNKNOWN COUNT_UNKNOWN

struct expected {
	struct probe_counts counts;
	enum probe_link link;
	const char *says; /* part of the sentence */
};

/* { attach_err, made, traced, hits, misses, runs, skipped, counted } */
static const struct expected table[] = {
	/* Every link of a kprobe's chain, from the last to the first. */
	{ { 0, 50, 50, 50, 0, 50, 0, 50 }, LINK_WHOLE, "every event is counted" },
	{ { 0, 50, 50, 50, 0, 50, 0, 0 }, LINK_PROGRAM, "ran 50 times and counted 0" },
	{ { 0, 50, 50, 50, 0, 50, 0, 49 }, LINK_PROGRAM, "ran 50 times and counted 49" },
	{ { 0, 50, 50, 50, 0, 0, 0, 0 }, LINK_RUN, "hit 50 times, the program ran 0 times" },
	{ { 0, 50, 50, 50, 0, 20, 30, 20 }, LINK_RUN, "counted 30 of the runs" },
	{ { 0, 50, 0, 0, 50, 0, 0, 0 }, LINK_HANDLER, "of 50 events it missed 50" },
	{ { 0, 50, 0, 10, 40, 10, 0, 10 }, LINK_HANDLER, "of 50 events it missed 40" },
	{ { 0, 50, 0, 0, 0, 0, 0, 0 }, LINK_PLACE, "of 50 it was hit by 0" },
	{ { -ENOENT, 50, 0, 0, 0, 0, 0, 0 }, LINK_ATTACH, "No such file" },
	/* The first link that is broken is the one that is named. */
	{ { 0, 50, 0, 20, 30, 10, 0, 5 }, LINK_HANDLER, "missed 30" },
	{ { 0, 50, 50, 50, 0, 10, 0, 5 }, LINK_RUN, "ran 10 times" },
	/* A uprobe has no count of misses, a tracepoint no count of its own. */
	{ { 0, 50, 0, 0, UNKNOWN, 0, 0, 0 }, LINK_PLACE, "of 50 it was hit by 0" },
	{ { 0, 50, 0, UNKNOWN, UNKNOWN, 0, 0, 0 }, LINK_SOURCE, "passed 0 times" },
	{ { 0, 50, 50, UNKNOWN, UNKNOWN, 0, 0, 0 }, LINK_RUN, "hit 50 times" },
	/* A trampoline: its runs and what was left out are all that is known. */
	{ { 0, 100, UNKNOWN, UNKNOWN, UNKNOWN, 50, 50, 50 }, LINK_RUN, "hit 100 times" },
	{ { 0, 50, UNKNOWN, UNKNOWN, UNKNOWN, 50, 0, 50 }, LINK_WHOLE, "every event is counted" },
	/* Nobody knows how many there were. */
	{ { 0, UNKNOWN, 50, 50, 0, 50, 0, 50 }, LINK_WHOLE, "every event is counted" },
	{ { 0, UNKNOWN, 50, 50, 0, 0, 0, 0 }, LINK_RUN, "hit 50 times" },
	{ { 0, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, 0 },
	  LINK_UNKNOWN,
	  "an unknown number of events, 0 of them" },
	{ { 0, 50, 50, 50, 0, UNKNOWN, UNKNOWN, 0 }, LINK_UNKNOWN, "do not say" },
	{ { 0, 50, 50, 50, 0, 60, 0, 60 }, LINK_OVERCOUNT, "60 where there were 50" },
};

static void the_broken_link_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char sentence[256] = "";

		assert_string_equal(silent__link_name(silent__diagnose(&table[i].counts)),
				    silent__link_name(table[i].link));
		silent__diagnosis(&table[i].counts, sentence, sizeof(sentence));
		if (!strstr(sentence, table[i].says))
			fail_msg("\"%s\" is not in \"%s\"", table[i].says, sentence);
	}
}

static void a_sentence_is_cut_at_its_buffer(void **state)
{
	char small[16] = "";

	(void)state;
	silent__diagnosis(&table[0].counts, small, sizeof(small));
	assert_int_equal(strlen(small), sizeof(small) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_broken_link_is_named),
		cmocka_unit_test(a_sentence_is_cut_at_its_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
