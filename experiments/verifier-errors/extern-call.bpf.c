// SPDX-License-Identifier: GPL-2.0-only
/* Calls a kernel function as if it were a helper. clang takes it for a function that a linker will
 * find; libbpf is none, and refuses the whole object. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

extern int kstrtol(const char *text, unsigned int base, long *number);

SEC("kprobe/vfs_read")
int extern_call(void *ctx)
{
	char text[8] = "42";
	long number = 0;

	return kstrtol(text, 10, &number);
}
