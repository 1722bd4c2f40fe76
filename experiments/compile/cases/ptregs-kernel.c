// SPDX-License-Identifier: GPL-2.0-only
/* As with a vmlinux.h made from the kernel's BTF: its struct, its names. */
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di;
};
#define __VMLINUX_H__
#include <linux/types.h>
#include <bpf/bpf_tracing.h>

unsigned long first_argument(struct pt_regs *ctx)
{
	return PT_REGS_PARM1(ctx) + ctx->di;
}
