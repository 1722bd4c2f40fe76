// SPDX-License-Identifier: GPL-2.0-only
/* Calls a kernel function by its BTF. libbpf finds it; whether a program may is the kernel's
 * decision. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

extern int kstrtoll(const char *text, unsigned int base, long long *number) __ksym;

SEC("kprobe/vfs_read")
int ksym_call(void *ctx)
{
	char text[8] = "42";
	long long number = 0;

	return kstrtoll(text, 10, &number);
}
