// SPDX-License-Identifier: GPL-2.0-only

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "assay.bpf.h"

char LICENSE[] SEC("license") = "GPL";

EXPECT_ACCEPT(">=4.0")
EXPECT_REJECT(">=5.0", "EACCES", "whatever")
SEC("socket")
int two(void *ctx)
{
	return 0;
}

EXPECT_ACCEPT("<4.0")
SEC("socket")
int none(void *ctx)
{
	return 0;
}

EXPECT_TAG("perhaps:*")
SEC("socket")
int unreadable(void *ctx)
{
	return 0;
}
