// SPDX-License-Identifier: GPL-2.0-only
#include "cli/report_grid.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"
#include "cli/report_table.h"
#include "cli/report_text.h"
#include "model/verdict.h"

#define GAP 2 /* between columns of a table */

struct field {
	enum grid_field kind;
	char *title, *unit; /* unit "": none */
	char **cells;
	size_t width;
	bool hoisted; /* not in the table: above it, or nowhere */
};

struct report_grid {
	size_t nr_rows;
	struct field *fields;
	size_t n;
};

/* Metrics of one table: fields [first, end) that are in the table at all. */
struct part {
	size_t first, end;
	bool last;
};

struct report_grid *report_grid__new(size_t nr_rows)
{
	struct report_grid *g = calloc(1, sizeof(*g));

	if (g)
		g->nr_rows = nr_rows;
	return g;
}

void report_grid__free_cells(char **cells, size_t n)
{
	size_t i;

	for (i = 0; cells && i < n; i++)
		free(cells[i]);
	free(cells);
}

void report_grid__free(struct report_grid *g)
{
	size_t i;

	if (!g)
		return;
	for (i = 0; i < g->n; i++) {
		free(g->fields[i].title);
		free(g->fields[i].unit);
		report_grid__free_cells(g->fields[i].cells, g->nr_rows);
	}
	free(g->fields);
	free(g);
}

static size_t field_width(const struct report_grid *g, const struct field *f)
{
	size_t w = utf8_width(f->title), i;

	if (utf8_width(f->unit) > w)
		w = utf8_width(f->unit);
	for (i = 0; i < g->nr_rows; i++)
		if (utf8_width(f->cells[i]) > w)
			w = utf8_width(f->cells[i]);
	return w;
}

int report_grid__add(struct report_grid *g, enum grid_field kind, const char *title,
		     const char *unit, char **cells)
{
	struct field *fields = realloc(g->fields, (g->n + 1) * sizeof(*fields));
	struct field *f;

	if (!fields) {
		report_grid__free_cells(cells, g->nr_rows);
		return -ENOMEM;
	}
	g->fields = fields;
	f = &fields[g->n++];
	*f = (struct field){ .kind = kind,
			     .title = strdup(title),
			     .unit = strdup(unit ? unit : ""),
			     .cells = cells };
	if (!f->title || !f->unit)
		return -ENOMEM;
	f->width = field_width(g, f);
	return 0;
}

/* --- what goes above ----------------------------------------------------------------------- */

static bool is_constant(const struct report_grid *g, const struct field *f)
{
	size_t i;

	for (i = 1; i < g->nr_rows; i++)
		if (strcmp(f->cells[i], f->cells[0]) != 0)
			return false;
	return g->nr_rows > 0;
}

static bool is_empty(const struct report_grid *g, const struct field *f)
{
	return is_constant(g, f) && !*f->cells[0];
}

bool report_grid__is_line(const struct report_grid *g)
{
	size_t i;

	if (g->nr_rows != 1)
		return false;
	for (i = 0; i < g->n; i++)
		if (g->fields[i].kind == GRID_METRIC && !is_empty(g, &g->fields[i]))
			return false;
	return true;
}

/* Rows can be told apart, or there is something to say of each, without the name. */
static bool does_without_name(const struct report_grid *g)
{
	size_t i;

	for (i = 0; i < g->n; i++) {
		const struct field *f = &g->fields[i];

		if ((f->kind == GRID_LABEL && !is_constant(g, f)) ||
		    (f->kind == GRID_METRIC && !is_empty(g, f)))
			return true;
	}
	return false;
}

static void hoist(struct report_grid *g)
{
	bool nameless = does_without_name(g);
	size_t i;

	for (i = 0; i < g->n; i++) {
		struct field *f = &g->fields[i];

		if (f->kind == GRID_NAME)
			f->hoisted = nameless && is_constant(g, f);
		else if (f->kind == GRID_LABEL)
			f->hoisted = is_constant(g, f);
		else if (f->kind == GRID_METRIC)
			f->hoisted = is_empty(g, f);
	}
}

