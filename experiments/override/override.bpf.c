// SPDX-License-Identifier: GPL-2.0-only
/* A kprobe program that replaces the result of the function it is attached to, for one thread; and
 * one that watches how far the reads come. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "assay.bpf.h"
#include "override.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* Attached by the loader to one function or another. */
EXPECT_ACCEPT("*")
SEC("kprobe")
int override(struct pt_regs *ctx)
{
	return override_call(ctx);
}

/* Says how far a read came. */
EXPECT_ACCEPT("*")
SEC("kprobe/vfs_read")
int pass_vfs_read(struct pt_regs *ctx)
{
	if (bpf_get_current_pid_tgid() == override_state.reader)
		trail_note(OVERRIDE_VFS_READ, 0);
	return 0;
}
