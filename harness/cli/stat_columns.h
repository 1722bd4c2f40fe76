/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_STAT_COLUMNS_H
#define ASSAY_CLI_STAT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/term.h"

struct stored_record;

/* What is known of a program on a kernel: one row of the table in stat_columns.c gives a
 * statistic its name (CSV, --sort), its title in tables, and its value. */
struct stat_value {
	const char *text; /* borrowed from the record; NULL: a number, or nothing */
	int64_t number;
	bool known;
	char buf[64]; /* room for a text that is made up */
};

struct stat_column {
	const char *name, *alias; /* alias may be NULL */
	const char *title, *unit; /* in tables; title NULL: not in those, unit NULL: none */
	enum align align;
	bool veristat; /* veristat's column: unknown numbers are 0, as it writes them */
	bool table_only;
	void (*get)(const struct stored_record *r, struct stat_value *out);
};

/* All columns: those of a CSV file in its order, veristat's first, then those of tables only. */
extern const struct stat_column stat_columns[];
extern const size_t nr_stat_columns;

/* By name or alias; NULL when there is none, *nearest (may be NULL) is then a name to suggest, or
 * NULL. */
const struct stat_column *stat_column__find(const char *name, const char **nearest);
/* The value as a table cell, in v. */
const char *stat_value__str(const struct stat_value *v, char *buf, size_t len);
/* Orders texts by bytes and numbers by size; what is unknown comes last, also in reverse. */
int stat_value__cmp(const struct stat_value *a, const struct stat_value *b, bool reverse);

#endif
