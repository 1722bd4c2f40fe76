// SPDX-License-Identifier: GPL-2.0-only
/* fentry, fexit and fmod_ret on the two copyouts, and on functions where they are known to work.
 * Every program only counts and notes, and only what one thread does. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "assay.bpf.h"
#include "events.h"
#include "trail.bpf.h"

char LICENSE[] SEC("license") = "GPL";

__u64 reader;  /* bpf_get_current_pid_tgid() of the thread that is counted; 0: nobody */
long modified; /* what the fmod_ret programs return */

/* Reset by the loader between the cases. */
__u64 fentry_runs, fexit_runs, fmod_ret_runs, never_attached_runs;
long fexit_saw; /* the function's result, as the fexit program got it last */

static __always_inline int is_reader(void)
{
	return bpf_get_current_pid_tgid() == reader;
}

static __always_inline int entered(void)
{
	if (is_reader()) {
		fentry_runs++;
		trail_note(EVENT_FENTRY, 0);
	}
	return 0;
}

static __always_inline int left(long ret)
{
	if (is_reader()) {
		fexit_runs++;
		fexit_saw = ret;
		trail_note(EVENT_FEXIT, ret);
	}
	return 0;
}

/* Anything but 0 keeps the function's body from running and is its result. */
static __always_inline int instead(void)
{
	if (!is_reader())
		return 0;
	fmod_ret_runs++;
	trail_note(EVENT_FMOD_RET, modified);
	return modified;
}

/* A kernel without the patches has no such function: libbpf refuses before the verifier is asked,
 * and the check missing_target says with what words. */
#define NEEDS_BPF    EXPECT_ACCEPT("+copyout-bpf") EXPECT_ANY("-copyout-bpf")
#define NEEDS_FTRACE EXPECT_ACCEPT("+copyout-ftrace") EXPECT_ANY("-copyout-ftrace")
#define NEEDS_TARGET EXPECT_ACCEPT("+target-driver") EXPECT_ANY("-target-driver")

/* --- the copyout without an ftrace entry ------------------------------------------------- */

NEEDS_BPF
SEC("fentry/copyout_bpf")
int BPF_PROG(fentry_plain, void *to, const void *from, unsigned long n)
{
	return entered();
}

NEEDS_BPF
SEC("fexit/copyout_bpf")
int BPF_PROG(fexit_plain, void *to, const void *from, unsigned long n, int ret)
{
	return left(ret);
}

NEEDS_BPF
SEC("fmod_ret/copyout_bpf")
int BPF_PROG(fmod_ret_plain, void *to, const void *from, unsigned long n, int ret)
{
	return instead();
}

/* --- the copyout with one ---------------------------------------------------------------- */

NEEDS_FTRACE
SEC("fentry/copyout_ftrace")
int BPF_PROG(fentry_ftrace, void *to, const void *from, unsigned long n)
{
	return entered();
}

NEEDS_FTRACE
SEC("fexit/copyout_ftrace")
int BPF_PROG(fexit_ftrace, void *to, const void *from, unsigned long n, int ret)
{
	return left(ret);
}

NEEDS_FTRACE
SEC("fmod_ret/copyout_ftrace")
int BPF_PROG(fmod_ret_ftrace, void *to, const void *from, unsigned long n, int ret)
{
	return instead();
}

/* Loads as the others do. That it counts nothing is no riddle: nobody attaches it. */
NEEDS_FTRACE
SEC("fentry/copyout_ftrace")
int BPF_PROG(never_attached, void *to, const void *from, unsigned long n)
{
	if (is_reader())
		never_attached_runs++;
	return 0;
}

/* --- controls ---------------------------------------------------------------------------- */

/* A system call is on the error-injection list and, as all of kernel/, has an ftrace entry. */
EXPECT_ACCEPT(">=5.7")
EXPECT_ANY("<5.7")
SEC("fentry/__x64_sys_getpgid")
int BPF_PROG(fentry_getpgid, const void *regs)
{
	return entered();
}

EXPECT_ACCEPT(">=5.7")
EXPECT_ANY("<5.7")
SEC("fexit/__x64_sys_getpgid")
int BPF_PROG(fexit_getpgid, const void *regs, long ret)
{
	return left(ret);
}

EXPECT_ACCEPT(">=5.7")
EXPECT_ANY("<5.7")
SEC("fmod_ret/__x64_sys_getpgid")
int BPF_PROG(fmod_ret_getpgid, const void *regs, long ret)
{
	return instead();
}

/* The same on a function that is not on the list. */
EXPECT_REJECT(">=5.7", "EINVAL", "vfs_read\\(\\) is not modifiable")
EXPECT_ANY("<5.7")
SEC("fmod_ret/vfs_read")
int BPF_PROG(fmod_ret_vfs_read, void *file, char *buf, unsigned long count, void *pos, long ret)
{
	return instead();
}

NEEDS_TARGET
SEC("fentry/bpf_target_modify")
int BPF_PROG(fentry_target, int a)
{
	return entered();
}

NEEDS_TARGET
SEC("fexit/bpf_target_modify")
int BPF_PROG(fexit_target, int a, int ret)
{
	return left(ret);
}

NEEDS_TARGET
SEC("fmod_ret/bpf_target_modify")
int BPF_PROG(fmod_ret_target, int a, int ret)
{
	return instead();
}
