// SPDX-License-Identifier: GPL-2.0-only
#include "store/db.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/str.h"

#define PART_MAX 100 /* bytes of a name in a path */
#define HASH_LEN 8

static bool plain(char c, bool dots)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr("_-+=,@", c) || (dots && c == '.');
}

/* Adds name as one part of a path: other bytes become '_'. A name that this changes gets a hash of
 * the whole one, so that different names never meet in one file. */
static int add_part(struct strbuf *path, const char *name, bool dots)
{
	size_t len = strlen(name), i;
	bool changed = len > PART_MAX;
	char hex[HASH_HEX];
	struct hash *h;

	for (i = 0; i < len && i < PART_MAX; i++) {
		bool ok = name[i] && plain(name[i], dots && i > 0);

		strbuf__add(path, ok ? &name[i] : "_", 1);
		changed |= !ok;
	}
	if (!changed)
		return 0;
	h = hash__new();
	if (!h)
		return -ENOMEM;
	hash__add_str(h, name);
	hash__end(h, hex);
	strbuf__addf(path, "~%.*s", HASH_LEN, hex);
	return 0;
}

/* kernel/experiment/name.kind.txt; a part that is empty is left out. Caller frees. */
static char *relative_path(const char *kernel, const char *experiment, const char *name,
			   const char *kind)
{
	struct strbuf path = STRBUF_INIT;
	int err = 0;

	if (*kernel) {
		err = add_part(&path, kernel, true);
		strbuf__addf(&path, "/");
	}
	if (!err && *experiment) {
		err = add_part(&path, experiment, true);
		strbuf__addf(&path, "/");
	}
	if (!err && *name) {
		err = add_part(&path, name, true);
		strbuf__addf(&path, ".");
	}
	/* No dots in the kind: "a.b" of kind "c" and "a" of kind "b.c" stay apart. */
	if (!err)
		err = add_part(&path, kind, false);
	strbuf__addf(&path, ".txt");
	if (!err && !path.failed)
		return strbuf__detach(&path);
	strbuf__free(&path);
	return NULL;
}

static int run_name(const struct store *s, int64_t run, char **out)
{
	sqlite3_stmt *st;
	int rc, err;

	err = db__prepare(s, "SELECT name FROM runs WHERE id = ?", &st);
	if (err)
		return err;
	rc = db__bind(st, "i", run);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		err = db__text(st, 0, out);
	} else if (rc == SQLITE_DONE) {
		log_err("%s: there is no run %" PRId64 " to add a text to", s->path, run);
		err = -ENOENT;
	} else {
		err = db__fail(s, rc, "read run %" PRId64, run);
	}
	sqlite3_finalize(st);
	return err;
}

/* Where the text lives: relative to the run's folder, and absolute with its folder made. */
static int place(const struct store *s, int64_t run, const char *kernel, const char *experiment,
		 const char *name, const char *kind, char **rel, char **abs)
{
	char *run_dir = NULL, *dir = NULL;
	int err;

	*rel = *abs = NULL;
	err = run_name(s, run, &run_dir);
	if (err)
		return err;
	err = -ENOMEM;
	*rel = relative_path(kernel, experiment, name, kind);
	if (*rel)
		*abs = str_fmt("%s/%s/%s", s->dir, run_dir, *rel);
	if (*abs)
		dir = strdup(*abs);
	if (!dir)
		goto out;
	*strrchr(dir, '/') = '\0';
	err = dir_make(dir);
	if (err)
		log_err("%s: can't make the folder for this text: %s", dir, strerror(-err));
out:
	free(dir);
	free(run_dir);
	return err;
}

static int insert_text(const struct store *s, int64_t run, const char *kernel,
		       const char *experiment, const char *name, const char *kind, const char *rel)
{
	static const char what[] = "add a text";
	sqlite3_stmt *st = NULL;
	int rc, err;

	err = db__begin(s, what);
	if (err)
		return err;
	err = db__prepare(s,
			  "INSERT INTO texts (run, kernel, experiment, name, kind, path) "
			  "VALUES (?, ?, ?, ?, ?, ?) "
			  "ON CONFLICT (run, kernel, experiment, name, kind) DO NOTHING",
			  &st);
	if (!err) {
		rc = db__bind(st, "isssss", run, kernel, experiment, name, kind, rel);
		if (rc == SQLITE_OK)
			rc = sqlite3_step(st);
		if (rc != SQLITE_DONE)
			err = db__fail(s, rc, "add text %s", rel);
	}
	sqlite3_finalize(st);
	return db__end(s, err, what);
}

