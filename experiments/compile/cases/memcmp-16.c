// SPDX-License-Identifier: GPL-2.0-only
struct args {
	const char *a, *b;
};

__attribute__((section("kprobe/vfs_read"))) int same(struct args *args)
{
	return __builtin_memcmp(args->a, args->b, 16) == 0;
}
