// SPDX-License-Identifier: GPL-2.0-only
#include "store/db.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "store/db_fields.h"

int db__bad_row(const struct store *s, const char *table, int64_t id, const char *column,
		const char *value)
{
	log_err("%s: %s %" PRId64 ": %s '%s' is none that assay writes: the database is damaged "
		"or was changed by hand",
		s->path, table, id, column, value ? value : "NULL");
	return -EBADMSG;
}

/* Reads a JSON array of strings (SQL's NULL: an empty one). 0, -ENOMEM or -EINVAL. */
static int parse_names(sqlite3_stmt *st, int col, struct strv *out)
{
	const char *text = (const char *)sqlite3_column_text(st, col);
	json_t *array, *item;
	size_t i;
	int err = 0;

	if (!text)
		return 0;
	array = json_loads(text, 0, NULL);
	if (!json_is_array(array))
		err = -EINVAL;
	for (i = 0; !err && i < json_array_size(array); i++) {
		item = json_array_get(array, i);
		err = json_is_string(item) ? strv__add(out, json_string_value(item)) : -EINVAL;
	}
	json_decref(array);
	return err;
}

static int parse_stacks(sqlite3_stmt *st, int col, struct vlog_stats *stats)
{
	const char *text = (const char *)sqlite3_column_text(st, col);
	json_t *array;
	size_t i, n;
	int err = 0;

	if (!text)
		return 0;
	array = json_loads(text, 0, NULL);
	n = json_array_size(array);
	if (!json_is_array(array) || n > VLOG_MAX_SUBPROGS)
		err = -EINVAL;
	for (i = 0; !err && i < n; i++) {
		json_t *item = json_array_get(array, i);

		if (!json_is_integer(item))
			err = -EINVAL;
		stats->subprog_stack[i] = (int)json_integer_value(item);
	}
	stats->nr_subprogs = err ? 0 : (int)n;
	json_decref(array);
	return err;
}

/* --- table records ------------------------------------------------------------------------- */

static int read_field(sqlite3_stmt *st, int col, const struct record_field *f, struct record *r)
{
	char *at = (char *)r + f->offset;

	switch (f->type) {
	case FIELD_NAME: /* set by record__new, and never NULL in the table */
		free(*(char **)at);
		return db__text(st, col, (char **)at);
	case FIELD_STR:
		return db__text(st, col, (char **)at);
	case FIELD_DOUBLE:
		*(double *)at = db__double_or(st, col, -1);
		break;
	case FIELD_INT:
		*(int *)at = sqlite3_column_int(st, col);
		break;
	case FIELD_INT64:
		*(int64_t *)at = db__int_or(st, col, VLOG_UNKNOWN);
		break;
	case FIELD_LONG:
		*(long *)at = (long)db__int_or(st, col, -1);
		break;
	}
	return 0;
}

enum { COL_ID, COL_KIND, COL_VERDICT, COL_STATUS, COL_TAGS, COL_STACKS, COL_GUEST };
#define COL_FIELDS (COL_GUEST + DB_NR_GUEST_COLUMNS)

static char *select_sql(void)
{
	struct strbuf sb = STRBUF_INIT;
	size_t i;

	strbuf__addf(
		&sb,
		"SELECT r.id, r.kind, r.verdict, r.status, r.tags, r.subprog_stacks, " DB_GUEST_COLUMNS);
	for (i = 0; i < db_nr_record_fields; i++)
		strbuf__addf(&sb, ", r.%s", db_record_fields[i].column);
	strbuf__addf(&sb, " FROM records r JOIN guests g ON g.id = r.guest "
			  "WHERE r.run = ?1 AND (?2 IS NULL OR g.kernel = ?2) "
			  "AND (?3 IS NULL OR r.experiment = ?3) ORDER BY r.id");
	return strbuf__detach(&sb);
}

static int bad_column(const struct store *s, sqlite3_stmt *st, int64_t id, int col, int err)
{
	if (err != -EINVAL)
		return err;
	return db__bad_row(s, "record", id, sqlite3_column_name(st, col),
			   (const char *)sqlite3_column_text(st, col));
}

static int read_fields(const struct store *s, sqlite3_stmt *st, int64_t id, struct record *r)
{
	const char *verdict = (const char *)sqlite3_column_text(st, COL_VERDICT);
	int err = 0;
	size_t i;

	for (i = 0; i < db_nr_record_fields && !err; i++)
		err = read_field(st, COL_FIELDS + (int)i, &db_record_fields[i], r);
	if (err)
		return err;
	if (verdict && verdict__parse(verdict, &r->verdict))
		return bad_column(s, st, id, COL_VERDICT, -EINVAL);
	if (status__parse((const char *)sqlite3_column_text(st, COL_STATUS), &r->status))
		return bad_column(s, st, id, COL_STATUS, -EINVAL);
	err = parse_names(st, COL_TAGS, &r->tags);
	if (err)
		return bad_column(s, st, id, COL_TAGS, err);
	err = parse_stacks(st, COL_STACKS, &r->stats);
	return err ? bad_column(s, st, id, COL_STACKS, err) : 0;
}

