// SPDX-License-Identifier: GPL-2.0-only
#include "store/db.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "store/alive.h"

static const char what[] = "take a run up again";

/* Runs a statement that takes the run as its only parameter. */
static int step_for_run(const struct store *s, const char *sql, int64_t run)
{
	sqlite3_stmt *st;
	int rc, err = db__prepare(s, sql, &st);

	if (err)
		return err;
	rc = db__bind(st, "i", run);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc != SQLITE_DONE)
		err = db__fail(s, rc, what);
	sqlite3_finalize(st);
	return err;
}

/* A table of this connection alone. */
static int list_kept(const struct store *s, const struct strv *keep)
{
	sqlite3_stmt *st;
	int rc = db__exec(s, "CREATE TEMP TABLE IF NOT EXISTS kept (point TEXT PRIMARY KEY); "
			     "DELETE FROM kept");
	int err = rc == SQLITE_OK ? 0 : db__fail(s, rc, what);

	if (!err)
		err = db__prepare(s, "INSERT OR IGNORE INTO kept VALUES (?)", &st);
	if (err)
		return err;
	for (size_t i = 0; !err && i < keep->n; i++) {
		rc = db__bind(st, "s", keep->v[i]);
		if (rc == SQLITE_OK)
			rc = sqlite3_step(st);
		if (rc != SQLITE_DONE)
			err = db__fail(s, rc, what);
		sqlite3_reset(st);
	}
	sqlite3_finalize(st);
	return err;
}

static int delete_rest(const struct store *s, int64_t run)
{
	/* Params that are no JSON, or have no point, are of no point that could be kept. */
	int err = step_for_run(
		s,
		"DELETE FROM experiments WHERE run = ? AND coalesce(CASE WHEN json_valid(params) "
		"THEN json_extract(params, '$.point') END, '') NOT IN (SELECT point FROM kept)",
		run);

	if (err)
		return err;
	return step_for_run(
		s,
		"DELETE FROM records WHERE run = ? AND NOT EXISTS (SELECT 1 FROM labels l "
		"JOIN kept k ON k.point = l.value WHERE l.record = records.id AND l.name = 'point')",
		run);
}

static int take_over(const struct store *s, int64_t run)
{
	struct process_id self;
	sqlite3_stmt *st;
	int rc, err;

	process_id__self(&self);
	err = db__prepare(s,
			  "UPDATE runs SET state = 'running', ended = NULL, cut_off_reason = NULL, "
			  "exit_status = NULL, pid = ?, pid_start = ?, pid_ns = ?, boot_id = ? "
			  "WHERE id = ?",
			  &st);
	if (err)
		return err;
	rc = db__bind(st, "iuusi", self.pid, self.start, self.ns,
		      *self.boot_id ? self.boot_id : NULL, run);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc != SQLITE_DONE)
		err = db__fail(s, rc, what);
	sqlite3_finalize(st);
	return err;
}

/* Within the transaction: another process may have taken it up meanwhile. */
static int check_cut_off(struct store *s, int64_t run)
{
	struct run_info r;
	int err = db__load_run(s, run, &r);

	if (err)
		return err;
	if (r.state != RUN_CUT_OFF) {
		log_err("run %s can't be taken up again: it is %s", r.name,
			run_state__name(r.state));
		err = -EBUSY;
	}
	run_info__release(&r);
	return err;
}

int store__resume_run(struct store *s, int64_t run, const struct strv *keep, struct run_info *out)
{
	int err = db__begin(s, what);

	if (err)
		return err;
	err = check_cut_off(s, run);
	if (!err)
		err = list_kept(s, keep);
	if (!err)
		err = delete_rest(s, run);
	if (!err)
		err = take_over(s, run);
	err = db__end(s, err, what);
	return err ? err : db__load_run(s, run, out);
}
