/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_STORE_ALIVE_H
#define ASSAY_STORE_ALIVE_H

#include <stdint.h>

/* Which process it is, also after its number was given to another one. */
struct process_id {
	int64_t pid;
	int64_t start;	  /* clock ticks since boot, from /proc/PID/stat; -1: unknown */
	int64_t ns;	  /* inode of the pid namespace; -1: unknown */
	char boot_id[64]; /* "": unknown */
};

void process_id__self(struct process_id *out);

/* NULL while the process lives, or when that can't be known from here (another pid namespace);
 * else a phrase that says what became of it, in buf. A zombie no longer lives. */
const char *process_id__gone(const struct process_id *p, char *buf, unsigned int len);

#endif