/* --- its parts ----------------------------------------------------------------------------- */

static const char *text_or_empty(sqlite3_stmt *st, int col)
{
	const char *text = (const char *)sqlite3_column_text(st, col);

	return text ? text : "";
}

static int read_label(sqlite3_stmt *st, struct record *r)
{
	return record__label(r, text_or_empty(st, 0), text_or_empty(st, 1));
}

static int read_metric(sqlite3_stmt *st, struct record *r)
{
	return record__metric(r, text_or_empty(st, 0), text_or_empty(st, 1),
			      db__double_or(st, 2, __builtin_nan("")));
}

static int read_series(sqlite3_stmt *st, struct record *r)
{
	const char *blob = sqlite3_column_blob(st, 3);
	size_t bytes = (size_t)sqlite3_column_bytes(st, 3), n = bytes / sizeof(double), i;
	uint64_t bits;
	double *values;
	int err;

	if (bytes % sizeof(double) || sqlite3_column_int64(st, 2) != (int64_t)n)
		return -EINVAL;
	values = calloc(n ? n : 1, sizeof(*values));
	if (!values)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		memcpy(&bits, blob + i * sizeof(bits), sizeof(bits));
		bits = le64toh(bits);
		memcpy(&values[i], &bits, sizeof(bits));
	}
	err = record__series(r, text_or_empty(st, 0), text_or_empty(st, 1), values, n);
	free(values);
	return err;
}

static int read_check(sqlite3_stmt *st, struct record *r)
{
	return record__check(r, sqlite3_column_int(st, 1), text_or_empty(st, 0),
			     text_or_empty(st, 2));
}

/* Rows have a fixed width, so that a cell may be any character. */
static int split_cells(const char *text, size_t bytes, size_t rows, size_t cols, struct strv *out)
{
	size_t i, len;
	char *row;
	int err = 0;

	if (!rows)
		return bytes ? -EINVAL : 0;
	if (cols >= bytes || bytes % (cols + 1) || bytes / (cols + 1) != rows)
		return -EINVAL;
	for (i = 0; i < rows && !err; i++) {
		row = strndup(text + i * (cols + 1), cols);
		if (!row)
			return -ENOMEM;
		len = strlen(row);
		err = len == cols ? strv__add(out, row) : -EINVAL;
		free(row);
	}
	return err;
}

static int read_matrix(sqlite3_stmt *st, struct record *r)
{
	struct strv rows = { 0 }, cols = { 0 }, cells = { 0 };
	struct matrix m = {
		.name = (char *)text_or_empty(st, 0),
		.row_axis = (char *)text_or_empty(st, 1),
		.col_axis = (char *)text_or_empty(st, 2),
		.legend = (char *)text_or_empty(st, 3),
		.nr_rows = (size_t)sqlite3_column_int64(st, 4),
		.nr_cols = (size_t)sqlite3_column_int64(st, 5),
	};
	int err;

	err = parse_names(st, 6, &rows);
	if (!err)
		err = parse_names(st, 7, &cols);
	if (!err)
		err = split_cells(text_or_empty(st, 8), (size_t)sqlite3_column_bytes(st, 8),
				  m.nr_rows, m.nr_cols, &cells);
	if (!err && (rows.n != m.nr_rows || cols.n != m.nr_cols))
		err = -EINVAL;
	if (!err) {
		m.row_names = rows.v;
		m.col_names = cols.v;
		m.cells = cells.v;
		err = record__matrix(r, &m);
	}
	strv__free(&cells);
	strv__free(&cols);
	strv__free(&rows);
	return err;
}

static const struct part {
	const char *table, *columns;
	int (*read)(sqlite3_stmt *st, struct record *r);
} parts[] = {
	{ "labels", "name, value", read_label },
	{ "metrics", "name, unit, value", read_metric },
	{ "series", "name, unit, n, samples", read_series },
	{ "checks", "text, ok, found", read_check },
	{ "matrices",
	  "name, row_axis, col_axis, legend, nr_rows, nr_cols, row_names, col_names, cells",
	  read_matrix },
};
#define NR_PARTS (sizeof(parts) / sizeof(parts[0]))

static int read_part(const struct store *s, sqlite3_stmt *st, const struct part *part, int64_t id,
		     struct record *r)
{
	int rc, err = 0;

	rc = db__bind(st, "i", id);
	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		rc = SQLITE_OK;
		err = part->read(st, r);
		if (err == -EINVAL)
			err = db__bad_row(s, "record", id, part->table, text_or_empty(st, 0));
		if (err)
			break;
	}
	if (!err && rc != SQLITE_DONE)
		err = db__fail(s, rc, "read the %s of record %" PRId64, part->table, id);
	sqlite3_reset(st);
	return err;
}

