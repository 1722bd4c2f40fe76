// SPDX-License-Identifier: GPL-2.0-only

/* Loops in the kernel without ever scheduling, with the watchdog set to two seconds. The harness
 * must say: crashed, with "BUG: soft lockup" from the console. On one CPU no event comes from the
 * guest any more; on several, its time limit may strike first on the guest's side, and the loader
 * can't be killed. */
#include <errno.h>

#include "guest/experiment.h"
#include "model/record.h"

#define LKDTM "/sys/kernel/debug/provoke-crash/DIRECT"

static int measure(struct exp *e, struct bpf_object *obj)
{
	int err;

	(void)obj;
	exp__write_str("/proc/sys/kernel/watchdog_thresh", "1");
	exp__progress(e, 1, 1, "SOFTLOCKUP");
	err = exp__write_str(LKDTM, "SOFTLOCKUP");
	return exp__fail(e, err ? err : -EIO, "nothing happened");
}

static const struct need needs[] = {
	{ NEED_FILE, LKDTM, "provokes the crash (CONFIG_LKDTM)" },
	{ 0 },
};

const struct experiment experiment_soft_lockup = {
	.name = "soft-lockup",
	.summary = "Self-test: locks up a CPU.",
	.needs = needs,
	.timeout_s = 30,
	.measure = measure,
};
