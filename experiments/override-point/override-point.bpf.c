// SPDX-License-Identifier: GPL-2.0-only
/* The overriding program in each of its forms, and others that stand beside it or around it. One
 * overriding program is loaded for a point, and one other at most. */
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

/* Is this call meant? Everybody's runs are counted: what the kernel counts as hits and is no run
 * has been missed. */
static __always_inline struct point_slot *enter(void)
{
	struct point_slot *s = slot_of_thread();
	__u64 call = s ? s->calls++ : 0;

	if (!s || call < state.skip || (state.limit && call >= state.skip + state.limit)) {
		__sync_fetch_and_add(&state.runs_others, 1);
		return 0;
	}
	s->runs++;
	return state.only_count ? 0 : s;
}

/* --- the overriding programs -------------------------------------------------------------- */

/* Behind an int3 or in the jump's place, the instruction pointer is one behind the entry. */
static __always_inline void look_at_entry(struct pt_regs *ctx, struct point_slot *s)
{
	__u8 byte = 0;

	bpf_probe_read_kernel(&byte, sizeof(byte), (const void *)(PT_REGS_IP(ctx) - 1));
	if (byte == X86_JMP && !s->jumps++)
		s->jump_ns = bpf_ktime_get_ns();
}

static __always_inline int override_call(struct pt_regs *ctx, struct point_slot *s)
{
	if (s && !bpf_override_return(ctx, state.result))
		s->requests++;
	return 0;
}

EXPECT_ACCEPT("*")
SEC("kprobe")
int override(struct pt_regs *ctx)
{
	struct point_slot *s = enter();

	if (s)
		look_at_entry(ctx, s);
	return override_call(ctx, s);
}

EXPECT_ANY("*")
SEC("kprobe.multi")
int override_multi(struct pt_regs *ctx)
{
	return override_call(ctx, enter());
}

/* Anything but 0 keeps the function's body from running and is its result. */
EXPECT_ANY("*")
SEC("fmod_ret")
long modify(void *ctx)
{
	struct point_slot *s = enter();

	if (!s)
		return 0;
	s->requests += state.result != 0;
	return state.result;
}

/* --- beside it ---------------------------------------------------------------------------- */

static __always_inline int beside(void)
{
	struct point_slot *s = slot_of_thread();

	if (s)
		s->companion++;
	return 0;
}

EXPECT_ACCEPT("*")
SEC("kprobe")
int beside_kprobe(struct pt_regs *ctx)
{
	return beside();
}

EXPECT_ACCEPT("*")
SEC("kretprobe")
int beside_kretprobe(struct pt_regs *ctx)
{
	return beside();
}

EXPECT_ANY("*")
SEC("fentry")
int beside_fentry(void *ctx)
{
	return beside();
}

EXPECT_ANY("*")
SEC("fexit")
int beside_fexit(void *ctx)
{
	return beside();
}

/* --- around it ---------------------------------------------------------------------------- */

struct key {
	__u32 prefix;
	__u8 data[4];
};

/* A map whose update allocates an element, also when a program makes it. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16);
	__type(key, struct key);
	__type(value, __u64);
} trie SEC(".maps");

/* One whose update allocates nothing: what is left are the system call's own allocations. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, struct key);
	__type(value, __u64);
} hash SEC(".maps");

static __always_inline int allocate(void)
{
	struct point_slot *s = slot_of_thread();
	struct key key = { .prefix = 32, .data = { 1 } };
	__u64 value = 0;

	/* An int in the kernel, whatever libbpf declares: the upper half is not the sign's. */
	if (s)
		s->nested = (int)bpf_map_update_elem(&trie, &key, &value, BPF_ANY);
	return 0;
}

/* The kernel raises bpf_prog_active around programs of tracepoints … */
EXPECT_ACCEPT("*")
SEC("tracepoint/syscalls/sys_enter_getpgid")
int around_tracepoint(void *ctx)
{
	return allocate();
}

/* … and a kprobe has the CPU for itself while its handlers run. */
EXPECT_ACCEPT("*")
SEC("kprobe")
int around_kprobe(struct pt_regs *ctx)
{
	return allocate();
}
