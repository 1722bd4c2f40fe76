// SPDX-License-Identifier: GPL-2.0-only
/* Programs on the hooks of Linux security modules: they watch, they deny, and they are refused. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "assay.bpf.h"
#include "lsm.h"
#include "trail.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define EPERM 1

__u64 thread; /* bpf_get_current_pid_tgid() of the thread that is meant; 0: nobody */
__u64 watch;  /* count execs of any process */
__u64 opens, execs, denials, seconds;
long second_saw; /* the result of the program before it */
__u32 first_word;
const void *user; /* where the thread keeps it */

static __always_inline int is_meant(void)
{
	return bpf_get_current_pid_tgid() == thread;
}

/* --- that work --------------------------------------------------------------------------- */

EXPECT_ACCEPT(">=5.7")
EXPECT_ANY("<5.7")
SEC("lsm/file_open")
int BPF_PROG(open_count, void *file, int ret)
{
	if (is_meant())
		opens++;
	return ret;
}

EXPECT_ACCEPT(">=5.7")
EXPECT_ANY("<5.7")
SEC("lsm/file_mprotect")
int BPF_PROG(mprotect_deny, void *vma, unsigned long reqprot, unsigned long prot, int ret)
{
	if (!is_meant())
		return ret;
	denials++;
	return -EPERM;
}

EXPECT_ACCEPT(">=5.7")
EXPECT_ANY("<5.7")
SEC("lsm/file_mprotect")
int BPF_PROG(mprotect_second, void *vma, unsigned long reqprot, unsigned long prot, int ret)
{
	if (is_meant()) {
		seconds++;
		second_saw = ret;
	}
	return ret;
}

/* No errno: neither 5.10 nor 6.1 look at the value of an LSM program. 6.12 does ("bpf, lsm: Add
 * check for BPF LSM return value" of 2024). */
EXPECT_ACCEPT(">=5.7,<6.2")
EXPECT_REJECT(
	">=6.12", "EINVAL",
	"At program exit the register R0 has smin=4242 smax=4242 should have been in \\[-4095, 0\\]")
EXPECT_ANY("<5.7|>=6.2,<6.12")
SEC("lsm/file_mprotect")
int BPF_PROG(mprotect_positive, void *vma, unsigned long reqprot, unsigned long prot, int ret)
{
	return is_meant() ? 4242 : ret;
}

/* A hook that returns nothing: the program's value is not used. */
EXPECT_ACCEPT(">=5.7")
EXPECT_ANY("<5.7")
SEC("lsm/file_free_security")
int BPF_PROG(void_hook, void *file)
{
	return 0;
}

/* --- on the path of a read ---------------------------------------------------------------- */

EXPECT_ACCEPT(">=5.7")
EXPECT_ANY("<5.7")
SEC("lsm/file_permission")
int BPF_PROG(read_watch, void *file, int mask, int ret)
{
	if (is_meant())
		trail_note(EVENT_WATCH, ret);
	return ret;
}

EXPECT_ACCEPT(">=5.7")
EXPECT_ANY("<5.7")
SEC("lsm/file_permission")
int BPF_PROG(read_deny, void *file, int mask, int ret)
{
	if (!is_meant())
		return ret;
	trail_note(EVENT_DENY, -EPERM);
	return -EPERM;
}

/* Says whether the read came as far as copyout, whatever that is called here. */
EXPECT_ACCEPT("*")
SEC("kprobe")
int at_copyout(struct pt_regs *ctx)
{
	if (is_meant())
		trail_note(EVENT_COPYOUT, 0);
	return 0;
}

/* --- that may sleep ---------------------------------------------------------------------- */

/* The only one of 5.10's hooks where programs may. */
EXPECT_ACCEPT(">=5.10")
EXPECT_ANY("<5.10")
SEC("lsm.s/bprm_committed_creds")
int BPF_PROG(exec_sleepable, void *bprm)
{
	if (watch)
		execs++;
	return 0;
}

/* bpf_copy_from_user may fault the page in, so it is only for programs that may sleep. */
EXPECT_ACCEPT(">=6.1")
EXPECT_REJECT("5.10.*", "EINVAL", "bpf_lsm_file_open is not sleepable")
EXPECT_ANY("<5.10|>=5.11,<6.1")
SEC("lsm.s/file_open")
int BPF_PROG(open_sleepable, void *file, int ret)
{
	if (is_meant()) {
		opens++;
		bpf_copy_from_user(&first_word, sizeof(first_word), user);
	}
	return ret;
}

EXPECT_REJECT("5.10.*", "EINVAL", "unknown func bpf_copy_from_user#148")
EXPECT_REJECT("6.1.*", "EINVAL", "helper call might sleep in a non-sleepable prog")
EXPECT_ANY("<5.10|>=5.11,<6.1|>=6.2")
SEC("lsm/file_open")
int BPF_PROG(open_not_sleepable, void *file, int ret)
{
	if (is_meant())
		bpf_copy_from_user(&first_word, sizeof(first_word), user);
	return ret;
}

EXPECT_REJECT(">=5.10", "EINVAL", "bpf_lsm_task_free is not sleepable")
EXPECT_ANY("<5.10")
SEC("lsm.s/task_free")
int BPF_PROG(free_sleepable, void *task)
{
	return 0;
}

/* --- that are refused -------------------------------------------------------------------- */

/* libbpf looks for bpf_lsm_<hook> in the kernel's BTF. */
EXPECT_REJECT("*", "ESRCH", "failed to find kernel BTF type ID of 'no_such_hook': -3")
SEC("lsm/no_such_hook")
int BPF_PROG(no_such_hook, int ret)
{
	return ret;
}

/* A hook whose result is more than an errno. 6.1 keeps programs off it. */
EXPECT_ACCEPT("5.10.*")
EXPECT_REJECT("6.1.*", "EINVAL", "attach_btf_id [0-9]+ points to disabled hook bpf_lsm_getprocattr")
EXPECT_ANY("<5.10|>=5.11,<6.1|>=6.2")
SEC("lsm/getprocattr")
int BPF_PROG(disabled_hook, void *task, char *name, char **value, int ret)
{
	return ret;
}
