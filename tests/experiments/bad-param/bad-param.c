// SPDX-License-Identifier: GPL-2.0-only

/* Asks for a parameter that it does not declare. The harness must say: harness error, a mistake of
 * the experiment, naming the parameter. */
#include "guest/experiment.h"
#include "model/record.h"

static int measure(struct exp *e, struct bpf_object *obj)
{
	struct record *r = exp__measurement(e, "asked");

	(void)obj;
	record__metric(r, "value", "1", (double)exp__param_u64(e, "undeclared"));
	return exp__emit(e, r);
}

const struct experiment experiment_bad_param = {
	.name = "bad-param",
	.summary = "Self-test: asks for an undeclared parameter.",
	.measure = measure,
};
