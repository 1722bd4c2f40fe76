/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_COMPARE_TABLE_H
#define ASSAY_CLI_COMPARE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct changes;
struct side;
struct strv;

struct compare_style {
	FILE *out;
	size_t width;
	bool color;
	bool full; /* all lines of all sections, with the logs' differences */
};

/* One pair of sides: what is compared with what, how much changed, then the changes by kind. */
void compare_table__print(const struct compare_style *st, const struct side *a,
			  const struct side *b, const struct changes *c);
/* The sum over several pairs, and what could not be paired. */
void compare_table__sum(const struct compare_style *st, const size_t *counts, size_t pairs);

#endif
