/* SPDX-License-Identifier: GPL-2.0-only */
/* A probe that counts too little: which link of the chain from the event to the program's counter
 * is broken? Works on counts alone; where they come from is for the caller to know. */
#ifndef SILENT_PROBE_DIAGNOSIS_H
#define SILENT_PROBE_DIAGNOSIS_H

#include <stddef.h>
#include <stdint.h>

#define COUNT_UNKNOWN (-1)

/* Each may be COUNT_UNKNOWN, but for `counted`. */
struct probe_counts {
	int attach_err;	 /* 0 or -errno: without an attachment the rest is not looked at */
	int64_t made;	 /* events, as their maker counts them */
	int64_t traced;	 /* by ftrace, through an event of its own at the same place */
	int64_t hits;	 /* kprobe_profile, uprobe_profile; a tracepoint has none */
	int64_t misses;	 /* kprobe_profile: hit while another kprobe was being handled */
	int64_t runs;	 /* of the program: BPF statistics */
	int64_t skipped; /* runs that the kernel left out and counted: recursion_misses (5.12) */
	int64_t counted; /* by the program itself */
};

enum probe_link {
	LINK_WHOLE,	/* nothing is broken */
	LINK_ATTACH,	/* there is nothing to attach to */
	LINK_SOURCE,	/* the event does not come about */
	LINK_PLACE,	/* it comes about, and not where the probe is */
	LINK_HANDLER,	/* the probe is hit, and its handler is kept out */
	LINK_RUN,	/* the handler runs, and the program is kept out */
	LINK_PROGRAM,	/* the program runs, and does not count */
	LINK_OVERCOUNT, /* it counts more than there was */
	LINK_UNKNOWN,	/* the counts do not say */
};

enum probe_link silent__diagnose(const struct probe_counts *c);
/* A word for a label: "place". */
const char *silent__link_name(enum probe_link link);
/* One sentence with the counts that show it, into buf; returns buf. */
const char *silent__diagnosis(const struct probe_counts *c, char *buf, size_t len);

#endif
