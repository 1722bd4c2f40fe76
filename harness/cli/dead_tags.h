/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_DEAD_TAGS_H
#define ASSAY_CLI_DEAD_TAGS_H

#include <stdint.h>

#include "base/str.h"

struct kernels;
struct store;

/* Expectations of a run's programs that are for none of the kernels in the list: nobody ever tests
 * them. Those without an expectation ("any") do not count. Adds a sentence for each to *out. 0 or
 * -errno. */
int dead_tags__find(struct store *s, int64_t run, const struct kernels *ks, struct strv *out);

#endif
