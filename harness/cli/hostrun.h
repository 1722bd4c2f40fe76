/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_HOSTRUN_H
#define ASSAY_CLI_HOSTRUN_H

#include <stdint.h>

#include "cli/session.h"

/* The name under which records of the host are stored, where others have their kernel's. */
#define HOSTRUN_KERNEL "host"

struct hostrun_opts {
	const char *guest;	 /* the guest program, which carries these experiments, too */
	const char *experiments; /* folder of the experiments' own files */
	const char *objects;
	struct store *store;
	int64_t run;
	uint64_t timeout_ms;  /* for each experiment, 0: its own */
	uint64_t deadline_ns; /* CLOCK_MONOTONIC end of the whole run, 0: none */
	int cancel_fd;
	void (*on_record)(void *ctx, const struct stored_record *r);
	void *ctx;
};

/* Runs those of the plan's experiments that are about the tool chain or the set-up, here. As
 * session__run. */
int hostrun__run(const struct hostrun_opts *o, const struct plan *plan, struct session_result *out);

#endif
