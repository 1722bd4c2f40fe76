// SPDX-License-Identifier: GPL-2.0-only
#include "cli/report_programs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/term.h"
#include "base/utf8.h"
#include "cli/stat_columns.h"
#include "store/store.h"

#define GAP	    2  /* between columns of a table */
#define MESSAGE_MIN 24 /* below this the lines rather get too long */

static const char *const shown[] = { "prog_name",    "said",	    "errno",	   "total_insns",
				     "total_states", "peak_states", "stack_depth", "duration",
				     "status",	     "message" };
#define NR_SHOWN (sizeof(shown) / sizeof(shown[0]))

struct row {
	char *cells[NR_SHOWN];
	struct stat_value key;
	char *key_text; /* what key.text points to */
	size_t pos;	/* keeps the order of equal keys */
};

struct report_programs {
	const struct stat_column *sort;
	bool reverse;
	struct row *rows;
	size_t n;
};

struct report_programs *report_programs__new(const struct stat_column *sort, bool reverse)
{
	struct report_programs *t = calloc(1, sizeof(*t));

	if (t) {
		t->sort = sort;
		t->reverse = reverse;
	}
	return t;
}

static void release_row(struct row *r)
{
	size_t i;

	for (i = 0; i < NR_SHOWN; i++)
		free(r->cells[i]);
	free(r->key_text);
}

void report_programs__free(struct report_programs *t)
{
	size_t i;

	if (!t)
		return;
	for (i = 0; i < t->n; i++)
		release_row(&t->rows[i]);
	free(t->rows);
	free(t);
}

size_t report_programs__count(const struct report_programs *t)
{
	return t->n;
}

static int fill_row(const struct report_programs *t, struct row *row, const struct stored_record *r)
{
	char buf[32];
	size_t i;

	for (i = 0; i < NR_SHOWN; i++) {
		struct stat_value v = { 0 };

		stat_column__find(shown[i], NULL)->get(r, &v);
		row->cells[i] = strdup(stat_value__str(&v, buf, sizeof(buf)));
		if (!row->cells[i])
			return -ENOMEM;
	}
	if (!t->sort)
		return 0;
	t->sort->get(r, &row->key);
	if (!row->key.text)
		return 0;
	row->key_text = strdup(row->key.text);
	row->key.text = row->key_text;
	return row->key_text ? 0 : -ENOMEM;
}

int report_programs__add(struct report_programs *t, const struct stored_record *r)
{
	struct row *rows = realloc(t->rows, (t->n + 1) * sizeof(*rows));
	int err;

	if (!rows)
		return -ENOMEM;
	t->rows = rows;
	memset(&rows[t->n], 0, sizeof(*rows));
	rows[t->n].pos = t->n;
	err = fill_row(t, &rows[t->n], r);
	if (err)
		release_row(&rows[t->n]);
	else
		t->n++;
	return err;
}

static int compare_rows(const void *a, const void *b, void *ctx)
{
	const struct report_programs *t = ctx;
	const struct row *x = a, *y = b;
	/* As veristat sorts: the biggest numbers first. */
	bool down = (t->sort->align == ALIGN_RIGHT || !x->key.text) != t->reverse;
	int order = stat_value__cmp(&x->key, &y->key, down);

	if (order)
		return order;
	return x->pos < y->pos ? -1 : x->pos > y->pos;
}

/* What is left for the message when the other columns have their width. */
static size_t message_width(const struct report_programs *t, const struct column *columns,
			    size_t width)
{
	size_t used = 0, i, k;

	for (i = 0; i + 1 < NR_SHOWN; i++) {
		size_t w = utf8_width(columns[i].title);

		for (k = 0; k < t->n; k++) {
			size_t cell = utf8_width(t->rows[k].cells[i]);

			if (columns[i].max && cell > columns[i].max)
				cell = columns[i].max;
			if (cell > w)
				w = cell;
		}
		used += w + GAP;
	}
	return used + MESSAGE_MIN < width ? width - used : MESSAGE_MIN;
}

int report_programs__print(struct report_programs *t, FILE *out, size_t width, bool color)
{
	struct column columns[NR_SHOWN];
	struct table *table;
	int err = 0;
	size_t i;

	for (i = 0; i < NR_SHOWN; i++) {
		const struct stat_column *c = stat_column__find(shown[i], NULL);

		columns[i] = (struct column){ c->header, c->align, c->max };
	}
	columns[NR_SHOWN - 1].max = message_width(t, columns, width);
	if (t->sort)
		qsort_r(t->rows, t->n, sizeof(*t->rows), compare_rows, t);
	table = table__new(columns, NR_SHOWN);
	if (!table)
		return -ENOMEM;
	for (i = 0; i < t->n && !err; i++)
		err = table__row(table, (const char *const *)t->rows[i].cells);
	if (!err)
		table__print(table, out, color);
	table__free(table);
	return err;
}
