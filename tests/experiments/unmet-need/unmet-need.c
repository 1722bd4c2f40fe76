// SPDX-License-Identifier: GPL-2.0-only

/* Needs what no kernel has. The harness must say: skipped, naming the option and why it is needed;
 * measure() is not called. */
#include <stdlib.h>

#include "guest/experiment.h"

static int measure(struct exp *e, struct bpf_object *obj)
{
	(void)e;
	(void)obj;
	abort();
}

static const struct need needs[] = {
	{ NEED_SYMBOL, "vfs_read", "met" },
	{ NEED_KERNEL, ">=4.0", "met" },
	{ NEED_CONFIG, "CONFIG_NO_SUCH_OPTION", "shows that a need can be unmet" },
	{ 0 },
};

const struct experiment experiment_unmet_need = {
	.name = "unmet-need",
	.summary = "Self-test: a need that is not met.",
	.needs = needs,
	.measure = measure,
};