/* "copyout (size=4096 file=tmpfs)", or the labels alone when names differ; NULL on ENOMEM. */
static char *caption(const struct report_grid *g)
{
	const struct field *name = &g->fields[0];
	bool named = name->hoisted || report_grid__is_line(g);
	struct strbuf sb = STRBUF_INIT;
	size_t n = 0, i;

	if (named)
		strbuf__addf(&sb, "%s", name->cells[0]);
	for (i = 0; i < g->n; i++) {
		const struct field *f = &g->fields[i];

		if (f->kind != GRID_LABEL || !f->hoisted || !*f->cells[0])
			continue;
		strbuf__addf(&sb, "%s%s=%s", n ? " " : named ? " (" : "", f->title, f->cells[0]);
		n++;
	}
	if (named && n)
		strbuf__addf(&sb, ")");
	return sb.len ? strbuf__detach(&sb) : strdup("");
}

/* Metrics too, for a table that is too wide with them. NULL on ENOMEM, "" when there are none. */
static char *hoist_metrics(struct report_grid *g)
{
	struct strbuf sb = STRBUF_INIT;
	size_t i;

	for (i = 0; i < g->n && g->nr_rows > 1; i++) {
		struct field *f = &g->fields[i];

		if (f->kind != GRID_METRIC || f->hoisted || !is_constant(g, f))
			continue;
		f->hoisted = true;
		/* The title without what it says of an interval. */
		strbuf__addf(&sb, "%s%.*s=%s%s%s", sb.len ? ", " : "", (int)strcspn(f->title, " "),
			     f->title, f->cells[0], *f->unit ? " " : "", f->unit);
	}
	return sb.len ? strbuf__detach(&sb) : strdup("");
}

/* --- parts --------------------------------------------------------------------------------- */

static bool all_ok(const struct report_grid *g)
{
	const struct field *f = &g->fields[g->n - 1];

	return is_constant(g, f) && strcmp(f->cells[0], status__name(STATUS_OK)) == 0;
}

/* Every part repeats what tells the rows apart, and what is wrong with one. */
static bool is_in(const struct report_grid *g, size_t i, const struct part *p)
{
	const struct field *f = &g->fields[i];

	if (f->hoisted)
		return false;
	if (f->kind == GRID_METRIC)
		return i >= p->first && i < p->end;
	return f->kind != GRID_STATUS || p->last || !all_ok(g);
}

/* The part that begins with metric `first`: as many as fit, at least one. */
static struct part make_part(const struct report_grid *g, size_t first, size_t width)
{
	struct part p = { .first = first, .end = first, .last = true };
	size_t used = 0, metrics = 0, i;

	for (i = 0; i < g->n; i++)
		if (g->fields[i].kind != GRID_METRIC && !g->fields[i].hoisted)
			used += g->fields[i].width + GAP;
	used -= GAP;
	for (i = first; i + 1 < g->n; p.end = ++i) {
		if (g->fields[i].kind != GRID_METRIC || g->fields[i].hoisted)
			continue;
		used += GAP + g->fields[i].width;
		if (metrics++ && width && used > width) {
			p.last = false;
			break;
		}
	}
	return p;
}

static size_t nr_parts(const struct report_grid *g, size_t width)
{
	struct part p = { 0 };
	size_t n = 0;

	do {
		p = make_part(g, p.end, width);
		n++;
	} while (!p.last);
	return n;
}

/* The width at which the parts are about equal. */
static size_t balanced(const struct report_grid *g, size_t width)
{
	size_t n = nr_parts(g, width);

	if (n < 2)
		return width;
	while (width > 1 && nr_parts(g, width - 1) == n)
		width--;
	return width;
}

/* --- printing ------------------------------------------------------------------------------ */

