// SPDX-License-Identifier: GPL-2.0-only
/* The way of a read through the kernel, and its bytes on both sides of the copy to the reader. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "assay.bpf.h"
#include "read-path.h"
#include "trail.bpf.h"

char LICENSE[] SEC("license") = "GPL";

__u64 reader; /* bpf_get_current_pid_tgid() of the thread that is meant; 0: nobody */

struct event events[MAX_EVENTS];
__u64 nr_events; /* may be more than there is room for */

static __always_inline int is_reader(void)
{
	return bpf_get_current_pid_tgid() == reader;
}

static __always_inline int note(__u64 at)
{
	__u64 ns = bpf_ktime_get_ns(), i;

	if (!is_reader())
		return 0;
	i = nr_events++;
	if (i < MAX_EVENTS)
		events[i] = (struct event){ ns, at, bpf_get_smp_processor_id() };
	return 0;
}

/* For every function of the path. A kprobe's program finds the instruction pointer one byte behind
 * the probed instruction, where the breakpoint's exception leaves it; 5.10 has neither cookies nor
 * bpf_get_func_ip. */
EXPECT_ACCEPT("*")
SEC("kprobe")
int at_entry(struct pt_regs *ctx)
{
	return note(PT_REGS_IP(ctx) - 1);
}

EXPECT_ACCEPT("*")
SEC("kretprobe")
int at_return(struct pt_regs *ctx)
{
	return note(0);
}

/* The loader puts another function in vfs_read's place. */
EXPECT_ACCEPT("*")
SEC("fentry/vfs_read")
int any_fentry(void *ctx)
{
	return 0;
}

/* --- bytes ------------------------------------------------------------------------------- */

struct access accesses[NR_ACCESSES];
__u64 runs;
__u64 saved_to;	 /* copyout's first argument, for its return, where the registers are others */
char text[TEXT]; /* what is written */
__u64 text_len;
unsigned char opcode; /* what stands at copyout's entry while the program runs */

static __always_inline void read_all(const void *from, const void *to)
{
	struct access *a = accesses;

	a[KERNEL_OF_FROM].ret = bpf_probe_read_kernel(a[KERNEL_OF_FROM].bytes, TEXT, from);
	a[KERNEL_STR_OF_FROM].ret =
		bpf_probe_read_kernel_str(a[KERNEL_STR_OF_FROM].bytes, TEXT, from);
	a[USER_OF_FROM].ret = bpf_probe_read_user(a[USER_OF_FROM].bytes, TEXT, from);
	a[USER_OF_TO].ret = bpf_probe_read_user(a[USER_OF_TO].bytes, TEXT, to);
	a[USER_STR_OF_TO].ret = bpf_probe_read_user_str(a[USER_STR_OF_TO].bytes, TEXT, to);
	a[OLD_OF_TO].ret = bpf_probe_read(a[OLD_OF_TO].bytes, TEXT, to);
	a[KERNEL_OF_TO].ret = bpf_probe_read_kernel(a[KERNEL_OF_TO].bytes, TEXT, to);
	trail_note(BYTES_LOOK, a[USER_OF_TO].ret);
}

static __always_inline void write_text(void *to)
{
	struct access *a = &accesses[WRITE_TO];

	/* From 1 to TEXT in a way that the verifier follows: the helper takes no length of 0. */
	a->ret = bpf_probe_write_user(to, text, ((text_len - 1) & (TEXT - 1)) + 1);
	bpf_probe_read_user(a->bytes, TEXT, to);
	trail_note(BYTES_WRITE, a->ret);
}

/* copyout(to, from, n) */
EXPECT_ACCEPT("*")
SEC("kprobe")
int copyout_read(struct pt_regs *ctx)
{
	if (!is_reader())
		return 0;
	runs++;
	read_all((const void *)PT_REGS_PARM2(ctx), (const void *)PT_REGS_PARM1(ctx));
	return 0;
}

EXPECT_ACCEPT("*")
SEC("kprobe")
int copyout_write(struct pt_regs *ctx)
{
	if (!is_reader())
		return 0;
	runs++;
	bpf_probe_read_kernel(&opcode, sizeof(opcode), (const void *)(PT_REGS_IP(ctx) - 1));
	write_text((void *)PT_REGS_PARM1(ctx));
	return 0;
}

EXPECT_ACCEPT("*")
SEC("kprobe")
int copyout_save(struct pt_regs *ctx)
{
	if (!is_reader())
		return 0;
	saved_to = PT_REGS_PARM1(ctx);
	trail_note(BYTES_COPYOUT, 0);
	return 0;
}

EXPECT_ACCEPT("*")
SEC("kretprobe")
int copyout_write_return(struct pt_regs *ctx)
{
	if (!is_reader() || !saved_to)
		return 0;
	runs++;
	write_text((void *)saved_to);
	saved_to = 0;
	return 0;
}

/* A kernel without the patches has no such function, and libbpf refuses. */
EXPECT_ACCEPT("+copyout-ftrace")
EXPECT_ANY("-copyout-ftrace")
SEC("fexit/copyout_ftrace")
int BPF_PROG(copyout_write_fexit, void *to, const void *from, unsigned long n, int ret)
{
	if (!is_reader())
		return 0;
	runs++;
	write_text(to);
	return 0;
}

/* vfs_write(file, buf, count, pos): there is no kernel address, and the file is not one of text. */
EXPECT_ACCEPT("*")
SEC("kprobe/vfs_write")
int vfs_write_read(struct pt_regs *ctx)
{
	const void *buf = (const void *)PT_REGS_PARM2(ctx);

	if (!is_reader())
		return 0;
	runs++;
	read_all(buf, buf);
	return 0;
}

/* --- the verdicts ------------------------------------------------------------------------ */

#define BAD_POINTER "R[0-9] invalid mem access '(inv|scalar)'"

/* A kernel address from a register is a number; copyout_read passes it to a helper. */
EXPECT_REJECT("*", "EACCES", BAD_POINTER)
SEC("kprobe")
int copyout_dereferences(struct pt_regs *ctx)
{
	text[0] = *(volatile char *)PT_REGS_PARM2(ctx);
	return 0;
}

/* The length as it comes; write_text masks it. */
EXPECT_REJECT("*", "EACCES", "R3 unbounded memory access|R3 min value is negative")
SEC("kprobe")
int copyout_write_unbounded(struct pt_regs *ctx)
{
	bpf_probe_write_user((void *)PT_REGS_PARM1(ctx), text, PT_REGS_PARM3(ctx));
	return 0;
}
