/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs and their loader share. */
#ifndef OVERRIDE_POINT_STATE_H
#define OVERRIDE_POINT_STATE_H

#include <linux/types.h>

#define POINT_READERS 8

/* Of one thread that reads; a cache line of its own. */
struct point_slot {
	__u64 thread;	 /* bpf_get_current_pid_tgid() while it is to be overridden; else 0 */
	__u64 calls;	 /* of the function that came to the program since that was set */
	__u64 runs;	 /* of the program, for calls that are meant */
	__u64 requests;	 /* for an override, as far as the kernel took them */
	__u64 jumps;	 /* runs that found a jump at the function's entry */
	__u64 jump_ns;	 /* the first of them, on the monotonic clock; 0: none */
	__u64 companion; /* runs of the other program on the function */
	__s64 nested;	 /* what the call inside of another program returned */
};

struct point_state {
	__s64 result;	   /* what the function is made to return */
	__u64 only_count;  /* the program runs, and changes nothing */
	__u64 skip, limit; /* of a thread's calls so many are let go, then so many are meant; 0: all
			    */
	__u64 runs_others; /* of the program, for all calls that are not meant */
	__u64 unused[3];
	struct point_slot slots[POINT_READERS];
};

#endif
