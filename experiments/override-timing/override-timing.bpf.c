// SPDX-License-Identifier: GPL-2.0-only
/* The overriding program: the experiment is about what goes on around it. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "assay.bpf.h"
#include "override.bpf.h"

char LICENSE[] SEC("license") = "GPL";

EXPECT_ACCEPT("*")
SEC("kprobe")
int override(struct pt_regs *ctx)
{
	return override_call(ctx);
}
