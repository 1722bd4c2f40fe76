// SPDX-License-Identifier: GPL-2.0-only
/* Calls a helper that is younger than the <linux/bpf.h> of cases/stale. */
#include <linux/bpf.h>

#ifdef BY_HEADER
static long (*bpf_strtol)(const char *text, unsigned long len, __u64 flags,
			  long *number) = (void *)BPF_FUNC_strtol;
#else
#include <bpf/bpf_helpers.h>
#endif

__attribute__((section("kprobe/vfs_read"), used)) int parse(void *ctx)
{
	char text[8] = "42";
	long number = 0;

	return bpf_strtol(text, sizeof(text), 10, &number) > 0;
}
