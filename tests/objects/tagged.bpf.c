// SPDX-License-Identifier: GPL-2.0-only
/* A program whose tag does not hold, and one whose tag does. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "assay.bpf.h"

char LICENSE[] SEC("license") = "GPL";

EXPECT_ACCEPT("*")
SEC("kprobe/vfs_open")
int holds(void *ctx)
{
	return 0;
}

EXPECT_REJECT("*", "EACCES", "no such message")
SEC("kprobe/vfs_open")
int contradicted(void *ctx)
{
	return 1;
}
