// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/libbpf.h>
#include <stddef.h>

#include "guest/experiment.h"
#include "raw.h"
#include "rows.h"
#include "verifier-errors.skel.h"
#include "whole.h"

static int measure(struct exp *e, struct bpf_object *obj)
{
	int err = verifier_errors__raw_programs(e);

	(void)obj;
	return err ? err : verifier_errors__whole_objects(e);
}

static const struct need needs[] = {
	{ NEED_CONFIG, "CONFIG_BPF_EVENTS", "the programs are kprobe programs" },
	{ NEED_CONFIG, "CONFIG_CGROUP_BPF", "the program that calls bpf_strtol is for sysctls" },
	{ 0 },
};

const struct experiment experiment_verifier_errors = {
	.name = "verifier-errors",
	.summary =
		"the verifier's usual complaints, and beside each the nearest program that passes",
	.rows = verifier_errors__rows,
	.needs = needs,
	.timeout_s = 60,
	.elf_bytes = verifier_errors_bpf__elf_bytes,
	.measure = measure,
};
