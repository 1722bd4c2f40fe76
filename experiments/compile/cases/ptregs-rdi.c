// SPDX-License-Identifier: GPL-2.0-only
#include <linux/ptrace.h>

unsigned long first_argument(struct pt_regs *ctx)
{
	return ctx->rdi;
}
