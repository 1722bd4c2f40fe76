/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_REPORT_GRID_H
#define ASSAY_CLI_REPORT_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Rows of named values, before it is decided how they are laid out: what is the same in all rows
 * stands above the table once, what is empty in all of them nowhere, and what is still too wide
 * becomes several tables. */
struct report_grid;

enum grid_field {
	GRID_NAME,   /* what the row is about: the first field, exactly one */
	GRID_LABEL,  /* tells it from others of that name */
	GRID_METRIC, /* what was found */
	GRID_STATUS, /* a status word: the last field, exactly one */
};

struct report_grid *report_grid__new(size_t nr_rows);
void report_grid__free(struct report_grid *g);
/* Adds a field; takes cells (nr_rows owned strings, "" for nothing, in an allocated array) in any
 * case. unit is printed as it is; it may be NULL. Returns 0 or -ENOMEM. */
int report_grid__add(struct report_grid *g, enum grid_field kind, const char *title,
		     const char *unit, char **cells);
void report_grid__free_cells(char **cells, size_t n); /* such an array; accepts NULL */
/* True when there is no table in it: one row with nothing but its name, labels and status. */
bool report_grid__is_line(const struct report_grid *g);
/* Lays it out in lines of at most width columns (0: any), indent blanks before each. May be done
 * once. Returns 0 or -ENOMEM. */
int report_grid__print(struct report_grid *g, FILE *out, size_t indent, size_t width, bool color);

#endif
