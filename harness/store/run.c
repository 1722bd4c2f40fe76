// SPDX-License-Identifier: GPL-2.0-only
#include "store/db.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/num.h"
#include "base/str.h"
#include "store/alive.h"

#define NAME_LEN 32
#define DATE_LEN 8 /* of a name's "20261120-183012-1a2b" */

static const char *const state_names[] = {
	[RUN_RUNNING] = "running",
	[RUN_COMPLETE] = "complete",
	[RUN_CUT_OFF] = "cut off",
};
#define NR_STATES ((int)(sizeof(state_names) / sizeof(state_names[0])))

const char *run_state__name(enum run_state s)
{
	return (int)s >= 0 && (int)s < NR_STATES ? state_names[s] : "?";
}

void run_info__release(struct run_info *r)
{
	free(r->name);
	free(r->command);
	free(r->started);
	free(r->ended);
	free(r->cut_off_reason);
	free(r->host);
	memset(r, 0, sizeof(*r));
}

char *store__run_dir(const struct store *s, const char *run_name)
{
	return str_fmt("%s/%s", s->dir, run_name);
}

static void format_time(time_t t, const char *format, char *buf, size_t len)
{
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(buf, len, format, &tm);
}

static void now_iso(char *buf, size_t len)
{
	format_time(time(NULL), "%Y-%m-%dT%H:%M:%SZ", buf, len);
}

/* --- reading ------------------------------------------------------------------------------- */

#define RUN_COLUMNS                                                                          \
	"id, name, command, started, ended, state, cut_off_reason, exit_status, host, pid, " \
	"pid_start, pid_ns, boot_id"

static int count_records(const struct store *s, struct run_info *r)
{
	enum status status;
	sqlite3_stmt *st;
	int rc, err;

	err = db__prepare(s, "SELECT status, count(*) FROM records WHERE run = ? GROUP BY status",
			  &st);
	if (err)
		return err;
	rc = db__bind(st, "i", r->id);
	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(st, 0);

		rc = SQLITE_OK;
		if (!text || status__parse(text, &status)) {
			err = db__bad_row(s, "records of run", r->id, "status", text);
			break;
		}
		r->counts[status] = sqlite3_column_int(st, 1);
	}
	if (!err && rc != SQLITE_DONE)
		err = db__fail(s, rc, "count the records of run %s", r->name);
	sqlite3_finalize(st);
	return err;
}

/* A run whose process is gone can't say so itself. */
static int judge_running(sqlite3_stmt *st, struct run_info *r)
{
	struct process_id p = {
		.pid = sqlite3_column_int64(st, 9),
		.start = db__int_or(st, 10, -1),
		.ns = db__int_or(st, 11, -1),
	};
	const char *boot_id = (const char *)sqlite3_column_text(st, 12), *gone;
	char buf[128];

	snprintf(p.boot_id, sizeof(p.boot_id), "%s", boot_id ? boot_id : "");
	gone = process_id__gone(&p, buf, sizeof(buf));
	if (!gone)
		return 0;
	r->state = RUN_CUT_OFF;
	free(r->cut_off_reason);
	r->cut_off_reason = strdup(gone);
	return r->cut_off_reason ? 0 : -ENOMEM;
}

static int read_run(const struct store *s, sqlite3_stmt *st, struct run_info *r)
{
	const char *state = (const char *)sqlite3_column_text(st, 5);
	int err, i;

	memset(r, 0, sizeof(*r));
	r->id = sqlite3_column_int64(st, 0);
	for (i = 0; i < NR_STATES && (!state || strcmp(state, state_names[i]) != 0); i++)
		;
	if (i == NR_STATES)
		return db__bad_row(s, "runs", r->id, "state", state);
	r->state = i;
	r->exit_status = (int)db__int_or(st, 7, -1);
	err = db__text(st, 1, &r->name);
	if (!err)
		err = db__text(st, 2, &r->command);
	if (!err)
		err = db__text(st, 3, &r->started);
	if (!err)
		err = db__text(st, 4, &r->ended);
	if (!err)
		err = db__text(st, 6, &r->cut_off_reason);
	if (!err)
		err = db__text(st, 8, &r->host);
	if (!err && r->state == RUN_RUNNING)
		err = judge_running(st, r);
	if (!err)
		err = count_records(s, r);
	if (err)
		run_info__release(r);
	return err;
}

