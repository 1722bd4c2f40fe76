// SPDX-License-Identifier: GPL-2.0-only
#include "study/plot_reads.h"

#include <math.h>

#include "model/record.h"
#include "study/data.h"

bool read_runs__get(const struct study_obs *o, struct read_runs *out)
{
	const struct series *outcome = study_obs__series(o, "run_outcome");
	const struct series *reads = study_obs__series(o, "run_reads");
	const struct series *start = study_obs__series(o, "run_start");
	const struct series *round = study_obs__series(o, "run_round");

	if (!outcome || !reads || !start || !round || !outcome->n || reads->n != outcome->n ||
	    start->n != outcome->n || round->n != outcome->n)
		return false;
	*out = (struct read_runs){ outcome->values, reads->values, start->values, round->values,
				   outcome->n };
	return true;
}

bool read_runs__overridden(const struct read_runs *r, size_t run)
{
	return r->outcome[run] == 0 || r->outcome[run] == 1;
}

struct read_share read_runs__share(const struct read_runs *r, double first, double end)
{
	struct read_share share = { 0 };
	double at = 1;

	for (size_t i = 0; i < r->n; i++) {
		double n;

		if (i && r->round[i] != r->round[i - 1])
			at = 1;
		n = fmin(at + r->reads[i], end) - fmax(at, first);
		at += r->reads[i];
		if (n <= 0)
			continue;
		share.reads += n;
		if (read_runs__overridden(r, i))
			share.overridden += n;
	}
	return share;
}

double read_runs__longest(const struct read_runs *r)
{
	double n = 0, most = 0;

	for (size_t i = 0; i < r->n; i++) {
		n = i && r->round[i] == r->round[i - 1] ? n + r->reads[i] : r->reads[i];
		most = fmax(most, n);
	}
	return most;
}

double read_runs__number_at(const struct read_runs *r, double round, double ms, double last_ns)
{
	double before = 0, number = NAN;

	for (size_t i = 0; i < r->n; i++) {
		bool last = i + 1 == r->n || r->round[i + 1] != round;
		double length, part;

		if (r->round[i] != round)
			continue;
		length = last ? r->reads[i] * last_ns / 1e6 : r->start[i + 1] - r->start[i];
		part = length > 0 ? (ms - r->start[i]) / length : 0;
		if (isnan(ms) || isnan(part))
			return NAN;
		if (part >= 0 || isnan(number))
			number = before + 1 + fmin(fmax(part, 0), 1) * fmax(r->reads[i] - 1, 0);
		before += r->reads[i];
	}
	return number;
}
