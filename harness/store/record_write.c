// SPDX-License-Identifier: GPL-2.0-only
#include "store/db.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "store/db_fields.h"

/* A JSON array of n strings; caller frees; NULL when memory ran out or one is no UTF-8. */
static char *names_json(char *const *names, size_t n)
{
	json_t *array = json_array();
	char *text = NULL;
	size_t i;

	for (i = 0; array && i < n; i++) {
		if (json_array_append_new(array, json_string(names[i]))) {
			json_decref(array);
			array = NULL;
		}
	}
	if (array)
		text = json_dumps(array, JSON_COMPACT);
	json_decref(array);
	return text;
}

static char *stacks_json(const struct vlog_stats *stats)
{
	struct strbuf sb = STRBUF_INIT;
	int i;

	strbuf__addf(&sb, "[");
	for (i = 0; i < stats->nr_subprogs && i < VLOG_MAX_SUBPROGS; i++)
		strbuf__addf(&sb, "%s%d", i ? "," : "", stats->subprog_stack[i]);
	strbuf__addf(&sb, "]");
	return strbuf__detach(&sb);
}

/* Steps a statement of table `table` once and makes it ready for the next row. */
static int step_row(const struct store *s, sqlite3_stmt *st, int rc, const char *table,
		    const struct record *r)
{
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc != SQLITE_DONE)
		return db__fail(s, rc, "add the %s of %s, record %s", table, r->experiment,
				r->name);
	sqlite3_reset(st);
	return 0;
}

/* --- table records ------------------------------------------------------------------------- */

static int bind_field(sqlite3_stmt *st, int i, const struct record_field *f, const struct record *r)
{
	const char *at = (const char *)r + f->offset;
	int64_t num = -1;

	switch (f->type) {
	case FIELD_STR:
	case FIELD_NAME:
		return sqlite3_bind_text(st, i, *(char *const *)at, -1, SQLITE_STATIC);
	case FIELD_DOUBLE:
		return *(const double *)at >= 0 ? sqlite3_bind_double(st, i, *(const double *)at)
						: sqlite3_bind_null(st, i);
	case FIELD_INT:
		return sqlite3_bind_int(st, i, *(const int *)at);
	case FIELD_INT64:
		num = *(const int64_t *)at;
		break;
	case FIELD_LONG:
		num = *(const long *)at;
		break;
	}
	return num >= 0 ? sqlite3_bind_int64(st, i, num) : sqlite3_bind_null(st, i);
}

static char *insert_sql(void)
{
	struct strbuf sb = STRBUF_INIT;
	size_t i;

	strbuf__addf(&sb, "INSERT INTO records (run, guest, kind, verdict, status, tags, "
			  "subprog_stacks");
	for (i = 0; i < db_nr_record_fields; i++)
		strbuf__addf(&sb, ", %s", db_record_fields[i].column);
	strbuf__addf(&sb, ") VALUES (?, ?, ?, ?, ?, ?, ?");
	for (i = 0; i < db_nr_record_fields; i++)
		strbuf__addf(&sb, ", ?");
	strbuf__addf(&sb, ")");
	return strbuf__detach(&sb);
}

static int insert_record(const struct store *s, int64_t run, int64_t guest, const struct record *r,
			 int64_t *id)
{
	char *sql = insert_sql(), *tags = NULL, *stacks = NULL;
	const int fixed = 7;
	sqlite3_stmt *st = NULL;
	int rc, err = -ENOMEM;
	size_t i;

	tags = names_json(r->tags.v, r->tags.n);
	stacks = r->stats.nr_subprogs > 0 ? stacks_json(&r->stats) : NULL;
	if (!sql || !tags || (r->stats.nr_subprogs > 0 && !stacks))
		goto out;
	err = db__prepare(s, sql, &st);
	if (err)
		goto out;
	rc = db__bind(st, "iisssss", run, guest,
		      r->kind == RECORD_PROGRAM ? "program" : "measurement",
		      r->verdict == VERDICT_NONE ? NULL : verdict__name(r->verdict),
		      status__name(r->status), r->tags.n ? tags : NULL, stacks);
	for (i = 0; i < db_nr_record_fields && rc == SQLITE_OK; i++)
		rc = bind_field(st, fixed + 1 + (int)i, &db_record_fields[i], r);
	err = step_row(s, st, rc, "record", r);
	*id = sqlite3_last_insert_rowid(s->db);
out:
	sqlite3_finalize(st);
	free(stacks);
	free(tags);
	free(sql);
	return err;
}

/* --- its parts ----------------------------------------------------------------------------- */

static int insert_labels(const struct store *s, sqlite3_stmt *st, int64_t id,
			 const struct record *r)
{
	int err = 0;
	size_t i;

	for (i = 0; i < r->nr_labels && !err; i++)
		err = step_row(
			s, st,
			db__bind(st, "iiss", id, (int64_t)i, r->labels[i].name, r->labels[i].value),
			"labels", r);
	return err;
}

static int insert_metrics(const struct store *s, sqlite3_stmt *st, int64_t id,
			  const struct record *r)
{
	int err = 0;
	size_t i;

	for (i = 0; i < r->nr_metrics && !err; i++)
		err = step_row(s, st,
			       db__bind(st, "iissd", id, (int64_t)i, r->metrics[i].name,
					r->metrics[i].unit, r->metrics[i].value),
			       "metrics", r);
	return err;
}

