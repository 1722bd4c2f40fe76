// SPDX-License-Identifier: GPL-2.0-only
/* A map as loaders before libbpf 1.0 took it: without BTF, in the section "maps". */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	unsigned int type, key_size, value_size, max_entries, map_flags;
} counts SEC("maps") = {
	.type = BPF_MAP_TYPE_ARRAY,
	.key_size = sizeof(__u32),
	.value_size = sizeof(__u64),
	.max_entries = 1,
};

SEC("kprobe/vfs_read")
int legacy_map(void *ctx)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&counts, &key) != NULL;
}
