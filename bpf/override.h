/* SPDX-License-Identifier: GPL-2.0-only */
/* What an overriding program (override.bpf.h) and its loader (harness/guest/hook.h) share. */
#ifndef ASSAY_BPF_OVERRIDE_H
#define ASSAY_BPF_OVERRIDE_H

#include <linux/types.h>

#include "trail.h"

/* Of a trail (trail.h). */
enum override_event {
	OVERRIDE_READ,	   /* read(2) is called; the value: bytes asked for */
	OVERRIDE_VFS_READ, /* and comes as far as vfs_read */
	OVERRIDE_RUNS,	   /* the program runs; the value: what the function is made to return */
	OVERRIDE_RETURNED, /* the value: what read(2) returned, or -errno */
	NR_OVERRIDE_EVENTS
};

struct override_state {
	__u64 reader; /* bpf_get_current_pid_tgid() of the thread that is overridden; 0: nobody */
	__s64 result; /* what the function is made to return */
	__u64 limit;  /* calls that are overridden; 0: all */

	/* Written by that thread alone. */
	__u64 runs;	/* of the program */
	__u64 requests; /* bpf_override_return said that it was done */
	/* The first byte of the function, as the program found it: what it hangs on. */
	__u64 runs_int3, runs_jump, runs_call, runs_other;
};

#endif
