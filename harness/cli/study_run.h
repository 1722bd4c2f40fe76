/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_STUDY_RUN_H
#define ASSAY_CLI_STUDY_RUN_H

#include <stdbool.h>

#include "base/str.h"
#include "vm/accel.h"

struct cli;
struct design;
struct study_place;
struct study_points;

struct study_opts {
	struct cli *cli;
	const struct study_place *place;
	const struct design *design;
	const struct study_points *points;
	bool full, fresh; /* fresh: no run is taken up again */
	enum accel accel;
};

/* Measures the points of a study in a run of its own, or in one that was cut off and is the same
 * study: there, those that are still to be measured. Prints a table of blocks. Returns the exit
 * status. */
int study_run(const struct study_opts *o);

#endif
