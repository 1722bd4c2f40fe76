// SPDX-License-Identifier: GPL-2.0-only
#include "cli/report_text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/num.h"
#include "base/str.h"
#include "base/utf8.h"

#define DEFAULT_WIDTH 120
#define MIN_WIDTH     60
#define MAX_WIDTH     10000

const char *report_text__status_ink(enum status s)
{
	return s == STATUS_OK ? NULL : s == STATUS_SKIPPED ? INK_NOTICE : INK_BAD;
}

void report_text__put(FILE *out, const char *ink, const char *s)
{
	if (ink && *s)
		fprintf(out, "%s%s" INK_OFF, ink, s);
	else
		fputs(s, out);
}

size_t report_text__width(FILE *out)
{
	const char *columns = getenv("COLUMNS");
	struct winsize ws = { 0 };
	uint64_t n;

	if (isatty(fileno(out)) && !ioctl(fileno(out), TIOCGWINSZ, &ws) && ws.ws_col)
		n = ws.ws_col;
	else if (!columns || num_u64(columns, 1, MAX_WIDTH, &n))
		return DEFAULT_WIDTH;
	return n < MIN_WIDTH ? MIN_WIDTH : (size_t)n;
}

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

void report_text__wrap_from(FILE *out, size_t column, size_t indent, const char *text, size_t width)
{
	char *clean = report_text__clean(text);
	const char *word = clean, *end;
	bool begun = false;

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

void report_text__wrap(FILE *out, const char *ink, const char *first, const char *text,
		       size_t width)
{
	size_t blanks = strspn(first, " "), indent = utf8_width(first);

	fprintf(out, "%*s", (int)blanks, "");
	report_text__put(out, ink, first + blanks);
	report_text__wrap_from(out, indent, indent, text, width);
}
