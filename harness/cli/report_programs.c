// SPDX-License-Identifier: GPL-2.0-only
#include "cli/report_programs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/report_table.h"
#include "cli/report_text.h"
#include "cli/stat_columns.h"
#include "model/timing.h"
#include "store/store.h"

static const char *const shown[] = { "prog_name",   "said",	   "total_insns", "total_states",
				     "peak_states", "stack_depth", "duration",	  "status" };
#define NR_SHOWN (sizeof(shown) / sizeof(shown[0]))
#define STATUS	 (NR_SHOWN - 1)
#define DURATION (NR_SHOWN - 2)

#define MICROSECONDS " µs"

/* What the table has no room for. */
static const struct {
	const char *column, *title, *unit;
} details[] = {
	{ "section", "section", "" },
	{ "prog_type", "type", "" },
	{ "expected", "expected", "" },
	{ "max_states_per_insn", "most states at one instruction", "" },
	{ "max_mark_read_len", "longest mark_read chain", "" },
	{ "subprogs", "subprograms", "" },
	{ "load_time_us", "load call", MICROSECONDS },
	{ "xlated_size", "translated", " bytes" },
	{ "prog_size_jited", "jited", " bytes" },
};
#define NR_DETAILS (sizeof(details) / sizeof(details[0]))

struct row {
	char *cells[NR_SHOWN];
	char *message;
	char *details[NR_DETAILS]; /* NULL: unknown, or not wanted */
	struct stat_value key;
	char *key_text; /* what key.text points to */
	size_t pos;	/* keeps the order of equal keys */
};

struct report_programs {
	const struct stat_column *sort;
	bool reverse, details;
	bool is_virtual; /* the clock of one program at least; a table is of one run and kernel */
	struct row *rows;
	size_t n;
};

struct report_programs *report_programs__new(const struct stat_column *sort, bool reverse,
					     bool details)
{
	struct report_programs *t = calloc(1, sizeof(*t));

	if (t)
		*t = (struct report_programs){ .sort = sort,
					       .reverse = reverse,
					       .details = details };
	return t;
}

static void release_row(struct row *r)
{
	size_t i;

	for (i = 0; i < NR_SHOWN; i++)
		free(r->cells[i]);
	for (i = 0; i < NR_DETAILS; i++)
		free(r->details[i]);
	free(r->message);
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

static char *value_of(const char *column, const struct stored_record *r, bool *known)
{
	struct stat_value v = { 0 };
	char buf[32];

	stat_column__find(column, NULL)->get(r, &v);
	*known = v.known;
	return strdup(stat_value__str(&v, buf, sizeof(buf)));
}

static int fill_details(struct row *row, const struct stored_record *r)
{
	size_t i;

	for (i = 0; i < NR_DETAILS; i++) {
		bool known;
		char *value = value_of(details[i].column, r, &known);

		if (!value)
			return -ENOMEM;
		if (known && strcmp(details[i].unit, MICROSECONDS) == 0)
			row->details[i] =
				str_fmt("%s %sµs", value, timing__prefix(r->guest.timing));
		else if (known)
			row->details[i] = str_fmt("%s%s", value, details[i].unit);
		free(value);
		if (known && !row->details[i])
			return -ENOMEM;
	}
	return 0;
}

/* Of the user's: experiments have no dot in their names. */
static bool is_object(const struct record *r)
{
	return str_ends(r->experiment, ".o");
}

/* A program that is there several times, by what was set for it. */
static int add_labels(struct row *row, const struct record *r)
{
	char *labels, *name;

	if (!is_object(r)) /* a study's points are the study's matter */
		return 0;
	labels = record__labels_str(r);
	if (!labels)
		return -ENOMEM;
	name = str_fmt("%s%s%s", row->cells[0], *labels ? " " : "", labels);
	free(labels);
	if (!name)
		return -ENOMEM;
	free(row->cells[0]);
	row->cells[0] = name;
	return 0;
}

/* The interval of the median, and whether it is narrow enough, where that was asked for. */
static int add_precision(struct row *row, const struct record *r)
{
	const struct metric *low = record__get_metric(r, "median_low");
	const struct metric *high = record__get_metric(r, "median_high");
	const struct metric *conclusive = record__get_metric(r, "conclusive");
	char *cell;

	if (!low || !high || !conclusive)
		return 0;
	cell = str_fmt("%s [%.0f, %.0f]",
		       conclusive->value != 0 ? row->cells[DURATION] : "inconclusive", low->value,
		       high->value);
	if (!cell)
		return -ENOMEM;
	free(row->cells[DURATION]);
	row->cells[DURATION] = cell;
	return 0;
}

static int fill_row(const struct report_programs *t, struct row *row, const struct stored_record *r)
{
	bool known;
	size_t i;
	int err = t->details ? fill_details(row, r) : 0;

	if (err)
		return err;
	for (i = 0; i < NR_SHOWN; i++) {
		row->cells[i] = value_of(shown[i], r, &known);
		if (!row->cells[i])
			return -ENOMEM;
	}
	err = add_precision(row, r->record);
	if (!err)
		err = add_labels(row, r->record);
	if (err)
		return err;
	/* Why it has no verdict says more than what libbpf said, if anything. */
	row->message = value_of(
		is_object(r->record) && r->record->verdict == VERDICT_NONE ? "reason" : "message",
		r, &known);
	if (!row->message)
		return -ENOMEM;
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
	t->is_virtual |= timing__is_virtual(r->guest.timing);
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

static void print_details(const struct row *r, FILE *out, size_t indent, size_t width)
{
	size_t i;

	fputc('\n', out);
	for (i = 0; i < NR_DETAILS; i++) {
		char first[64];

		if (!r->details[i])
			continue;
		snprintf(first, sizeof(first), "%*s%-32s", (int)indent, "", details[i].title);
		report_text__wrap(out, NULL, first, r->details[i], width);
	}
}

int report_programs__print(struct report_programs *t, FILE *out, size_t indent, size_t width,
			   bool color)
{
	struct report_column columns[NR_SHOWN];
	struct report_table *table;
	int err = 0;
	size_t i;

	for (i = 0; i < NR_SHOWN; i++) {
		const struct stat_column *c = stat_column__find(shown[i], NULL);

		columns[i] = (struct report_column){ c->title, c->unit, c->align, i == STATUS };
		if (t->is_virtual && c->unit && strcmp(c->unit, "(µs)") == 0)
			columns[i].unit = "(virtual µs)";
	}
	if (t->sort)
		qsort_r(t->rows, t->n, sizeof(*t->rows), compare_rows, t);
	table = report_table__new(columns, NR_SHOWN);
	if (!table)
		return -ENOMEM;
	for (i = 0; i < t->n && !err; i++)
		err = report_table__row(table, (const char *const *)t->rows[i].cells,
					t->rows[i].message);
	if (!err)
		err = report_table__print(table, out, indent, width, color);
	for (i = 0; i < t->n && !err && t->details; i++)
		print_details(&t->rows[i], out, indent, width);
	report_table__free(table);
	return err;
}
