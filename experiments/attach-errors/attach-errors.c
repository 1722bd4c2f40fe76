// SPDX-License-Identifier: GPL-2.0-only
#include "guest/experiment.h"
#include "session.h"

static int measure(struct exp *e, struct bpf_object *obj)
{
	int err = attach_errors__btf(e);

	(void)obj;
	if (!err)
		err = attach_errors__override(e);
	if (!err)
		err = attach_errors__notrace(e);
	return err ? err : attach_errors__module(e);
}

static const struct need needs[] = {
	{ NEED_CONFIG, "CONFIG_BPF_EVENTS", "programs on kprobes" },
	{ NEED_CONFIG, "CONFIG_KPROBE_EVENTS", "kprobes by perf event and tracefs" },
	{ NEED_CONFIG, "CONFIG_DYNAMIC_FTRACE", "which functions have an ftrace entry" },
	{ 0 },
};

const struct experiment experiment_attach_errors = {
	.name = "attach-errors",
	.summary =
		"programs that cannot be attached: override, notrace, BTF absent or damaged, modules",
	.needs = needs,
	.timeout_s = 60,
	.measure = measure,
};
