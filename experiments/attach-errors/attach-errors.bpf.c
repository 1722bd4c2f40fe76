// SPDX-License-Identifier: GPL-2.0-only
/* The smallest programs whose attaching can fail. What is expected of them depends on the kernel's
 * configuration and BTF, not on its version: the loader asserts it, and there are no tags here. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

__u64 caller; /* bpf_get_current_pid_tgid() of the thread that is meant; 0: nobody */
__u64 runs;   /* for that thread */
long result;  /* what the override program makes a function return */

static __always_inline int count(void)
{
	if (bpf_get_current_pid_tgid() != caller)
		return 0;
	runs++;
	return 1;
}

SEC("kprobe")
int kprobe_count(struct pt_regs *ctx)
{
	count();
	return 0;
}

SEC("kprobe")
int kprobe_override(struct pt_regs *ctx)
{
	if (count())
		bpf_override_return(ctx, result);
	return 0;
}

SEC("fentry/__x64_sys_getpgid")
int BPF_PROG(fentry_getpgid)
{
	count();
	return 0;
}

/* A function of the module binfmt_misc. */
SEC("fentry/bm_status_read")
int BPF_PROG(fentry_module)
{
	count();
	return 0;
}
