/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_REPORT_MEASURES_H
#define ASSAY_CLI_REPORT_MEASURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct record;

/* The measurements of one experiment on one kernel: those with the same labels and metrics share a
 * table. */
struct report_measures;

struct report_measures *report_measures__new(void);
void report_measures__free(struct report_measures *m);
int report_measures__add(struct report_measures *m, const struct record *r);
size_t report_measures__count(const struct report_measures *m);
/* Tables with a blank line between them; one that is wider than width is split between metrics,
 * and each part repeats the labels. Returns 0 or -ENOMEM. */
int report_measures__print(const struct report_measures *m, FILE *out, size_t width, bool color);

#endif
