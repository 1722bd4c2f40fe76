// SPDX-License-Identifier: GPL-2.0-only
#include "cli/report_measures.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/term.h"
#include "base/utf8.h"
#include "cli/report_text.h"
#include "model/record.h"

#define GAP	  2 /* between columns of a table */
#define LABEL_MAX 40

/* One table. Its cells: name, labels, metrics, status. */
struct group {
	char **titles;
	size_t nr_labels, nr_metrics;
	char ***rows;
	size_t nr_rows;
};

struct report_measures {
	struct group *groups;
	size_t n;
	size_t count;
};

static size_t nr_cells(const struct group *g)
{
	return 1 + g->nr_labels + g->nr_metrics + 1;
}

static void free_cells(char **cells, size_t n)
{
	size_t i;

	for (i = 0; cells && i < n; i++)
		free(cells[i]);
	free(cells);
}

struct report_measures *report_measures__new(void)
{
	return calloc(1, sizeof(struct report_measures));
}

void report_measures__free(struct report_measures *m)
{
	size_t i, k;

	if (!m)
		return;
	for (i = 0; i < m->n; i++) {
		struct group *g = &m->groups[i];

		for (k = 0; k < g->nr_rows; k++)
			free_cells(g->rows[k], nr_cells(g));
		free(g->rows);
		free_cells(g->titles, nr_cells(g));
	}
	free(m->groups);
	free(m);
}

size_t report_measures__count(const struct report_measures *m)
{
	return m->count;
}

static char *metric_title(const struct metric *m)
{
	return m->unit && *m->unit ? str_fmt("%s (%s)", m->name, m->unit) : str_fmt("%s", m->name);
}

/* The cells of a row, or with titles those of the header. NULL on ENOMEM. */
static char **make_cells(const struct record *r, bool titles)
{
	size_t n = 1 + r->nr_labels + r->nr_metrics + 1, at = 0, i;
	char **cells = calloc(n, sizeof(*cells));
	char buf[64];

	if (!cells)
		return NULL;
	cells[at++] = strdup(titles ? "measurement" : r->name);
	for (i = 0; i < r->nr_labels; i++)
		cells[at++] = strdup(titles ? r->labels[i].name : r->labels[i].value);
	for (i = 0; i < r->nr_metrics; i++)
		cells[at++] =
			titles ? metric_title(&r->metrics[i])
			       : strdup(report_text__number(r->metrics[i].value, buf, sizeof(buf)));
	cells[at++] = strdup(titles ? "status" : status__name(r->status));
	for (i = 0; i < n; i++) {
		if (!cells[i]) {
			free_cells(cells, n);
			return NULL;
		}
	}
	return cells;
}

static bool same_shape(const struct group *g, const struct record *r, char *const *titles)
{
	size_t i;

	if (g->nr_labels != r->nr_labels || g->nr_metrics != r->nr_metrics)
		return false;
	for (i = 0; i < nr_cells(g); i++)
		if (strcmp(g->titles[i], titles[i]) != 0)
			return false;
	return true;
}

/* Finds the group of the record or makes it; takes the titles. NULL on ENOMEM. */
static struct group *group_of(struct report_measures *m, const struct record *r, char **titles)
{
	struct group *g;
	size_t i;

	for (i = 0; i < m->n; i++) {
		if (same_shape(&m->groups[i], r, titles)) {
			free_cells(titles, nr_cells(&m->groups[i]));
			return &m->groups[i];
		}
	}
	g = realloc(m->groups, (m->n + 1) * sizeof(*g));
	if (!g) {
		free_cells(titles, 1 + r->nr_labels + r->nr_metrics + 1);
		return NULL;
	}
	m->groups = g;
	g = &m->groups[m->n++];
	*g = (struct group){ .titles = titles,
			     .nr_labels = r->nr_labels,
			     .nr_metrics = r->nr_metrics };
	return g;
}

