// SPDX-License-Identifier: GPL-2.0-only
#include "cli/report_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"

char *report_text__clean(const char *s)
{
	char *clean = str_utf8(s ? s : "", s ? strlen(s) : 0), *p;

	for (p = clean; p && *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
		/* U+0080 to U+009F, some of which are escape sequences. */
		else if ((unsigned char)p[0] == 0xc2 && (unsigned char)p[1] < 0xa0)
			p[0] = '?', p[1] = ' ';
	}
	return clean;
}

void report_text__wrap(FILE *out, const char *first, const char *text, size_t width)
{
	char *clean = report_text__clean(text);
	size_t indent = utf8_width(first), column = indent;
	const char *word = clean, *end;
	bool begun = false;

	fputs(first, out);
	for (; word && *(word += strspn(word, " ")); word = end) {
		char *one;
		size_t w;

		end = word + strcspn(word, " ");
		one = strndup(word, (size_t)(end - word));
		if (!one)
			break;
		w = utf8_width(one);
		if (begun && width && column + 1 + w > width) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
			begun = false;
		}
		fprintf(out, "%s%s", begun ? " " : "", one);
		column += w + begun;
		begun = true;
		free(one);
	}
	fputc('\n', out);
	free(clean);
}

const char *report_text__number(double v, char *buf, size_t len)
{
	if (isnan(v))
		snprintf(buf, len, "-");
	else if (v == floor(v) && fabs(v) < 1e15)
		snprintf(buf, len, "%.0f", v);
	else if (fabs(v) >= 1000 && fabs(v) < 1e15)
		snprintf(buf, len, "%.1f", v);
	else
		snprintf(buf, len, "%.4g", v);
	return buf;
}
