// SPDX-License-Identifier: GPL-2.0-only
/* A program that the verifier gives up after a million instructions, which takes it seconds under
 * emulation, between two that it is done with at once. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("kprobe/vfs_open")
int first(void *ctx)
{
	return 0;
}

SEC("kprobe/vfs_open")
int slow(void *ctx)
{
	int sum = 0;

	for (int i = 0; i < 10000000; i++)
		sum += (int)bpf_get_prandom_u32() & 1;
	return sum;
}

SEC("kprobe/vfs_open")
int last(void *ctx)
{
	return 0;
}
