/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_REPORT_PROGRAMS_H
#define ASSAY_CLI_REPORT_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct stat_column;
struct stored_record;

/* The table of programs of one experiment on one kernel. */
struct report_programs;

/* sort: NULL keeps the order of the records; numbers go down and texts up unless reverse. details:
 * below the table what else is known of each program. */
struct report_programs *report_programs__new(const struct stat_column *sort, bool reverse,
					     bool details);
void report_programs__free(struct report_programs *t);
int report_programs__add(struct report_programs *t, const struct stored_record *r);
size_t report_programs__count(const struct report_programs *t);
/* A program's message, whole, stands beneath its row. Returns 0 or -ENOMEM. */
int report_programs__print(struct report_programs *t, FILE *out, size_t indent, size_t width,
			   bool color);

#endif
