// SPDX-License-Identifier: GPL-2.0-only
#include "diff/figure_ref.h"

#include <math.h>
#include <string.h>

#include "diff/side.h"
#include "diff/stat.h"

static const struct {
	const char *name;
	int what;
} others[] = {
	{ "verdict", REF_VERDICT },  { "file_name", REF_FILE },	 { "filename", REF_FILE },
	{ "file", REF_FILE },	     { "experiment", REF_FILE }, { "prog_name", REF_PROGRAM },
	{ "progname", REF_PROGRAM }, { "prog", REF_PROGRAM },	 { "program", REF_PROGRAM },
};

static const char *const endings[] = {
	[VARIANT_A] = "_a",
	[VARIANT_B] = "_b",
	[VARIANT_DIFF] = "_diff",
	[VARIANT_PCT] = "_pct",
};

static bool find_name(const char *name, size_t len, struct figure_ref *out)
{
	out->stat = stat__find(name, len);
	if (out->stat) {
		out->what = REF_STAT;
		return true;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (strlen(others[i].name) == len && strncmp(others[i].name, name, len) == 0) {
			out->what = others[i].what;
			return true;
		}
	}
	return false;
}

bool figure_ref__is_name(const struct figure_ref *r)
{
	return r->what == REF_FILE || r->what == REF_PROGRAM;
}

bool figure_ref__parse(const char *name, size_t len, struct figure_ref *out)
{
	memset(out, 0, sizeof(*out));
	out->variant = VARIANT_B;
	if (len > 2 && name[0] == '|' && name[len - 1] == '|') {
		out->abs = true;
		name++;
		len -= 2;
	}
	if (find_name(name, len, out))
		return true;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t end = strlen(endings[i]);

		if (len <= end || strncmp(name + len - end, endings[i], end) != 0 ||
		    !find_name(name, len - end, out))
			continue;
		out->variant = (enum ref_variant)i;
		/* Names are the same on both sides; a verdict has no per cent. */
		return i < VARIANT_DIFF || out->what == REF_STAT ||
		       (i == VARIANT_DIFF && out->what == REF_VERDICT);
	}
	return false;
}

/* One side's. */
static double value(const struct figure_ref *r, const struct cell *c)
{
	if (!c || c->kind != RECORD_PROGRAM)
		return NAN;
	if (r->what == REF_VERDICT)
		return c->verdict == VERDICT_NONE ? NAN : c->verdict == VERDICT_ACCEPT;
	return r->what == REF_STAT && c->record ? r->stat->get(c->record) : NAN;
}

static double percent(double a, double b)
{
	if (a != 0)
		return 100 * (b - a) / a;
	return b > 0 ? 100 : b < 0 ? -100 : 0;
}

static const char *unit_of(const struct cell *c, const char *series)
{
	for (size_t i = 0; c && c->record && i < c->record->nr_series; i++)
		if (strcmp(c->record->series[i].name, series) == 0)
			return c->record->series[i].unit;
	return NULL;
}

/* A time of the host's clock and one of a count of instructions have no difference. */
static bool other_clock(const struct figure_ref *r, const struct cell *a, const struct cell *b)
{
	const char *ua, *ub;

	if (r->what != REF_STAT || !r->stat->time)
		return false;
	ua = unit_of(a, stat__series(r->stat));
	ub = unit_of(b, stat__series(r->stat));
	return ua && ub && strcmp(ua, ub) != 0;
}

double figure_ref__value(const struct figure_ref *r, const struct cell *a, const struct cell *b)
{
	double va = value(r, a), vb = value(r, b), v;

	if (r->variant == VARIANT_A)
		v = va;
	else if (r->variant == VARIANT_B)
		v = vb;
	else if (isnan(va) || isnan(vb) || other_clock(r, a, b))
		v = NAN;
	else if (r->variant == VARIANT_PCT)
		v = percent(va, vb);
	else
		v = r->what == REF_VERDICT ? va == vb : vb - va;
	return r->abs ? fabs(v) : v;
}
