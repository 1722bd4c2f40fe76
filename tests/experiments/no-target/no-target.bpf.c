// SPDX-License-Identifier: GPL-2.0-only

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "assay.bpf.h"

char LICENSE[] SEC("license") = "GPL";

EXPECT_REJECT("*", "ESRCH", "no_such_function")
SEC("fentry/no_such_function")
int expected(void *ctx)
{
	return 0;
}

EXPECT_ACCEPT("*")
SEC("fentry/no_such_function")
int unexpected(void *ctx)
{
	return 0;
}

SEC("fentry/no_such_function")
int untagged(void *ctx)
{
	return 0;
}
