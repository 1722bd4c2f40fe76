// SPDX-License-Identifier: GPL-2.0-only

/* Prints a thousand lines, which experiments must not. The harness must say: ok, pass the first
 * lines on as the guest's own diagnostics, and drop the rest; the console must show none of them.
 */
#include <stdio.h>

#include "guest/experiment.h"
#include "model/record.h"

static int measure(struct exp *e, struct bpf_object *obj)
{
	struct record *r = exp__measurement(e, "printed");

	(void)obj;
	for (int i = 0; i < 1000; i++)
		printf("line %d that should not be\n", i);
	fflush(stdout);
	fprintf(stderr, "the last one, without a newline");
	record__metric(r, "lines", "lines", 1001);
	return exp__emit(e, r);
}

const struct experiment experiment_prints = {
	.name = "prints",
	.summary = "Self-test: prints.",
	.measure = measure,
};
