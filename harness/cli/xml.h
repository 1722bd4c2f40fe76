/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_XML_H
#define ASSAY_CLI_XML_H

#include <stddef.h>
#include <stdio.h>

/* Writes len bytes as XML 1.0 text, for content and for attributes in double quotes. What XML can't
 * hold (https://www.w3.org/TR/xml/#charsets: most control characters, U+FFFE, U+FFFF) and bytes
 * that are not valid UTF-8 become U+FFFD. In an attribute also tabs and line ends are written as
 * references, which a reader would else take for blanks. */
void xml__text(FILE *out, const char *s, size_t len);
void xml__attribute(FILE *out, const char *name, const char *value); /* ' name="value"' */

#endif
