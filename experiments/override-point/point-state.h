/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs and their loader share. */
#ifndef OVERRIDE_POINT_STATE_H
#define OVERRIDE_POINT_STATE_H

#include <linux/types.h>

#define POINT_READERS 8

/* Of one thread that reads; a cache line of its own. */
struct point_slot {
	__u64 thread;	 /* bpf_get_current_pid_tgid() while it is to be overridden; else 0 */
	__u64 runs;	 /* of the program */
	__u64 requests;	 /* for an override, as far as the kernel took them */
	__u64 jumps;	 /* runs that found a jump at the function's entry */
	__u64 jump_ns;	 /* the first of them, on the monotonic clock; 0: none */
	__u64 companion; /* runs of the other program on the function */
	__u64 unused[2];
};

struct point_state {
	__s64 result;	   /* what the function is made to return */
	__u64 only_count;  /* the program runs, and changes nothing */
	__u64 runs_others; /* of the program, for whoever is not meant */
	__u64 unused[5];
	struct point_slot slots[POINT_READERS];
};

#endif
