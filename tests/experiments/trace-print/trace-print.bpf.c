// SPDX-License-Identifier: GPL-2.0-only

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "assay.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* Not auto-loaded, which must make no difference to the harness. */
EXPECT_ACCEPT("*")
SEC("?tracepoint/raw_syscalls/sys_enter")
int say(struct {
	__u64 pad;
	long nr;
} * ctx)
{
	char fmt[] = "getppid was called";

	if (ctx->nr == 110)
		bpf_trace_printk(fmt, sizeof(fmt));
	return 0;
}
