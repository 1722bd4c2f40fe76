/* SPDX-License-Identifier: GPL-2.0-only */
/* Comparisons at work on the path of a read: what the BPF programs and the loader share. */
#ifndef LOOPS_READ_H
#define LOOPS_READ_H

#define LOOPS_WANTED "get one_key" /* with its NUL 12 characters */

enum loops_event {
	EVENT_READ, /* read(2) is called; the value: bytes asked for */
	EVENT_LOOP, /* the values: 1 where the text is the wanted one, 0 where not */
	EVENT_UNROLLED,
	EVENT_WORDS,
	EVENT_HELPER,
	EVENT_RETURNED, /* the value: what read(2) returned, or -errno */
	NR_EVENTS
};

struct bpf_object;
struct exp;

/* Emits a measurement for a file with the wanted text and for one with another. 0 or -errno. */
int loops__read(struct exp *e, struct bpf_object *obj);

#endif
