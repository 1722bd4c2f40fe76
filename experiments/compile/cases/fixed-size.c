// SPDX-License-Identifier: GPL-2.0-only
/* A buffer of fixed size, of which as much is filled as the context says. */
struct args {
	const void *from;
	unsigned long size;
};

static long (*const probe_read)(void *to, unsigned int size, const void *from) = (void *)4;

int prog(struct args *ctx)
{
	char buf[128];

	probe_read(buf, ctx->size & 127, ctx->from);
	return buf[0];
}
