/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_SIDES_H
#define ASSAY_CLI_SIDES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct cli;
struct side;
struct store;

/* What is compared with what: one pair for each kernel. */
struct sides_pair {
	struct side *a, *b;
};
struct sides {
	struct sides_pair *v;
	size_t n;
	struct strv notes; /* kernels that only one of the two has, one sentence each */
};

/* Reads two sides as the user names them: RUN | RUN:KERNEL | KERNEL | baseline | baseline:KERNEL |
 * FILE.txt. RUN: id, name, unique beginning of one, or latest. KERNEL, also a branch such as 6.1:
 * of the newest complete run that has it; of two kernels, the newest that has both, else of each
 * its newest. Where neither names a kernel, each kernel goes with its namesake; where one does, it
 * is the other's, too. -EINVAL, logged, for what is not there and for two sides that are one; other
 * errors are logged as well. s may be NULL when both are baselines. Release with sides__release,
 * also after a failure. */
int sides__open(struct cli *cli, struct store *s, const char *a, const char *b, struct sides *out);
/* Is it "baseline", "baseline:KERNEL" or "FILE.txt", for which no results are needed? */
bool sides__is_baseline(const char *word);
void sides__release(struct sides *s);

#endif
