/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_STUDY_TABLE_H
#define ASSAY_CLI_STUDY_TABLE_H

#include <stdio.h>

struct design;
struct run_info;
struct store;
struct study_points;
struct study_state;

/* The blocks of a study, how many of their points are measured and how those ended; then what the
 * run is called. 0 or -errno. */
int study_table__print(struct store *s, const struct design *d, const struct study_points *points,
		       const struct study_state *states, const struct run_info *run, FILE *out);
/* The points, boot by boot, and their number: what a run would measure. */
int study_table__points(const struct design *d, const struct study_points *points, FILE *out);

#endif
