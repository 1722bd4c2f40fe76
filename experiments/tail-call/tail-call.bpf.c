// SPDX-License-Identifier: GPL-2.0-only
/* Tail calls: beside an override, what they share with the program that made them, what they cost.
 */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "assay.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define PROG_ARRAY(name, entries)                      \
	struct {                                       \
		__uint(type, BPF_MAP_TYPE_PROG_ARRAY); \
		__uint(max_entries, entries);          \
		__type(key, __u32);                    \
		__type(value, __u32);                  \
	} name SEC(".maps")

/* An array takes programs of one type only, that of the first. */
PROG_ARRAY(kprobes, 1);
PROG_ARRAY(steps, 1);

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} note SEC(".maps"); /* from the caller to the callee */

__u64 thread;	 /* bpf_get_current_pid_tgid() of the thread that is meant; 0: nobody */
long result;	 /* what an override makes a function return */
__u64 decision;	 /* by a program that can't override for one that can */
__u64 calls;	 /* runs of the program that makes the tail call */
__u64 came_back; /* it went on behind the call */
__u64 callee_runs, callee_note, callee_context, caller_context;
__u64 leftover; /* what a callee found on its stack */
__u64 chain_runs;

static __always_inline int is_meant(void)
{
	return bpf_get_current_pid_tgid() == thread;
}

/* --- override beside tail calls (E25) ---------------------------------------------------- */

/* A prog array takes no program that overrides: it is refused there, not here. */
EXPECT_ACCEPT("*")
SEC("kprobe")
int override(struct pt_regs *ctx)
{
	if (is_meant())
		bpf_override_return(ctx, result);
	return 0;
}

/* Nor may such a program make a tail call itself. The verifier has nothing against it; the load
 * fails behind it, without a word (bpf_check_tail_call in kernel/bpf/core.c): the log ends with the
 * last path's exit and the statistics. */
EXPECT_REJECT("*", "EINVAL", "\\(95\\) exit[[:space:]]+verification time [0-9]+ usec")
SEC("kprobe")
int override_and_tail_call(struct pt_regs *ctx)
{
	if (!is_meant())
		return 0;
	bpf_override_return(ctx, result);
	bpf_tail_call(ctx, &kprobes, 0);
	return 0;
}

static __noinline int override_function(struct pt_regs *ctx)
{
	return bpf_override_return(ctx, result);
}

/* The nearest that passes: the code in a function of the program, not in another program. */
EXPECT_ACCEPT("*")
SEC("kprobe")
int override_in_function(struct pt_regs *ctx)
{
	return is_meant() ? override_function(ctx) : 0;
}

/* And across programs: two probes on one function, one of which may use tail calls. */
EXPECT_ACCEPT("*")
SEC("kprobe")
int override_if_decided(struct pt_regs *ctx)
{
	if (is_meant() && decision)
		bpf_override_return(ctx, result);
	return 0;
}

EXPECT_ACCEPT("*")
SEC("kprobe")
int decide(struct pt_regs *ctx)
{
	if (is_meant())
		decision = 1;
	return 0;
}

/* --- what is shared ---------------------------------------------------------------------- */

EXPECT_ACCEPT("*")
SEC("kprobe")
int caller(struct pt_regs *ctx)
{
	volatile __u64 mark = 0x5ca1ab1e;
	__u64 *value;
	__u32 zero = 0;

	if (!is_meant())
		return 0;
	calls++;
	caller_context = PT_REGS_PARM1(ctx);
	value = bpf_map_lookup_elem(&note, &zero);
	if (value)
		*value = mark;
	bpf_tail_call(ctx, &kprobes, 0);
	came_back++;
	return 0;
}

EXPECT_ACCEPT("*")
SEC("kprobe")
int callee(struct pt_regs *ctx)
{
	__u32 zero = 0;
	__u64 *value = bpf_map_lookup_elem(&note, &zero);

	callee_runs++;
	callee_context = PT_REGS_PARM1(ctx);
	if (value)
		callee_note = *value;
	return 0;
}

