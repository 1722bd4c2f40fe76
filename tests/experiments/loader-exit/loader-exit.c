// SPDX-License-Identifier: GPL-2.0-only

/* A callback calls exit(). The harness must say: crashed, the loader exited with status 7 before
 * its end. */
#include <stdlib.h>

#include "guest/experiment.h"

static int measure(struct exp *e, struct bpf_object *obj)
{
	(void)e;
	(void)obj;
	exit(7);
}

const struct experiment experiment_loader_exit = {
	.name = "loader-exit",
	.summary = "Self-test: a callback exits.",
	.measure = measure,
};
