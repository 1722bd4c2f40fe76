/* SPDX-License-Identifier: GPL-2.0-only */
/* Several threads that read at the same time. */
#ifndef OVERRIDE_POINT_CROWD_H
#define OVERRIDE_POINT_CROWD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "reading.h"
#include "watch.h"

struct crowd_thread {
	pthread_t thread;
	bool started;
	struct reading *reading;
	const struct crowd *crowd;
	uint64_t before; /* reads that it had made before this round */
	int err;
};

struct crowd {
	struct crowd_thread threads[POINT_READERS];
	unsigned int n; /* readers, the calling thread included */
	uint32_t round;
	uint64_t attached_ns;
	bool stop;
};

/* All but the first read from now on. c goes to crowd__stop also after a failure. 0 or -errno. */
int crowd__start(struct crowd *c, struct reading *readings, unsigned int n, uint32_t round,
		 uint64_t attached_ns);
/* Has each of them made so many reads by now? */
bool crowd__have_read(const struct crowd *c, uint64_t reads);
int crowd__stop(struct crowd *c); /* the first failure of a reader, or 0 */

/* One read of a reader that has company. Whether the program was kept from running is known only
 * when all have stopped: such a read is deferred, and OUTCOME_UNEXPLAINED until then. */
int crowd__read(struct reading *r, uint32_t round, double ms, enum override_outcome *outcome);
/* Resolves the deferred reads from what the probe missed between two looks at it; adds that to
 * *missed if it is what they lack. 0 or -ENOMEM. */
int crowd__resolve(struct reading *readings, unsigned int n, const struct probe_counts *before,
		   const struct probe_counts *after, int64_t *missed);

#endif
