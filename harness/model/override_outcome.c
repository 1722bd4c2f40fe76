// SPDX-License-Identifier: GPL-2.0-only
#include "model/override_outcome.h"

#include <stddef.h>

static const char *const names[NR_OVERRIDE_OUTCOMES] = {
	[OUTCOME_OVERRIDDEN] = "overridden",
	[OUTCOME_MISBEHAVED] = "misbehaved",
	[OUTCOME_NOT_OVERRIDDEN] = "not_overridden",
	[OUTCOME_PARTLY] = "partly",
	[OUTCOME_MISSED_RECURSION] = "missed_recursion",
	[OUTCOME_MISSED_NMISSED] = "missed_nmissed",
	[OUTCOME_NEVER_HIT] = "never_hit",
	[OUTCOME_UNEXPLAINED] = "unexplained",
};

const char *override_outcome__name(enum override_outcome o)
{
	return (size_t)o < NR_OVERRIDE_OUTCOMES ? names[o] : "?";
}

static bool known(int64_t count)
{
	return count != OVERRIDE_UNKNOWN;
}

/* How much of the function's work was done, by the body's count and by what the buffer shows. */
enum work { WORK_NONE, WORK_ALL, WORK_SOME, WORK_CONTRADICTORY };

static enum work work_by_buffer(const struct override_evidence *e)
{
	switch (e->buffer) {
	case BUFFER_UNTOUCHED:
		return WORK_NONE;
	case BUFFER_FILLED:
		return WORK_ALL;
	case BUFFER_MIXED:
		return WORK_SOME;
	case BUFFER_CHANGED:
		/* Of one call it is all that there is. */
		return e->calls == 1 ? WORK_ALL : WORK_CONTRADICTORY;
	}
	return WORK_CONTRADICTORY;
}

static enum work work_of(const struct override_evidence *e)
{
	enum work seen = work_by_buffer(e), counted;

	if (!known(e->body_calls))
		return seen;
	if (!e->body_calls)
		counted = WORK_NONE;
	else
		counted = e->body_calls < e->calls ? WORK_SOME : WORK_ALL;
	/* A caller that goes on for what an override left gets the rest from the body. */
	if (counted == WORK_ALL && seen == WORK_SOME)
		return WORK_SOME;
	if (e->buffer == BUFFER_CHANGED)
		return counted == WORK_NONE ? WORK_CONTRADICTORY : counted;
	return counted == seen ? counted : WORK_CONTRADICTORY;
}

/* The program did not run for this read: why? */
static enum override_outcome not_run(const struct override_evidence *e, enum work work)
{
	if (work != WORK_ALL || e->requests || e->returned != e->wanted)
		return OUTCOME_UNEXPLAINED;
	if (!known(e->hits) || !known(e->nmissed))
		return OUTCOME_UNEXPLAINED;
	if (!e->hits && !e->nmissed)
		return OUTCOME_NEVER_HIT;
	if (e->hits + e->nmissed != e->calls)
		return OUTCOME_UNEXPLAINED;
	/* Calls of one read that were missed in both ways: the count that says so decides. */
	return e->nmissed ? OUTCOME_MISSED_NMISSED : OUTCOME_MISSED_RECURSION;
}

/* A read that does not pass the function: nothing may have been counted. */
static enum override_outcome passes_by(const struct override_evidence *e)
{
	if (e->runs || e->hits > 0 || e->nmissed > 0 || e->body_calls > 0)
		return OUTCOME_UNEXPLAINED;
	if (e->buffer == BUFFER_MIXED || e->returned != e->wanted)
		return OUTCOME_UNEXPLAINED;
	return OUTCOME_NEVER_HIT;
}

static bool possible(const struct override_evidence *e)
{
	if (e->calls < 0 || e->runs < 0 || e->requests < 0 || e->requests > e->runs)
		return false;
	/* Every hit leads to a run or is missed; more runs than hits there can't be. */
	return !known(e->hits) || e->hits >= e->runs;
}

/* No body ran: each call that was made was skipped, so for each there was a request. A caller that
 * is content made all of its calls; one that is not may have given up before the last. */
static enum override_outcome skipped(const struct override_evidence *e)
{
	bool content = e->returned == e->wanted;

	if (e->requests != e->runs || (content && e->runs < e->calls))
		return OUTCOME_UNEXPLAINED;
	return content && e->runs == e->calls ? OUTCOME_OVERRIDDEN : OUTCOME_MISBEHAVED;
}

/* The program ran, for some calls or all. */
static enum override_outcome has_run(const struct override_evidence *e, enum work work)
{
	switch (work) {
	case WORK_NONE:
		return skipped(e);
	case WORK_ALL:
		/* Whoever got all of its data has no reason to call again or to return less. */
		if (e->runs > e->calls || e->returned != e->wanted)
			return OUTCOME_UNEXPLAINED;
		return OUTCOME_NOT_OVERRIDDEN;
	case WORK_SOME:
		return e->requests ? OUTCOME_PARTLY : OUTCOME_UNEXPLAINED;
	case WORK_CONTRADICTORY:
		break;
	}
	return OUTCOME_UNEXPLAINED;
}

struct override_finding override_outcome__of(const struct override_evidence *e)
{
	struct override_finding f = { .outcome = OUTCOME_UNEXPLAINED };
	enum work work;

	if (!possible(e))
		return f;
	work = work_of(e);
	if (!e->calls)
		f.outcome = passes_by(e);
	else if (!e->runs)
		f.outcome = not_run(e, work);
	else
		f.outcome = has_run(e, work);
	if (f.outcome == OUTCOME_MISBEHAVED) {
		f.looped = e->runs > e->calls;
		f.short_read = e->returned != e->wanted;
	}
	return f;
}
