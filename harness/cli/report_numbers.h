/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_REPORT_NUMBERS_H
#define ASSAY_CLI_REPORT_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>

/* A cell of a column of numbers. */
struct report_number {
	bool known;   /* else the cell is blank; a known NAN is "-" */
	bool bounded; /* low and high are its interval */
	double v, low, high;
};

/* A number as people read it: 400000, 99.87, 0.00012; "-" for NAN. */
const char *report_number__str(double v, char *buf, size_t len);
/* The cells of a column, with as many decimals in all of them where that does not make them long;
 * "0.775 [0.760, 0.790]" where they have an interval. n owned strings in an allocated array, NULL
 * on ENOMEM. */
char **report_numbers__cells(const struct report_number *numbers, size_t n);

#endif