/* Numbers are aligned as such, also those that labels hold. */
static enum align field_align(const struct report_grid *g, const struct field *f)
{
	size_t i;

	if (f->kind != GRID_LABEL)
		return f->kind == GRID_METRIC ? ALIGN_RIGHT : ALIGN_LEFT;
	for (i = 0; i < g->nr_rows; i++)
		if (f->cells[i][strspn(f->cells[i], "0123456789.,-")])
			return ALIGN_LEFT;
	return ALIGN_RIGHT;
}

static int print_part(const struct report_grid *g, const struct part *p, FILE *out, size_t indent,
		      size_t width, bool color)
{
	struct report_column *columns = calloc(g->n, sizeof(*columns));
	const char **cells = calloc(g->n, sizeof(*cells));
	struct report_table *table = NULL;
	int err = -ENOMEM;
	size_t n = 0, i, k;

	if (!columns || !cells)
		goto out;
	for (i = 0; i < g->n; i++) {
		const struct field *f = &g->fields[i];

		if (is_in(g, i, p))
			columns[n++] = (struct report_column){ f->title, f->unit, field_align(g, f),
							       f->kind == GRID_STATUS };
	}
	table = report_table__new(columns, n);
	if (!table)
		goto out;
	err = 0;
	for (k = 0; k < g->nr_rows && !err; k++) {
		for (i = 0, n = 0; i < g->n; i++)
			if (is_in(g, i, p))
				cells[n++] = g->fields[i].cells[k];
		err = report_table__row(table, cells, NULL);
	}
	if (!err)
		err = report_table__print(table, out, indent, width, color);
out:
	report_table__free(table);
	free(cells);
	free(columns);
	return err;
}

static int print_parts(const struct report_grid *g, FILE *out, size_t indent, size_t width,
		       bool color)
{
	size_t room = !width ? 0 : balanced(g, width > indent ? width - indent : 1);
	struct part p = { 0 };
	int err;

	do {
		if (p.end)
			fputc('\n', out);
		p = make_part(g, p.end, room);
		err = print_part(g, &p, out, indent, width, color);
	} while (!err && !p.last);
	return err;
}

static void put_above(FILE *out, size_t indent, const char *first, const char *text, size_t width)
{
	char *start = str_fmt("%*s%s", (int)indent, "", first);

	if (start && *text)
		report_text__wrap(out, NULL, start, text, width);
	free(start);
}

/* A row without a table: its caption, and how it ended. */
static void print_as_line(const struct report_grid *g, const char *above, FILE *out, size_t indent,
			  size_t width, bool color)
{
	const char *word = g->fields[g->n - 1].cells[0], *ink = NULL;
	char *text = str_fmt("%s: %s", above, word), *clean;
	enum status status;

	if (color && !status__parse(word, &status))
		ink = report_text__status_ink(status);
	if (ink) {
		clean = report_text__clean(above);
		fprintf(out, "%*s%s: ", (int)indent, "", clean ? clean : "");
		report_text__put(out, ink, word);
		fputc('\n', out);
		free(clean);
	} else {
		put_above(out, indent, "", text ? text : "", width);
	}
	free(text);
}

int report_grid__print(struct report_grid *g, FILE *out, size_t indent, size_t width, bool color)
{
	char *above, *same = NULL;
	int err = -ENOMEM;

	hoist(g);
	above = caption(g);
	if (!above)
		return -ENOMEM;
	if (report_grid__is_line(g)) {
		print_as_line(g, above, out, indent, width, color);
		err = 0;
		goto out;
	}
	if (width && nr_parts(g, width > indent ? width - indent : 1) > 1) {
		same = hoist_metrics(g);
		if (!same)
			goto out;
	}
	put_above(out, indent, "", above, width);
	if (same)
		put_above(out, indent, "in all rows: ", same, width);
	err = print_parts(g, out, indent, width, color);
out:
	free(above);
	free(same);
	return err;
}
