// SPDX-License-Identifier: GPL-2.0-only
#include "store/merge.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "store/db.h"
#include "store/merge_int.h"

/* A run of the source that is being merged. */
struct incoming {
	struct run_info info;
	char hash[HASH_HEX];
	char *name;  /* here; NULL: not to be added */
	char *stage; /* its folder as copied */
	bool placed; /* that has its final name */
};

struct merge {
	struct store *into;
	const struct merge_opts *o;
	struct merge_result *res;
	char *work; /* folder in which this process copies */
	const char *source;
	struct incoming *v; /* of one source */
	size_t n;
	char *lost; /* sources that could not be read, for a joined run */
};

/* What ends all of it, whatever the source: cancelled, no memory, no space. */
static bool is_fatal(int err)
{
	return err == -EINTR || err == -ENOMEM || err == -ENOSPC || err == -EDQUOT || err == -EROFS;
}

static void tell(const struct merge *m, const char *name, enum merge_end end, const char *here)
{
	if (m->o->on_run)
		m->o->on_run(m->o->ctx, m->source, name, end, here);
}

/* Says it, and keeps the first such sentence for a joined run, which then is no whole one. run
 * NULL: all of the source. 0 or -ENOMEM. */
static int refuse(struct merge *m, const char *run, const char *why)
{
	char *sentence = str_fmt("%s%s%s can't be merged: %s", m->source, run ? ": run " : "",
				 run ? run : "", why);

	if (!sentence)
		return -ENOMEM;
	log_err("%s", sentence);
	m->res->refused++;
	if (run)
		tell(m, run, MERGE_REFUSED, NULL);
	if (m->lost)
		free(sentence);
	else
		m->lost = sentence;
	return 0;
}

/* --- names ---------------------------------------------------------------------------------- */

static int id_of(struct store *s, const char *name, int64_t *id)
{
	sqlite3_stmt *st;
	int rc, err = db__prepare(s, "SELECT id FROM main.runs WHERE name = ?", &st);

	if (err)
		return err;
	rc = db__bind(st, "s", name);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	*id = rc == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		err = db__fail(s, rc, "find run %s", name);
	sqlite3_finalize(st);
	return err;
}

static int has_run(void *ctx, const char *name)
{
	int64_t id;
	int err = id_of(ctx, name, &id);

	return err ? err : id != 0;
}

static bool taken_here(const struct merge *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].name && !strcmp(m->v[i].name, name))
			return true;
	return false;
}

/* The name that the run gets, or *known: the one under which it is there. Caller frees both. */
static int choose_name(struct merge *m, const struct incoming *in, char **name, char **known)
{
	char hash[HASH_HEX], *candidate, *dir;
	bool folder;
	int64_t id;
	int err = 0;

	*name = *known = NULL;
	for (unsigned int i = 1; !err && !*name && !*known; i++) {
		candidate = i == 1 ? strdup(in->info.name) : str_fmt("%s-%u", in->info.name, i);
		dir = candidate ? store__run_dir(m->into, candidate) : NULL;
		folder = dir && file_exists(dir);
		free(dir);
		err = candidate ? id_of(m->into, candidate, &id) : -ENOMEM;
		if (!err && id)
			err = merge_rows__hash(m->into, "main", id, hash);
		if (!err && id && !strcmp(hash, in->hash))
			*known = candidate;
		else if (!err && !id && !folder && !taken_here(m, candidate))
			*name = candidate;
		else
			free(candidate);
	}
	return err;
}

/* --- reading a source ----------------------------------------------------------------------- */

static int copy_info(const struct run_info *r, struct run_info *out)
{
	*out = (struct run_info){ .id = r->id, .state = r->state, .exit_status = r->exit_status };
	out->name = strdup(r->name);
	if (r->cut_off_reason)
		out->cut_off_reason = strdup(r->cut_off_reason);
	return out->name && (out->cut_off_reason || !r->cut_off_reason) ? 0 : -ENOMEM;
}

