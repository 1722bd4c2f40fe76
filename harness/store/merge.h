/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_STORE_MERGE_H
#define ASSAY_STORE_MERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct store;

/* What became of a run of a source. */
enum merge_end {
	MERGE_ADDED,   /* under its name */
	MERGE_RENAMED, /* another run has its name */
	MERGE_KNOWN,   /* it was there already */
	MERGE_REFUSED, /* it is still running: logged */
};

struct merge_opts {
	/* Runs of one command line, but for its kernels, become one run. One kernel must not have
	 * the same experiment twice in it, except the kernel called `host` (what runs on the host;
	 * NULL: none): its first one stays when all ended alike. */
	bool as_one;
	const char *host;
	int cancel_fd; /* from cancel_open; negative: none */
	/* For each run: the source as it was given, the run's name there and here. */
	void (*on_run)(void *ctx, const char *source, const char *name, enum merge_end end,
		       const char *here);
	void *ctx;
};

struct merge_result {
	size_t sources, runs; /* that were read, added */
	size_t refused;	      /* sources and runs that could not be merged: each was logged */
};

/* Adds the runs of other results (each a path of an assay.db or of its folder) to a store: rows and
 * the files of the runs' folders. Sources are only read: what is needed of them is copied first,
 * and what an older assay made is brought up to date in the copy. Each source is added in one
 * transaction, with as_one all of them; a process that dies on the way leaves nothing that a reader
 * sees, and the next merge clears it away. A run that was running when its process died is cut off.
 * 0, also when some were refused; -EINTR when cancelled, or another -errno, logged. */
int store__merge(struct store *into, const struct strv *sources, const struct merge_opts *opts,
		 struct merge_result *out);

#endif
