/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs that do not override have seen of the reads: shared with the loader. */
#ifndef ASSAY_OVERRIDE_CURE_SEEN_H
#define ASSAY_OVERRIDE_CURE_SEEN_H

#include <linux/types.h>

struct cure_seen {
	__u64 runs;		       /* of the observing kprobe */
	__u64 int3, jump, call, other; /* the first byte of the function that it found */
	__u64 entered;		       /* runs of the fentry program */
};

#endif