static int prepare_parts(const struct store *s, sqlite3_stmt *st[NR_PARTS])
{
	int err = 0;
	size_t i;

	for (i = 0; i < NR_PARTS && !err; i++) {
		char *sql = str_fmt("SELECT %s FROM %s WHERE record = ? ORDER BY pos",
				    parts[i].columns, parts[i].table);

		err = sql ? db__prepare(s, sql, &st[i]) : -ENOMEM;
		free(sql);
	}
	return err;
}

/* --- walks --------------------------------------------------------------------------------- */

static int read_record(const struct store *s, sqlite3_stmt *st, sqlite3_stmt *part_st[NR_PARTS],
		       struct stored_record *out)
{
	const char *kind = (const char *)sqlite3_column_text(st, COL_KIND);
	enum record_kind k;
	int err;
	size_t i;

	memset(out, 0, sizeof(*out));
	out->id = sqlite3_column_int64(st, COL_ID);
	if (kind && strcmp(kind, "program") == 0)
		k = RECORD_PROGRAM;
	else if (kind && strcmp(kind, "measurement") == 0)
		k = RECORD_MEASUREMENT;
	else
		return bad_column(s, st, out->id, COL_KIND, -EINVAL);
	out->record = record__new(k, "", "");
	if (!out->record)
		return -ENOMEM;
	err = db__read_guest(st, COL_GUEST, &out->guest);
	if (!err)
		err = read_fields(s, st, out->id, out->record);
	for (i = 0; i < NR_PARTS && !err; i++)
		err = read_part(s, part_st[i], &parts[i], out->id, out->record);
	return err;
}

static void release_record(struct stored_record *r)
{
	record__free(r->record);
	guest_info__release(&r->guest);
}

int store__records(struct store *s, int64_t run, const char *kernel, const char *experiment,
		   int (*fn)(void *ctx, const struct stored_record *r), void *ctx)
{
	sqlite3_stmt *st = NULL, *part_st[NR_PARTS] = { NULL };
	char *sql = select_sql();
	struct stored_record r;
	int rc, err = -ENOMEM;
	size_t i;

	if (sql)
		err = db__prepare(s, sql, &st);
	if (!err)
		err = prepare_parts(s, part_st);
	if (err)
		goto out;
	rc = db__bind(st, "iss", run, kernel, experiment);
	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		rc = SQLITE_OK;
		err = read_record(s, st, part_st, &r);
		if (!err)
			err = fn(ctx, &r);
		release_record(&r);
		if (err)
			goto out;
	}
	if (rc != SQLITE_DONE)
		err = db__fail(s, rc, "read the records of run %" PRId64, run);
out:
	for (i = 0; i < NR_PARTS; i++)
		sqlite3_finalize(part_st[i]);
	sqlite3_finalize(st);
	free(sql);
	return err;
}

static int read_experiment(const struct store *s, sqlite3_stmt *st, struct stored_experiment *e)
{
	const char *status = (const char *)sqlite3_column_text(st, 4);
	int err;

	memset(e, 0, sizeof(*e));
	err = db__text(st, 1, &e->experiment);
	if (!err)
		err = db__text(st, 2, &e->params);
	if (!err)
		err = db__text(st, 3, &e->reason);
	if (!err && status__parse(status, &e->status))
		err = db__bad_row(s, "experiment", sqlite3_column_int64(st, 0), "status", status);
	e->seconds = db__double_or(st, 5, -1);
	if (!err)
		err = db__read_guest(st, 6, &e->guest);
	if (!err)
		e->kernel = strdup(e->guest.kernel);
	return err || e->kernel ? err : -ENOMEM;
}

static void release_experiment(struct stored_experiment *e)
{
	free(e->kernel);
	free(e->experiment);
	free(e->params);
	free(e->reason);
	guest_info__release(&e->guest);
}

int store__experiments(struct store *s, int64_t run, const char *kernel, const char *experiment,
		       int (*fn)(void *ctx, const struct stored_experiment *e), void *ctx)
{
	struct stored_experiment e;
	sqlite3_stmt *st;
	int rc, err;

	err = db__prepare(
		s,
		"SELECT e.id, e.experiment, e.params, e.reason, e.status, e.seconds, " DB_GUEST_COLUMNS
		" FROM experiments e JOIN guests g ON g.id = e.guest "
		"WHERE e.run = ?1 AND (?2 IS NULL OR g.kernel = ?2) "
		"AND (?3 IS NULL OR e.experiment = ?3) ORDER BY e.id",
		&st);
	if (err)
		return err;
	rc = db__bind(st, "iss", run, kernel, experiment);
	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		rc = SQLITE_OK;
		err = read_experiment(s, st, &e);
		if (!err)
			err = fn(ctx, &e);
		release_experiment(&e);
		if (err)
			goto out;
	}
	if (rc != SQLITE_DONE)
		err = db__fail(s, rc, "read the experiments of run %" PRId64, run);
out:
	sqlite3_finalize(st);
	return err;
}
