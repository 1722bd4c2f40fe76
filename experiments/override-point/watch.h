/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's own counts, read again and again: files stay open, a read is one system call. */
#ifndef OVERRIDE_POINT_WATCH_H
#define OVERRIDE_POINT_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "point.h"

/* Of the kprobe, since it was attached. Other threads are not part of them. */
struct probe_counts {
	int64_t missed;	 /* hits that led to no run of the program; OVERRIDE_UNKNOWN: not known */
	int64_t nmissed; /* hits inside of another probe; likewise */
};

/* As in kprobes/list. */
enum probe_state {
	PROBE_ABSENT,
	PROBE_PLAIN,
	PROBE_OPTIMISED,
	PROBE_FTRACE,
	PROBE_DISABLED,
};

struct watch {
	int profile, list; /* descriptors; -1: the kernel has no such file */
	enum point_body body;
	int64_t polls;	    /* since watch__learn */
	int64_t poll_calls; /* of the target's body while the state is looked at */
	bool has_hits;	    /* the hook is in the profile */
	int64_t own_runs;   /* of the program while the profile is read */
};

#define WATCH_INIT                         \
	{                                  \
		.profile = -1, .list = -1, \
	}

/* Opens the files, and has the target's body counted from 0 where that can be. w
 * is WATCH_INIT before and goes to watch__close also after a failure. 0 or -errno. */
int watch__open(struct watch *w, const struct point *p);
void watch__close(struct watch *w);

/* How often the target's body has run for this process; OVERRIDE_UNKNOWN where nobody counts. */
int64_t watch__body(const struct watch *w);
enum probe_state watch__state(struct watch *w, const char *symbol);
/* Learns what that adds to watch__body, and how much that was since. */
void watch__learn(struct watch *w, const char *symbol);
int64_t watch__polled(const struct watch *w);

/* After the hook was attached: learns what reading the profile does to the counts. */
void watch__start(struct watch *w, const struct point *p, bool has_hits);
struct probe_counts watch__counts(const struct watch *w, const struct point *p);

#endif
