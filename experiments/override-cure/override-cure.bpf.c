// SPDX-License-Identifier: GPL-2.0-only
/* A kprobe program that overrides, one that only looks on, and an fentry program that may share a
 * function with them. All three are about the thread that reads, while it reads. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "assay.bpf.h"
#include "override.bpf.h"
#include "seen.h"

char LICENSE[] SEC("license") = "GPL";

struct cure_seen cure_seen;

EXPECT_ACCEPT("*")
SEC("kprobe")
int override(struct pt_regs *ctx)
{
	return override_call(ctx);
}

EXPECT_ACCEPT("*")
SEC("kprobe")
int observe(struct pt_regs *ctx)
{
	__u8 byte = 0;

	if (bpf_get_current_pid_tgid() != override_state.reader)
		return 0;
	cure_seen.runs++;
	bpf_probe_read_kernel(&byte, sizeof(byte), (const void *)(PT_REGS_IP(ctx) - 1));
	switch (byte) {
	case X86_INT3:
		cure_seen.int3++;
		break;
	case X86_JMP:
		cure_seen.jump++;
		break;
	case X86_CALL:
		cure_seen.call++;
		break;
	default:
		cure_seen.other++;
	}
	return 0;
}

EXPECT_ACCEPT("*")
SEC("fentry/copyout_ftrace")
int BPF_PROG(enter)
{
	if (bpf_get_current_pid_tgid() == override_state.reader)
		cure_seen.entered++;
	return 0;
}
