// SPDX-License-Identifier: GPL-2.0-only
#include "cli/xml.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Production [2] of XML 1.0. */
static bool is_char(uint32_t cp)
{
	return cp == '\t' || cp == '\n' || cp == '\r' || (cp >= 0x20 && cp <= 0xd7ff) ||
	       (cp >= 0xe000 && cp <= 0xfffd) || (cp >= 0x10000 && cp <= 0x10ffff);
}

static const char *reference(uint32_t cp, bool attribute)
{
	switch (cp) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;"; /* "]]>" must not be in a text */
	case '"':
		return attribute ? "&quot;" : NULL;
	case '\r':
		return "&#13;"; /* as it stands it is read as a newline */
	case '\n':
		return attribute ? "&#10;" : NULL;
	case '\t':
		return attribute ? "&#9;" : NULL;
	default:
		return NULL;
	}
}

static void put(FILE *out, const char *s, size_t len, bool attribute)
{
	const char *instead;
	uint32_t cp = 0;
	size_t n;

	for (; len; s += n, len -= n) {
		n = utf8_decode(s, len, &cp);
		instead = !n || !is_char(cp) ? REPLACEMENT : reference(cp, attribute);
		n = n ? n : 1;
		if (instead)
			fputs(instead, out);
		else
			fwrite(s, 1, n, out);
	}
}

void xml__text(FILE *out, const char *s, size_t len)
{
	put(out, s, len, false);
}

void xml__attribute(FILE *out, const char *name, const char *value)
{
	fprintf(out, " %s=\"", name);
	put(out, value, strlen(value), true);
	fputc('"', out);
}
