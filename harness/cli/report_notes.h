/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_REPORT_NOTES_H
#define ASSAY_CLI_REPORT_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What is to be said of records that are not as expected. Those of which the same is said share a
 * note: twenty programs skipped for one reason. */
struct report_notes {
	struct report_note *v;
	size_t n;
};

/* word: what the note begins with ("skipped"), static, as is its ink; subject: the record. Returns
 * 0 or -ENOMEM. */
int report_notes__add(struct report_notes *n, const char *ink, const char *word,
		      const char *subject, const char *text);
/* The text of the first note that begins so, or NULL; the notes'. */
const char *report_notes__first(const struct report_notes *n, const char *word);
void report_notes__print(const struct report_notes *n, FILE *out, size_t indent, size_t width,
			 bool color);
void report_notes__release(struct report_notes *n);

#endif
