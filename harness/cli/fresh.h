/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_FRESH_H
#define ASSAY_CLI_FRESH_H

#include <argp.h>
#include <stdbool.h>

#include "base/hash.h"
#include "vm/snapshot.h"

struct image;
struct vm;
struct vm_opts;
struct vm_outcome;

/* --fresh: what an experiment's guest has been through. */
enum fresh {
	FRESH_KERNEL,	  /* one boot for all: the experiments before */
	FRESH_EXPERIMENT, /* nothing: each goes on from the state after a boot */
	FRESH_BOOT,	  /* nothing: each has a boot of its own */
};
#define FRESH_DEFAULT FRESH_KERNEL
/* 0 or -EINVAL. */
int fresh__parse(const char *s, enum fresh *out);

/* An argp child with --fresh; the input is an enum fresh. */
extern const struct argp fresh_argp;

/* The saved state of one kernel for the guests of one run. */
struct fresh_state {
	const char *cache; /* where states are kept */
	const struct image *image;
	struct snapshot snapshot;
	char key[HASH_HEX];
	bool here;     /* snapshot is one to restore */
	bool looked;   /* in the cache */
	bool made;     /* in this run */
	bool given_up; /* guests are booted */
	/* Makes the path of the next guest's console; caller frees. 0 or -errno. */
	int (*console)(void *ctx, char **path);
	void *ctx;
};
void fresh_state__release(struct fresh_state *f);

/* A guest that is ready for a job and had none: restored; or booted, when that does not work,
 * which is said once. opts: as for vm__start, console aside. As snapshot__restore. */
int fresh_state__start(struct fresh_state *f, const struct vm_opts *opts, struct vm **out,
		       struct vm_outcome *o);
/* The same by a boot. */
int fresh__boot(struct fresh_state *f, const struct vm_opts *opts, struct vm **out,
		struct vm_outcome *o);

#endif
