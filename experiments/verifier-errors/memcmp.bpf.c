// SPDX-License-Identifier: GPL-2.0-only
/* More bytes than clang compares in place: a call to memcmp, which nobody offers. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

char wanted[32], seen[32];

SEC("kprobe/vfs_write")
int builtin_memcmp(void *ctx)
{
	return __builtin_memcmp(wanted, seen, sizeof(wanted)) == 0;
}
