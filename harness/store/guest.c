// SPDX-License-Identifier: GPL-2.0-only
#include "store/db.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void guest_info__release(struct guest_info *g)
{
	free(g->kernel);
	free(g->release);
	free(g->build_id);
	free(g->image_key);
	free(g->accel);
	free(g->timing);
	free(g->cpu_model);
	memset(g, 0, sizeof(*g));
}

/* Runs one of the two statements below, which take the same parameters. */
static int step(const struct store *s, const char *sql, int64_t run, const struct guest_info *g,
		int64_t *found)
{
	sqlite3_stmt *st;
	int rc, err;

	err = db__prepare(s, sql, &st);
	if (err)
		return err;
	rc = db__bind(st, "isssssssii", run, g->kernel, g->release, g->build_id, g->image_key,
		      g->accel, g->timing, g->cpu_model, (int64_t)g->cpus, (int64_t)g->mem_mb);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	*found = 0;
	if (rc == SQLITE_ROW)
		*found = sqlite3_column_int64(st, 0);
	else if (rc != SQLITE_DONE)
		err = db__fail(s, rc, "keep the guest of kernel %s", g->kernel);
	sqlite3_finalize(st);
	return err;
}

int db__guest_id(const struct store *s, int64_t run, const struct guest_info *g, int64_t *id)
{
	int err;

	/* IS, not =: what is not known yet of a guest that never came up is NULL. */
	err = step(s,
		   "SELECT id FROM guests WHERE run = ? AND kernel IS ? AND release IS ? AND "
		   "build_id IS ? AND image_key IS ? AND accel IS ? AND timing IS ? AND "
		   "cpu_model IS ? AND cpus IS ? AND mem_mb IS ?",
		   run, g, id);
	if (err || *id)
		return err;
	err = step(s,
		   "INSERT INTO guests (run, kernel, release, build_id, image_key, accel, timing, "
		   "cpu_model, cpus, mem_mb) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		   run, g, id);
	if (!err)
		*id = sqlite3_last_insert_rowid(s->db);
	return err;
}

int db__read_guest(sqlite3_stmt *st, int col, struct guest_info *g)
{
	char **const texts[] = { &g->kernel, &g->release, &g->build_id, &g->image_key,
				 &g->accel,  &g->timing,  &g->cpu_model };
	const int nr = sizeof(texts) / sizeof(texts[0]);
	int i, err = 0;

	memset(g, 0, sizeof(*g));
	for (i = 0; i < nr && !err; i++)
		err = db__text(st, col + i, texts[i]);
	g->cpus = (unsigned int)sqlite3_column_int64(st, col + nr);
	g->mem_mb = (unsigned int)sqlite3_column_int64(st, col + nr + 1);
	if (err)
		guest_info__release(g);
	return err;
}
