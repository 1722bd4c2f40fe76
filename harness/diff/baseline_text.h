/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_DIFF_BASELINE_TEXT_H
#define ASSAY_DIFF_BASELINE_TEXT_H

#include "base/str.h"

/* The letters of a baseline: lines, fields between tabs, and what stands for the bytes that would
 * be taken for either. */

#define BASELINE_FIRST_LINE "# assay baseline 1 (docs/regress.md; made by `assay baseline update`)"
#define BASELINE_FORM	    "# assay baseline 1 "

/* Adds the text with control characters, backslashes and the characters in `more` as \xNN. */
void baseline_text__escape(struct strbuf *sb, const char *text, const char *more);
/* Back; caller frees. NULL and errno EINVAL: there is a backslash that is none of these, or
 * ENOMEM. */
char *baseline_text__unescape(const char *text, size_t len);
/* Length of what names a verdict at the beginning of its line: experiment and name with labels. */
size_t baseline_text__key_len(const char *line);
/* The lines of a text, without their ends; empty ones too, but for the end of the last one. */
int baseline_text__lines(const char *text, struct strv *out);

#endif
