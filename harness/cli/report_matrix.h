/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_REPORT_MATRIX_H
#define ASSAY_CLI_REPORT_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct matrix;

/* Draws a matrix: title, legend, names of the columns from top to bottom, then its rows. `of` names
 * the measurement that it belongs to. */
void report_matrix__draw(const struct matrix *m, const char *of, FILE *out);
/* Small enough to stand among the tables: few rows, and no wider than width. */
bool report_matrix__is_small(const struct matrix *m, size_t width);

#endif