int store__add_text(struct store *s, int64_t run, const char *kernel, const char *experiment,
		    const char *name, const char *kind, const void *data, size_t len, bool first)
{
	char *rel, *abs;
	int err;

	kernel = kernel ? kernel : "";
	experiment = experiment ? experiment : "";
	name = name ? name : "";
	if (s->read_only)
		return db__begin(s, "add a text"); /* which says why not */
	err = place(s, run, kernel, experiment, name, kind, &rel, &abs);
	if (err)
		goto out;
	/* The file comes first: a row whose file is missing would be worse than the reverse. Not
	 * synced: a text that a power failure takes away can be had again by another run. */
	if (first && unlink(abs) && errno != ENOENT)
		err = -errno;
	if (!err)
		err = file_append(abs, data, len);
	if (err)
		log_err("%s: can't write this text: %s%s", abs, strerror(-err),
			err == -ENOSPC || err == -EDQUOT ? "; free space on that file system and "
							   "run again"
							 : "");
	if (err == -EDQUOT)
		err = -ENOSPC;
	if (!err && first)
		err = insert_text(s, run, kernel, experiment, name, kind, rel);
out:
	free(abs);
	free(rel);
	return err;
}

int store__text_path(struct store *s, int64_t run, const char *kernel, const char *experiment,
		     const char *name, const char *kind, char **path)
{
	char *rel, *abs;
	int err;

	*path = NULL;
	kernel = kernel ? kernel : "";
	experiment = experiment ? experiment : "";
	name = name ? name : "";
	if (s->read_only)
		return db__begin(s, "add a text");
	err = place(s, run, kernel, experiment, name, kind, &rel, &abs);
	if (!err)
		err = insert_text(s, run, kernel, experiment, name, kind, rel);
	if (!err) {
		*path = abs;
		abs = NULL;
	}
	free(abs);
	free(rel);
	return err;
}

int store__texts(struct store *s, int64_t run, const char *kernel, const char *experiment,
		 const char *name, const char *kind,
		 int (*fn)(void *ctx, const struct stored_text *t), void *ctx)
{
	struct stored_text t;
	sqlite3_stmt *st;
	int rc, err, i;

	err = db__prepare(s,
			  "SELECT t.kernel, t.experiment, t.name, t.kind, r.name, t.path "
			  "FROM texts t JOIN runs r ON r.id = t.run WHERE t.run = ?1 "
			  "AND (?2 IS NULL OR t.kernel = ?2) AND (?3 IS NULL OR t.experiment = ?3) "
			  "AND (?4 IS NULL OR t.name = ?4) AND (?5 IS NULL OR t.kind = ?5) "
			  "ORDER BY t.id",
			  &st);
	if (err)
		return err;
	rc = db__bind(st, "issss", run, kernel, experiment, name, kind);
	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		char **const columns[] = { &t.kernel, &t.experiment, &t.name, &t.kind };

		rc = SQLITE_OK;
		memset(&t, 0, sizeof(t));
		for (i = 0; i < 4 && !err; i++)
			err = db__text(st, i, columns[i]);
		t.path = str_fmt("%s/%s/%s", s->dir, sqlite3_column_text(st, 4),
				 sqlite3_column_text(st, 5));
		if (!err)
			err = t.path ? fn(ctx, &t) : -ENOMEM;
		free(t.kernel);
		free(t.experiment);
		free(t.name);
		free(t.kind);
		free(t.path);
		if (err)
			goto out;
	}
	if (rc != SQLITE_DONE)
		err = db__fail(s, rc, "list the texts of run %" PRId64, run);
out:
	sqlite3_finalize(st);
	return err;
}
