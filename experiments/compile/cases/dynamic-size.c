// SPDX-License-Identifier: GPL-2.0-only
/* A buffer as large as the context says. */
struct args {
	const void *from;
	unsigned long size;
};

int prog(struct args *ctx)
{
	char buf[ctx->size];

	asm volatile("" : : "r"(buf) : "memory");
	return buf[0];
}