int report_measures__add(struct report_measures *m, const struct record *r)
{
	char **titles = make_cells(r, true), **cells = NULL, ***rows;
	struct group *g;

	if (!titles)
		return -ENOMEM;
	g = group_of(m, r, titles);
	if (!g)
		return -ENOMEM;
	cells = make_cells(r, false);
	if (!cells)
		return -ENOMEM;
	rows = realloc(g->rows, (g->nr_rows + 1) * sizeof(*rows));
	if (!rows) {
		free_cells(cells, nr_cells(g));
		return -ENOMEM;
	}
	g->rows = rows;
	g->rows[g->nr_rows++] = cells;
	m->count++;
	return 0;
}

/* --- printing ------------------------------------------------------------------------------ */

static size_t cell_width(const struct group *g, size_t cell)
{
	size_t w = utf8_width(g->titles[cell]), k;

	for (k = 0; k < g->nr_rows; k++) {
		size_t x = utf8_width(g->rows[k][cell]);

		if (x > w)
			w = x;
	}
	return cell <= g->nr_labels && w > LABEL_MAX ? LABEL_MAX : w;
}

/* How many metrics from `first` on fit into the width beside name, labels and status: 1 at least.
 */
static size_t metrics_that_fit(const struct group *g, size_t first, size_t width)
{
	size_t used = cell_width(g, nr_cells(g) - 1), n = 0, i;

	for (i = 0; i <= g->nr_labels; i++)
		used += cell_width(g, i) + GAP;
	while (first + n < g->nr_metrics) {
		used += cell_width(g, 1 + g->nr_labels + first + n) + GAP;
		if (n && used > width)
			break;
		n++;
	}
	return n;
}

/* Labels whose values are all numbers are aligned as such. */
static enum align label_align(const struct group *g, size_t cell)
{
	size_t k;

	for (k = 0; k < g->nr_rows; k++) {
		const char *s = g->rows[k][cell];

		if (!*s || strspn(s, "0123456789.,-") != strlen(s))
			return ALIGN_LEFT;
	}
	return ALIGN_RIGHT;
}

static int print_part(const struct group *g, size_t first, size_t n, FILE *out, bool color)
{
	size_t fixed = 1 + g->nr_labels, nr = fixed + n + 1, i, k;
	struct column *columns = calloc(nr, sizeof(*columns));
	const char **cells = calloc(nr, sizeof(*cells));
	struct table *table = NULL;
	int err = -ENOMEM;

	if (!columns || !cells)
		goto out;
	for (i = 0; i < nr; i++) {
		size_t from = i < fixed ? i : i + 1 < nr ? i + first : nr_cells(g) - 1;

		columns[i].title = g->titles[from];
		if (i < fixed)
			columns[i].max = LABEL_MAX;
		if (i && i < fixed)
			columns[i].align = label_align(g, i);
		else
			columns[i].align = i && i + 1 < nr ? ALIGN_RIGHT : ALIGN_LEFT;
	}
	table = table__new(columns, nr);
	if (!table)
		goto out;
	err = 0;
	for (k = 0; k < g->nr_rows && !err; k++) {
		for (i = 0; i < nr; i++)
			cells[i] = g->rows[k][i < fixed	   ? i
					      : i + 1 < nr ? i + first
							   : nr_cells(g) - 1];
		err = table__row(table, cells);
	}
	if (!err)
		table__print(table, out, color);
out:
	table__free(table);
	free(cells);
	free(columns);
	return err;
}

int report_measures__print(const struct report_measures *m, FILE *out, size_t width, bool color)
{
	size_t i, first, n;
	int err = 0;

	for (i = 0; i < m->n && !err; i++) {
		const struct group *g = &m->groups[i];

		first = 0;
		do {
			if (i || first)
				fputc('\n', out);
			n = metrics_that_fit(g, first, width);
			err = print_part(g, first, n, out, color);
			first += n;
		} while (!err && first < g->nr_metrics);
	}
	return err;
}
