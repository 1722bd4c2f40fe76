/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs that look at copyout's entry and return share with their loader. */
#ifndef OVERRIDE_SOURCES_STAMPS_H
#define OVERRIDE_SOURCES_STAMPS_H

#include <linux/types.h>

#define MAX_STAMPS 256

struct stamps {
	__u64 reader; /* bpf_get_current_pid_tgid() of the thread that is looked at; 0: nobody */
	__u64 nr_entries, nr_returns;
	__s64 result;				   /* of the last return */
	__u64 entry[MAX_STAMPS], exit[MAX_STAMPS]; /* ns */
};

#endif
