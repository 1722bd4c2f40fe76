// SPDX-License-Identifier: GPL-2.0-only
#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"

#define DB_NAME		"assay.db"
#define BUSY_TIMEOUT_MS 10000
#define CHEAP_CHECK_SIZE                                                         \
	(16 << 20) /* a quick_check reads the whole file: bounded at every start \
		    */

/* The file's header, by SQLite's file format (https://www.sqlite.org/fileformat.html, 1.3). */
#define HEADER_SIZE   100
#define HEADER_MAGIC  "SQLite format 3"
#define HEADER_APP_ID 68

#define SAYS_MOVE "; it was left as it is: move it away and the next run starts a new one"

/* Keeps the sentence and returns err. */
static int because(struct strbuf *why, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static int because(struct strbuf *why, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf__addv(why, fmt, ap);
	va_end(ap);
	return err;
}

/* Looks at the file without SQLite, which may write beside, or even to, a file that it opens. */
static int check_header(const char *path, struct strbuf *why)
{
	unsigned char h[HEADER_SIZE] = { 0 };
	uint32_t app_id;
	struct stat st;
	ssize_t n;
	int fd, err = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		err = -errno;
		if (err != -ENOENT)
			because(why, err, "%s: can't open the database: %s", path, strerror(-err));
		return err;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		err = because(why, -EBADMSG, "%s: this is no file, so no database of assay", path);
		goto out;
	}
	n = pread(fd, h, sizeof(h), 0);
	if (n < 0) {
		err = -errno;
		because(why, err, "%s: can't read the database: %s", path, strerror(-err));
		goto out;
	}
	app_id = (uint32_t)h[HEADER_APP_ID] << 24 | h[HEADER_APP_ID + 1] << 16 |
		 h[HEADER_APP_ID + 2] << 8 | h[HEADER_APP_ID + 3];
	if (n < HEADER_SIZE)
		err = because(
			why, -EBADMSG,
			"%s: the database is damaged: only %zd bytes are left of it" SAYS_MOVE,
			path, n);
	else if (memcmp(h, HEADER_MAGIC, sizeof(HEADER_MAGIC)) != 0)
		err = because(
			why, -EBADMSG,
			"%s: this is no SQLite database, or its beginning is damaged" SAYS_MOVE,
			path);
	else if (app_id != DB_APPLICATION_ID)
		err = because(why, -EBADMSG,
			      "%s: this is an SQLite database of another program" SAYS_MOVE, path);
out:
	close(fd);
	return err;
}

static int connect_to(struct store *s, const char *name, int flags)
{
	int rc = sqlite3_open_v2(name, &s->db, flags, NULL);

	if (rc == SQLITE_OK) {
		sqlite3_extended_result_codes(s->db, 1);
		sqlite3_busy_timeout(s->db, BUSY_TIMEOUT_MS);
		/* NORMAL: a commit survives the death of any process; a power failure may take the
		 * last ones away but leaves a sound database. FULL costs an fsync for each of the
		 * hundreds of commits of a run. */
		rc = db__exec(s, "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; "
				 "PRAGMA synchronous = NORMAL");
	}
	return rc;
}

static void disconnect(struct store *s)
{
	sqlite3_close_v2(s->db);
	s->db = NULL;
}

static int sqlite_because(const struct store *s, int rc, struct strbuf *why, const char *what)
{
	int err = db__errno(s->db, rc);
	const char *msg = s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc);

	if (err == -EBADMSG)
		return because(why, err, "%s: the database is damaged (%s)" SAYS_MOVE, s->path,
			       msg);
	return because(why, err ? err : -EIO, "%s: can't %s: %s", s->path, what, msg);
}

/* --- making a new one ---------------------------------------------------------------------- */

/* The write-ahead log of a database that was moved away without it would be played into the new
 * one. */
static int move_stale_log(const struct store *s)
{
	char *wal = str_fmt("%s-wal", s->path), *shm = str_fmt("%s-shm", s->path), *old = NULL;
	int err = -ENOMEM;

	if (!wal || !shm)
		goto out;
	err = 0;
	unlink(shm);
	if (file_size(wal) <= 0) {
		unlink(wal);
		goto out;
	}
	old = str_fmt("%s.%lld.old", wal, (long long)time(NULL));
	if (!old)
		err = -ENOMEM;
	else if (rename(wal, old))
		err = -errno;
out:
	free(old);
	free(shm);
	free(wal);
	return err;
}

/* Gives the finished file its name, unless another process was faster: then its database is as
 * good. A lock on the folder keeps those apart, and is gone with its holder. */
static int publish(const struct store *s, const char *from)
{
	int dir, err = 0;

	dir = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	while (flock(dir, LOCK_EX))
		if (errno != EINTR)
			goto fail;
	if (!file_exists(s->path)) {
		err = move_stale_log(s);
		if (!err && rename(from, s->path))
			goto fail;
		fsync(dir);
	}
	close(dir);
	return err;
fail:
	err = -errno;
	close(dir);
	return err;
}

