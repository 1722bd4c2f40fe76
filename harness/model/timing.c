// SPDX-License-Identifier: GPL-2.0-only
#include "model/timing.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "model/record.h"

#define VIRTUAL "virtual "

static const struct {
	const char *name, *phrase, *prefix;
} timings[] = {
	[TIMING_WALL] = { "wall", "wall clock", "" },
	[TIMING_ICOUNT] = { "icount", "virtual time by instruction count", VIRTUAL },
};
#define NR_TIMINGS (sizeof(timings) / sizeof(timings[0]))

const char *timing__name(enum timing t)
{
	return (size_t)t < NR_TIMINGS ? timings[t].name : "?";
}

int timing__parse(const char *name, enum timing *out)
{
	for (size_t i = 0; i < NR_TIMINGS; i++) {
		if (strcmp(timings[i].name, name) == 0) {
			*out = (enum timing)i;
			return 0;
		}
	}
	return -EINVAL;
}

bool timing__is_virtual(const char *name)
{
	return *timing__prefix(name);
}

const char *timing__phrase(const char *name)
{
	enum timing t;

	if (!name)
		return "unknown clock";
	return timing__parse(name, &t) ? name : timings[t].phrase;
}

const char *timing__prefix(const char *name)
{
	enum timing t;

	return name && !timing__parse(name, &t) ? timings[t].prefix : "";
}

/* --- units --------------------------------------------------------------------------------- */

static const char *bare(const char *unit)
{
	return str_starts(unit, VIRTUAL) ? unit + strlen(VIRTUAL) : unit;
}

/* Is it a name of a unit of time, up to len? */
static bool names_time(const char *unit, size_t len)
{
	static const char *const times[] = { "ns", "us", "\302\265s", "ms", "s" };

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (strlen(times[i]) == len && strncmp(times[i], unit, len) == 0)
			return true;
	return false;
}

bool timing__is_time(const char *unit)
{
	const char *slash = unit ? strrchr(unit, '/') : NULL;

	if (!unit)
		return false;
	if (slash && names_time(bare(slash + 1), strlen(bare(slash + 1))))
		return true;
	unit = bare(unit);
	return names_time(unit, strcspn(unit, "/"));
}

bool timing__is_virtual_time(const char *unit)
{
	return timing__is_time(unit) && strstr(unit, VIRTUAL);
}

static int set_unit(char **unit)
{
	char *slash = strrchr(*unit, '/'), *fresh;

	if (!timing__is_time(*unit) || strstr(*unit, VIRTUAL))
		return 0;
	if (slash && names_time(slash + 1, strlen(slash + 1)))
		fresh = str_fmt("%.*s/" VIRTUAL "%s", (int)(slash - *unit), *unit, slash + 1);
	else
		fresh = str_fmt(VIRTUAL "%s", *unit);
	if (!fresh)
		return -ENOMEM;
	free(*unit);
	*unit = fresh;
	return 0;
}

int timing__set_units(struct record *r, const char *name)
{
	int err = 0;

	if (!timing__is_virtual(name))
		return 0;
	for (size_t i = 0; !err && i < r->nr_metrics; i++)
		err = set_unit(&r->metrics[i].unit);
	for (size_t i = 0; !err && i < r->nr_series; i++)
		err = set_unit(&r->series[i].unit);
	return err;
}
