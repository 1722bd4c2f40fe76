// SPDX-License-Identifier: GPL-2.0-only
#include "cli/report_matrix.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/report_text.h"
#include "model/record.h"

#define SMALL_ROWS 40
#define NAME_MAX   24 /* columns that the names of rows take at most */
#define HEAD_MAX   8  /* lines that the names of columns take at most */

static size_t longest(char *const *names, size_t n, size_t max)
{
	size_t w = 0, i;

	for (i = 0; i < n; i++)
		if (utf8_width(names[i]) > w)
			w = utf8_width(names[i]);
	return w > max ? max : w;
}

bool report_matrix__is_small(const struct matrix *m, size_t width)
{
	return m->nr_rows <= SMALL_ROWS &&
	       longest(m->row_names, m->nr_rows, NAME_MAX) + 2 + m->nr_cols <= width;
}

static void put(FILE *out, const char *s)
{
	char *clean = report_text__clean(s);

	fputs(clean ? clean : "", out);
	free(clean);
}

/* Each name from top to bottom, all ending on the last line: one cell takes one column. */
static void draw_head(const struct matrix *m, size_t indent, FILE *out)
{
	size_t lines = longest(m->col_names, m->nr_cols, HEAD_MAX), line, i;

	for (line = 0; line < lines; line++) {
		fprintf(out, "%*s", (int)indent, "");
		for (i = 0; i < m->nr_cols; i++) {
			const char *name = m->col_names[i];
			size_t len = strlen(name), skip = lines > len ? lines - len : 0;
			char c = line < skip ? ' ' : name[line - skip];

			fputc(c >= ' ' && c < 0x7f ? c : '?', out);
		}
		fputc('\n', out);
	}
}

void report_matrix__draw(const struct matrix *m, const char *of, FILE *out)
{
	size_t w = longest(m->row_names, m->nr_rows, NAME_MAX), i;

	put(out, of);
	fputs(": ", out);
	put(out, m->name);
	if (*m->row_axis || *m->col_axis) {
		fputs(" (down: ", out);
		put(out, m->row_axis);
		fputs(", across: ", out);
		put(out, m->col_axis);
		fputc(')', out);
	}
	fputc('\n', out);
	if (*m->legend)
		report_text__wrap(out, "  ", m->legend, 0);
	draw_head(m, w + 2, out);
	for (i = 0; i < m->nr_rows; i++) {
		const char *name = m->row_names[i];
		size_t cut = utf8_fit(name, w),
		       pad = w - (utf8_width(name) < w ? utf8_width(name) : w);
		char *head = strndup(name, cut);

		fprintf(out, "%*s", (int)pad, "");
		put(out, head ? head : "");
		fputs("  ", out);
		put(out, m->cells[i]);
		fputc('\n', out);
		free(head);
	}
}