static int on_run(void *ctx, const struct run_info *r)
{
	struct merge *m = ctx;
	struct incoming *v;

	if (!merge_files__is_name(r->name))
		return refuse(m, r->name, "that is no name of a run");
	if (r->state == RUN_RUNNING)
		return refuse(m, r->name, "it is still running: merge it when it is over");
	v = realloc(m->v, (m->n + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	m->v = v;
	v[m->n] = (struct incoming){ 0 };
	return copy_info(r, &v[m->n++].info);
}

/* Its rows must be sound before anything is believed of them. */
static int read_runs(struct merge *m, const char *dir)
{
	static const char advice[] = "; it was left as it is"; /* which is for one's own results */
	struct store *copy = NULL;
	char *why = NULL, *end, *colon;
	int err = store__check(dir, &why);

	if (why && (end = strstr(why, advice)))
		*end = '\0';
	if (err) {
		/* The path in front is that of the copy. */
		colon = why ? strstr(why, ": ") : NULL;
		refuse(m, NULL, colon ? colon + 2 : why ? why : strerror(-err));
		free(why);
		return err;
	}
	free(why);
	err = store__open(dir, false, &copy);
	if (!err)
		err = store__runs(copy, on_run, m);
	store__close(copy);
	if (err && !is_fatal(err))
		refuse(m, NULL, "its runs can't be read");
	return err;
}

static int attach(struct merge *m, const char *path)
{
	sqlite3_stmt *st;
	int rc, err = db__prepare(m->into, "ATTACH DATABASE ? AS source", &st);

	if (err)
		return err;
	rc = db__bind(st, "s", path);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc != SQLITE_DONE)
		err = db__fail(m->into, rc, "read the copy of %s", m->source);
	sqlite3_finalize(st);
	return err;
}

/* --- one run -------------------------------------------------------------------------------- */

/* Copies its folder, and marks it as one whose rows may not be there. */
static int stage(struct merge *m, const char *runs, struct incoming *in, size_t i)
{
	char *from = str_fmt("%s/%s", runs, in->info.name), *failed = NULL, *mark;
	int err;

	in->stage = str_fmt("%s/run-%zu", m->work, i);
	mark = in->stage ? str_fmt("%s/" MERGE_MARK, in->stage) : NULL;
	err = from && mark ? 0 : -ENOMEM;
	if (!err && !file_exists(from))
		log_warn("%s: the folder of run %s is not beside the database: its texts are "
			 "missing",
			 m->source, in->info.name);
	if (!err)
		err = merge_files__copy_tree(from, in->stage, m->o->cancel_fd, &failed);
	if (!err)
		err = file_append(mark, "", 0);
	if (err && err != -EINTR)
		log_err("%s: can't copy %s: %s", m->source, failed ? failed : "a run's folder",
			strerror(-err));
	free(failed);
	free(mark);
	free(from);
	return err;
}

static int prepare_run(struct merge *m, const char *runs, size_t i)
{
	struct incoming *in = &m->v[i];
	char *known = NULL, *bad = NULL, *name = NULL;
	int err = merge_rows__bad_path(m->into, "source", in->info.id, &bad);

	if (!err && bad) {
		err = refuse(m, in->info.name, "a text of it is not in its folder");
		free(bad);
		return err;
	}
	if (!err)
		err = merge_rows__hash(m->into, "source", in->info.id, in->hash);
	if (!err)
		err = choose_name(m, in, &name, &known);
	if (!err && known)
		tell(m, in->info.name, MERGE_KNOWN, known);
	if (!err && name)
		err = stage(m, runs, in, i);
	if (err)
		free(name);
	else
		in->name = name;
	free(known);
	return err;
}

/* The folder gets its name before the rows are seen: a reader never finds rows without texts. */
static int place(struct merge *m, struct incoming *in)
{
	char *dir = store__run_dir(m->into, in->name);
	int err = dir ? 0 : -ENOMEM;

	if (!err && rename(in->stage, dir)) {
		err = -errno;
		log_err("%s: can't make the folder of this run: %s", dir, strerror(-err));
	}
	in->placed = !err;
	free(dir);
	return err;
}

static int add_runs(struct merge *m)
{
	static const char what[] = "merge runs";
	int64_t id;
	int err = db__begin(m->into, what);

	if (err)
		return err;
	for (size_t i = 0; !err && i < m->n; i++) {
		struct incoming *in = &m->v[i];

		if (!in->name)
			continue;
		err = cancel_pending(m->o->cancel_fd) ? -EINTR : place(m, in);
		if (!err)
			err = merge_rows__copy(m->into, in->info.id, in->name, &in->info, &id);
	}
	return db__end(m->into, err, what);
}

/* After the transaction: takes the marks away, or what was copied. */
static void settle(struct merge *m, bool added)
{
	for (size_t i = 0; i < m->n; i++) {
		struct incoming *in = &m->v[i];
		char *dir = in->name ? store__run_dir(m->into, in->name) : NULL;
		char *mark = dir ? str_fmt("%s/" MERGE_MARK, dir) : NULL;

		if (added && mark) {
			unlink(mark);
			m->res->runs++;
			tell(m, in->info.name,
			     strcmp(in->name, in->info.name) ? MERGE_RENAMED : MERGE_ADDED,
			     in->name);
		} else if (in->placed && dir) {
			dir_remove(dir);
		}
		free(mark);
		free(dir);
		free(in->name);
		free(in->stage);
		run_info__release(&in->info);
	}
	free(m->v);
	m->v = NULL;
	m->n = 0;
}

/* --- one source ----------------------------------------------------------------------------- */

static bool is_own(const struct merge *m, const char *db)
{
	char *real = realpath(db, NULL);
	bool own = real && !strcmp(real, m->into->path);

	free(real);
	return own;
}

static int merge_copy(struct merge *m, const char *copy, const char *runs)
{
	char *path = str_fmt("%s/assay.db", copy);
	int err = path ? read_runs(m, copy) : -ENOMEM;

	if (err || !m->n)
		goto out;
	err = attach(m, path);
	for (size_t i = 0; !err && i < m->n; i++)
		err = prepare_run(m, runs, i);
	if (!err)
		err = add_runs(m);
	db__exec(m->into, "DETACH DATABASE source"); /* if it was attached */
	if (err && !is_fatal(err))
		refuse(m, NULL, "nothing of it was added");
out:
	settle(m, !err);
	free(path);
	return err;
}

/* 0, also when it was refused and the others go on; else a fatal error. */
static int merge_source(struct merge *m, const char *source)
{
	char *db = merge_files__database(source), *runs = NULL, *slash;
	char *copy = str_fmt("%s/source", m->work);
	int err = db && copy ? 0 : -ENOMEM;

	m->source = source;
	if (!err) {
		slash = strrchr(db, '/');
		runs = slash ? strndup(db, (size_t)(slash - db)) : strdup(".");
		err = runs ? 0 : -ENOMEM;
	}
	if (!err && is_own(m, db)) {
		refuse(m, NULL, "these are the results that it would be merged into");
		err = -EINVAL;
	}
	if (!err) {
		err = merge_files__copy_database(db, copy);
		if (err == -ENOENT)
			refuse(m, NULL, "there is no such database");
		else if (err)
			refuse(m, NULL, strerror(-err));
	}
	if (!err)
		err = merge_copy(m, copy, runs);
	m->res->sources += !err;
	if (copy)
		dir_remove(copy);
	free(copy);
	free(runs);
	free(db);
	return is_fatal(err) ? err : 0;
}

/* A source and when its first run began. */
struct dated {
	const char *source;
	char *first; /* NULL: unknown */
};

/* By itself, without a word: what is wrong with a source is told when it is merged. */
static char *first_run(const struct merge *m, const char *source)
{
	char *db = merge_files__database(source), *dir = str_fmt("%s/look", m->work);
	char *copy = dir ? str_fmt("%s/assay.db", dir) : NULL, *first = NULL;
	sqlite3_stmt *st = NULL;
	sqlite3 *sql = NULL;

	if (db && copy && !merge_files__copy_database(db, dir) &&
	    sqlite3_open_v2(copy, &sql, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(sql, "SELECT min(started || name) FROM runs", -1, &st, NULL) ==
		    SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW && sqlite3_column_text(st, 0))
		first = strdup((const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	sqlite3_close_v2(sql);
	if (dir)
		dir_remove(dir);
	free(copy);
	free(dir);
	free(db);
	return first;
}

static int by_date(const void *x, const void *y)
{
	const struct dated *a = x, *b = y;

	if (!a->first || !b->first)
		return !a->first - !b->first;
	return strcmp(a->first, b->first);
}

/* In the order in which they began, however they were named: the same parts give the same run. */
static int merge_in_order(struct merge *m, const struct strv *sources)
{
	struct dated *v = calloc(sources->n + 1, sizeof(*v));
	int err = v ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < sources->n; i++)
		v[i] = (struct dated){ sources->v[i], first_run(m, sources->v[i]) };
	if (!err)
		qsort(v, sources->n, sizeof(*v), by_date);
	for (size_t i = 0; !err && i < sources->n; i++)
		err = cancel_pending(m->o->cancel_fd) ? -EINTR : merge_source(m, v[i].source);
	for (size_t i = 0; v && i < sources->n; i++)
		free(v[i].first);
	free(v);
	return err;
}

/* All sources into results of their own, where runs are joined; those are then merged as one
 * source. */
static int merge_joined(struct merge *m, const struct strv *sources)
{
	struct merge_opts o = *m->o;
	struct merge_result ignored = { 0 };
	struct merge inner = { .o = &o, .res = m->res, .work = NULL };
	char *dir = str_fmt("%s/joined", m->work);
	int err = dir ? 0 : -ENOMEM;

	o.on_run = NULL;
	inner.work = m->work;
	if (!err)
		err = store__open(dir, true, &inner.into);
	if (!err)
		err = merge_in_order(&inner, sources);
	if (!err)
		err = merge_join__all(inner.into, o.host, inner.lost);
	store__close(inner.into);
	m->res->runs = 0;
	if (!err) {
		ignored = *m->res;
		err = merge_source(m, dir);
		m->res->sources = ignored.sources;
	} else if (err == -EEXIST) {
		m->res->refused++;
		err = 0;
	}
	free(inner.lost);
	free(dir);
	return err;
}

/* --- all ------------------------------------------------------------------------------------ */

/* One merge at a time works in a folder of results, and it may clear away what is left of others.
 * The lock is gone with its process. Returns a descriptor or -errno, logged. */
static int lock(struct merge *m)
{
	int fd = open(m->into->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		err = errno == EWOULDBLOCK ? -EBUSY : -errno;
		log_err("%s: another merge works on these results: %s", m->into->dir,
			strerror(-err));
		close(fd);
		return err;
	}
	return fd;
}

int store__merge(struct store *into, const struct strv *sources, const struct merge_opts *opts,
		 struct merge_result *out)
{
	struct merge m = { .into = into, .o = opts, .res = out };
	int fd = -1, err;

	*out = (struct merge_result){ 0 };
	if (into->read_only)
		return db__begin(into, "merge runs"); /* which says why not */
	fd = lock(&m);
	if (fd < 0)
		return fd;
	m.work = str_fmt("%s/" MERGE_PREFIX "%d", into->dir, (int)getpid());
	err = m.work ? merge_files__clean(into->dir, has_run, into) : -ENOMEM;
	if (!err)
		err = dir_make(m.work);
	if (!err && opts->as_one)
		err = merge_joined(&m, sources);
	for (size_t i = 0; !err && !opts->as_one && i < sources->n; i++)
		err = cancel_pending(opts->cancel_fd) ? -EINTR : merge_source(&m, sources->v[i]);
	if (m.work)
		dir_remove(m.work);
	free(m.work);
	free(m.lost);
	close(fd);
	return err;
}
