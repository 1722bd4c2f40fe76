// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's limit exactly. */
int prog(void *ctx)
{
	char buf[512];

	asm volatile("" : : "r"(buf) : "memory");
	return buf[0];
}
