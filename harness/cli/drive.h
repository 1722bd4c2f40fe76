/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_DRIVE_H
#define ASSAY_CLI_DRIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "cli/fresh.h"
#include "model/verdict.h"

struct cli;
struct cli_vm;
struct plan;
struct run_info;
struct store;
struct stored_record;

struct drive_opts {
	struct cli *cli;
	const struct cli_vm *vm; /* the guests */
	struct store *store;
	int64_t run;
	unsigned int repeats;	     /* timed loads per program */
	uint64_t timeout_ms;	     /* for each experiment, 0: its own */
	uint64_t run_timeout_ms;     /* for all of it once kernels are built, 0: none */
	const struct strv *programs; /* for the guests, on the host (cli/programs.h) */
	const struct strv *files;    /* of the host, for the guests too; or NULL */
	enum fresh fresh;
	/* Called for every record once it is stored. */
	void (*on_record)(void *ctx, const struct stored_record *r);
	/* Prints the run, which has its end; 0 or -errno. NULL: nothing is printed. */
	int (*show)(void *ctx, const struct run_info *ended);
	void *ctx;
};

struct drive_result {
	enum status worst;  /* of all experiments and records */
	bool cut_off;	    /* cancelled, or out of time */
	const char *reason; /* why it was cut off; static */
};

/* Does a plan: first what runs on the host, then kernel by kernel, each of which is built where
 * that is needed, and booted; all that is seen is stored in the run. A kernel that can't be had
 * gives harness errors, and the others go on. Returns 0, or -errno when results could not be kept
 * (logged; then the run is to count as cut off). */
int drive__plan(const struct drive_opts *o, const struct plan *plan, struct drive_result *out);
/* The same in a run that was begun under that name: ends it in the store, has it shown, and says
 * when it was cut off. Returns the exit status, which is stored as well. */
int drive__run(const struct drive_opts *o, const struct plan *plan, const char *name);
/* The end of it alone, for a run of several plans: res is what they gave together, err the first
 * failure of keeping results. */
int drive__end(const struct drive_opts *o, const char *name, struct drive_result *res, int err);

#endif
