/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_SESSION_H
#define ASSAY_CLI_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/fresh.h"
#include "cli/plan.h"
#include "model/verdict.h"
#include "store/store.h"
#include "vm/vm.h"

struct image;
struct intake_watch;
struct kernel;

struct session_opts {
	const char *objects; /* folder with <experiment>.dis */
	struct store *store;
	int64_t run;
	const struct image *image;
	const struct vm_opts *vm; /* as for vm__start, console aside */
	unsigned int repeats;	  /* timed loads per program */
	double precision;	  /* of their median, in per cent; 0: none is asked for */
	uint64_t timeout_ms;	  /* for each experiment, 0: its own */
	uint64_t deadline_ns;	  /* CLOCK_MONOTONIC end of the whole run, 0: none */
	unsigned int boots;	  /* of this kernel in this run until now: its consoles' names */
	enum fresh fresh;	  /* what each experiment's guest has been through */
	const char *cache;	  /* FRESH_EXPERIMENT: where saved states are kept */
	bool must_boot; /* a guest that does not come up is assay's failure, for all that waits */
	const struct intake_watch *watch; /* see cli/intake.h; or NULL */
	/* Called for every record once it is stored. */
	void (*on_record)(void *ctx, const struct stored_record *r);
	void *ctx;
};

/* A reason for which a run is cut off. */
#define OUT_OF_TIME "the time limit of the whole run was reached"

struct session_result {
	enum status worst;  /* of all experiments and records */
	bool cut_off;	    /* cancelled, or out of time for the whole run */
	const char *reason; /* why it was cut off; static */
	unsigned int boots; /* of this kernel in this run, these included */
};

/* Runs the experiments that the plan has for a kernel: boots it (again after a crash), sends the
 * jobs, judges and stores what comes. Each of them gets an experiment row, whatever happens.
 * Returns 0, or -errno when results could not be stored (logged). */
int session__run(const struct session_opts *o, const struct plan *plan, const struct kernel *kernel,
		 struct session_result *out);

/* Stores a harness error for each of them: the kernel could not be had. */
int session__no_kernel(const struct session_opts *o, const struct plan *plan,
		       const struct kernel *kernel, const char *reason);

#endif
