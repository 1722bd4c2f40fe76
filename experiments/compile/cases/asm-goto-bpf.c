// SPDX-License-Identifier: GPL-2.0-only
/* asm goto itself is no fault, if what it holds is BPF. */
int prog(unsigned long ctx)
{
	asm goto("if %0 == 7 goto %l[seven]" : : "r"(ctx) : : seven);
	return 0;
seven:
	return 1;
}
