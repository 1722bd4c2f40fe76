// SPDX-License-Identifier: GPL-2.0-only
#include "cli/report_numbers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANY		  (-1) /* decimals: as many as the number itself asks for */
#define EXPONENT_FROM	  1e15
#define MAX_DECIMALS	  4
#define INTERVAL_DECIMALS 3 /* of numbers below 10 */
#define INTERVAL_MAX	  6

const char *report_number__str(double v, char *buf, size_t len)
{
	if (isnan(v))
		snprintf(buf, len, "-");
	else if (v == floor(v) && fabs(v) < EXPONENT_FROM)
		snprintf(buf, len, "%.0f", v);
	else if (fabs(v) >= 1000 && fabs(v) < EXPONENT_FROM)
		snprintf(buf, len, "%.1f", v);
	else
		snprintf(buf, len, "%.4g", v);
	return buf;
}

static const char *fixed(double v, int decimals, char *buf, size_t len)
{
	if (decimals == ANY || !(fabs(v) < EXPONENT_FROM))
		return report_number__str(v, buf, len);
	snprintf(buf, len, "%.*f", decimals, v);
	return buf;
}

/* Those that report_number__str gives it, or ANY where an exponent is needed. */
static int own_decimals(double v)
{
	char buf[64];
	const char *point;

	report_number__str(v, buf, sizeof(buf));
	if (strchr(buf, 'e'))
		return ANY;
	point = strchr(buf, '.');
	return point ? (int)strlen(point + 1) : 0;
}

/* Enough to tell low from high: a rate that is not quite 1 must not read as 1. */
static int interval_decimals(const struct report_number *n)
{
	double largest = fmax(fabs(n->v), fmax(fabs(n->low), fabs(n->high)));
	double width = n->high - n->low;
	int decimals = INTERVAL_DECIMALS, needed = 0;

	if (isfinite(largest) && largest >= 10)
		decimals = largest >= 1000 ? 0 : largest >= 100 ? 1 : 2;
	if (isfinite(width) && width > 0)
		needed = (int)fmin(ceil(-log10(width)), INTERVAL_MAX);
	return needed > decimals ? needed : decimals;
}

static int column_decimals(const struct report_number *numbers, size_t n)
{
	int most = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		int d;

		if (!numbers[i].known || !isfinite(numbers[i].v))
			continue;
		d = own_decimals(numbers[i].v);
		if (d == ANY || d > MAX_DECIMALS)
			return ANY;
		if (d > most)
			most = d;
	}
	return most;
}

static int column_interval_decimals(const struct report_number *numbers, size_t n)
{
	int most = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		int d = numbers[i].known && numbers[i].bounded ? interval_decimals(&numbers[i]) : 0;

		if (d > most)
			most = d;
	}
	return most;
}

static char *cell(const struct report_number *n, int decimals)
{
	char v[64], low[64], high[64], *s = NULL;

	if (!n->known)
		return strdup("");
	fixed(n->v, decimals, v, sizeof(v));
	if (!n->bounded)
		return strdup(v);
	if (asprintf(&s, "%s [%s, %s]", v, fixed(n->low, decimals, low, sizeof(low)),
		     fixed(n->high, decimals, high, sizeof(high))) < 0)
		return NULL;
	return s;
}

char **report_numbers__cells(const struct report_number *numbers, size_t n)
{
	char **cells = calloc(n ? n : 1, sizeof(*cells));
	bool bounded = false;
	int decimals;
	size_t i;

	if (!cells)
		return NULL;
	for (i = 0; i < n; i++)
		bounded |= numbers[i].known && numbers[i].bounded;
	decimals = bounded ? column_interval_decimals(numbers, n) : column_decimals(numbers, n);
	for (i = 0; i < n; i++) {
		cells[i] = cell(&numbers[i], decimals);
		if (!cells[i])
			break;
	}
	if (i == n)
		return cells;
	while (i--)
		free(cells[i]);
	free(cells);
	return NULL;
}
