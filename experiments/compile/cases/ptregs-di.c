// SPDX-License-Identifier: GPL-2.0-only
/* The member's name in the kernel, the struct of user space. */
#include <linux/ptrace.h>

unsigned long first_argument(struct pt_regs *ctx)
{
	return ctx->di;
}
