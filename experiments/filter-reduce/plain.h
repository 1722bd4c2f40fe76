/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FILTER_REDUCE_PLAIN_H
#define FILTER_REDUCE_PLAIN_H

struct exp;

/* How many bytes a loop in the program itself can go through before the verifier gives up. 0 or
 * -errno. */
int filter_reduce__plain(struct exp *e);

#endif
