// SPDX-License-Identifier: GPL-2.0-only
#include "plot.h"

#include <inttypes.h>

#include "base/str.h"

#define NR_RANGES 64
#define BAR	  60u /* columns of the longest */

/* The range from 2^i to 2^(i+1) - 1; 0 lies in the first. */
static unsigned int range_of(uint64_t ns)
{
	return ns ? 63u - (unsigned int)__builtin_clzll(ns) : 0;
}

void read_path__plot(struct strbuf *out, const char *title, const uint64_t *from,
		     const uint64_t *to, size_t n)
{
	size_t count[NR_RANGES] = { 0 }, most = 0;
	unsigned int first = NR_RANGES, last = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned int at = range_of(to[i] - from[i]);

		count[at]++;
		most = count[at] > most ? count[at] : most;
		first = at < first ? at : first;
		last = at > last ? at : last;
	}
	strbuf__addf(out, "%s, ns: %zu reads\n", title, n);
	for (unsigned int at = first; at <= last && n; at++) {
		size_t bar = (count[at] * BAR + most - 1) / most;

		strbuf__addf(out, "%12" PRIu64 " - %12" PRIu64 " %6zu%s", UINT64_C(1) << at,
			     (UINT64_C(2) << at) - 1, count[at], bar ? " " : "");
		for (size_t i = 0; i < bar; i++)
			strbuf__addf(out, "#");
		strbuf__addf(out, "\n");
	}
	strbuf__addf(out, "\n");
}
