// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "assay.bpf.h"

char LICENSE[] SEC("license") = "GPL";

__u64 hits;

EXPECT_ACCEPT("*")
SEC("raw_tracepoint/sys_enter")
int count(void *ctx)
{
	hits++;
	return 0;
}

/* r5 was never written. */
EXPECT_REJECT("*", "EACCES", "R5 !read_ok")
SEC("socket")
int unwritten(void *ctx)
{
	long value;

	asm volatile("%[value] = r5" : [value] "=r"(value));
	return value;
}
