// SPDX-License-Identifier: GPL-2.0-only
/* Global variables of all kinds that can be set, and programs whose verdicts depend on them. */
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

enum mode { MODE_SAFE, MODE_WILD = 7 };

const volatile int bound = 8;
const volatile enum mode mode;
const volatile bool wild;
const volatile struct {
	int unused;
	struct {
		short deep[3];
	} inner;
} knobs;
unsigned long long counter = 1;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 64);
} array SEC(".maps");

static __always_inline char *value_of(void)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&array, &key);
}

SEC("kprobe/vfs_open")
int by_bound(void *ctx)
{
	char *value = value_of();
	int sum = 0;

	/* The verifier knows the constant, and so the last byte that is read. */
	if (value && bound > 0)
		sum = value[bound - 1];
	return sum;
}

SEC("kprobe/vfs_open")
int by_flags(void *ctx)
{
	char *value = value_of();

	if (wild || mode == MODE_WILD || knobs.inner.deep[2] == -5)
		return value[0]; /* without a look at whether there is one */
	return 0;
}

SEC("kprobe/vfs_open")
int counts(void *ctx)
{
	counter++;
	return 0;
}
