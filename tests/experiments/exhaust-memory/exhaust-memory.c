// SPDX-License-Identifier: GPL-2.0-only

/* Takes memory until the kernel kills it. The harness must say: crashed, "guest out of memory", and
 * be able to run the next experiment in the same guest. Not to be run on a real machine. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guest/experiment.h"

#define CHUNK (1u << 20)

static int measure(struct exp *e, struct bpf_object *obj)
{
	(void)obj;
	for (uint64_t i = 0;; i++) {
		char *p = malloc(CHUNK);

		if (!p)
			return exp__fail(e, -ENOMEM, "malloc gave up before the kernel did");
		memset(p, (int)i + 1, CHUNK);
		exp__progress(e, i, 0, "taking memory");
	}
}

const struct experiment experiment_exhaust_memory = {
	.name = "exhaust-memory",
	.summary = "Self-test: takes all memory.",
	.timeout_s = 60,
	.measure = measure,
};
