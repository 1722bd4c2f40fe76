// SPDX-License-Identifier: GPL-2.0-only
#include "cli/report_table.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"
#include "cli/report_text.h"

#define GAP	 2
#define NOTE	 4  /* a note stands this much further to the right than its row */
#define LEAD_MIN 16 /* below this the lines rather get too long */

struct table_row {
	char **cells;
	char *note; /* a line each, "" without */
};

struct report_table {
	struct report_column *columns; /* titles and units are copies */
	size_t nr_columns;
	struct table_row *rows;
	size_t nr_rows;
};

/* A table on its way out. */
struct printing {
	FILE *out;
	size_t indent, width;
	bool color;
	size_t *widths;
	const char **cells, **inks; /* of the line that is next */
};

static void release_row(const struct report_table *t, struct table_row *r)
{
	size_t i;

	for (i = 0; r->cells && i < t->nr_columns; i++)
		free(r->cells[i]);
	free(r->cells);
	free(r->note);
}

void report_table__free(struct report_table *t)
{
	size_t i;

	if (!t)
		return;
	for (i = 0; i < t->nr_rows; i++)
		release_row(t, &t->rows[i]);
	free(t->rows);
	for (i = 0; t->columns && i < t->nr_columns; i++) {
		free((char *)t->columns[i].title);
		free((char *)t->columns[i].unit);
	}
	free(t->columns);
	free(t);
}

struct report_table *report_table__new(const struct report_column *columns, size_t n)
{
	struct report_table *t = calloc(1, sizeof(*t));
	size_t i;

	if (!t)
		return NULL;
	t->columns = calloc(n ? n : 1, sizeof(*t->columns));
	for (i = 0; t->columns && i < n; i++) {
		struct report_column *c = &t->columns[i];

		*c = columns[i];
		c->title = report_text__clean(columns[i].title);
		c->unit = report_text__clean(columns[i].unit);
		t->nr_columns = i + 1;
		if (!c->title || !c->unit)
			break;
	}
	if (!t->columns || i < n) {
		report_table__free(t);
		return NULL;
	}
	return t;
}

int report_table__row(struct report_table *t, const char *const *cells, const char *note)
{
	struct table_row *rows = realloc(t->rows, (t->nr_rows + 1) * sizeof(*rows));
	struct table_row *r;
	size_t i;

	if (!rows)
		return -ENOMEM;
	t->rows = rows;
	r = &rows[t->nr_rows];
	*r = (struct table_row){ .cells = calloc(t->nr_columns ? t->nr_columns : 1,
						 sizeof(*r->cells)) };
	for (i = 0; r->cells && i < t->nr_columns; i++) {
		r->cells[i] = report_text__clean(cells[i]);
		if (!r->cells[i])
			break;
	}
	r->note = report_text__clean(note);
	if (!r->cells || i < t->nr_columns || !r->note) {
		release_row(t, r);
		return -ENOMEM;
	}
	t->nr_rows++;
	return 0;
}

int report_table__note(struct report_table *t, const char *note)
{
	struct table_row *r = &t->rows[t->nr_rows - 1];
	char *clean = report_text__clean(note), *both = NULL;

	if (clean)
		both = str_fmt("%s%s%s", r->note, *r->note ? "\n" : "", clean);
	free(clean);
	if (!both)
		return -ENOMEM;
	free(r->note);
	r->note = both;
	return 0;
}

/* --- printing ------------------------------------------------------------------------------ */

/* Widest cell of a column that takes at most max columns; at least as wide as its title. */
static size_t column_width(const struct report_table *t, size_t column, size_t max)
{
	size_t w = utf8_width(t->columns[column].title), i;

	if (utf8_width(t->columns[column].unit) > w)
		w = utf8_width(t->columns[column].unit);
	for (i = 0; i < t->nr_rows; i++) {
		size_t cell = utf8_width(t->rows[i].cells[column]);

		if (cell > w && cell <= max)
			w = cell;
	}
	return w;
}

