// SPDX-License-Identifier: GPL-2.0-only

/* Panics the kernel through sysrq. The harness must say: crashed, with the kernel's own words
 * ("Kernel panic - not syncing: sysrq triggered crash") from the console; the measurement that was
 * sent before must be there. No `end` comes from the guest. */
#include <errno.h>
#include <unistd.h>

#include "guest/experiment.h"
#include "model/record.h"

static int measure(struct exp *e, struct bpf_object *obj)
{
	struct record *r = exp__measurement(e, "before the panic");
	int err;

	(void)obj;
	record__metric(r, "panics", "panics", 0);
	err = exp__emit(e, r);
	if (err)
		return err;
	usleep(200000); /* for the event to leave the guest */
	err = exp__write_str("/proc/sysrq-trigger", "c");
	return exp__fail(e, err ? err : -EIO, "the kernel did not panic");
}

static const struct need needs[] = {
	{ NEED_FILE, "/proc/sysrq-trigger", "panics the kernel" },
	{ 0 },
};

const struct experiment experiment_panic = {
	.name = "panic",
	.summary = "Self-test: panics the kernel.",
	.needs = needs,
	.timeout_s = 30,
	.measure = measure,
};
