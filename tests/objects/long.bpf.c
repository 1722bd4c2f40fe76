// SPDX-License-Identifier: GPL-2.0-only
/* A program of which the verifier processes thousands of instructions, so that its time says more
 * than how it was rounded, and a short one. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("kprobe/vfs_open")
int longer(void *ctx)
{
	int sum = 0;

	for (int i = 0; i < 1000; i++)
		sum += (int)bpf_get_prandom_u32() & 1;
	return sum;
}

SEC("kprobe/vfs_open")
int shorter(void *ctx)
{
	int sum = 0;

	for (int i = 0; i < 20; i++)
		sum += (int)bpf_get_prandom_u32() & 1;
	return sum;
}