/* A new file beside path, whose mode obeys the umask (mkstemp's does not); caller frees *name. */
static int make_empty(const char *path, char **name)
{
	int fd, err = -EEXIST, i;

	for (i = 0; i < 1000 && err == -EEXIST; i++) {
		*name = str_fmt("%s.new.%d.%d", path, (int)getpid(), i);
		if (!*name)
			return -ENOMEM;
		fd = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd >= 0) {
			close(fd);
			return 0;
		}
		err = -errno;
		free(*name);
	}
	*name = NULL;
	return err;
}

/* Makes the database under another name and renames it when it is whole: whoever sees assay.db
 * sees a complete one, also when this process dies on the way. */
static int create(struct store *s, struct strbuf *why)
{
	char *tmp;
	int rc, err;

	err = dir_make(s->dir);
	if (err)
		return because(why, err, "%s: can't make the folder of results: %s", s->dir,
			       strerror(-err));
	err = make_empty(s->path, &tmp);
	if (err)
		return because(why, err, "%s: can't make a database there: %s", s->dir,
			       strerror(-err));
	rc = connect_to(s, tmp, SQLITE_OPEN_READWRITE);
	if (rc == SQLITE_OK)
		rc = db__exec(s, db_schema);
	if (rc == SQLITE_OK)
		rc = db__exec(s, "PRAGMA journal_mode = WAL");
	if (rc != SQLITE_OK)
		err = sqlite_because(s, rc, why, "make the database");
	disconnect(s);
	if (!err) {
		err = publish(s, tmp);
		if (err)
			because(why, err, "%s: can't make the database: %s", s->path,
				strerror(-err));
	}
	unlink(tmp);
	free(tmp);
	return err;
}

/* --- opening what is there ----------------------------------------------------------------- */

/* Of "*** in database main ***", a newline, and what is wrong. */
static const char *last_line(const char *text)
{
	const char *newline = strrchr(text, '\n');

	return newline && newline[1] ? newline + 1 : text;
}

/* First line of quick_check or integrity_check: NULL when it is "ok". */
static int integrity(const struct store *s, const char *pragma, struct strbuf *why)
{
	sqlite3_stmt *st = NULL;
	const char *text;
	char sql[48];
	int rc, err = 0;

	snprintf(sql, sizeof(sql), "PRAGMA %s(1)", pragma);
	rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	text = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(st, 0) : NULL;
	if (rc != SQLITE_ROW)
		err = sqlite_because(s, rc, why, "check the database");
	else if (!text || strcmp(text, "ok") != 0)
		err = because(why, -EBADMSG, "%s: the database is damaged (%s)" SAYS_MOVE, s->path,
			      text ? last_line(text) : "no answer");
	sqlite3_finalize(st);
	return err;
}

static int check_contents(const struct store *s, struct strbuf *why)
{
	int64_t app_id = 0, version = 0;
	int rc, err;

	rc = db__pragma_int(s->db, "application_id", &app_id);
	if (rc == SQLITE_OK)
		rc = db__pragma_int(s->db, "user_version", &version);
	if (rc != SQLITE_OK)
		return sqlite_because(s, rc, why, "read the database");
	if (app_id != DB_APPLICATION_ID)
		return because(why, -EBADMSG,
			       "%s: this is an SQLite database of another program" SAYS_MOVE,
			       s->path);
	if (version > DB_SCHEMA_VERSION)
		return because(why, -EBADMSG,
			       "%s: made by a newer assay (format %" PRId64
			       ", this one knows %d): use that one, or another folder of results",
			       s->path, version, DB_SCHEMA_VERSION);
	if (version < 1)
		return because(why, -EBADMSG,
			       "%s: the database is damaged: its format is %" PRId64
			       ", which no assay has written" SAYS_MOVE,
			       s->path, version);
	err = file_size(s->path) <= CHEAP_CHECK_SIZE ? integrity(s, "quick_check", why) : 0;
	return err;
}

/* A path as SQLite's URI, which says that nobody changes the file meanwhile. */
static char *immutable_uri(const char *path)
{
	struct strbuf sb = STRBUF_INIT;
	const char *p;

	strbuf__addf(&sb, "file:");
	for (p = path; *p; p++) {
		if (strchr("?#%", *p))
			strbuf__addf(&sb, "%%%02x", (unsigned char)*p);
		else
			strbuf__add(&sb, p, 1);
	}
	strbuf__addf(&sb, "?immutable=1");
	return strbuf__detach(&sb);
}

/* A database in WAL mode that nobody has open needs a file beside it even to be read. Where this
 * user can't make that, it is read as an unchanging file, if nothing waits in the log. */
