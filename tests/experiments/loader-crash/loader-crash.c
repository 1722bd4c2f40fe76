// SPDX-License-Identifier: GPL-2.0-only

/* The loader follows a null pointer. The harness must say: crashed, SIGSEGV, while doing "reading
 * address zero"; the measurement sent before is kept. */
#include "guest/experiment.h"
#include "model/record.h"

static int measure(struct exp *e, struct bpf_object *obj)
{
	struct record *r = exp__measurement(e, "before the crash");
	int *volatile nowhere = NULL;
	int err;

	(void)obj;
	record__metric(r, "crashes", "crashes", 0);
	err = exp__emit(e, r);
	exp__progress(e, 1, 1, "reading address zero");
	return err + *nowhere;
}

const struct experiment experiment_loader_crash = {
	.name = "loader-crash",
	.summary = "Self-test: the loader crashes.",
	.measure = measure,
};