int store__runs(struct store *s, int (*fn)(void *ctx, const struct run_info *r), void *ctx)
{
	struct run_info r;
	sqlite3_stmt *st;
	int rc, err;

	err = db__prepare(s, "SELECT " RUN_COLUMNS " FROM runs ORDER BY id", &st);
	if (err)
		return err;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		err = read_run(s, st, &r);
		if (err)
			break;
		err = fn(ctx, &r);
		run_info__release(&r);
		if (err)
			break;
	}
	if (!err && rc != SQLITE_DONE)
		err = db__fail(s, rc, "list the runs");
	sqlite3_finalize(st);
	return err;
}

/* Runs a query that gives ids of runs: how many there are (at most max are counted), and the
 * first. A parameter of NULL is left unbound. */
static int query_ids(const struct store *s, const char *sql, const char *param, int max, int *n,
		     int64_t *id)
{
	sqlite3_stmt *st;
	int rc, err;

	err = db__prepare(s, sql, &st);
	if (err)
		return err;
	rc = param ? db__bind(st, "s", param) : SQLITE_OK;
	*n = 0;
	while (rc == SQLITE_OK && *n < max && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		rc = SQLITE_OK;
		if (!(*n)++)
			*id = sqlite3_column_int64(st, 0);
	}
	if (rc != SQLITE_OK && rc != SQLITE_DONE)
		err = db__fail(s, rc, "find run %s", param ? param : "latest");
	sqlite3_finalize(st);
	return err;
}

int db__load_run(const struct store *s, int64_t id, struct run_info *out)
{
	sqlite3_stmt *st;
	int rc, err;

	err = db__prepare(s, "SELECT " RUN_COLUMNS " FROM runs WHERE id = ?", &st);
	if (err)
		return err;
	rc = db__bind(st, "i", id);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		err = read_run(s, st, out);
	else
		err = rc == SQLITE_DONE ? -ENOENT : db__fail(s, rc, "read run %" PRId64, id);
	sqlite3_finalize(st);
	return err;
}

int store__find_run(struct store *s, const char *which, struct run_info *out)
{
	static const char by_name[] = "SELECT id FROM runs WHERE name = ?";
	static const char by_prefix[] =
		"SELECT id FROM runs WHERE substr(name, 1, length(?1)) = ?1 "
		"ORDER BY id";
	int64_t id = 0;
	uint64_t num;
	int err, n;

	memset(out, 0, sizeof(*out));
	if (!which || strcmp(which, "latest") == 0) {
		err = query_ids(s, "SELECT id FROM runs ORDER BY id DESC", NULL, 1, &n, &id);
		if (!err && !n)
			err = -ENOENT;
		return err ? err : db__load_run(s, id, out);
	}
	if (!*which)
		return -ENOENT;
	err = query_ids(s, by_name, which, 1, &n, &id);
	if (err || n)
		return err ? err : db__load_run(s, id, out);
	/* Fewer digits than a date are an id, never the beginning of a name. */
	if (strspn(which, "0123456789") == strlen(which) && strlen(which) < DATE_LEN)
		return num_u64(which, 1, INT64_MAX, &num) ? -ENOENT
							  : db__load_run(s, (int64_t)num, out);
	err = query_ids(s, by_prefix, which, 2, &n, &id);
	if (err)
		return err;
	if (n > 1) {
		log_err("run '%s': several runs begin with this; `assay list runs` shows their "
			"whole names",
			which);
		return -ENOTUNIQ;
	}
	return n ? db__load_run(s, id, out) : -ENOENT;
}

