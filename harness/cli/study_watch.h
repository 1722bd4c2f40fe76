/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_STUDY_WATCH_H
#define ASSAY_CLI_STUDY_WATCH_H

#include <stddef.h>

#include "cli/intake.h"

struct design;
struct study_boot;
struct study_points;

/* The line of progress of a study, and what is said of points that go wrong. */
struct study_watch {
	struct intake_watch intake; /* its ctx is this */
	const struct design *design;
	const struct study_points *points;
	int cancel_fd;
	size_t points_todo, boots_todo; /* of this call */
	size_t points_begun, boots_begun;
	const struct study_boot *boot; /* that is under way */
	struct progress *line;
	char *detail;
};

void study_watch__init(struct study_watch *w, const struct design *d,
		       const struct study_points *points, int cancel_fd);
/* Shows the line, when there is something to do. 0 or -ENOMEM. */
int study_watch__start(struct study_watch *w);
void study_watch__boot(struct study_watch *w, const struct study_boot *b);
/* Ends the line with a word; may be called again. */
void study_watch__done(struct study_watch *w, const char *result);

#endif