static int connect_immutable(struct store *s, struct strbuf *why)
{
	char *wal = str_fmt("%s-wal", s->path), *uri = immutable_uri(s->path);
	int rc, err = -ENOMEM;

	if (!wal || !uri)
		goto out;
	if (file_size(wal) > 0) {
		err = because(why, -EACCES,
			      "%s: it was not closed properly, and this user may not write beside "
			      "it: run `assay list runs` once as its owner",
			      s->path);
		goto out;
	}
	rc = connect_to(s, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
	err = rc == SQLITE_OK ? 0 : sqlite_because(s, rc, why, "open the database");
out:
	free(uri);
	free(wal);
	return err;
}

static int connect_read_only(struct store *s, struct strbuf *why)
{
	int64_t version;
	int rc;

	rc = connect_to(s, s->path, SQLITE_OPEN_READONLY);
	if (rc == SQLITE_OK)
		rc = db__pragma_int(s->db, "user_version", &version);
	if ((rc & 0xff) == SQLITE_CANTOPEN || rc == SQLITE_READONLY_DIRECTORY) {
		disconnect(s);
		return connect_immutable(s, why);
	}
	return rc == SQLITE_OK ? 0 : sqlite_because(s, rc, why, "open the database");
}

/* Brings a database that an older assay has made up to date, in one step. Nothing is to be done for
 * one that another process was faster with. */
static int upgrade(struct store *s, struct strbuf *why)
{
	int64_t version = DB_SCHEMA_VERSION;
	char sql[64];
	int rc = db__pragma_int(s->db, "user_version", &version);

	if (rc == SQLITE_OK && version >= DB_SCHEMA_VERSION)
		return 0;
	if (rc == SQLITE_OK)
		rc = db__exec(s, "BEGIN IMMEDIATE");
	if (rc == SQLITE_OK)
		rc = db__pragma_int(s->db, "user_version", &version);
	for (; rc == SQLITE_OK && version < DB_SCHEMA_VERSION; version++)
		rc = db__exec(s, db_upgrades[version - 1]);
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %" PRId64 "; COMMIT", version);
	if (rc == SQLITE_OK)
		rc = db__exec(s, sql);
	if (rc == SQLITE_OK)
		return 0;
	rc = sqlite_because(s, rc, why, "bring the database to this assay's format");
	db__exec(s, "ROLLBACK");
	return rc;
}

static int check_version_read_only(struct store *s, struct strbuf *why)
{
	int64_t version = 0;
	int rc = db__pragma_int(s->db, "user_version", &version);

	if (rc != SQLITE_OK)
		return sqlite_because(s, rc, why, "read the database");
	if (version < DB_SCHEMA_VERSION)
		return because(why, -EACCES,
			       "%s: made by an older assay, and this user may not write there: run "
			       "`assay list runs` once as its owner, which brings it up to date",
			       s->path);
	return 0;
}

static int open_checked(struct store *s, bool create_it, struct strbuf *why)
{
	int rc, err;

	err = check_header(s->path, why);
	if (err == -ENOENT && create_it) {
		err = create(s, why);
		if (!err)
			err = check_header(s->path, why);
	}
	if (err)
		return err;
	err = connect_read_only(s, why);
	if (!err)
		err = check_contents(s, why);
	if (err)
		return err;
	s->read_only = access(s->path, W_OK) || access(s->dir, W_OK);
	if (s->read_only)
		return create_it ? because(why, -EACCES,
					   "%s: this user may not write there: name another "
					   "folder of results",
					   s->path)
				 : check_version_read_only(s, why);
	disconnect(s);
	rc = connect_to(s, s->path, SQLITE_OPEN_READWRITE);
	return rc == SQLITE_OK ? upgrade(s, why) : sqlite_because(s, rc, why, "open the database");
}

static struct store *store_new(const char *results_dir)
{
	struct store *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	/* Absolute, so that paths of texts are; a folder that is still to be made has none. */
	s->dir = realpath(results_dir, NULL);
	if (!s->dir && *results_dir != '/') {
		char cwd[PATH_MAX];

		if (getcwd(cwd, sizeof(cwd)))
			s->dir = str_fmt("%s/%s", cwd, results_dir);
	}
	if (!s->dir)
		s->dir = strdup(results_dir);
	s->path = s->dir ? str_fmt("%s/%s", s->dir, DB_NAME) : NULL;
	if (!s->path) {
		store__close(s);
		return NULL;
	}
	return s;
}

int store__open(const char *results_dir, bool create_it, struct store **out)
{
	struct store *s = store_new(results_dir);
	struct strbuf why = STRBUF_INIT;
	int err;

	*out = NULL;
	if (!s)
		return -ENOMEM;
	err = open_checked(s, create_it, &why);
	if (why.len)
		log_err("%s", strbuf__str(&why));
	strbuf__free(&why);
	if (err) {
		store__close(s);
		return err;
	}
	*out = s;
	return 0;
}

void store__close(struct store *s)
{
	if (!s)
		return;
	disconnect(s);
	free(s->path);
	free(s->dir);
	free(s);
}

int store__check(const char *results_dir, char **why)
{
	struct store *s = store_new(results_dir);
	struct strbuf sb = STRBUF_INIT;
	int err = -ENOMEM;

	*why = NULL;
	if (s)
		err = check_header(s->path, &sb);
	if (!err)
		err = connect_read_only(s, &sb);
	if (!err)
		err = check_contents(s, &sb);
	if (!err)
		err = integrity(s, "integrity_check", &sb);
	if (err && sb.len)
		*why = strbuf__detach(&sb);
	strbuf__free(&sb);
	store__close(s);
	return err;
}