/* --- writing ------------------------------------------------------------------------------- */

/* Makes a folder whose name no other run has, also with another process at the same work. */
static int make_dir(const struct store *s, char name[NAME_LEN])
{
	char stamp[20], *dir;
	uint16_t random;
	int err, tries;

	for (tries = 0; tries < 64; tries++) {
		format_time(time(NULL), "%Y%m%d-%H%M%S", stamp, sizeof(stamp));
		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			return -EIO;
		snprintf(name, NAME_LEN, "%s-%04x", stamp, random);
		dir = store__run_dir(s, name);
		if (!dir)
			return -ENOMEM;
		err = mkdir(dir, 0777) ? -errno : 0;
		if (err && err != -EEXIST)
			log_err("%s: can't make the folder of this run: %s", dir, strerror(-err));
		free(dir);
		if (err != -EEXIST)
			return err;
	}
	log_err("%s: can't find an unused name for this run", s->dir);
	return -EEXIST;
}

static int insert_run(const struct store *s, const char *name, const char *command,
		      const char *host_json, int64_t *id)
{
	static const char what[] = "begin a run";
	struct process_id self;
	sqlite3_stmt *st = NULL;
	char started[32];
	int rc, err;

	process_id__self(&self);
	now_iso(started, sizeof(started));
	err = db__begin(s, what);
	if (err)
		return err;
	err = db__prepare(s,
			  "INSERT INTO runs (name, command, started, state, host, pid, pid_start, "
			  "pid_ns, boot_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			  &st);
	if (!err) {
		rc = db__bind(st, "sssssiuus", name, command, started, state_names[RUN_RUNNING],
			      host_json, self.pid, self.start, self.ns,
			      *self.boot_id ? self.boot_id : NULL);
		if (rc == SQLITE_OK)
			rc = sqlite3_step(st);
		if (rc != SQLITE_DONE)
			err = db__fail(s, rc, what);
		*id = sqlite3_last_insert_rowid(s->db);
	}
	sqlite3_finalize(st);
	return db__end(s, err, what);
}

int store__begin_run(struct store *s, const char *command, const char *host_json,
		     struct run_info *out)
{
	char name[NAME_LEN], *dir;
	int64_t id = 0;
	int err;

	memset(out, 0, sizeof(*out));
	if (s->read_only)
		return db__begin(s, "begin a run"); /* which says why not */
	err = make_dir(s, name);
	if (err)
		return err;
	err = insert_run(s, name, command, host_json, &id);
	if (!err)
		return db__load_run(s, id, out);
	dir = store__run_dir(s, name);
	if (dir)
		rmdir(dir);
	free(dir);
	return err;
}

int store__end_run(struct store *s, int64_t run, enum run_state state, const char *reason,
		   int exit_status)
{
	static const char what[] = "end a run";
	sqlite3_stmt *st = NULL;
	char ended[32];
	int rc, err;

	if (state != RUN_COMPLETE && state != RUN_CUT_OFF)
		return -EINVAL;
	now_iso(ended, sizeof(ended));
	err = db__begin(s, what);
	if (err)
		return err;
	err = db__prepare(s,
			  "UPDATE runs SET ended = ?, state = ?, cut_off_reason = ?, "
			  "exit_status = ? WHERE id = ?",
			  &st);
	if (!err) {
		rc = db__bind(st, "sssii", ended, state_names[state], reason, (int64_t)exit_status,
			      run);
		if (rc == SQLITE_OK)
			rc = sqlite3_step(st);
		if (rc != SQLITE_DONE) {
			err = db__fail(s, rc, what);
		} else if (!sqlite3_changes(s->db)) {
			log_err("%s: there is no run %" PRId64 " to end", s->path, run);
			err = -ENOENT;
		}
	}
	sqlite3_finalize(st);
	return db__end(s, err, what);
}
