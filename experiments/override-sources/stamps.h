/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs that look at copyout's entry and return share with their loader. */
#ifndef OVERRIDE_SOURCES_STAMPS_H
#define OVERRIDE_SOURCES_STAMPS_H

#include <linux/types.h>

#define MAX_STAMPS 256

struct stamp {
	__u64 entry, exit; /* ns; 0: not seen */
	__s64 result;
};

#endif
