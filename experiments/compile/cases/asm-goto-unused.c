// SPDX-License-Identifier: GPL-2.0-only
/* The header alone, as most that includes it wants something else of it. */
#include "asm-goto.h"

int prog(unsigned long *ctx)
{
	return *ctx >> 3 & 1;
}
