/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_NOTES_H
#define ASSAY_GUEST_NOTES_H

#include <stdbool.h>
#include <stddef.h>

/* How what a kernel tells about itself is read. */

/* The build id in an ELF note section (/sys/kernel/notes) as hex, caller frees; NULL when there is
 * no NT_GNU_BUILD_ID or memory ran out. */
char *notes__build_id(const void *notes, size_t len);

/* Does the text hold the word, between `before` and one of the characters of `after`? The start
 * and the end of the text match anything. */
bool text__has_word(const char *text, size_t len, const char *word, char before, const char *after);

#endif
