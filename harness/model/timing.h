/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_MODEL_TIMING_H
#define ASSAY_MODEL_TIMING_H

#include <stdbool.h>

struct record;

/* The clock behind every time that a guest measures. */
enum timing {
	TIMING_WALL,   /* it follows the host's, with all its noise */
	TIMING_ICOUNT, /* QEMU moves it on by a fixed amount for each instruction of the guest */
};

/* "wall", "icount": as in --timing, and in the records. */
const char *timing__name(enum timing t);
int timing__parse(const char *name, enum timing *out); /* 0 or -EINVAL */
/* The rest take the name, as records have it; NULL and unknown names are no virtual time. */
bool timing__is_virtual(const char *name);
/* "wall clock", "virtual time by instruction count", or the name itself; never NULL. */
const char *timing__phrase(const char *name);
/* What stands before a unit: "virtual ", or "". */
const char *timing__prefix(const char *name);

/* Is it a time, or a rate by time: "us", "virtual us", "ns/read", "MB/s", "MB/virtual s"? */
bool timing__is_time(const char *unit);
bool timing__is_virtual_time(const char *unit); /* "virtual us" */
/* Gives the times among a record's metrics and series the unit of virtual time ("us": "virtual
 * us", "MB/s": "MB/virtual s"), when the clock is virtual. 0 or -ENOMEM. */
int timing__set_units(struct record *r, const char *name);

#endif
