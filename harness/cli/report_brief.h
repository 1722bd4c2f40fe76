/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_REPORT_BRIEF_H
#define ASSAY_CLI_REPORT_BRIEF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct report_section;
struct report_style;

/* A table with a line for each section: how it ended, how many programs were accepted and rejected,
 * measurements, checks, time. 0 or -ENOMEM. */
int report_brief__print(const struct report_section *const *sections, size_t n,
			const struct report_style *style, FILE *out);
/* Does the line say enough of it? */
bool report_brief__enough(const struct report_section *s);

#endif
