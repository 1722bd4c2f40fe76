// SPDX-License-Identifier: GPL-2.0-only
#include "cli/report_matrix.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"
#include "cli/report_text.h"
#include "model/record.h"

#define SMALL_ROWS 24
#define GAP	   2
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

/* Columns of the names of rows, and of the axis above them. */
static size_t names_width(const struct matrix *m)
{
	size_t w = longest(m->row_names, m->nr_rows, NAME_MAX), axis = utf8_width(m->row_axis);

	return axis > w ? (axis > NAME_MAX ? NAME_MAX : axis) : w;
}

bool report_matrix__is_small(const struct matrix *m, size_t width)
{
	return m->nr_rows <= SMALL_ROWS && names_width(m) + GAP + m->nr_cols <= width;
}

static void put(FILE *out, const char *s)
{
	char *clean = report_text__clean(s);

	fputs(clean ? clean : "", out);
	free(clean);
}

/* Right-aligned in w columns, cut to them. */
static void put_name(FILE *out, const char *name, size_t indent, size_t w)
{
	char *clean = report_text__clean(name), *cut;
	size_t taken;

	cut = clean ? strndup(clean, utf8_fit(clean, w)) : NULL;
	taken = cut ? utf8_width(cut) : 0;
	fprintf(out, "%*s%s", (int)(indent + w - taken), "", cut ? cut : "");
	free(cut);
	free(clean);
}

/* Each name from top to bottom, all ending on the last line: one cell takes one column. */
static void draw_head(const struct matrix *m, size_t indent, size_t w, FILE *out)
{
	size_t lines = longest(m->col_names, m->nr_cols, HEAD_MAX), line, i;

	if (*m->col_axis) {
		fprintf(out, "%*s", (int)(indent + w + GAP), "");
		put(out, m->col_axis);
		fputc('\n', out);
	}
	for (line = 0; line < lines; line++) {
		put_name(out, line + 1 == lines ? m->row_axis : "", indent, w);
		fprintf(out, "%*s", GAP, "");
		for (i = 0; i < m->nr_cols; i++) {
			const char *name = m->col_names[i];
			size_t len = strlen(name), skip = lines > len ? lines - len : 0;
			char c = line < skip ? ' ' : name[line - skip];

			fputc(c >= ' ' && c < 0x7f ? c : '?', out);
		}
		fputc('\n', out);
	}
}

void report_matrix__draw(const struct matrix *m, const char *of, FILE *out, size_t indent,
			 size_t width)
{
	size_t w = names_width(m), i;
	char *first = str_fmt("%*s  ", (int)indent, "");

	fprintf(out, "%*s", (int)indent, "");
	put(out, of);
	fputs(": ", out);
	put(out, m->name);
	fputc('\n', out);
	if (*m->legend && first)
		report_text__wrap(out, NULL, first, m->legend, width);
	free(first);
	draw_head(m, indent, w, out);
	for (i = 0; i < m->nr_rows; i++) {
		put_name(out, m->row_names[i], indent, w);
		fprintf(out, "%*s", GAP, "");
		put(out, m->cells[i]);
		fputc('\n', out);
	}
}

char *report_matrix__sum(const struct matrix *m, const char *of)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf__addf(&sb, "%s: %s, %zu by %zu", of, m->name, m->nr_rows, m->nr_cols);
	if (*m->row_axis && *m->col_axis)
		strbuf__addf(&sb, " (%s by %s)", m->row_axis, m->col_axis);
	return strbuf__detach(&sb);
}
