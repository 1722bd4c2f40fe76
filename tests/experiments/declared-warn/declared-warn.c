// SPDX-License-Identifier: GPL-2.0-only

/* As `warn`, but declares the splat: the harness must say ok, and keep dmesg as evidence. */
#include <errno.h>

#include "guest/experiment.h"
#include "model/record.h"

#define LKDTM "/sys/kernel/debug/provoke-crash/DIRECT"

static const char *const expected[] = { "WARNING: .*lkdtm", NULL };

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

const struct experiment experiment_declared_warn = {
	.name = "declared-warn",
	.summary = "Self-test: a splat that belongs to the question.",
	.needs = needs,
	.timeout_s = 30,
	.measure = measure,
	.expect_splats = expected,
};
