/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_REPORT_TEXT_H
#define ASSAY_CLI_REPORT_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* What comes from a guest must not steer the terminal: a copy on one line, valid UTF-8, without
 * control characters. Caller frees; NULL on ENOMEM. */
char *report_text__clean(const char *s);
/* Prints words into lines of at most width columns (0: one line); the first line begins with
 * `first`, the others with blanks of its width. */
void report_text__wrap(FILE *out, const char *first, const char *text, size_t width);
/* A number as people read it: 400000, 99.87, 0.00012; "-" for NAN. */
const char *report_text__number(double v, char *buf, size_t len);

#endif