/* A callee begins as any program does: nothing but the context in r1. */
EXPECT_REJECT("*", "EACCES", "^R6 !read_ok$")
SEC("kprobe")
__attribute__((naked)) int callee_reads_register(void)
{
	asm volatile("r0 = r6\n"
		     "exit\n");
}

/* Later kernels let a privileged program read stack that it has not written; stack that it does not
 * use otherwise, since 6.8 and in 6.1 (see masked-read). */
EXPECT_REJECT("5.10.*,>=5.10.33", "EACCES", "^invalid read from stack R10 off=-8 size=8$")
EXPECT_ACCEPT("6.1.*,>=6.1.191|>=6.8")
EXPECT_ANY("<5.10.33|>=5.11,<6.1.191|>=6.2,<6.8")
SEC("kprobe")
int callee_reads_stack(struct pt_regs *ctx)
{
	__u64 found;

	asm volatile("%0 = *(u64 *)(r10 - 8)" : "=r"(found));
	leftover = found;
	callee_runs++;
	return 0;
}

static __noinline int tail_call_function(struct pt_regs *ctx)
{
	bpf_tail_call(ctx, &kprobes, 0);
	return 1;
}

/* From a function of a program: the callee returns to the function's caller. On 5.10 this asks for
 * BTF that the kernel takes ("tail_call is not allowed in subprogs without BTF"). */
EXPECT_ACCEPT(">=5.10")
EXPECT_ANY("<5.10")
SEC("kprobe")
int caller_in_function(struct pt_regs *ctx)
{
	if (!is_meant())
		return 0;
	calls++;
	tail_call_function(ctx);
	came_back++;
	return 0;
}

/* Calls itself until the kernel has enough. */
EXPECT_ACCEPT("*")
SEC("kprobe")
int chain(struct pt_regs *ctx)
{
	if (!is_meant())
		return 0;
	chain_runs++;
	bpf_tail_call(ctx, &kprobes, 0);
	came_back++;
	return 0;
}

/* --- the cost: steps that do the same, strung together in different ways ----------------- */

#define MAX_STEPS 32 /* the kernel ends a chain after 33 tail calls */

__u64 length; /* steps of a run, up to MAX_STEPS */
__u64 left;   /* of this one */
__u64 done;   /* steps, of all runs */
__u32 slot;   /* 0, which the verifier does not know */

#define VOLATILE(variable) (*(volatile __u64 *)&(variable))

static __always_inline void step(void)
{
	VOLATILE(done) += 1;
	VOLATILE(left) -= 1;
}

/* A slot that is known beforehand: the kernel patches a jump in (direct), since 5.5. One that is
 * not: the program is looked up in the array (indirect). */
#define TAIL_STEPS(name, index)                            \
	EXPECT_ACCEPT("*")                                 \
	SEC("tc")                                          \
	int name##_step(struct __sk_buff *ctx)             \
	{                                                  \
		step();                                    \
		if (VOLATILE(left))                        \
			bpf_tail_call(ctx, &steps, index); \
		return 0;                                  \
	}                                                  \
	EXPECT_ACCEPT("*")                                 \
	SEC("tc")                                          \
	int name##_start(struct __sk_buff *ctx)            \
	{                                                  \
		VOLATILE(left) = length;                   \
		if (VOLATILE(left))                        \
			bpf_tail_call(ctx, &steps, index); \
		return 0;                                  \
	}

TAIL_STEPS(direct, 0)
TAIL_STEPS(indirect, *(volatile __u32 *)&slot)

static __noinline int step_function(void)
{
	step();
	return 0;
}

EXPECT_ACCEPT(">=5.3")
EXPECT_ANY("<5.3")
SEC("tc")
int function_start(struct __sk_buff *ctx)
{
	VOLATILE(left) = length;
	for (int i = 0; i < MAX_STEPS && VOLATILE(left); i++)
		step_function();
	return 0;
}

EXPECT_ACCEPT(">=5.3")
EXPECT_ANY("<5.3")
SEC("tc")
int inline_start(struct __sk_buff *ctx)
{
	VOLATILE(left) = length;
	for (int i = 0; i < MAX_STEPS && VOLATILE(left); i++)
		step();
	return 0;
}
