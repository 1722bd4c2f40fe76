/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_REPORT_MATRIX_H
#define ASSAY_CLI_REPORT_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct matrix;

/* Draws a matrix: title, legend, its axes and their names, rows. `of` names the measurement that it
 * belongs to. Every line begins with indent blanks; the legend is wrapped at width (0: never). */
void report_matrix__draw(const struct matrix *m, const char *of, FILE *out, size_t indent,
			 size_t width);
/* Small enough to stand among the tables: few rows, and no wider than width. */
bool report_matrix__is_small(const struct matrix *m, size_t width);
/* A few words about a matrix that is not drawn: its size and axes. Caller frees; NULL on ENOMEM. */
char *report_matrix__sum(const struct matrix *m, const char *of);

#endif
