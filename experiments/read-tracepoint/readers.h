/* SPDX-License-Identifier: GPL-2.0-only */
/* Readers that differ in one thing each and read at the same time. */
#ifndef READ_TRACEPOINT_READERS_H
#define READ_TRACEPOINT_READERS_H

#include <stdint.h>

#include "read-tracepoint.h"

struct readers_shared;

struct readers {
	struct readers_shared *shared; /* memory of all their processes */
	uint64_t reads; /* of the target; each other kind makes ten more than the one before */
	int fd, other_fd;
	char *buf, *same_low_half, *own;
};

/* Goes to readers__close also after a failure. 0 or -errno. */
int readers__open(struct readers *rs, uint64_t reads);
void readers__close(struct readers *rs);

/* Starts all and waits until they have read. As soon as the target's thread is known, and before
 * anybody reads, `ready` is called with its id; when it fails nobody reads. 0 or -errno. */
int readers__run(struct readers *rs, int (*ready)(void *arg, uint32_t target_tid), void *arg);

uint64_t readers__told(const struct readers *rs, int kind); /* how often a kind is to read */
uint64_t readers__made(const struct readers *rs, int kind); /* how often it did */

#endif
