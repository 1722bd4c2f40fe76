// SPDX-License-Identifier: GPL-2.0-only

/* Declares a splat that does not come. The harness must say: unexpected, naming the pattern. */
#include "guest/experiment.h"
#include "model/record.h"

static const char *const expected[] = { "WARNING: .*nothing_of_that_name", NULL };

static int measure(struct exp *e, struct bpf_object *obj)
{
	struct record *r = exp__measurement(e, "quiet");

	(void)obj;
	record__metric(r, "splats", "splats", 0);
	return exp__emit(e, r);
}

const struct experiment experiment_missing_splat = {
	.name = "missing-splat",
	.summary = "Self-test: declares a splat that does not come.",
	.measure = measure,
	.expect_splats = expected,
};
