// SPDX-License-Identifier: GPL-2.0-only
/* bpf_tracing.h is told that the kernel's types are there, and they are not. */
#include <asm/ptrace.h>
#include <linux/types.h>
#define __VMLINUX_H__
#include <bpf/bpf_tracing.h>

unsigned long first_argument(struct pt_regs *ctx)
{
	return PT_REGS_PARM1(ctx);
}
