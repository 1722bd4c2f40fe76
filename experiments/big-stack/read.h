/* SPDX-License-Identifier: GPL-2.0-only */
/* The same programs on the path of a read. */
#ifndef BIG_STACK_READ_H
#define BIG_STACK_READ_H

#include "page.h"

struct exp;

/* Emits, for each way, the events of one read of a file that begins with a page whose words sum up
 * to `sum`, while a program on copyout brings the page in and adds its words up: events_<way>. 0 or
 * -errno. */
int big_stack__read(struct exp *e, const struct page_env *env, int file, uint64_t sum,
		    const struct way *const *ways, size_t nr_ways);

#endif
