/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_REPORT_TEXT_H
#define ASSAY_CLI_REPORT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "model/verdict.h"

#define INK_BOLD   "\033[1m"
#define INK_DIM	   "\033[2m"
#define INK_BAD	   "\033[1;31m"
#define INK_NOTICE "\033[33m"
#define INK_OFF	   "\033[0m"

/* How a status is coloured: bold red for what went wrong, yellow for skipped, NULL for ok. */
const char *report_text__status_ink(enum status s);
/* Prints s as it is, in an ink unless that is NULL. */
void report_text__put(FILE *out, const char *ink, const char *s);

/* Columns to fill: those of the terminal that out is, else of the variable COLUMNS, else 120; at
 * least 60. */
size_t report_text__width(FILE *out);
/* What comes from a guest must not steer the terminal: a copy on one line, valid UTF-8, without
 * control characters. Caller frees; NULL on ENOMEM. */
char *report_text__clean(const char *s);
/* Prints words into lines of at most width columns (0: one line); the first line begins with
 * `first`, in an ink unless that is NULL, the others with blanks of its width. */
void report_text__wrap(FILE *out, const char *ink, const char *first, const char *text,
		       size_t width);
/* The same on a line of which `column` columns are printed; the others begin with indent blanks. */
void report_text__wrap_from(FILE *out, size_t column, size_t indent, const char *text,
			    size_t width);

#endif
