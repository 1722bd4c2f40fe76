// SPDX-License-Identifier: GPL-2.0-only

/* Two measurements, one with a check that fails. The harness must say: unexpected for that one,
 * with what was found, and ok for the other. */
#include "guest/experiment.h"
#include "model/record.h"

static int measure(struct exp *e, struct bpf_object *obj)
{
	struct record *r = exp__measurement(e, "sum");
	int err;

	(void)obj;
	record__label(r, "terms", "good");
	exp__check(r, 2 + 2 == 4, "two and two make four", "%d", 2 + 2);
	err = exp__emit(e, r);
	if (err)
		return err;
	r = exp__measurement(e, "sum");
	record__label(r, "terms", "bad");
	exp__check(r, 2 + 3 == 4, "two and three make four", "%d", 2 + 3);
	return exp__emit(e, r);
}

const struct experiment experiment_failed_check = {
	.name = "failed-check",
	.summary = "Self-test: a check that fails.",
	.measure = measure,
};
