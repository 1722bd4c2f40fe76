// SPDX-License-Identifier: GPL-2.0-only
#include "asm-goto.h"

int prog(unsigned long *ctx)
{
	return test_and_set(ctx);
}
