/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_STUDY_PLOT_READS_H
#define ASSAY_STUDY_PLOT_READS_H

#include <stdbool.h>
#include <stddef.h>

struct study_obs;

/* The reads of a point's first reader, from its run-length coded series. */
struct read_runs {
	const double *outcome, *reads, *start, *round; /* of the record: borrowed */
	size_t n;
};

/* False when the point has no such series, or none that are of one length. */
bool read_runs__get(const struct study_obs *o, struct read_runs *out);

/* Were these reads overridden (codes of enum override_outcome: 0 overridden, 1 and the caller
 * misbehaved)? */
bool read_runs__overridden(const struct read_runs *r, size_t run);

/* Of how many reads, numbered from 1 in each round, with first <= number < end, how many were
 * overridden; all rounds together. */
struct read_share {
	double reads, overridden;
};
struct read_share read_runs__share(const struct read_runs *r, double first, double end);
double read_runs__longest(const struct read_runs *r); /* reads of the round that has most */

/* The number of the read that was under way ms after the attach returned, in that round; NAN when
 * the round has no reads or ms is NAN. Within a run of equal outcomes reads are taken as evenly
 * spaced; of the last run, whose end is not recorded, as long as last_ns each. Never more than the
 * round has. */
double read_runs__number_at(const struct read_runs *r, double round, double ms, double last_ns);

#endif
