/* SPDX-License-Identifier: GPL-2.0-only */
/* One design point of the override study: what is asked for, and what was found. */
#ifndef OVERRIDE_POINT_H
#define OVERRIDE_POINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/reader.h"
#include "model/override_outcome.h"
#include "point-state.h"

struct bpf_link;
struct bpf_object;
struct exp;

enum point_hook { POINT_INT3, POINT_OPTIMISED, POINT_FTRACE, POINT_NONE };

/* The function that is overridden. */
struct point_target {
	const char *symbol;
	const char *variant; /* as for exp__copyout_variant, or NULL */
	bool has_body;	     /* the kernel counts how often its body runs */
	bool by_read;	     /* it is the system call with which we read, from /proc, too */
};

struct point {
	struct exp *e;
	struct bpf_object *obj;
	enum point_hook hook;
	struct point_target target;
	size_t size;
	uint64_t reads, after, limit_ns, rounds;
	unsigned int readers;
	long result;

	struct point_state *state; /* the programs' */
	long wanted;		   /* what a read returns without a hook */
	int64_t calls;		   /* of the target for a read without a hook */
};

#endif
