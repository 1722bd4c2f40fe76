// SPDX-License-Identifier: GPL-2.0-only
int prog(void *ctx)
{
	char buf[520];

	asm volatile("" : : "r"(buf) : "memory");
	return buf[0];
}
