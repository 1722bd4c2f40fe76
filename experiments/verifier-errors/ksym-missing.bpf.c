// SPDX-License-Identifier: GPL-2.0-only
/* As ksym-call.bpf.c, with a function that headers define and the compiler inlines: the kernel has
 * none of that name. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

extern int kstrtol(const char *text, unsigned int base, long *number) __ksym;

SEC("kprobe/vfs_read")
int ksym_missing(void *ctx)
{
	char text[8] = "42";
	long number = 0;

	return kstrtol(text, 10, &number);
}
