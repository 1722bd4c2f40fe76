// SPDX-License-Identifier: GPL-2.0-only
/* An object that is too large for the stack, initialised: the compiler calls memset for it. */
int prog(void *ctx)
{
	char buf[2000] = { 0 };

	asm volatile("" : : "r"(buf) : "memory");
	return buf[0];
}
