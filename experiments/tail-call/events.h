/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs and the loader of tail-call note in a trail (bpf/trail.h). */
#ifndef TAIL_CALL_EVENTS_H
#define TAIL_CALL_EVENTS_H

enum tail_call_event {
	EVENT_READ,	 /* read(2) is called; the value: bytes asked for */
	EVENT_CALLER,	 /* makes the tail call */
	EVENT_CAME_BACK, /* and went on behind it */
	EVENT_CALLEE,
	EVENT_DECIDE,
	EVENT_OVERRIDE, /* the value: the result that the function gets; -1 where it was kept */
	EVENT_RETURNED, /* the value: what read(2) returned, or -errno */
	NR_EVENTS
};

#endif
