/* SPDX-License-Identifier: GPL-2.0-only */
/* What programs of bpf/trail.bpf.h noted, with what user space did before and after. */
#ifndef ASSAY_GUEST_TRAIL_H
#define ASSAY_GUEST_TRAIL_H

#include <stddef.h>

#include "bpf/trail.h"

struct exp;
struct record;

/* Forgets what was noted, and notes from now on until trail__close. */
void trail__open(struct trail *t);
void trail__close(struct trail *t);
/* An event of user space. */
void trail__add(struct trail *t, unsigned int what, long value);

/* A measurement of that name: the events as series (since_first in ns, value, cpu) and as a text,
 * checked to be the expected ones, names[what] separated by ", ", and never to go back in time. For
 * further checks, and exp__emit. */
struct record *trail__measurement(struct exp *e, const char *name, const struct trail *t,
				  const char *const *names, size_t nr_names, const char *expected);
/* The same, emitted. 0 or -errno. */
int trail__emit(struct exp *e, const char *name, const struct trail *t, const char *const *names,
		size_t nr_names, const char *expected);

#endif
