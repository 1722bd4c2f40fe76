// SPDX-License-Identifier: GPL-2.0-only
/* A length that is known at run time only. */
struct args {
	const char *a, *b;
	unsigned long n;
};

__attribute__((section("kprobe/vfs_read"))) int same(struct args *args)
{
	return __builtin_memcmp(args->a, args->b, args->n) == 0;
}
