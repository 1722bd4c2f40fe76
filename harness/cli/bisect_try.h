/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_BISECT_TRY_H
#define ASSAY_CLI_BISECT_TRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/str.h"
#include "cli/plan.h"
#include "cli/verify_plan.h"
#include "store/store.h"

struct answers;
struct catalog;
struct cli;
struct cli_vm;
struct kernel;

/* Experiments that are tried on one kernel after the other, all within one run of the store. What
 * they say is also remembered, by the kernel's binaries and by all that it depends on otherwise:
 * the same question is not asked twice. */
struct trial {
	struct cli *cli;
	const struct cli_vm *vm;
	uint64_t timeout_ms; /* for each experiment, 0: its own */
	bool rerun;	     /* use nothing that an earlier bisection remembers */

	struct plan plan; /* its items; kernels are ours */
	struct verify_plan objects;
	struct strv programs;
	struct store *store;
	struct run_info run;
	bool begun, ended;	 /* the run */
	char question[HASH_HEX]; /* of experiments, parameters, guest program, machine */
	bool announced;		 /* the accelerator */
	struct strv fresh;	 /* keys of what this trial found out */
};

/* What is asked of each kernel. */
struct trial_request {
	const struct strv *experiments;
	const struct strv *params;  /* "name=value", as `assay run -p` */
	const struct strv *objects; /* paths of BPF objects, as for `assay verify` */
	const struct strv *globals; /* "NAME=VALUE", of the objects */
};
/* Checks all that and that there is a QEMU. 0
 * or -errno, logged. Release with trial__close in any case. */
int trial__open(struct trial *t, const struct trial_request *rq);
/* Builds or finds the kernel and asks it. 0 or -errno which ends it all (-EINTR, disk full, results
 * that can't be kept); a kernel that can't be had or booted is an answer, that it tells nothing.
 * binary: hash of its binaries, "" when there is none; may be NULL. */
int trial__ask(struct trial *t, const struct kernel *k, char *binary, struct answers **out);
/* Where what is said under a key is remembered; the key may be anything that stands for a kernel.
 * Caller frees. */
char *trial__memo(const struct trial *t, const char *key);
/* Ends the run, if there is one; reason: why it was cut off, or NULL. */
int trial__end(struct trial *t, const char *reason, int exit_status);
void trial__close(struct trial *t);

#endif