/* The columns' widths; the first one gets what the others leave where not all can be had. */
static void measure(const struct report_table *t, const struct printing *p)
{
	size_t rest = p->indent, i;

	for (i = 0; i < t->nr_columns; i++) {
		p->widths[i] = column_width(t, i, SIZE_MAX);
		if (i)
			rest += p->widths[i] + GAP;
	}
	if (!p->width || t->nr_columns < 2 || t->columns[0].align != ALIGN_LEFT ||
	    rest + p->widths[0] <= p->width)
		return;
	p->widths[0] = column_width(t, 0, rest + LEAD_MIN < p->width ? p->width - rest : LEAD_MIN);
}

/* Blanks go only to where the next cell begins, none to the end of a line. */
static void print_line(const struct report_table *t, const struct printing *p)
{
	size_t column = p->indent, at = 0, i;

	for (i = 0; i < t->nr_columns; column += p->widths[i++] + GAP) {
		size_t w = utf8_width(p->cells[i]), start = column;

		if (!w)
			continue;
		if (t->columns[i].align == ALIGN_RIGHT)
			start += p->widths[i] - w;
		fprintf(p->out, "%*s", (int)(start - at), "");
		report_text__put(p->out, p->color ? p->inks[i] : NULL, p->cells[i]);
		at = start + w;
	}
	fputc('\n', p->out);
}

static void print_head(const struct report_table *t, const struct printing *p)
{
	bool units = false;
	size_t i;

	for (i = 0; i < t->nr_columns; i++) {
		p->cells[i] = t->columns[i].title;
		p->inks[i] = INK_BOLD;
	}
	print_line(t, p);
	for (i = 0; i < t->nr_columns; i++) {
		p->cells[i] = t->columns[i].unit;
		p->inks[i] = INK_DIM;
		units |= *p->cells[i];
	}
	if (units)
		print_line(t, p);
}

static int print_notes(const struct printing *p, const char *notes)
{
	char *copy = strdup(notes), *line, *save = NULL, blanks[64];

	if (!copy)
		return -ENOMEM;
	snprintf(blanks, sizeof(blanks), "%*s", (int)(p->indent + NOTE), "");
	for (line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (line[strspn(line, " ")])
			report_text__wrap(p->out, NULL, blanks, line, p->width);
	free(copy);
	return 0;
}

static int print_row(const struct report_table *t, const struct printing *p,
		     const struct table_row *r)
{
	size_t i;

	for (i = 0; i < t->nr_columns; i++) {
		enum status status;

		p->cells[i] = r->cells[i];
		p->inks[i] = t->columns[i].status && !status__parse(r->cells[i], &status)
				     ? report_text__status_ink(status)
				     : NULL;
	}
	if (t->nr_columns && utf8_width(r->cells[0]) > p->widths[0]) {
		fprintf(p->out, "%*s%s\n", (int)p->indent, "", r->cells[0]);
		p->cells[0] = "";
	}
	print_line(t, p);
	return print_notes(p, r->note);
}

int report_table__print(const struct report_table *t, FILE *out, size_t indent, size_t width,
			bool color)
{
	size_t n = t->nr_columns ? t->nr_columns : 1, i;
	struct printing p = { .out = out, .indent = indent, .width = width, .color = color };
	int err = -ENOMEM;

	p.widths = calloc(n, sizeof(*p.widths));
	p.cells = calloc(n, sizeof(*p.cells));
	p.inks = calloc(n, sizeof(*p.inks));
	if (!p.widths || !p.cells || !p.inks)
		goto out;
	measure(t, &p);
	print_head(t, &p);
	for (i = 0; i < t->nr_rows; i++)
		if (print_row(t, &p, &t->rows[i]))
			goto out;
	err = 0;
out:
	free(p.widths);
	free(p.cells);
	free(p.inks);
	return err;
}
