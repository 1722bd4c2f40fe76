// SPDX-License-Identifier: GPL-2.0-only
struct args {
	const char *query;
};

__attribute__((section("kprobe/vfs_read"))) int has(struct args *args)
{
	return __builtin_strstr(args->query, "user") != 0;
}
