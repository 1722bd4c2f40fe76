// SPDX-License-Identifier: GPL-2.0-only
/* The rows of merging. Tables and columns are those of the store's own schema, asked of SQLite: a
 * column that is new needs nothing here. */
#include "store/merge_int.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/db.h"

static const char what[] = "merge a run";

/* Runs a query of names. 0 or -errno, logged. */
static int read_names(const struct store *s, const char *sql, struct strv *out)
{
	sqlite3_stmt *st;
	int rc, err = db__prepare(s, sql, &st);

	if (err)
		return err;
	while (!err && (rc = sqlite3_step(st)) == SQLITE_ROW)
		err = strv__add(out, (const char *)sqlite3_column_text(st, 0));
	if (!err && rc != SQLITE_DONE)
		err = db__fail(s, rc, what);
	sqlite3_finalize(st);
	return err;
}

/* Tables that hold something of a run, parents first: as they were made. */
static int read_tables(const struct store *s, struct strv *out)
{
	return read_names(s,
			  "SELECT name FROM main.sqlite_master WHERE type = 'table' "
			  "AND name NOT LIKE 'sqlite_%' AND name <> 'runs' ORDER BY rowid",
			  out);
}

/* A column, and the table whose rows it numbers: its own, that of a reference, or none. */
struct key_column {
	char *name;
	char *table; /* "": plain */
};

struct columns {
	struct key_column *v;
	size_t n;
	bool has_run; /* else its rows belong to records */
};

static void release_columns(struct columns *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->v[i].name);
		free(c->v[i].table);
	}
	free(c->v);
	*c = (struct columns){ 0 };
}

static int add_column(struct columns *c, const char *name, const char *table)
{
	struct key_column *v = realloc(c->v, (c->n + 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	c->v = v;
	v[c->n] = (struct key_column){ strdup(name), strdup(table) };
	c->has_run |= !strcmp(table, "runs");
	return v[c->n].name && v[c->n++].table ? 0 : -ENOMEM;
}

/* Columns of a table that both databases have. */
static int read_columns(const struct store *s, const char *schema, const char *table,
			struct columns *out)
{
	sqlite3_stmt *st;
	int rc, err;

	err = db__prepare(s,
			  "SELECT m.name, CASE WHEN m.name = 'id' THEN ?1 ELSE "
			  "coalesce(f.\"table\", '') END FROM pragma_table_info(?1, 'main') m "
			  "JOIN pragma_table_info(?1, ?2) o ON o.name = m.name "
			  "LEFT JOIN pragma_foreign_key_list(?1, 'main') f ON f.\"from\" = m.name "
			  "ORDER BY m.cid",
			  &st);
	if (err)
		return err;
	rc = db__bind(st, "ss", table, schema);
	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		rc = SQLITE_OK;
		err = add_column(out, (const char *)sqlite3_column_text(st, 0),
				 (const char *)sqlite3_column_text(st, 1));
		if (err)
			break;
	}
	if (!err && rc != SQLITE_DONE)
		err = db__fail(s, rc, what);
	sqlite3_finalize(st);
	return err;
}

/* " FROM schema.table WHERE … ": the rows of run ?1. */
static void add_from(struct strbuf *sql, const char *schema, const char *table, bool has_run)
{
	strbuf__addf(sql, " FROM \"%s\".\"%s\" WHERE ", schema, table);
	if (has_run)
		strbuf__addf(sql, "run = ?1");
	else
		strbuf__addf(sql, "record IN (SELECT id FROM \"%s\".records WHERE run = ?1)",
			     schema);
	/* The key comes first in every table. */
	strbuf__addf(sql, " ORDER BY 1, 2");
}

/* --- hash ----------------------------------------------------------------------------------- */

static void hash_value(struct hash *h, sqlite3_stmt *st, int col)
{
	int type = sqlite3_column_type(st, col);
	char letter = (char)('0' + type);
	int64_t n;
	double d;

	hash__add(h, &letter, 1);
	switch (type) {
	case SQLITE_INTEGER:
		n = sqlite3_column_int64(st, col);
		hash__add(h, &n, sizeof(n));
		break;
	case SQLITE_FLOAT:
		d = sqlite3_column_double(st, col);
		hash__add(h, &d, sizeof(d));
		break;
	case SQLITE_TEXT:
		hash__add_str(h, (const char *)sqlite3_column_text(st, col));
		break;
	case SQLITE_BLOB:
		n = sqlite3_column_bytes(st, col);
		hash__add(h, &n, sizeof(n));
		hash__add(h, sqlite3_column_blob(st, col), (size_t)n);
		break;
	default:
		break;
	}
}

static int hash_rows(const struct store *s, const char *sql, int64_t run, struct hash *h)
{
	sqlite3_stmt *st;
	int rc, err = db__prepare(s, sql, &st);

	if (err)
		return err;
	rc = db__bind(st, "i", run);
	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		rc = SQLITE_OK;
		hash__add(h, "row", 3);
		for (int i = 0; i < sqlite3_column_count(st); i++)
			hash_value(h, st, i);
	}
	if (rc != SQLITE_DONE)
		err = db__fail(s, rc, "read run %" PRId64, run);
	sqlite3_finalize(st);
	return err;
}

