// SPDX-License-Identifier: GPL-2.0-only
/* The overriding program in each of its forms, and others that stand beside it. One overriding
 * program is loaded for a point, and one companion at most. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "assay.bpf.h"
#include "point-state.h"

char LICENSE[] SEC("license") = "GPL";

#define X86_JMP 0xe9

struct point_state state;

static __always_inline struct point_slot *slot_of_thread(void)
{
	__u64 me = bpf_get_current_pid_tgid();

#pragma unroll
	for (int i = 0; i < POINT_READERS; i++)
		if (state.slots[i].thread == me)
			return &state.slots[i];
	return 0;
}

/* Counts a run; gives the slot of a thread that is to be overridden. Everybody's runs are counted:
 * what the kernel counts as hits and is no run has been missed. */
static __always_inline struct point_slot *enter(void)
{
	struct point_slot *s = slot_of_thread();

	if (!s) {
		__sync_fetch_and_add(&state.runs_others, 1);
		return 0;
	}
	s->runs++;
	return state.only_count ? 0 : s;
}

/* Behind an int3 or in the jump's place, the instruction pointer is one behind the entry. */
static __always_inline void look_at_entry(struct pt_regs *ctx, struct point_slot *s)
{
	__u8 byte = 0;

	bpf_probe_read_kernel(&byte, sizeof(byte), (const void *)(PT_REGS_IP(ctx) - 1));
	if (byte != X86_JMP)
		return;
	if (!s->jumps++)
		s->jump_ns = bpf_ktime_get_ns();
}

EXPECT_ACCEPT("*")
SEC("kprobe")
int override(struct pt_regs *ctx)
{
	struct point_slot *s = enter();

	if (!s)
		return 0;
	look_at_entry(ctx, s);
	if (!bpf_override_return(ctx, state.result))
		s->requests++;
	return 0;
}
