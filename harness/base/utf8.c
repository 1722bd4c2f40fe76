// SPDX-License-Identifier: GPL-2.0-only
#include "base/utf8.h"

#include <string.h>

struct range {
	uint32_t first, last;
};

/* Unicode 15: the general categories Mn and Me of the scripts that names and messages use, and
 * the format characters that take no column. */
static const struct range zero_width[] = {
	{ 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd }, { 0x0610, 0x061a },
	{ 0x064b, 0x065f }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x200b, 0x200f },
	{ 0x2028, 0x202e }, { 0x2060, 0x2064 }, { 0x20d0, 0x20f0 }, { 0xfe00, 0xfe0f },
	{ 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff },
};

/* Unicode 15, East Asian Width W and F (UAX #11), whole blocks. */
static const struct range double_width[] = {
	{ 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0x33ff },	  { 0x3400, 0x4dbf },
	{ 0x4e00, 0x9fff },   { 0xa000, 0xa4cf },   { 0xac00, 0xd7a3 },	  { 0xf900, 0xfaff },
	{ 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },	  { 0x1f300, 0x1f64f },
	{ 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};

size_t utf8_decode(const char *s, size_t len, uint32_t *cp)
{
	const unsigned char *u = (const unsigned char *)s;
	uint32_t c, min;
	size_t n, i;

	if (!len)
		return 0;
	if (u[0] < 0x80) {
		n = 1, c = u[0], min = 0;
	} else if (u[0] >= 0xc2 && u[0] < 0xe0) {
		n = 2, c = u[0] & 0x1f, min = 0x80;
	} else if (u[0] >= 0xe0 && u[0] < 0xf0) {
		n = 3, c = u[0] & 0x0f, min = 0x800;
	} else if (u[0] >= 0xf0 && u[0] < 0xf5) {
		n = 4, c = u[0] & 0x07, min = 0x10000;
	} else {
		return 0;
	}
	if (n > len)
		return 0;
	for (i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (u[i] & 0x3f);
	}
	if (c < min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	if (cp)
		*cp = c;
	return n;
}

static int in_ranges(uint32_t cp, const struct range *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cp >= r[i].first && cp <= r[i].last)
			return 1;
	return 0;
}

int utf8_columns(uint32_t cp)
{
	if (cp < 0x300)
		return 1;
	if (in_ranges(cp, zero_width, sizeof(zero_width) / sizeof(zero_width[0])))
		return 0;
	if (in_ranges(cp, double_width, sizeof(double_width) / sizeof(double_width[0])))
		return 2;
	return 1;
}

/* Walks s; stops before the character that would take more than `columns` columns. */
static size_t walk(const char *s, size_t columns, size_t *width)
{
	size_t len = strlen(s), at = 0, w = 0;

	while (at < len) {
		uint32_t cp = 0;
		size_t n = utf8_decode(s + at, len - at, &cp);
		size_t c = n ? (size_t)utf8_columns(cp) : 1;

		if (c > columns - w)
			break;
		w += c;
		at += n ? n : 1;
	}
	*width = w;
	return at;
}

bool utf8_is_text(const char *s)
{
	size_t len = strlen(s), n;
	uint32_t c;

	for (; len; s += n, len -= n) {
		n = utf8_decode(s, len, &c);
		if (!n || c < ' ' || (c >= 0x7f && c < 0xa0))
			return false;
	}
	return true;
}

size_t utf8_width(const char *s)
{
	size_t w;

	walk(s, SIZE_MAX, &w);
	return w;
}

size_t utf8_fit(const char *s, size_t columns)
{
	size_t w;

	return walk(s, columns, &w);
}
