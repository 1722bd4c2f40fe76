// SPDX-License-Identifier: GPL-2.0-only

/* Sleeps in the kernel and can't be woken or killed. The harness must say: crashed, with the hung
 * task's line ("blocked for more than") as seen on the console, or, where that is not configured,
 * timeout with "it can't be killed". */
#include <errno.h>

#include "guest/experiment.h"
#include "model/record.h"

#define LKDTM "/sys/kernel/debug/provoke-crash/DIRECT"

static int measure(struct exp *e, struct bpf_object *obj)
{
	int err;

	(void)obj;
	exp__write_str("/proc/sys/kernel/hung_task_timeout_secs", "2");
	exp__progress(e, 1, 1, "HUNG_TASK");
	err = exp__write_str(LKDTM, "HUNG_TASK");
	return exp__fail(e, err ? err : -EIO, "nothing happened");
}

static const struct need needs[] = {
	{ NEED_FILE, LKDTM, "provokes the crash (CONFIG_LKDTM)" },
	{ 0 },
};

const struct experiment experiment_hung_task = {
	.name = "hung-task",
	.summary = "Self-test: a task that can't be killed.",
	.needs = needs,
	.timeout_s = 30,
	.measure = measure,
};
