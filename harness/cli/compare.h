/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_COMPARE_H
#define ASSAY_CLI_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct catalog;
struct changes;
struct filters;
struct order;
struct side;
struct strv;
struct suites;

/* One pair of sides, and what changed between them. */
struct compared {
	const struct side *a, *b;
	struct changes *changes;
};

struct compare_style {
	FILE *out;
	size_t width;
	bool color;
	const struct catalog *catalog; /* for the rows that programs belong to; NULL: not at hand */
	bool full;		       /* all lines of all sections, with the logs' differences */
};

/* compare_table.c: what is compared with what, how much changed, then the changes by kind; several
 * pairs one after another, and their sum. */
void compare_table__print(const struct compare_style *st, const struct compared *v, size_t n);

/* compare_lines.c. JSON, an object a line: of each pair one of type "pair", then its changes (type
 * "change"). docs/compare.md names the fields. 0 or -errno. */
int compare_json__print(const struct compared *v, size_t n, FILE *out);
/* CSV: all programs of all pairs, changed or not, that pass the filters, in order. columns: of
 * statistics, by name; empty: all. 0 or -errno. */
int compare_csv__print(const struct compared *v, size_t n, const struct filters *filters,
		       const struct order *order, const struct strv *columns, FILE *out);

/* compare_suites.c: for JUnit, KTAP and annotations, a suite for each experiment of each pair, a
 * case for each program and measurement that passes the filters. A flip, a worse status and what
 * vanished fail their case; what moved otherwise is told in one that passes; what could not be
 * compared is an error. 0 or -errno; suites__free. */
int compare_suites__make(const struct compared *v, size_t n, const struct filters *filters,
			 struct suites **out);

#endif
