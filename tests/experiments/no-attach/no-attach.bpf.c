// SPDX-License-Identifier: GPL-2.0-only

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "assay.bpf.h"

char LICENSE[] SEC("license") = "GPL";

EXPECT_ACCEPT("*")
SEC("tracepoint/nothing/of_that_name")
int nowhere(void *ctx)
{
	return 0;
}
