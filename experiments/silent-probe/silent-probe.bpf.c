// SPDX-License-Identifier: GPL-2.0-only
/* Programs that count, and programs that look as if they did. Attached one at a time. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "assay.bpf.h"

char LICENSE[] SEC("license") = "GPL";

__u64 counted;
__u32 process; /* the one that is meant */
long wanted;   /* first argument that is meant */

static __always_inline int count(void)
{
	__sync_fetch_and_add(&counted, 1);
	return 0;
}

EXPECT_ACCEPT("*")
SEC("kprobe")
int count_all(struct pt_regs *ctx)
{
	return count();
}

/* --- of one process ---------------------------------------------------------------------- */

EXPECT_ACCEPT("*")
SEC("kprobe")
int filter_right(struct pt_regs *ctx)
{
	return bpf_get_current_pid_tgid() >> 32 == process ? count() : 0;
}

/* Both halves against one of them. */
EXPECT_ACCEPT("*")
SEC("kprobe")
int filter_both_halves(struct pt_regs *ctx)
{
	return bpf_get_current_pid_tgid() == process ? count() : 0;
}

/* --- with one argument ------------------------------------------------------------------- */

EXPECT_ACCEPT("*")
SEC("kprobe")
int signature_right(struct pt_regs *ctx)
{
	return PT_REGS_PARM1(ctx) == wanted ? count() : 0;
}

/* The probed function's arguments, declared as the program's own: `first` is the context. */
EXPECT_ACCEPT("*")
SEC("kprobe")
int signature_of_function(long first, const char *second)
{
	return first == wanted ? count() : 0;
}

EXPECT_ACCEPT("*")
SEC("kprobe")
int signature_shifted(struct pt_regs *ctx)
{
	return PT_REGS_PARM2(ctx) == wanted ? count() : 0;
}

/* --- within another program -------------------------------------------------------------- */

/* Calls bpf_user_rnd_u32, which calls prandom_u32_state. */
EXPECT_ACCEPT("*")
SEC("kprobe")
int outer(struct pt_regs *ctx)
{
	bpf_get_prandom_u32();
	return 0;
}

EXPECT_ACCEPT("*")
SEC("fentry/bpf_user_rnd_u32")
int fentry_nested(void *ctx)
{
	return count();
}

/* Calls what it is attached to. Kernels before 5.12 do not notice, and it is not attached there. */
EXPECT_ACCEPT("*")
SEC("fentry/bpf_user_rnd_u32")
int fentry_recursive(void *ctx)
{
	bpf_get_prandom_u32();
	return count();
}

EXPECT_ACCEPT("*")
SEC("fentry/htab_map_update_elem")
int fentry_map_update(void *ctx)
{
	return count();
}

/* --- the scheduler's statistics ---------------------------------------------------------- */

/* As events/sched/sched_stat_sleep/format has it. The one that wakes is current; who slept is an
 * argument. */
struct sched_stat {
	__u64 common;
	char comm[16];
	__u32 pid;
	__u64 delay;
};

/* 7.3 has the name behind the other fields. The kernel refuses to attach a program that may read
 * beyond a tracepoint's fields (EACCES). */
struct sched_stat_short {
	__u64 common;
	__u32 where_comm;
	__u32 pid;
	__u64 delay;
};

const volatile _Bool comm_behind;

/* In assembly: of two loads the compiler makes one, at an address that it chooses first, and the
 * verifier takes no modified context. */
#define LOAD_U32(value, from, at) \
	asm volatile("%0 = *(u32 *)(%1 + %2)" : "=r"(value) : "r"(from), "i"(at))

static __always_inline __u32 sched_stat_pid(void *ctx)
{
	__u32 pid;

	if (comm_behind)
		LOAD_U32(pid, ctx, __builtin_offsetof(struct sched_stat_short, pid));
	else
		LOAD_U32(pid, ctx, __builtin_offsetof(struct sched_stat, pid));
	return pid;
}

EXPECT_ACCEPT("*")
SEC("tracepoint/sched/sched_stat_sleep")
int count_sleep(void *ctx)
{
	return sched_stat_pid(ctx) == process ? count() : 0;
}

/* Of the same family by its name and its arguments. */
EXPECT_ACCEPT("*")
SEC("tracepoint/sched/sched_stat_runtime")
int count_runtime(void *ctx)
{
	return sched_stat_pid(ctx) == process ? count() : 0;
}