/* Numbers of rows count from the run's first one: a copy has others. */
static int hash_table(const struct store *s, const char *schema, const char *table, int64_t run,
		      struct hash *h)
{
	struct columns c = { 0 };
	struct strbuf sql = STRBUF_INIT;
	int err = read_columns(s, schema, table, &c);

	for (size_t i = 0; i < c.n; i++) {
		strbuf__addf(&sql, "%s", i ? ", " : "SELECT ");
		if (!strcmp(c.v[i].table, "runs"))
			strbuf__addf(&sql, "0");
		else if (*c.v[i].table)
			strbuf__addf(&sql,
				     "\"%s\" - (SELECT min(id) FROM \"%s\".\"%s\" WHERE run = ?1)",
				     c.v[i].name, schema, c.v[i].table);
		else
			strbuf__addf(&sql, "\"%s\"", c.v[i].name);
	}
	add_from(&sql, schema, table, c.has_run);
	hash__add_str(h, table);
	if (!err)
		err = sql.failed ? -ENOMEM : hash_rows(s, strbuf__str(&sql), run, h);
	strbuf__free(&sql);
	release_columns(&c);
	return err;
}

int merge_rows__hash(const struct store *s, const char *schema, int64_t run, char hex[HASH_HEX])
{
	/* How it ended may be known only here: that of a dead process is found out by looking. */
	char *sql = str_fmt("SELECT command, started, host, state = 'complete' FROM \"%s\".runs "
			    "WHERE id = ?1",
			    schema);
	struct hash *h = hash__new();
	struct strv tables = { 0 };
	int err = sql && h ? read_tables(s, &tables) : -ENOMEM;

	if (!err)
		err = hash_rows(s, sql, run, h);
	for (size_t i = 0; !err && i < tables.n; i++)
		err = hash_table(s, schema, tables.v[i], run, h);
	if (h)
		hash__end(h, hex);
	if (!err && !*hex)
		err = -EIO;
	strv__free(&tables);
	free(sql);
	return err;
}

/* --- copying -------------------------------------------------------------------------------- */

/* Runs a statement with the run's number in the source as ?1, and the new one as ?2. */
static int run_sql(const struct store *s, const struct strbuf *sql, int64_t from, int64_t to)
{
	sqlite3_stmt *st;
	int rc, err;

	if (sql->failed)
		return -ENOMEM;
	err = db__prepare(s, strbuf__str(sql), &st);
	if (err)
		return err;
	rc = sqlite3_bind_int64(st, 1, from);
	if (rc == SQLITE_OK && sqlite3_bind_parameter_count(st) > 1)
		rc = sqlite3_bind_int64(st, 2, to);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc != SQLITE_DONE)
		err = db__fail(s, rc, what);
	sqlite3_finalize(st);
	return err;
}

/* How much the numbers of a table's rows grow: they come after those that are there. Fixed before
 * the first row is added. */
static int make_offsets(const struct store *s, const struct strv *tables)
{
	int rc = db__exec(s, "CREATE TEMP TABLE IF NOT EXISTS merge_offset "
			     "(name TEXT PRIMARY KEY, n INTEGER); DELETE FROM temp.merge_offset");
	int err = rc == SQLITE_OK ? 0 : db__fail(s, rc, what);

	for (size_t i = 0; !err && i < tables->n; i++) {
		struct columns c = { 0 };
		struct strbuf sql = STRBUF_INIT;

		err = read_columns(s, "main", tables->v[i], &c);
		strbuf__addf(&sql,
			     "INSERT INTO temp.merge_offset SELECT '%s', coalesce(max(id), 0) "
			     "FROM main.\"%s\" WHERE ?1 = ?1",
			     tables->v[i], tables->v[i]);
		if (!err && c.n && !strcmp(c.v[0].name, "id"))
			err = run_sql(s, &sql, 0, 0);
		strbuf__free(&sql);
		release_columns(&c);
	}
	return err;
}

