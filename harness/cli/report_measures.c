// SPDX-License-Identifier: GPL-2.0-only
#include "cli/report_measures.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/report_grid.h"
#include "cli/report_numbers.h"
#include "model/record.h"

/* A column of a table; the same name with another unit is another column. */
struct quantity {
	char *name, *unit;
	size_t id; /* what values refer to: columns move when others come between */
};

struct value {
	size_t id;
	double v;
};

struct row {
	char *name;
	struct strv labels;
	struct value *values;
	size_t n;
	enum status status;
};

/* One table. */
struct group {
	struct strv labels; /* their names */
	struct strv names;  /* of the measurements in it */
	struct strv shapes; /* sets of metrics in it */
	struct quantity *quantities;
	size_t nr_quantities;
	struct row *rows;
	size_t nr_rows;
};

struct report_measures {
	struct group *groups;
	size_t n;
	size_t count;
};

struct report_measures *report_measures__new(void)
{
	return calloc(1, sizeof(struct report_measures));
}

static void release_row(struct row *r)
{
	free(r->name);
	strv__free(&r->labels);
	free(r->values);
}

static void release_group(struct group *g)
{
	size_t i;

	for (i = 0; i < g->nr_rows; i++)
		release_row(&g->rows[i]);
	free(g->rows);
	for (i = 0; i < g->nr_quantities; i++) {
		free(g->quantities[i].name);
		free(g->quantities[i].unit);
	}
	free(g->quantities);
	strv__free(&g->labels);
	strv__free(&g->names);
	strv__free(&g->shapes);
}

void report_measures__free(struct report_measures *m)
{
	size_t i;

	if (!m)
		return;
	for (i = 0; i < m->n; i++)
		release_group(&m->groups[i]);
	free(m->groups);
	free(m);
}

size_t report_measures__count(const struct report_measures *m)
{
	return m->count;
}

/* --- which table --------------------------------------------------------------------------- */

static const char *unit_of(const struct metric *m)
{
	return m->unit ? m->unit : "";
}

/* Its metrics and their units as one string; NULL on ENOMEM. */
static char *shape_of(const struct record *r)
{
	struct strbuf sb = STRBUF_INIT;
	size_t i;

	for (i = 0; i < r->nr_metrics; i++)
		strbuf__addf(&sb, "%s\t%s\n", r->metrics[i].name, unit_of(&r->metrics[i]));
	return sb.len ? strbuf__detach(&sb) : strdup("");
}

static bool same_labels(const struct group *g, const struct record *r)
{
	size_t i;

	if (g->labels.n != r->nr_labels)
		return false;
	for (i = 0; i < r->nr_labels; i++)
		if (strcmp(g->labels.v[i], r->labels[i].name) != 0)
			return false;
	return true;
}

static const struct quantity *find_quantity(const struct group *g, const struct metric *m)
{
	size_t i;

	for (i = 0; i < g->nr_quantities; i++)
		if (strcmp(g->quantities[i].name, m->name) == 0 &&
		    strcmp(g->quantities[i].unit, unit_of(m)) == 0)
			return &g->quantities[i];
	return NULL;
}

/* At least half of the smaller set is in the other one: rows would not be mostly blank. */
static bool much_in_common(const struct group *g, const struct record *r)
{
	size_t smaller = r->nr_metrics < g->nr_quantities ? r->nr_metrics : g->nr_quantities;
	size_t common = 0, i;

	for (i = 0; i < r->nr_metrics; i++)
		common += find_quantity(g, &r->metrics[i]) != NULL;
	return 2 * common >= smaller;
}

static bool belongs(const struct group *g, const struct record *r, const char *shape)
{
	return same_labels(g, r) && (strv__has(&g->shapes, shape) ||
				     (strv__has(&g->names, r->name) && much_in_common(g, r)));
}

/* Where a new table goes: after the last one that has this name, else at the end. */
static size_t place_of(const struct report_measures *m, const char *name)
{
	size_t i;

	for (i = m->n; i > 0; i--)
		if (strv__has(&m->groups[i - 1].names, name))
			return i;
	return m->n;
}

/* NULL on ENOMEM. */
static struct group *group_of(struct report_measures *m, const struct record *r, const char *shape)
{
	struct group *g;
	size_t i, at;

