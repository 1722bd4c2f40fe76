// SPDX-License-Identifier: GPL-2.0-only
int prog(void *ctx)
{
	char buf[504] = { 0 };

	asm volatile("" : : "r"(buf) : "memory");
	return buf[0];
}