static int copy_table(const struct store *s, const char *table, int64_t from, int64_t to)
{
	struct strbuf sql = STRBUF_INIT, values = STRBUF_INIT;
	struct columns c = { 0 };
	int err = read_columns(s, "source", table, &c);

	strbuf__addf(&sql, "INSERT INTO main.\"%s\" (", table);
	for (size_t i = 0; i < c.n; i++) {
		strbuf__addf(&sql, "%s\"%s\"", i ? ", " : "", c.v[i].name);
		strbuf__addf(&values, "%s", i ? ", " : "");
		if (!strcmp(c.v[i].table, "runs"))
			strbuf__addf(&values, "?2");
		else if (*c.v[i].table)
			strbuf__addf(&values,
				     "\"%s\" + (SELECT n FROM temp.merge_offset WHERE name = '%s')",
				     c.v[i].name, c.v[i].table);
		else
			strbuf__addf(&values, "\"%s\"", c.v[i].name);
	}
	strbuf__addf(&sql, ") SELECT %s", strbuf__str(&values));
	add_from(&sql, "source", table, c.has_run);
	if (!err)
		err = values.failed ? -ENOMEM : run_sql(s, &sql, from, to);
	strbuf__free(&values);
	strbuf__free(&sql);
	release_columns(&c);
	return err;
}

static int insert_run(const struct store *s, int64_t run, const char *name,
		      const struct run_info *info, int64_t *id)
{
	struct strbuf sql = STRBUF_INIT, names = STRBUF_INIT;
	struct columns c = { 0 };
	sqlite3_stmt *st = NULL;
	int rc, err = read_columns(s, "source", "runs", &c);

	for (size_t i = 0; i < c.n; i++)
		if (strcmp(c.v[i].name, "id") != 0 && strcmp(c.v[i].name, "name") != 0)
			strbuf__addf(&names, ", \"%s\"", c.v[i].name);
	strbuf__addf(&sql,
		     "INSERT INTO main.runs (name%s) SELECT ?2%s FROM source.runs WHERE id = ?1",
		     strbuf__str(&names), strbuf__str(&names));
	if (!err)
		err = sql.failed || names.failed ? -ENOMEM : db__prepare(s, strbuf__str(&sql), &st);
	if (!err) {
		rc = db__bind(st, "is", run, name);
		if (rc == SQLITE_OK)
			rc = sqlite3_step(st);
		if (rc != SQLITE_DONE)
			err = db__fail(s, rc, what);
		*id = sqlite3_last_insert_rowid(s->db);
	}
	sqlite3_finalize(st);
	st = NULL;
	/* What was found out by looking for its process, which nobody can do from here on. */
	if (!err)
		err = db__prepare(
			s, "UPDATE main.runs SET state = ?, cut_off_reason = ? WHERE id = ?", &st);
	if (!err) {
		rc = db__bind(st, "ssi", run_state__name(info->state), info->cut_off_reason, *id);
		if (rc == SQLITE_OK)
			rc = sqlite3_step(st);
		if (rc != SQLITE_DONE)
			err = db__fail(s, rc, what);
	}
	sqlite3_finalize(st);
	strbuf__free(&names);
	strbuf__free(&sql);
	release_columns(&c);
	return err;
}

int merge_rows__copy(const struct store *s, int64_t run, const char *name,
		     const struct run_info *info, int64_t *id)
{
	struct strv tables = { 0 };
	int err = read_tables(s, &tables);

	if (!err)
		err = make_offsets(s, &tables);
	if (!err)
		err = insert_run(s, run, name, info, id);
	for (size_t i = 0; !err && i < tables.n; i++)
		err = copy_table(s, tables.v[i], run, *id);
	strv__free(&tables);
	return err;
}

int merge_rows__bad_path(const struct store *s, const char *schema, int64_t run, char **path)
{
	char *sql = str_fmt("SELECT path FROM \"%s\".texts WHERE run = %" PRId64, schema, run);
	struct strv paths = { 0 };
	int err = sql ? read_names(s, sql, &paths) : -ENOMEM;

	*path = NULL;
	for (size_t i = 0; !err && !*path && i < paths.n; i++) {
		if (merge_files__is_inside(paths.v[i]))
			continue;
		*path = strdup(paths.v[i]);
		err = *path ? 0 : -ENOMEM;
	}
	strv__free(&paths);
	free(sql);
	return err;
}