	for (i = 0; i < m->n; i++)
		if (belongs(&m->groups[i], r, shape))
			return &m->groups[i];
	g = realloc(m->groups, (m->n + 1) * sizeof(*g));
	if (!g)
		return NULL;
	m->groups = g;
	at = place_of(m, r->name);
	memmove(&g[at + 1], &g[at], (m->n - at) * sizeof(*g));
	m->n++;
	g[at] = (struct group){ 0 };
	for (i = 0; i < r->nr_labels; i++)
		if (strv__add(&g[at].labels, r->labels[i].name))
			return NULL;
	return &g[at];
}

/* --- collecting ---------------------------------------------------------------------------- */

/* Its place among the columns is behind the metric that comes before it in the record. */
static int add_quantity(struct group *g, const struct metric *m, size_t at)
{
	struct quantity *q = realloc(g->quantities, (g->nr_quantities + 1) * sizeof(*q));

	if (!q)
		return -ENOMEM;
	g->quantities = q;
	memmove(&q[at + 1], &q[at], (g->nr_quantities - at) * sizeof(*q));
	q[at] = (struct quantity){ .name = strdup(m->name),
				   .unit = strdup(unit_of(m)),
				   .id = g->nr_quantities++ };
	return q[at].name && q[at].unit ? 0 : -ENOMEM;
}

static int add_values(struct group *g, struct row *row, const struct record *r)
{
	size_t at = 0, i;

	row->values = calloc(r->nr_metrics ? r->nr_metrics : 1, sizeof(*row->values));
	if (!row->values)
		return -ENOMEM;
	for (i = 0; i < r->nr_metrics; i++) {
		const struct quantity *q = find_quantity(g, &r->metrics[i]);

		if (!q) {
			if (add_quantity(g, &r->metrics[i], at))
				return -ENOMEM;
			q = &g->quantities[at];
		}
		at = (size_t)(q - g->quantities) + 1;
		row->values[row->n++] = (struct value){ q->id, r->metrics[i].value };
	}
	return 0;
}

static int add_row(struct group *g, const struct record *r)
{
	struct row *rows = realloc(g->rows, (g->nr_rows + 1) * sizeof(*rows));
	struct row *row;
	size_t i;
	int err = 0;

	if (!rows)
		return -ENOMEM;
	g->rows = rows;
	row = &rows[g->nr_rows];
	*row = (struct row){ .name = strdup(r->name), .status = r->status };
	for (i = 0; i < r->nr_labels && !err; i++)
		err = strv__add(&row->labels, r->labels[i].value ? r->labels[i].value : "");
	if (!err)
		err = row->name ? add_values(g, row, r) : -ENOMEM;
	if (err)
		release_row(row);
	else
		g->nr_rows++;
	return err;
}

int report_measures__add(struct report_measures *m, const struct record *r)
{
	char *shape = shape_of(r);
	struct group *g = shape ? group_of(m, r, shape) : NULL;
	int err = g ? 0 : -ENOMEM;

	if (!err && !strv__has(&g->names, r->name))
		err = strv__add(&g->names, r->name);
	if (!err && !strv__has(&g->shapes, shape))
		err = strv__add(&g->shapes, shape);
	if (!err)
		err = add_row(g, r);
	free(shape);
	if (!err)
		m->count++;
	return err;
}

/* --- printing ------------------------------------------------------------------------------ */

static const double *value_of(const struct row *r, const struct quantity *q)
{
	size_t i;

	for (i = 0; q && i < r->n; i++)
		if (r->values[i].id == q->id)
			return &r->values[i].v;
	return NULL;
}

/* NAME_low of NAME, with the same unit; NULL when there is none. */
static const struct quantity *bound_of(const struct group *g, const struct quantity *q,
				       const char *suffix)
{
	size_t len = strlen(q->name), i;

	for (i = 0; i < g->nr_quantities; i++) {
		const struct quantity *b = &g->quantities[i];

		if (strncmp(b->name, q->name, len) == 0 && strcmp(b->name + len, suffix) == 0 &&
		    strcmp(b->unit, q->unit) == 0)
			return b;
	}
	return NULL;
}

static bool is_bounded(const struct group *g, const struct quantity *q)
{
	return bound_of(g, q, "_low") && bound_of(g, q, "_high");
}

/* Stands beside the metric that it bounds. */
static bool is_bound(const struct group *g, const struct quantity *q)
{
	size_t i;

	for (i = 0; i < g->nr_quantities; i++) {
		const struct quantity *of = &g->quantities[i];

		if (is_bounded(g, of) &&
		    (bound_of(g, of, "_low") == q || bound_of(g, of, "_high") == q))
			return true;
	}
	return false;
}

