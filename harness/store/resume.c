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

/* Tables of this connection alone. */
static const char make_lists[] = "CREATE TEMP TABLE IF NOT EXISTS kept (point TEXT PRIMARY KEY);"
				 "CREATE TEMP TABLE IF NOT EXISTS again (point TEXT PRIMARY KEY);"
				 "DELETE FROM kept; DELETE FROM again";

static int fill_list(const struct store *s, const char *insert, const struct strv *points)
{
	sqlite3_stmt *st;
	int rc, err = db__prepare(s, insert, &st);

	if (err)
		return err;
	for (size_t i = 0; !err && i < points->n; i++) {
		rc = db__bind(st, "s", points->v[i]);
		if (rc == SQLITE_OK)
			rc = sqlite3_step(st);
		if (rc != SQLITE_DONE)
			err = db__fail(s, rc, what);
		sqlite3_reset(st);
	}
	sqlite3_finalize(st);
	return err;
}

static int make_points(const struct store *s, const struct strv *keep, const struct strv *again)
{
	int rc = db__exec(s, make_lists);
	int err = rc == SQLITE_OK ? 0 : db__fail(s, rc, what);

	if (!err)
		err = fill_list(s, "INSERT OR IGNORE INTO kept VALUES (?)", keep);
	if (!err)
		err = fill_list(s, "INSERT OR IGNORE INTO again VALUES (?)", again);
	return err;
}

/* Params that are no JSON, or have no point, are of no point that could be kept. */
#define POINT_OF_ROW                                                                           \
	"coalesce(CASE WHEN json_valid(e.params) THEN json_extract(e.params, '$.point') END, " \
	"'')"
#define IS_KEPT " IN (SELECT point FROM kept)"

static int delete_rest(const struct store *s, int64_t run)
{
	static const char *const steps[] = {
		/* What is said of an end that is no more, or that was never reached. The files are
		 * written anew when there is something to say again. */
		"DELETE FROM texts WHERE run = ? AND EXISTS (SELECT 1 FROM again "
		"WHERE texts.name = point OR instr(texts.name, point || '.') = 1)",
		"DELETE FROM experiments AS e WHERE run = ? AND " POINT_OF_ROW " NOT" IS_KEPT,
		"DELETE FROM records WHERE run = ? AND NOT EXISTS (SELECT 1 FROM labels l "
		"WHERE l.record = records.id AND l.name = 'point' AND l.value" IS_KEPT ")",
	};
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(steps) / sizeof(steps[0]); i++)
		err = step_for_run(s, steps[i], run);
	return err;
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

int store__resume_run(struct store *s, int64_t run, const struct strv *keep,
		      const struct strv *again, struct run_info *out)
{
	int err = db__begin(s, what);

	if (err)
		return err;
	err = check_cut_off(s, run);
	if (!err)
		err = make_points(s, keep, again);
	if (!err)
		err = delete_rest(s, run);
	if (!err)
		err = take_over(s, run);
	err = db__end(s, err, what);
	return err ? err : db__load_run(s, run, out);
}
