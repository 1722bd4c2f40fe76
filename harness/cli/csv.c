// SPDX-License-Identifier: GPL-2.0-only
#include "cli/csv.h"

#include <stdlib.h>
#include <string.h>

#include "cli/stat_columns.h"
#include "model/record.h"
#include "store/store.h"

void csv__value(FILE *out, const char *s)
{
	if (!s)
		return;
	/* Leading and trailing blanks belong to the value, but some readers drop them unquoted. */
	if (!s[strcspn(s, "\",\r\n")] && *s != ' ' && (!*s || s[strlen(s) - 1] != ' ')) {
		fputs(s, out);
		return;
	}
	fputc('"', out);
	for (; *s; s++) {
		if (*s == '"')
			fputc('"', out);
		fputc(*s, out);
	}
	fputc('"', out);
}

void csv__header(FILE *out)
{
	const char *sep = "";
	size_t i;

	for (i = 0; i < nr_stat_columns; i++) {
		if (stat_columns[i].table_only)
			continue;
		fprintf(out, "%s%s", sep, stat_columns[i].name);
		sep = ",";
	}
	fputc('\n', out);
}

/* One line a program, also to readers that know no quotes (veristat, cut). */
static void put_line(FILE *out, const char *s)
{
	char *copy = strdup(s), *p;

	for (p = copy; p && (p = strpbrk(p, "\r\n")); p++)
		*p = ' ';
	csv__value(out, copy);
	free(copy);
}

static void put_cell(FILE *out, const struct stat_column *c, const struct stored_record *r)
{
	struct stat_value v = { 0 };
	char buf[32];

	c->get(r, &v);
	/* veristat's reader has no notion of an empty cell. */
	if (!v.known && !v.text && c->veristat)
		fputc('0', out);
	else
		put_line(out, stat_value__str(&v, buf, sizeof(buf)));
}

void csv__record(FILE *out, const struct stored_record *r)
{
	const char *sep = "";
	size_t i;

	if (r->record->kind != RECORD_PROGRAM)
		return;
	for (i = 0; i < nr_stat_columns; i++) {
		if (stat_columns[i].table_only)
			continue;
		fputs(sep, out);
		sep = ",";
		put_cell(out, &stat_columns[i], r);
	}
	fputc('\n', out);
}

/* --- for veristat itself ------------------------------------------------------------------- */

enum { COLUMN_FILE, COLUMN_PROGRAM, VERISTAT_COLUMNS = 9 };

void csv__veristat_header(FILE *out)
{
	for (int i = 0; i < VERISTAT_COLUMNS; i++)
		fprintf(out, "%s%s", i ? "," : "", stat_columns[i].name);
	fputc('\n', out);
}

/* It splits at commas and knows no quotes. */
static void put_plain(FILE *out, const char *s)
{
	for (; *s; s++)
		fputc(strchr(",\"\r\n", *s) ? '_' : *s, out);
}

void csv__veristat_record(FILE *out, const struct stored_record *r, bool many_kernels)
{
	char *labels;

	if (r->record->kind != RECORD_PROGRAM)
		return;
	put_plain(out, r->record->experiment);
	if (many_kernels) {
		fputc('@', out);
		put_plain(out, r->guest.kernel);
	}
	fputc(',', out);
	put_plain(out, r->record->name);
	labels = record__labels_str(r->record);
	if (labels && *labels) {
		fputc('[', out);
		put_plain(out, labels);
		fputc(']', out);
	}
	free(labels);
	for (int i = COLUMN_PROGRAM + 1; i < VERISTAT_COLUMNS; i++) {
		fputc(',', out);
		put_cell(out, &stat_columns[i], r);
	}
	fputc('\n', out);
}
