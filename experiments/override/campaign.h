/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads through one hook, batch by batch. */
#ifndef OVERRIDE_CAMPAIGN_H
#define OVERRIDE_CAMPAIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/hook.h"
#include "guest/reader.h"

struct context;

enum column { S_OVERRIDDEN, S_BODY, S_RUNS, S_JUMPS, S_OPTIMISED, S_ELAPSED, NR_SERIES };

struct campaign {
	const struct hook *hook;
	struct reader *reader;
	uint64_t iterations, wanted;

	double *series[NR_SERIES];
	size_t batches, capacity;
	uint64_t reads, outcomes[NR_READ_OUTCOMES], body, short_reads;
	uint64_t first_lost, last_overridden; /* numbers of reads, from 1; 0: none */
	size_t disagreeing; /* batches in which buffer and body counts don't fit */
	size_t jumped; /* batches in which a read was overridden although all runs saw a jump */
	size_t after;  /* whole batches since the first lost read */
	uint64_t enabled_ns, lost_ns; /* optimisation allowed, first read lost */
	uint64_t elapsed_ns;
};

/* hook, reader, iterations and wanted are the caller's to set, all else is 0. Goes to
 * campaign__free also after a failure. 0 or -errno. */
int campaign__run(const struct context *ctx, struct campaign *c);
void campaign__free(struct campaign *c);

/* How often a read of that size calls copyout: once for each page. */
uint64_t campaign__calls_per_read(size_t size);

/* Emits what a campaign showed as a measurement. 0 or -errno. */
int campaign__report(const struct context *ctx, const struct campaign *c);

#endif
