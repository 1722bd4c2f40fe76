// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "guest/experiment.h"
#include "model/fit.h"
#include "model/record.h"
#include "parts.h"

#define JIT_ENABLE "/proc/sys/net/core/bpf_jit_enable"

int scaling__jit(struct exp *e, bool on)
{
	int err = exp__write_str(JIT_ENABLE, on ? "1" : "0");

	return err ? exp__fail(e, err, "write %s", JIT_ENABLE) : 0;
}

void scaling__slope(struct record *r, const char *name, const char *unit, const struct fit *f,
		    double scale)
{
	char bound[80];

	record__metric(r, name, unit, f->slope * scale);
	snprintf(bound, sizeof(bound), "%s_low", name);
	record__metric(r, bound, unit, f->slope_ci.low * scale);
	snprintf(bound, sizeof(bound), "%s_high", name);
	record__metric(r, bound, unit, f->slope_ci.high * scale);
}

static int measure(struct exp *e, struct bpf_object *obj)
{
	uint64_t before = 1;
	int err = exp__read_u64(JIT_ENABLE, &before), restored;

	(void)obj;
	if (!err)
		err = scaling__growth(e);
	if (!err)
		err = scaling__jit(e, true);
	if (!err)
		err = scaling__limits(e);
	if (!err)
		err = scaling__calls(e);
	restored = scaling__jit(e, before);
	return err ? err : restored;
}

static const struct need needs[] = {
	{ NEED_FILE, JIT_ENABLE, "programs are loaded with JIT and without" },
	{ 0 },
};

static const struct param params[] = {
	{ .name = "max",
	  .type = PARAM_UINT,
	  .value = "8000",
	  .min = 4096,
	  .max = 1000000,
	  .help = "instructions processed of the largest program; of each smaller one "
		  "half of the next" },
	{ .name = "sizes",
	  .type = PARAM_UINT,
	  .value = "5",
	  .min = 3,
	  .max = 11,
	  .help = "programs of each shape; those of less than 256 instructions are left out" },
	{ .name = "loads",
	  .type = PARAM_UINT,
	  .value = "5",
	  .min = 1,
	  .max = 1000,
	  .help = "counted loads of each program with JIT, and as many without" },
	{ 0 },
};

static const struct row rows[] = {
	{ .id = "X23",
	  .title = "load and verification time against program size up to a million "
		   "instructions, JIT time apart; cost per helper call",
	  .origin = "activity log of a thesis, the questions behind it",
	  .cause = "verification grows with the instructions processed, and linearly: "
		   "from 62,500 to 1,000,000 the exponents' 95 % intervals hold 1 for "
		   "straight, branching and looping programs (5.10.218). Only paths "
		   "that stay different double it with each test. 1,000,000 "
		   "instructions load, 1,000,001 are E2BIG, whether in the program or "
		   "processed",
	  .shows = "load growth paths limit_size limit_processed limit_jumps "
		   "limit_unprivileged call" },
	{ 0 },
};

const struct experiment experiment_verifier_scaling = {
	.name = "verifier-scaling",
	.summary =
		"what verification, JIT and helper calls cost, and how it grows to a million insns",
	.rows = rows,
	.needs = needs,
	.params = params,
	.timeout_s = 600,
	.measure = measure,
};
