/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_VERIFY_REPORT_H
#define ASSAY_CLI_VERIFY_REPORT_H

#include <stdbool.h>
#include <stdio.h>

struct run_info;
struct stat_column;
struct store;

struct verify_report_opts {
	FILE *out;
	const struct stat_column *sort; /* NULL: as in the objects */
	bool reverse;
};

/* What objects showed, from the store. Of one kernel the tables of report__print; of several, for
 * each object a row per program (and choice of global variables) with a column per kernel, then
 * the messages, those that are the same on several kernels once. 0 or -errno. */
int verify_report__print(struct store *s, const struct run_info *run,
			 const struct verify_report_opts *opts);

#endif
