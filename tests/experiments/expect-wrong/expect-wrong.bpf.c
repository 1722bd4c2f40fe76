// SPDX-License-Identifier: GPL-2.0-only

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "assay.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define UNWRITTEN()                                      \
	({                                               \
		long v;                                  \
		asm volatile("%[v] = r5" : [v] "=r"(v)); \
		v;                                       \
	})

EXPECT_ACCEPT("*")
SEC("socket")
int rejected(void *ctx)
{
	return UNWRITTEN();
}

EXPECT_REJECT("*", "EACCES", "R5 !read_ok")
SEC("socket")
int accepted(void *ctx)
{
	return 0;
}

EXPECT_REJECT("*", "EACCES", "another message")
SEC("socket")
int message(void *ctx)
{
	return UNWRITTEN();
}

EXPECT_REJECT("*", "EINVAL", "R5 !read_ok")
SEC("socket")
int error(void *ctx)
{
	return UNWRITTEN();
}

EXPECT_ANY("*")
SEC("socket")
int anything(void *ctx)
{
	return UNWRITTEN();
}
