// SPDX-License-Identifier: GPL-2.0-only

/* measure() returns without a measurement. The harness must say: harness error, a mistake of the
 * experiment: without evidence nothing counts as ok. */
#include "guest/experiment.h"

static int measure(struct exp *e, struct bpf_object *obj)
{
	(void)e;
	(void)obj;
	return 0;
}

const struct experiment experiment_silent_measure = {
	.name = "silent-measure",
	.summary = "Self-test: measures nothing.",
	.measure = measure,
};
