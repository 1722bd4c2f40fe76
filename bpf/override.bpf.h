/* SPDX-License-Identifier: GPL-2.0-only */
/* A kprobe program that replaces the result of the function it is attached to, for one thread.
 * Needs <linux/ptrace.h> and libbpf's helpers and bpf_tracing.h before it. */
#ifndef ASSAY_BPF_OVERRIDE_BPF_H
#define ASSAY_BPF_OVERRIDE_BPF_H

#include "override.h"
#include "trail.bpf.h"

struct override_state override_state;

#define X86_INT3 0xcc
#define X86_JMP	 0xe9
#define X86_CALL 0xe8

/* For any kind of kprobe the instruction pointer is one behind the function's entry, as an int3
 * leaves it. */
static __always_inline void override_look_at_entry(struct pt_regs *ctx)
{
	__u8 byte = 0;

	bpf_probe_read_kernel(&byte, sizeof(byte), (const void *)(PT_REGS_IP(ctx) - 1));
	switch (byte) {
	case X86_INT3:
		override_state.runs_int3++;
		break;
	case X86_JMP:
		override_state.runs_jump++;
		break;
	case X86_CALL:
		override_state.runs_call++;
		break;
	default:
		override_state.runs_other++;
	}
}

static __always_inline int override_call(struct pt_regs *ctx)
{
	if (bpf_get_current_pid_tgid() != override_state.reader)
		return 0;
	override_state.runs++;
	override_look_at_entry(ctx);
	trail_note(OVERRIDE_RUNS, override_state.result);
	if (override_state.limit && override_state.requests >= override_state.limit)
		return 0;
	if (!bpf_override_return(ctx, override_state.result))
		override_state.requests++;
	return 0;
}

#endif
