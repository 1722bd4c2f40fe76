// SPDX-License-Identifier: GPL-2.0-only
#include "study/svg.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* Both are initial values of SVG, and gnuplot sets nothing else around them. */
static const char joins[] = " stroke-linecap=\"butt\" stroke-linejoin=\"miter\"";

/* Each of these looks at the text and says how much of it to take away (0: none), having put in its
 * place what stays. */
static size_t take_joins(const char *at, struct strbuf *out)
{
	(void)out;
	return str_starts(at, joins) ? strlen(joins) : 0;
}

/* "rgb(  0, 114, 178)" */
static size_t take_colour(const char *at, struct strbuf *out)
{
	unsigned int r, g, b;
	int len = 0;

	if (sscanf(at, "rgb(%3u,%3u,%3u)%n", &r, &g, &b, &len) != 3 || !len || r > 255 || g > 255 ||
	    b > 255)
		return 0;
	strbuf__addf(out, "#%02x%02x%02x", r, g, b);
	return (size_t)len;
}

/* ".50" and ".00" behind a digit. */
static size_t take_zeros(const char *at, struct strbuf *out)
{
	size_t digits, keep;

	if (*at != '.' || !out->len || !isdigit((unsigned char)out->data[out->len - 1]))
		return 0;
	digits = strspn(at + 1, "0123456789");
	for (keep = digits; keep && at[keep] == '0'; keep--)
		;
	if (!digits || keep == digits)
		return 0;
	strbuf__add(out, at, keep ? keep + 1 : 0);
	return digits + 1;
}

/* A path that moves and draws no line: the tics of an axis without tics. */
static size_t take_path(const char *at, struct strbuf *out)
{
	size_t len = strcspn(at, ">");
	const char *d;

	(void)out;
	if (!str_starts(at, "<path ") || strncmp(at + len - 1, "/>", 2) != 0)
		return 0;
	d = strstr(at, " d='M");
	if (!d || d > at + len)
		return 0;
	d += strlen(" d='M");
	return d[strspn(d, "0123456789., ")] == '\'' ? len + 1 : 0;
}

/* "<title>$rows using 1:2</title>": not the document's own. */
static size_t take_title(const char *at, struct strbuf *out)
{
	const char *end = strstr(at, "</title>");

	(void)out;
	return str_starts(at, "<title>$") && end ? (size_t)(end - at) + strlen("</title>") : 0;
}

static char *take_words(const char *svg)
{
	static size_t (*const takers[])(const char *at,
					struct strbuf *out) = { take_joins, take_colour, take_zeros,
								take_path, take_title };
	struct strbuf out = STRBUF_INIT;
	bool alone = true; /* what comes before the drawing, and what is read */

	while (*svg) {
		size_t n = 0;

		if (str_starts(svg, "<text>"))
			alone = true;
		else if (str_starts(svg, "</text>") || str_starts(svg, "<g "))
			alone = false;
		for (size_t i = 0; !alone && !n && i < sizeof(takers) / sizeof(takers[0]); i++)
			n = takers[i](svg, &out);
		if (!n) {
			strbuf__add(&out, svg, 1);
			n = 1;
		}
		svg += n;
	}
	if (out.failed) {
		strbuf__free(&out);
		return NULL;
	}
	return strbuf__detach(&out);
}

/* Takes "<g …>" away that has nothing but blanks before its "</g>". *changed when there was one. */
static char *take_groups(const char *svg, bool *changed)
{
	struct strbuf out = STRBUF_INIT;

	*changed = false;
	while (*svg) {
		const char *end = strchr(svg, '>');
		size_t blanks = end ? strspn(end + 1, " \t\n") : 0;

		if (str_starts(svg, "<g ") && end && str_starts(end + 1 + blanks, "</g>")) {
			svg = end + 1 + blanks + strlen("</g>");
			svg += strspn(svg, " \t\n");
			*changed = true;
		} else {
			strbuf__add(&out, svg++, 1);
		}
	}
	if (out.failed) {
		strbuf__free(&out);
		return NULL;
	}
	return strbuf__detach(&out);
}

char *svg__tidy(const char *svg)
{
	char *text = take_words(svg);
	bool changed = true;

	while (text && changed) {
		char *next = take_groups(text, &changed);

		free(text);
		text = next;
	}
	return text;
}
