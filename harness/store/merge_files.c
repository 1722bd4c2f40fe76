// SPDX-License-Identifier: GPL-2.0-only
/* The files of merging: copies of databases and of runs' folders. */
#include "store/merge_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "store/db.h"

#define DB_NAME "assay.db"

char *merge_files__database(const char *source)
{
	struct stat st;

	if (!stat(source, &st) && S_ISDIR(st.st_mode))
		return str_fmt("%s/" DB_NAME, source);
	return strdup(source);
}

bool merge_files__is_name(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/') && strlen(name) < 200;
}

bool merge_files__is_inside(const char *path)
{
	const char *part, *end;

	if (!*path || *path == '/')
		return false;
	for (part = path; *part; part = *end ? end + 1 : end) {
		end = part + strcspn(part, "/");
		if (end == part || (end == part + 2 && part[0] == '.' && part[1] == '.'))
			return false;
	}
	return true;
}

/* --- the database --------------------------------------------------------------------------- */

/* By SQLite, which sees what a living writer has committed. */
static int copy_live(const char *db, const char *to)
{
	sqlite3 *from = NULL, *out = NULL;
	sqlite3_backup *backup;
	int rc, err;

	rc = sqlite3_open_v2(db, &from, SQLITE_OPEN_READONLY, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_open_v2(to, &out, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	if (rc == SQLITE_OK) {
		sqlite3_busy_timeout(from, 10000);
		backup = sqlite3_backup_init(out, "main", from, "main");
		rc = backup ? sqlite3_backup_step(backup, -1) : sqlite3_errcode(out);
		sqlite3_backup_finish(backup);
	}
	err = rc == SQLITE_DONE ? 0 : db__errno(out ? out : from, rc) ?: -EIO;
	sqlite3_close_v2(from);
	sqlite3_close_v2(out);
	return err;
}

int merge_files__copy_database(const char *db, const char *dir)
{
	char *to = str_fmt("%s/" DB_NAME, dir), *wal = str_fmt("%s-wal", db);
	char *shm = str_fmt("%s-shm", db), *to_wal = str_fmt("%s/" DB_NAME "-wal", dir);
	int err = to && wal && shm && to_wal ? dir_make(dir) : -ENOMEM;
	bool copied = false;

	if (err)
		goto out;
	/* Whoever has it open has this file beside it. Without, reading it as a database would
	 * make one. */
	if (file_exists(shm)) {
		copied = !copy_live(db, to);
		if (!copied)
			unlink(to);
	}
	if (!copied) {
		err = file_copy(db, to);
		if (!err && file_size(wal) > 0)
			err = file_copy(wal, to_wal);
		if (!err && chmod(to, 0600))
			err = -errno;
	}
out:
	free(to_wal);
	free(shm);
	free(wal);
	free(to);
	return err;
}

/* --- folders of runs ------------------------------------------------------------------------ */

struct tree {
	int cancel_fd;
	char *failed;
};

static int copy_folder(struct tree *t, const char *from, const char *to);

/* Not synced, as the texts of a run are not. */
static int copy_file(const char *from, const char *to)
{
	char *data = NULL;
	size_t len = 0;
	int err = file_read(from, 0, &data, &len);

	if (!err)
		err = file_append(to, data, len);
	free(data);
	return err;
}

static int copy_entry(struct tree *t, const char *from_dir, const char *to_dir, const char *name)
{
	char *from = str_fmt("%s/%s", from_dir, name), *to = str_fmt("%s/%s", to_dir, name);
	struct stat st;
	int err = 0;

	if (cancel_pending(t->cancel_fd))
		err = -EINTR;
	else if (!from || !to)
		err = -ENOMEM;
	else if (lstat(from, &st))
		err = -errno;
	else if (S_ISDIR(st.st_mode))
		err = copy_folder(t, from, to);
	else if (S_ISREG(st.st_mode))
		err = copy_file(from, to);
	if (err && err != -EINTR && !t->failed)
		t->failed = strdup(from ? from : name);
	free(from);
	free(to);
	return err;
}

static int copy_folder(struct tree *t, const char *from, const char *to)
{
	DIR *d = opendir(from);
	struct dirent *de;
	int err = d || errno == ENOENT ? 0 : -errno;

	if (!err && mkdir(to, 0777))
		err = -errno;
	while (!err && d && (de = readdir(d)))
		if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0)
			err = copy_entry(t, from, to, de->d_name);
	if (d)
		closedir(d);
	return err;
}

int merge_files__copy_tree(const char *from, const char *to, int cancel_fd, char **failed)
{
	struct tree t = { .cancel_fd = cancel_fd };
	int err = copy_folder(&t, from, to);

	*failed = t.failed;
	return err;
}

/* --- what dead merges left ------------------------------------------------------------------ */

static int clean_entry(const char *dir, const char *name, int (*has_run)(void *ctx, const char *),
		       void *ctx)
{
	char *path = str_fmt("%s/%s", dir, name), *mark;
	int err = 0;

	mark = path ? str_fmt("%s/" MERGE_MARK, path) : NULL;
	if (!mark)
		err = -ENOMEM;
	else if (str_starts(name, MERGE_PREFIX))
		err = dir_remove(path);
	else if (file_exists(mark)) {
		err = has_run(ctx, name);
		if (!err)
			err = dir_remove(path);
		else if (err > 0)
			err = unlink(mark) ? -errno : 0;
	}
	free(mark);
	free(path);
	return err;
}

int merge_files__clean(const char *dir, int (*has_run)(void *ctx, const char *name), void *ctx)
{
	DIR *d = opendir(dir);
	struct dirent *de;
	int err = d ? 0 : -errno;

	while (!err && (de = readdir(d)))
		if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0)
			err = clean_entry(dir, de->d_name, has_run, ctx);
	if (d)
		closedir(d);
	return err;
}
