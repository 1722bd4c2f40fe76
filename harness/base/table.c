// SPDX-License-Identifier: GPL-2.0-only
#include "base/term.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"

#define GAP	 "  "
#define ELLIPSIS "…"

struct row {
	char **cells; /* NULL: a blank line */
};

struct table {
	struct column *columns; /* titles are copies */
	size_t nr_columns;
	struct row *rows;
	size_t nr_rows;
};

static const struct {
	const char *word, *start;
} status_colors[] = {
	{ "ok", "\033[32m" },	   { "skipped", "\033[33m" },	{ "unexpected", "\033[31m" },
	{ "timeout", "\033[31m" }, { "crashed", "\033[1;31m" }, { "harness error", "\033[35m" },
};

static const char *cell_color(const char *cell)
{
	for (size_t i = 0; i < sizeof(status_colors) / sizeof(status_colors[0]); i++)
		if (!strcmp(cell, status_colors[i].word))
			return status_colors[i].start;
	return NULL;
}

/* A copy that takes one line and can't steer the terminal, cut to max columns (0: any). */
static char *clean_cell(const char *s, size_t max)
{
	struct strbuf sb = STRBUF_INIT;
	char *clean, *cut;
	size_t fit;

	if (!s)
		s = "";
	clean = str_utf8(s, strlen(s));
	if (!clean)
		return NULL;
	for (char *p = clean; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
		/* U+0080 to U+009F: 0x9b is an escape sequence to some terminals. */
		else if ((unsigned char)p[0] == 0xc2 && (unsigned char)p[1] < 0xa0)
			p[0] = '?', p[1] = ' ';
	}
	if (!max || utf8_width(clean) <= max)
		return clean;
	fit = utf8_fit(clean, max - 1);
	strbuf__add(&sb, clean, fit);
	strbuf__add(&sb, ELLIPSIS, strlen(ELLIPSIS));
	cut = strbuf__detach(&sb);
	free(clean);
	return cut;
}

static void free_row(struct table *t, struct row *r)
{
	if (r->cells)
		for (size_t i = 0; i < t->nr_columns; i++)
			free(r->cells[i]);
	free(r->cells);
}

struct table *table__new(const struct column *columns, size_t n)
{
	struct table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->columns = calloc(n ? n : 1, sizeof(*t->columns));
	if (!t->columns)
		goto fail;
	for (size_t i = 0; i < n; i++) {
		t->columns[i] = columns[i];
		t->columns[i].title = clean_cell(columns[i].title, columns[i].max);
		t->nr_columns = i + 1;
		if (!t->columns[i].title)
			goto fail;
	}
	return t;
fail:
	table__free(t);
	return NULL;
}

static struct row *add_row(struct table *t)
{
	struct row *rows = realloc(t->rows, (t->nr_rows + 1) * sizeof(*rows));

	if (!rows)
		return NULL;
	t->rows = rows;
	rows[t->nr_rows] = (struct row){ NULL };
	return &rows[t->nr_rows];
}

int table__row(struct table *t, const char *const *cells)
{
	struct row *r = add_row(t);

	if (!r)
		return -ENOMEM;
	r->cells = calloc(t->nr_columns ? t->nr_columns : 1, sizeof(*r->cells));
	if (!r->cells)
		return -ENOMEM;
	for (size_t i = 0; i < t->nr_columns; i++) {
		r->cells[i] = clean_cell(cells[i], t->columns[i].max);
		if (!r->cells[i]) {
			free_row(t, r);
			return -ENOMEM;
		}
	}
	t->nr_rows++;
	return 0;
}

int table__rule(struct table *t)
{
	if (!add_row(t))
		return -ENOMEM;
	t->nr_rows++;
	return 0;
}

static void print_cell(FILE *out, const char *cell, size_t width, enum align align, bool last,
		       const char *start)
{
	int pad = (int)(width - utf8_width(cell));

	/* Blanks only to where the next cell begins, none at the end of a line. */
	if (align == ALIGN_RIGHT)
		fprintf(out, "%*s", pad, "");
	if (start && *cell)
		fprintf(out, "%s%s\033[0m", start, cell);
	else
		fputs(cell, out);
	if (align == ALIGN_LEFT && !last)
		fprintf(out, "%*s", pad, "");
}

/* The last column that has something to print, plus one. */
static size_t used_columns(const struct table *t, char *const *cells)
{
	size_t n = t->nr_columns;

	while (n && !*(cells ? cells[n - 1] : t->columns[n - 1].title))
		n--;
	return n;
}

static void print_row(const struct table *t, FILE *out, char *const *cells, const size_t *widths,
		      bool color)
{
	size_t n = used_columns(t, cells);

	for (size_t i = 0; i < n; i++) {
		const char *cell = cells ? cells[i] : t->columns[i].title;
		const char *start = !color ? NULL : cells ? cell_color(cell) : "\033[1m";

		if (i)
			fputs(GAP, out);
		print_cell(out, cell, widths[i], t->columns[i].align, i + 1 == n, start);
	}
	fputc('\n', out);
}

void table__print(const struct table *t, FILE *out, bool color)
{
	size_t *widths = calloc(t->nr_columns ? t->nr_columns : 1, sizeof(*widths));

	if (!widths)
		return;
	for (size_t i = 0; i < t->nr_columns; i++) {
		widths[i] = utf8_width(t->columns[i].title);
		for (size_t k = 0; k < t->nr_rows; k++) {
			size_t w = t->rows[k].cells ? utf8_width(t->rows[k].cells[i]) : 0;

			if (w > widths[i])
				widths[i] = w;
		}
	}
	if (used_columns(t, NULL))
		print_row(t, out, NULL, widths, color);
	for (size_t k = 0; k < t->nr_rows; k++) {
		if (t->rows[k].cells)
			print_row(t, out, t->rows[k].cells, widths, color);
		else
			fputc('\n', out);
	}
	free(widths);
}

void table__free(struct table *t)
{
	if (!t)
		return;
	for (size_t k = 0; k < t->nr_rows; k++)
		free_row(t, &t->rows[k]);
	free(t->rows);
	if (t->columns)
		for (size_t i = 0; i < t->nr_columns; i++)
			free((char *)t->columns[i].title);
	free(t->columns);
	free(t);
}