static int insert_series(const struct store *s, sqlite3_stmt *st, int64_t id,
			 const struct record *r)
{
	uint64_t *blob, bits;
	int err = 0;
	size_t i, k;

	for (i = 0; i < r->nr_series && !err; i++) {
		const struct series *sr = &r->series[i];

		blob = calloc(sr->n ? sr->n : 1, sizeof(*blob));
		if (!blob)
			return -ENOMEM;
		for (k = 0; k < sr->n; k++) {
			memcpy(&bits, &sr->values[k], sizeof(bits));
			blob[k] = htole64(bits);
		}
		err = step_row(s, st,
			       db__bind(st, "iissib", id, (int64_t)i, sr->name, sr->unit,
					(int64_t)sr->n, (const void *)blob, sr->n * sizeof(*blob)),
			       "series", r);
		free(blob);
	}
	return err;
}

static int insert_checks(const struct store *s, sqlite3_stmt *st, int64_t id,
			 const struct record *r)
{
	int err = 0;
	size_t i;

	for (i = 0; i < r->nr_checks && !err; i++)
		err = step_row(s, st,
			       db__bind(st, "iisis", id, (int64_t)i, r->checks[i].text,
					(int64_t)r->checks[i].ok, r->checks[i].found),
			       "checks", r);
	return err;
}

static int insert_matrix(const struct store *s, sqlite3_stmt *st, int64_t id, size_t pos,
			 const struct record *r)
{
	const struct matrix *m = &r->matrices[pos];
	char *rows = names_json(m->row_names, m->nr_rows);
	char *cols = names_json(m->col_names, m->nr_cols);
	struct strbuf cells = STRBUF_INIT;
	int err = -ENOMEM;
	size_t i;

	for (i = 0; i < m->nr_rows; i++)
		strbuf__addf(&cells, "%s\n", m->cells[i]);
	if (rows && cols && !cells.failed)
		err = step_row(s, st,
			       db__bind(st, "iissssiisss", id, (int64_t)pos, m->name, m->row_axis,
					m->col_axis, m->legend, (int64_t)m->nr_rows,
					(int64_t)m->nr_cols, rows, cols, strbuf__str(&cells)),
			       "matrices", r);
	strbuf__free(&cells);
	free(cols);
	free(rows);
	return err;
}

static int insert_matrices(const struct store *s, sqlite3_stmt *st, int64_t id,
			   const struct record *r)
{
	int err = 0;
	size_t i;

	for (i = 0; i < r->nr_matrices && !err; i++)
		err = insert_matrix(s, st, id, i, r);
	return err;
}

static const struct part {
	const char *sql;
	size_t count; /* offset of the number of elements in struct record */
	int (*insert)(const struct store *s, sqlite3_stmt *st, int64_t id, const struct record *r);
} parts[] = {
	{ "INSERT INTO labels (record, pos, name, value) VALUES (?, ?, ?, ?)",
	  offsetof(struct record, nr_labels), insert_labels },
	{ "INSERT INTO metrics (record, pos, name, unit, value) VALUES (?, ?, ?, ?, ?)",
	  offsetof(struct record, nr_metrics), insert_metrics },
	{ "INSERT INTO series (record, pos, name, unit, n, samples) VALUES (?, ?, ?, ?, ?, ?)",
	  offsetof(struct record, nr_series), insert_series },
	{ "INSERT INTO checks (record, pos, text, ok, found) VALUES (?, ?, ?, ?, ?)",
	  offsetof(struct record, nr_checks), insert_checks },
	{ "INSERT INTO matrices (record, pos, name, row_axis, col_axis, legend, nr_rows, nr_cols, "
	  "row_names, col_names, cells) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	  offsetof(struct record, nr_matrices), insert_matrices },
};

static int insert_parts(const struct store *s, int64_t id, const struct record *r)
{
	int err = 0;
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]) && !err; i++) {
		const char *count = (const char *)r + parts[i].count;
		sqlite3_stmt *st;

		if (!*(const size_t *)count)
			continue;
		err = db__prepare(s, parts[i].sql, &st);
		if (err)
			break;
		err = parts[i].insert(s, st, id, r);
		sqlite3_finalize(st);
	}
	return err;
}

int store__add_record(struct store *s, int64_t run, const struct guest_info *g,
		      const struct record *r, int64_t *id)
{
	static const char what[] = "add a record";
	int64_t guest = 0, record = 0;
	int err;

	err = db__begin(s, what);
	if (err)
		return err;
	err = db__guest_id(s, run, g, &guest);
	if (!err)
		err = insert_record(s, run, guest, r, &record);
	if (!err)
		err = insert_parts(s, record, r);
	err = db__end(s, err, what);
	if (!err && id)
		*id = record;
	return err;
}

int store__add_experiment(struct store *s, int64_t run, const struct guest_info *g,
			  const char *experiment, const char *params_json, enum status status,
			  const char *reason, double seconds)
{
	static const char what[] = "add how an experiment ended";
	sqlite3_stmt *st = NULL;
	int64_t guest = 0;
	int rc, err;

	err = db__begin(s, what);
	if (err)
		return err;
	err = db__guest_id(s, run, g, &guest);
	if (!err)
		err = db__prepare(s,
				  "INSERT INTO experiments (run, guest, experiment, params, "
				  "status, reason, seconds) VALUES (?, ?, ?, ?, ?, ?, ?)",
				  &st);
	if (!err) {
		rc = db__bind(st, "iissssp", run, guest, experiment, params_json,
			      status__name(status), reason, seconds);
		if (rc == SQLITE_OK)
			rc = sqlite3_step(st);
		if (rc != SQLITE_DONE)
			err = db__fail(s, rc, "add how %s ended", experiment);
	}
	sqlite3_finalize(st);
	return db__end(s, err, what);
}
