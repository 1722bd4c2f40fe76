// SPDX-License-Identifier: GPL-2.0-only

/* Dereferences a null pointer in the kernel. With panic_on_oops, as assay's kernels have it, the
 * kernel panics: the harness must say crashed, with the console's "BUG: kernel NULL pointer
 * dereference" in the excerpt. Without (a real machine), the loader is killed, and it must say
 * crashed with that line as the reason. */
#include <errno.h>

#include "guest/experiment.h"
#include "model/record.h"

#define LKDTM "/sys/kernel/debug/provoke-crash/DIRECT"

static int measure(struct exp *e, struct bpf_object *obj)
{
	int err;

	(void)obj;
	exp__progress(e, 1, 1, "EXCEPTION");
	err = exp__write_str(LKDTM, "EXCEPTION");
	return exp__fail(e, err ? err : -EIO, "nothing happened");
}

static const struct need needs[] = {
	{ NEED_FILE, LKDTM, "provokes the crash (CONFIG_LKDTM)" },
	{ 0 },
};

const struct experiment experiment_oops = {
	.name = "oops",
	.summary = "Self-test: oopses.",
	.needs = needs,
	.timeout_s = 30,
	.measure = measure,
};