/* The cells of a metric; NULL on ENOMEM. */
static char **metric_cells(const struct group *g, const struct quantity *q)
{
	bool bounded = is_bounded(g, q);
	const struct quantity *low = bounded ? bound_of(g, q, "_low") : NULL;
	const struct quantity *high = bounded ? bound_of(g, q, "_high") : NULL;
	struct report_number *numbers = calloc(g->nr_rows ? g->nr_rows : 1, sizeof(*numbers));
	char **cells = NULL;
	size_t i;

	for (i = 0; numbers && i < g->nr_rows; i++) {
		const double *v = value_of(&g->rows[i], q), *l = value_of(&g->rows[i], low),
			     *h = value_of(&g->rows[i], high);

		numbers[i] = (struct report_number){ .known = v || (l && h),
						     .bounded = l && h,
						     .v = v ? *v : NAN,
						     .low = l ? *l : NAN,
						     .high = h ? *h : NAN };
	}
	if (numbers)
		cells = report_numbers__cells(numbers, g->nr_rows);
	free(numbers);
	return cells;
}

/* Units as SI writes them; none where it says no more than the name. */
static char *unit_title(const struct quantity *q)
{
	const char *unit = strcmp(q->unit, "us") == 0		? "µs"
			   : strcmp(q->unit, "virtual us") == 0 ? "virtual µs"
								: q->unit;

	return !*unit || strcmp(unit, q->name) == 0 ? strdup("") : str_fmt("(%s)", unit);
}

static int add_metric(const struct group *g, const struct quantity *q, struct report_grid *grid)
{
	char **cells = metric_cells(g, q);
	char *title = str_fmt("%s%s", q->name, is_bounded(g, q) ? " [low, high]" : "");
	char *unit = unit_title(q);
	int err = -ENOMEM;

	if (cells && title && unit)
		err = report_grid__add(grid, GRID_METRIC, title, unit, cells);
	else
		report_grid__free_cells(cells, g->nr_rows);
	free(title);
	free(unit);
	return err;
}

/* Name, a label, or status of all rows. */
static int add_words(const struct group *g, enum grid_field kind, const char *title,
		     const char *(*word)(const struct row *r, size_t i), size_t label,
		     struct report_grid *grid)
{
	char **cells = calloc(g->nr_rows ? g->nr_rows : 1, sizeof(*cells));
	size_t i;

	for (i = 0; cells && i < g->nr_rows; i++) {
		cells[i] = strdup(word(&g->rows[i], label));
		if (!cells[i])
			break;
	}
	if (cells && i == g->nr_rows)
		return report_grid__add(grid, kind, title, NULL, cells);
	report_grid__free_cells(cells, g->nr_rows);
	return -ENOMEM;
}

static const char *name_word(const struct row *r, size_t i)
{
	(void)i;
	return r->name;
}

static const char *label_word(const struct row *r, size_t i)
{
	return r->labels.v[i];
}

static const char *status_word(const struct row *r, size_t i)
{
	(void)i;
	return status__name(r->status);
}

/* NULL on ENOMEM. */
static struct report_grid *grid_of(const struct group *g)
{
	struct report_grid *grid = report_grid__new(g->nr_rows);
	int err = grid ? 0 : -ENOMEM;
	size_t i;

	if (!err)
		err = add_words(g, GRID_NAME, "measurement", name_word, 0, grid);
	for (i = 0; i < g->labels.n && !err; i++)
		err = add_words(g, GRID_LABEL, g->labels.v[i], label_word, i, grid);
	for (i = 0; i < g->nr_quantities && !err; i++)
		if (!is_bound(g, &g->quantities[i]))
			err = add_metric(g, &g->quantities[i], grid);
	if (!err)
		err = add_words(g, GRID_STATUS, "status", status_word, 0, grid);
	if (!err)
		return grid;
	report_grid__free(grid);
	return NULL;
}

int report_measures__print(const struct report_measures *m, FILE *out, size_t indent, size_t width,
			   bool color)
{
	bool line = false, was_line;
	size_t i;
	int err = 0;

	for (i = 0; i < m->n && !err; i++) {
		struct report_grid *grid = grid_of(&m->groups[i]);

		if (!grid)
			return -ENOMEM;
		was_line = line;
		line = report_grid__is_line(grid);
		if (i && !(line && was_line))
			fputc('\n', out);
		err = report_grid__print(grid, out, indent, width, color);
		report_grid__free(grid);
	}
	return err;
}
