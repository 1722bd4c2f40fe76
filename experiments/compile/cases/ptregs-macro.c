// SPDX-License-Identifier: GPL-2.0-only
/* The macro takes the name that goes with the struct. */
#include <asm/ptrace.h>
#include <linux/types.h>
#include <bpf/bpf_tracing.h>

unsigned long first_argument(struct pt_regs *ctx)
{
	return PT_REGS_PARM1(ctx);
}
