/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_REPORT_TABLE_H
#define ASSAY_CLI_REPORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/term.h"

/* A table of a report: a line of titles, below it one of units where there are any, and rows that
 * may have a note of any length beneath them. No cell is ever cut. */
struct report_table;

struct report_column {
	const char *title, *unit; /* unit NULL or "": none; printed as it is */
	enum align align;
	bool status; /* its cells are status words, coloured as such */
};

struct report_table *report_table__new(const struct report_column *columns, size_t n);
void report_table__free(struct report_table *t);
/* Cells and note are copied; note may be NULL. Returns 0 or -ENOMEM. */
int report_table__row(struct report_table *t, const char *const *cells, const char *note);
/* One more note beneath the last row. */
int report_table__note(struct report_table *t, const char *note);
/* With indent blanks before every line. Where the table is wider than width (0: any), rows whose
 * first cell is too long for its column have it on a line of its own; notes are wrapped. Returns 0
 * or -ENOMEM. */
int report_table__print(const struct report_table *t, FILE *out, size_t indent, size_t width,
			bool color);

#endif
