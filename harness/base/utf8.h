/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_BASE_UTF8_H
#define ASSAY_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length of the valid UTF-8 sequence (RFC 3629) at the start of s, 1 to 4, and its code point in
 * *cp (may be NULL); 0 when the bytes there are no valid sequence or len is 0. */
size_t utf8_decode(const char *s, size_t len, uint32_t *cp);
/* Is s, to its end, UTF-8 without control characters? Else it can't stand in JSON or in a line. */
bool utf8_is_text(const char *s);
/* Terminal columns of a character: 0 for combining ones, 2 for wide ones, else 1. The terminal's
 * own table may differ for rare characters; libc's needs a locale, which the guest lacks. */
int utf8_columns(uint32_t cp);
/* Terminal columns of a string; bytes that are not valid UTF-8 count as one each. */
size_t utf8_width(const char *s);
/* Number of bytes of the longest start of s that takes at most `columns` columns. */
size_t utf8_fit(const char *s, size_t columns);

#endif
