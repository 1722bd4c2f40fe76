/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs and the loader of lsm note in a trail (bpf/trail.h). */
#ifndef LSM_H
#define LSM_H

enum lsm_event {
	EVENT_READ,	/* read(2) is called; the value: bytes asked for */
	EVENT_WATCH,	/* the hook's program that watches; the value: the result before it */
	EVENT_DENY,	/* the one that says no; the value: what it returns */
	EVENT_COPYOUT,	/* data go to the reader */
	EVENT_RETURNED, /* the value: what read(2) returned, or -errno */
	NR_EVENTS
};

#endif
