// SPDX-License-Identifier: GPL-2.0-only
/* The overriding program, what sees copyout return, and what tries to look into the buffer. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "assay.bpf.h"
#include "override.bpf.h"
#include "stamps.h"

char LICENSE[] SEC("license") = "GPL";

/* Attached by the loader to one function or another. */
EXPECT_ACCEPT("*")
SEC("kprobe")
int override(struct pt_regs *ctx)
{
	return override_call(ctx);
}

/* --- copyout's return -------------------------------------------------------------------- */

struct stamps stamps;

static __always_inline int entered(void)
{
	__u64 i = stamps.nr_entries;

	if (bpf_get_current_pid_tgid() != stamps.reader)
		return 0;
	stamps.nr_entries++;
	if (i < MAX_STAMPS)
		stamps.entry[i] = bpf_ktime_get_ns();
	return 0;
}

static __always_inline int returned(long result)
{
	__u64 now = bpf_ktime_get_ns(), i = stamps.nr_returns;

	if (bpf_get_current_pid_tgid() != stamps.reader)
		return 0;
	stamps.nr_returns++;
	stamps.result = result;
	if (i < MAX_STAMPS)
		stamps.exit[i] = now;
	return 0;
}

EXPECT_ACCEPT("*")
SEC("kprobe")
int entry_kprobe(struct pt_regs *ctx)
{
	return entered();
}

EXPECT_ACCEPT("*")
SEC("kretprobe")
int return_kretprobe(struct pt_regs *ctx)
{
	return returned(PT_REGS_RC(ctx));
}

/* A kernel without the patches has no such function. */
#define NEEDS_FTRACE EXPECT_ACCEPT("+copyout-ftrace") EXPECT_ANY("-copyout-ftrace")

NEEDS_FTRACE
SEC("fentry/copyout_ftrace")
int BPF_PROG(entry_fentry, void *to, const void *from, unsigned long n)
{
	return entered();
}

/* In 5.10 a tracing program is attached once: another for where there is no fexit. */
NEEDS_FTRACE
SEC("fentry/copyout_ftrace")
int BPF_PROG(entry_alone, void *to, const void *from, unsigned long n)
{
	return entered();
}

NEEDS_FTRACE
SEC("fexit/copyout_ftrace")
int BPF_PROG(return_fexit, void *to, const void *from, unsigned long n, int ret)
{
	return returned(ret);
}

/* --- looking into the buffer ------------------------------------------------------------- */

#define REJECT_SCALAR                                                       \
	EXPECT_REJECT("<5.18", "EACCES", "R[0-9] invalid mem access 'inv'") \
	EXPECT_REJECT(">=5.18", "EACCES", "R[0-9] invalid mem access 'scalar'")

char seen;
__u64 left;

/* An argument of a kprobe is a register's value: a number, whatever the function takes it for. */
REJECT_SCALAR
SEC("kprobe/_copy_to_iter")
int direct_kprobe(struct pt_regs *ctx)
{
	const char *from = (const char *)PT_REGS_PARM1(ctx);

	seen = *from;
	return 0;
}

EXPECT_ACCEPT("*")
SEC("kprobe/_copy_to_iter")
int copied_kprobe(struct pt_regs *ctx)
{
	char byte = 0;

	bpf_probe_read_kernel(&byte, sizeof(byte), (const void *)PT_REGS_PARM1(ctx));
	seen = byte;
	return 0;
}

/* With BTF the verifier knows the argument's type. A pointer to void is a number for it, but a
 * pointer to const void it does not even take for that: btf_ctx_access (kernel/bpf/btf.c) looks for
 * type 0 before it skips the const. */
/* 7.3 takes the value for memory of which it knows no type. */
EXPECT_REJECT("<7.0", "EACCES", "func '_copy_to_iter' arg0 type UNKNOWN is not a struct")
EXPECT_REJECT(">=7.0", "EACCES", "R1 invalid mem access 'scalar'")
SEC("fentry/_copy_to_iter")
int BPF_PROG(direct_void, const void *addr, unsigned long bytes, void *i)
{
	seen = *(const char *)addr;
	return 0;
}

/* A pointer to characters is a number, too. */
REJECT_SCALAR
SEC("fentry/vfs_read")
int BPF_PROG(direct_char, void *file, char *buf, unsigned long count, void *pos)
{
	seen = *buf;
	return 0;
}

struct iov_iter {
	unsigned long count;
} __attribute__((preserve_access_index));

/* A struct it may read, field by field. */
EXPECT_ACCEPT("*")
SEC("fentry/_copy_to_iter")
int BPF_PROG(direct_struct, const void *addr, unsigned long bytes, struct iov_iter *i)
{
	left = i->count;
	return 0;
}

EXPECT_REJECT("*", "EACCES", "only read is supported")
SEC("fentry/_copy_to_iter")
int BPF_PROG(direct_struct_write, const void *addr, unsigned long bytes, struct iov_iter *i)
{
	i->count = 0;
	return 0;
}

/* The reader's memory, with leave to wait for its page: only where the function may sleep. */
EXPECT_ACCEPT("*")
SEC("fentry.s/__x64_sys_read")
int BPF_PROG(copied_user, const struct pt_regs *regs)
{
	char byte = 0;

	bpf_copy_from_user(&byte, sizeof(byte), (const void *)PT_REGS_PARM2(regs));
	seen = byte;
	return 0;
}

/* What "direct" means where there is such a thing: memory between two pointers that the program
 * compares itself. */
EXPECT_ACCEPT("*")
SEC("xdp")
int direct_packet(struct xdp_md *ctx)
{
	const char *data = (const char *)(long)ctx->data, *end = (const char *)(long)ctx->data_end;

	if (data + 1 > end)
		return XDP_PASS;
	seen = *data;
	return XDP_PASS;
}
