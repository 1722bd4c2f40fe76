/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_REPORT_MEASURES_H
#define ASSAY_CLI_REPORT_MEASURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct record;

/* The measurements of one experiment on one kernel. Those with the same labels share a table when
 * they have the same metrics, or the same name and much in common. */
struct report_measures;

struct report_measures *report_measures__new(void);
void report_measures__free(struct report_measures *m);
int report_measures__add(struct report_measures *m, const struct record *r);
size_t report_measures__count(const struct report_measures *m);
/* Tables with a blank line between them, and those of one name one after the other. A metric and
 * its bounds, NAME, NAME_low and NAME_high, are one column. Returns 0 or -ENOMEM. */
int report_measures__print(const struct report_measures *m, FILE *out, size_t indent, size_t width,
			   bool color);

#endif
