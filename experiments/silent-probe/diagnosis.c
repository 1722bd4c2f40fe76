// SPDX-License-Identifier: GPL-2.0-only
#include "diagnosis.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool known(int64_t count)
{
	return count != COUNT_UNKNOWN;
}

/* How often the event came to the probe: as the probe says, or ftrace beside it, or the program's
 * runs with those that the kernel left out and counted. */
static int64_t arrived(const struct probe_counts *c)
{
	if (known(c->hits))
		return c->hits;
	if (known(c->traced))
		return c->traced;
	if (known(c->runs) && known(c->skipped))
		return c->runs + c->skipped;
	return c->runs;
}

/* Less than the events that were made came to the probe. */
static enum probe_link before_probe(const struct probe_counts *c)
{
	if (known(c->misses) && c->misses > 0)
		return LINK_HANDLER;
	/* A tracepoint is where the event is. */
	return known(c->hits) ? LINK_PLACE : LINK_SOURCE;
}

enum probe_link silent__diagnose(const struct probe_counts *c)
{
	int64_t came = arrived(c);

	if (c->attach_err)
		return LINK_ATTACH;
	if (known(c->made) && c->counted > c->made)
		return LINK_OVERCOUNT;
	if (known(c->made) && c->counted == c->made)
		return LINK_WHOLE;
	if (!known(came))
		return LINK_UNKNOWN;
	if (known(c->made) && came < c->made)
		return before_probe(c);
	if (known(c->runs) && c->runs < came)
		return LINK_RUN;
	if (known(c->runs) && c->counted < c->runs)
		return LINK_PROGRAM;
	return known(c->made) || c->counted < came ? LINK_UNKNOWN : LINK_WHOLE;
}

static const char *const names[] = {
	[LINK_WHOLE] = "none",	    [LINK_ATTACH] = "attach",	    [LINK_SOURCE] = "source",
	[LINK_PLACE] = "place",	    [LINK_HANDLER] = "handler",	    [LINK_RUN] = "run",
	[LINK_PROGRAM] = "program", [LINK_OVERCOUNT] = "overcount", [LINK_UNKNOWN] = "unknown",
};

const char *silent__link_name(enum probe_link link)
{
	return names[link];
}

static void number(int64_t count, char buf[24])
{
	if (known(count))
		snprintf(buf, 24, "%" PRId64, count);
	else
		snprintf(buf, 24, "an unknown number");
}

const char *silent__diagnosis(const struct probe_counts *c, char *buf, size_t len)
{
	char made[24], came[24], misses[24], runs[24], skipped[24];

	number(c->made, made);
	number(arrived(c), came);
	number(c->misses, misses);
	number(c->runs, runs);
	number(c->skipped, skipped);
	switch (silent__diagnose(c)) {
	case LINK_WHOLE:
		snprintf(buf, len, "nothing is broken: every event is counted");
		break;
	case LINK_ATTACH:
		snprintf(buf, len, "there is nothing to attach to (%s)", strerror(-c->attach_err));
		break;
	case LINK_SOURCE:
		snprintf(buf, len,
			 "the event does not come about: what is to cause it happens, and the "
			 "tracepoint was passed %s times",
			 came);
		break;
	case LINK_PLACE:
		snprintf(buf, len, "the probe is not where the events are: of %s it was hit by %s",
			 made, came);
		break;
	case LINK_HANDLER:
		snprintf(buf, len,
			 "the probe's handler is kept out: of %s events it missed %s, as another "
			 "kprobe was being handled",
			 made, misses);
		break;
	case LINK_RUN:
		snprintf(buf, len,
			 "the program is kept out: the probe was hit %s times, the program ran %s "
			 "times, and the kernel counted %s of the runs that it left out",
			 came, runs, skipped);
		break;
	case LINK_PROGRAM:
		snprintf(buf, len,
			 "the program does not count: it ran %s times and counted %" PRId64, runs,
			 c->counted);
		break;
	case LINK_OVERCOUNT:
		snprintf(buf, len,
			 "the program counts too much: %" PRId64 " where there were %s events",
			 c->counted, made);
		break;
	default:
		snprintf(buf, len,
			 "the counts do not say: %s of events, %" PRId64 " of them counted", made,
			 c->counted);
	}
	return buf;
}
