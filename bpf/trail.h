/* SPDX-License-Identifier: GPL-2.0-only */
/* What happened, in the order in which it did: shared by a BPF program (trail.bpf.h) and its loader
 * (harness/guest/trail.h). */
#ifndef ASSAY_BPF_TRAIL_H
#define ASSAY_BPF_TRAIL_H

#include <linux/types.h>

#define TRAIL_MAX 32

struct trail_event {
	__u64 ns;    /* of the monotonic clock */
	__s64 value; /* a result, or whatever the experiment keeps with it */
	__u32 what;  /* a number of the experiment's */
	__u32 cpu;
};

struct trail {
	__u64 open; /* 0: nothing is noted */
	__u64 n;    /* may be more than there is room for */
	struct trail_event events[TRAIL_MAX];
};

#endif
