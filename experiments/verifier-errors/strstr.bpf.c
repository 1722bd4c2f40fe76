// SPDX-License-Identifier: GPL-2.0-only
/* clang has no strstr of its own to put in: a call. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

char query[32], wanted[8];

SEC("kprobe/vfs_write")
int builtin_strstr(void *ctx)
{
	return __builtin_strstr(query, wanted) != NULL;
}
