/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_MACHINE_H
#define ASSAY_CLI_MACHINE_H

#include <stdint.h>

/* How busy the host is at a moment, as far as it says. */
struct machine {
	double load;	       /* average of the last minute; negative: unknown */
	uint64_t ticks, steal; /* of all CPUs since boot, and taken by a hypervisor; 0: unknown */
	double mhz_low, mhz_high; /* of the slowest and the fastest CPU now; 0: unknown */
};

/* From /proc; what can't be read is unknown. */
void machine__read(struct machine *m);
/* The same from the texts of /proc/loadavg, /proc/stat and /proc/cpuinfo; any may be NULL. */
void machine__parse(struct machine *m, const char *loadavg, const char *stat, const char *cpuinfo);
/* Lines about the time between the two; caller frees, NULL on ENOMEM. */
char *machine__text(const struct machine *before, const struct machine *after);

#endif
