/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_LINES_REPORT_H
#define ASSAY_CLI_LINES_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "model/vlog_lines.h"

/* Medians in µs over the timed loads; negative: not known. */
struct lines_phases {
	size_t loads;
	double load_us;		/* the whole system call */
	double verification_us; /* the verifier's own "verification time" */
	double rest_us;		/* load less verification, of each load */
	char accel[8], timing[16];
};

/* What `assay show --lines` says of one program on one kernel. */
struct lines_report {
	const char *run, *kernel, *experiment, *program; /* borrowed */
	const char *verdict;				 /* NULL: there is no record */
	bool accepted;
	bool log_cut;	   /* assay kept only a part of it */
	int64_t processed; /* of the record, or -1 */
	struct vlog_lines cost;
	struct vlog_line *lines;
	size_t nr_lines;
	struct lines_phases phases;
};

/* Both: 0 or -errno. `below`: something stands above it. */
int lines_report__table(const struct lines_report *r, FILE *out, bool below);
int lines_report__json(const struct lines_report *r, FILE *out); /* an object on a line */

#endif
