/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs and the loader of copyout-trampoline note in a trail (bpf/trail.h). */
#ifndef COPYOUT_TRAMPOLINE_EVENTS_H
#define COPYOUT_TRAMPOLINE_EVENTS_H

enum trampoline_event {
	EVENT_READ,	/* read(2) is called; the value: bytes asked for */
	EVENT_FENTRY,	/* the value: 0 */
	EVENT_FMOD_RET, /* the value: what the program returns */
	EVENT_FEXIT,	/* the value: the function's result */
	EVENT_RETURNED, /* the value: what read(2) returned, or -errno */
	NR_EVENTS
};

#endif
