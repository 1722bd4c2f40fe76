// SPDX-License-Identifier: GPL-2.0-only
/* A kprobe program that replaces the result of the function it is attached to, for one thread. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "assay.bpf.h"

char LICENSE[] SEC("license") = "GPL";

__u64 reader; /* bpf_get_current_pid_tgid() of the thread that is overridden; 0: nobody */
long result;  /* what the function is made to return */

/* Written by that thread alone. */
__u64 runs;	/* of the program */
__u64 requests; /* bpf_override_return said that it was done */
/* The first byte of the function, as the program found it: what it hangs on. */
__u64 runs_int3, runs_jump, runs_call, runs_other;

#define X86_INT3 0xcc
#define X86_JMP	 0xe9
#define X86_CALL 0xe8

/* For any kind of kprobe the instruction pointer is one behind the function's entry, as an int3
 * leaves it. */
static __always_inline void look_at_entry(struct pt_regs *ctx)
{
	__u8 byte = 0;

	bpf_probe_read_kernel(&byte, sizeof(byte), (const void *)(PT_REGS_IP(ctx) - 1));
	switch (byte) {
	case X86_INT3:
		runs_int3++;
		break;
	case X86_JMP:
		runs_jump++;
		break;
	case X86_CALL:
		runs_call++;
		break;
	default:
		runs_other++;
	}
}

/* Attached by the loader to one function or another. */
EXPECT_ACCEPT("*")
SEC("kprobe")
int override(struct pt_regs *ctx)
{
	if (bpf_get_current_pid_tgid() != reader)
		return 0;
	runs++;
	look_at_entry(ctx);
	if (!bpf_override_return(ctx, result))
		requests++;
	return 0;
}
