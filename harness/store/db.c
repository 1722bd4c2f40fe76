// SPDX-License-Identifier: GPL-2.0-only
#include "store/db.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"

int db__errno(sqlite3 *db, int rc)
{
	int sys = db ? sqlite3_system_errno(db) : 0;

	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EBADMSG;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_RANGE:
		return -EINVAL;
	case SQLITE_TOOBIG:
		return -EFBIG;
	case SQLITE_PERM:
		return -EACCES;
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
		return sys ? (sys == EDQUOT ? -ENOSPC : -sys) : -EIO;
	default:
		return -EIO;
	}
}

static const char *mend(int err)
{
	switch (err) {
	case -ENOSPC:
		return "; free space on that file system and run again: what was recorded before "
		       "this stays readable";
	case -EBUSY:
		return "; another process holds the database: try again when it is done";
	case -EBADMSG:
		return "; the database is damaged: move it away (the next run starts a new one), or "
		       "recover it with `sqlite3 FILE .recover`";
	case -EROFS:
	case -EACCES:
		return "; make the file and its folder writable for this user, or name another "
		       "folder of results";
	default:
		return "";
	}
}

int db__fail(const struct store *s, int rc, const char *fmt, ...)
{
	const char *msg = s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc);
	int err = db__errno(s->db, rc);
	struct strbuf what = STRBUF_INIT;
	va_list ap;

	if (!err)
		err = -EIO;
	va_start(ap, fmt);
	strbuf__addv(&what, fmt, ap);
	va_end(ap);
	log_err("%s: can't %s: %s%s", s->path, strbuf__str(&what), msg, mend(err));
	strbuf__free(&what);
	return err;
}

int db__exec(const struct store *s, const char *sql)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL);
}

int db__pragma_int(sqlite3 *db, const char *pragma, int64_t *out)
{
	sqlite3_stmt *st = NULL;
	char sql[64];
	int rc;

	snprintf(sql, sizeof(sql), "PRAGMA %s", pragma);
	rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
	if (rc == SQLITE_OK) {
		rc = sqlite3_step(st);
		if (rc == SQLITE_ROW) {
			*out = sqlite3_column_int64(st, 0);
			rc = SQLITE_OK;
		}
	}
	sqlite3_finalize(st);
	return rc;
}

int db__prepare(const struct store *s, const char *sql, sqlite3_stmt **out)
{
	int rc = sqlite3_prepare_v2(s->db, sql, -1, out, NULL);

	if (rc == SQLITE_OK)
		return 0;
	if (rc != SQLITE_ERROR)
		return db__fail(s, rc, "read its tables");
	log_err("%s: its tables are not those that assay makes (%s)%s", s->path,
		sqlite3_errmsg(s->db), mend(-EBADMSG));
	return -EBADMSG;
}

int db__begin(const struct store *s, const char *what)
{
	int rc;

	if (s->read_only) {
		log_err("%s: can't %s: opened for reading only%s", s->path, what, mend(-EROFS));
		return -EROFS;
	}
	/* IMMEDIATE: a lock taken at the first write instead could not wait for another writer
	 * once this transaction has read something. */
	rc = db__exec(s, "BEGIN IMMEDIATE");
	return rc == SQLITE_OK ? 0 : db__fail(s, rc, "%s", what);
}

int db__end(const struct store *s, int err, const char *what)
{
	int rc;

	if (!err) {
		rc = db__exec(s, "COMMIT");
		if (rc == SQLITE_OK)
			return 0;
		err = db__fail(s, rc, "%s", what);
	}
	/* SQLite has rolled back by itself after some errors. */
	if (!sqlite3_get_autocommit(s->db))
		db__exec(s, "ROLLBACK");
	return err;
}

static int bind_int(sqlite3_stmt *st, int i, int64_t v, bool known)
{
	return known ? sqlite3_bind_int64(st, i, v) : sqlite3_bind_null(st, i);
}

static int bind_double(sqlite3_stmt *st, int i, double v, bool known)
{
	return known ? sqlite3_bind_double(st, i, v) : sqlite3_bind_null(st, i);
}

int db__bind(sqlite3_stmt *st, const char *letters, ...)
{
	const void *ptr;
	int rc = SQLITE_OK;
	int64_t num;
	double real;
	va_list ap;
	int i;

	va_start(ap, letters);
	for (i = 1; rc == SQLITE_OK && letters[i - 1]; i++) {
		switch (letters[i - 1]) {
		case 's':
			/* A NULL pointer binds SQL's NULL. */
			rc = sqlite3_bind_text(st, i, va_arg(ap, const char *), -1, SQLITE_STATIC);
			break;
		case 'i':
			rc = sqlite3_bind_int64(st, i, va_arg(ap, int64_t));
			break;
		case 'u':
			num = va_arg(ap, int64_t);
			rc = bind_int(st, i, num, num >= 0);
			break;
		case 'd':
			real = va_arg(ap, double);
			rc = bind_double(st, i, real, !isnan(real));
			break;
		case 'p':
			real = va_arg(ap, double);
			rc = bind_double(st, i, real, real >= 0);
			break;
		case 'b':
			ptr = va_arg(ap, const void *);
			rc = sqlite3_bind_blob64(st, i, ptr ? ptr : "", va_arg(ap, size_t),
						 SQLITE_STATIC);
			break;
		default:
			rc = SQLITE_MISUSE;
		}
	}
	va_end(ap);
	return rc;
}

int db__text(sqlite3_stmt *st, int col, char **out)
{
	const char *text = (const char *)sqlite3_column_text(st, col);

	*out = NULL;
	if (!text)
		return sqlite3_column_type(st, col) == SQLITE_NULL ? 0 : -ENOMEM;
	*out = strdup(text);
	return *out ? 0 : -ENOMEM;
}

int64_t db__int_or(sqlite3_stmt *st, int col, int64_t unknown)
{
	return sqlite3_column_type(st, col) == SQLITE_NULL ? unknown
							   : sqlite3_column_int64(st, col);
}

double db__double_or(sqlite3_stmt *st, int col, double unknown)
{
	return sqlite3_column_type(st, col) == SQLITE_NULL ? unknown
							   : sqlite3_column_double(st, col);
}
