/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_STORE_DB_H
#define ASSAY_STORE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

/* What the files of the store share, and nobody else uses. */
struct store {
	sqlite3 *db;
	char *dir;  /* results/ */
	char *path; /* results/assay.db */
	bool read_only;
};

/* The errno that a result of SQLite stands for: -ENOSPC, -EBUSY, -EBADMSG, -EROFS, … */
int db__errno(sqlite3 *db, int rc);
/* Logs "path: can't <attempt>: SQLite's message; mend" and returns db__errno. */
int db__fail(const struct store *s, int rc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Runs statements that give no rows. Returns SQLite's result. */
int db__exec(const struct store *s, const char *sql);
int db__pragma_int(sqlite3 *db, const char *pragma, int64_t *out);
/* Prepares, logged on failure. 0 or -errno. */
int db__prepare(const struct store *s, const char *sql, sqlite3_stmt **out);

/* A write transaction; begin waits for other writers. end commits when err is 0, else rolls back;
 * returns err, or the failure of the commit. `what` completes "can't …". */
int db__begin(const struct store *s, const char *what);
int db__end(const struct store *s, int err, const char *what);

/* Binds all parameters in order; one letter each:
 *   s  const char *, NULL becomes SQL's NULL       i  int64_t
 *   u  int64_t, negative (unknown) becomes NULL    d  double, NAN becomes NULL
 *   p  double, negative or NAN becomes NULL        b  const void *, size_t: a blob
 * Strings and blobs must live until the statement is reset. Returns SQLite's result. */
int db__bind(sqlite3_stmt *st, const char *letters, ...);

/* Columns as owned copies and with the unknown values put back. db__text gives 0 or -ENOMEM and
 * NULL for SQL's NULL. */
int db__text(sqlite3_stmt *st, int col, char **out);
int64_t db__int_or(sqlite3_stmt *st, int col, int64_t unknown);
double db__double_or(sqlite3_stmt *st, int col, double unknown);

/* schema.c */
#define DB_APPLICATION_ID 0x61737379 /* "assy" */
#define DB_SCHEMA_VERSION 2
extern const char db_schema[]; /* makes everything, in one transaction */
/* db_upgrades[i] makes a database of version i + 1 one of the next version, version aside. */
extern const char *const db_upgrades[DB_SCHEMA_VERSION - 1];

/* guest.c: the id of an equal row in `guests`, inserted when there is none. */
int db__guest_id(const struct store *s, int64_t run, const struct guest_info *g, int64_t *id);
/* Reads the guest's columns (DB_GUEST_COLUMNS of table g) from col on. 0 or -ENOMEM. */
#define DB_GUEST_COLUMNS                                                                 \
	"g.kernel, g.release, g.build_id, g.image_key, g.accel, g.timing, g.cpu_model, " \
	"g.cpus, g.mem_mb"
#define DB_NR_GUEST_COLUMNS 9
int db__read_guest(sqlite3_stmt *st, int col, struct guest_info *g);

/* run.c: -ENOENT when there is none, not logged. */
int db__load_run(const struct store *s, int64_t id, struct run_info *out);

/* record_read.c */
int db__bad_row(const struct store *s, const char *table, int64_t id, const char *column,
		const char *value);

#endif
