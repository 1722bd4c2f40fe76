// SPDX-License-Identifier: GPL-2.0-only

/* Makes the kernel print a WARNING that it does not declare. The harness must say: crashed, class
 * WARN, with the WARNING line as the reason, although the measurement itself went well. */
#include <errno.h>

#include "guest/experiment.h"
#include "model/record.h"

#define LKDTM "/sys/kernel/debug/provoke-crash/DIRECT"

static int measure(struct exp *e, struct bpf_object *obj)
{
	int err;

	(void)obj;
	struct record *r;

	exp__progress(e, 1, 1, "WARNING");
	err = exp__write_str(LKDTM, "WARNING");
	if (err)
		return exp__fail(e, err, "write to " LKDTM);
	r = exp__measurement(e, "after");
	record__metric(r, "provoked", "splats", 1);
	return exp__emit(e, r);
}

static const struct need needs[] = {
	{ NEED_FILE, LKDTM, "provokes the crash (CONFIG_LKDTM)" },
	{ 0 },
};

const struct experiment experiment_warn = {
	.name = "warn",
	.summary = "Self-test: makes the kernel warn.",
	.needs = needs,
	.timeout_s = 30,
	.measure = measure,
};
