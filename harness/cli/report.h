/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_REPORT_H
#define ASSAY_CLI_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct run_info;
struct stat_column;
struct store;

struct report_opts {
	FILE *out;
	const char *kernel, *experiment; /* only these; NULL: all */
	const char *program;		 /* only records of this name; NULL: all */
	const struct stat_column *sort;	 /* order of programs; NULL: as they were loaded */
	bool reverse;
	/* What an experiment asks, one line; may be NULL, and may return NULL. */
	const char *(*summary)(void *ctx, const char *experiment);
	void *ctx;
	/* From so many experiments on kernels on: a line for each, and in full only what is not as
	 * expected; 0: never. */
	size_t brief_from;
	size_t width;	  /* 0: of the terminal, else of COLUMNS, else 120 */
	bool color;	  /* even where out is no terminal */
	const char *prog; /* how assay is called, for hints; NULL: as this process was */
};

/* Prints what a run showed, from the store: for each experiment on each kernel its tables and what
 * was not as expected; then a line that sums up and says where every figure comes from (kernels,
 * accelerator, clock), and where the evidence lies. Of a single program (opts->program) all that is
 * known is printed. Returns 0 or -errno, logged by the store. */
int report__print(struct store *s, const struct run_info *run, const struct report_opts *opts);
/* The same for a run by its id, without summaries. -ENOENT when there is no such run. */
int report__run(struct store *s, int64_t run, const char *kernel, const char *experiment,
		FILE *out);

#endif
