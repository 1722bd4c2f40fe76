// SPDX-License-Identifier: GPL-2.0-only
#include "cli/study_table.h"

#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "base/term.h"
#include "cli/study_past.h"
#include "study/design.h"
#include "study/points.h"

enum {
	CELL_BLOCK,
	CELL_POINTS,
	CELL_DONE,
	CELL_OK,
	CELL_SKIPPED,
	CELL_FAILED,
	CELL_TIME,
	NR_CELLS
};

struct sum {
	size_t points, done, ok, skipped, failed;
	double seconds;
};

static void add(struct sum *sum, const struct study_state *s)
{
	sum->points++;
	sum->done += s->measured;
	sum->ok += s->measured && s->status == STATUS_OK;
	sum->skipped += s->measured && s->status == STATUS_SKIPPED;
	sum->failed += s->row && s->status != STATUS_OK && s->status != STATUS_SKIPPED;
	sum->seconds += s->seconds;
}

static int put(struct table *t, const char *name, const struct sum *s)
{
	char cells[NR_CELLS][24];
	const char *row[NR_CELLS] = { name };

	snprintf(cells[CELL_POINTS], sizeof(cells[0]), "%zu", s->points);
	snprintf(cells[CELL_DONE], sizeof(cells[0]), "%zu", s->done);
	snprintf(cells[CELL_OK], sizeof(cells[0]), "%zu", s->ok);
	snprintf(cells[CELL_SKIPPED], sizeof(cells[0]), "%zu", s->skipped);
	snprintf(cells[CELL_FAILED], sizeof(cells[0]), "%zu", s->failed);
	fmt_seconds(s->seconds, cells[CELL_TIME], sizeof(cells[0]));
	for (int i = CELL_POINTS; i < NR_CELLS; i++)
		row[i] = cells[i];
	return table__row(t, row);
}

int study_table__print(struct store *s, const struct design *d, const struct study_points *points,
		       const struct study_state *states, const struct run_info *run, FILE *out)
{
	static const struct column columns[] = {
		[CELL_BLOCK] = { "block", ALIGN_LEFT, 0 },
		[CELL_POINTS] = { "points", ALIGN_RIGHT, 0 },
		[CELL_DONE] = { "measured", ALIGN_RIGHT, 0 },
		[CELL_OK] = { "ok", ALIGN_RIGHT, 0 },
		[CELL_SKIPPED] = { "skipped", ALIGN_RIGHT, 0 },
		[CELL_FAILED] = { "failed", ALIGN_RIGHT, 0 },
		[CELL_TIME] = { "time", ALIGN_RIGHT, 0 },
	};
	struct table *t = table__new(columns, NR_CELLS);
	struct sum all = { 0 };
	char *dir = store__run_dir(s, run->name);
	int err = t && dir ? 0 : -ENOMEM;

	for (size_t b = 0; !err && b < d->nr_blocks; b++) {
		struct sum sum = { 0 };

		for (size_t i = 0; i < points->n; i++)
			if (points->v[i].blocks[b])
				add(&sum, &states[i]);
		if (sum.points)
			err = put(t, d->blocks[b].name, &sum);
	}
	for (size_t i = 0; i < points->n; i++)
		add(&all, &states[i]);
	if (!err)
		err = table__rule(t);
	if (!err)
		err = put(t, "all (each once)", &all);
	if (!err) {
		fprintf(out, "%s\n\n", d->question);
		table__print(t, out, term_color(out));
		fprintf(out, "\nrun %s · %zu %s · %s\n", run->name, points->nr_boots,
			points->nr_boots == 1 ? "boot" : "boots", dir);
	}
	free(dir);
	table__free(t);
	return err;
}

/* "size, hook": the blocks of a point. */
static char *blocks_of(const struct study_point *p, const struct design *d)
{
	struct strbuf sb = STRBUF_INIT;

	for (size_t b = 0; b < d->nr_blocks; b++)
		if (p->blocks[b])
			strbuf__addf(&sb, "%s%s", sb.len ? ", " : "", d->blocks[b].name);
	return strbuf__detach(&sb);
}

int study_table__points(const struct design *d, const struct study_points *points, FILE *out)
{
	static const struct column columns[] = {
		{ "point", ALIGN_LEFT, 0 },
		{ "boot", ALIGN_LEFT, 0 },
		{ "factors of its blocks", ALIGN_LEFT, 0 },
		{ "blocks", ALIGN_LEFT, 0 },
	};
	struct table *t = table__new(columns, 4);
	int err = t ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < points->n; i++) {
		const struct study_point *p = &points->v[i];
		char *boot = study_boot__label(&points->boots[p->boot]);
		char *label = study_point__label(p, d), *blocks = blocks_of(p, d);

		err = boot && label && blocks
			      ? table__row(t, (const char *const[]){ p->id, boot, label, blocks })
			      : -ENOMEM;
		free(boot);
		free(label);
		free(blocks);
	}
	if (!err) {
		table__print(t, out, term_color(out));
		fprintf(out, "\n%zu %s on %zu %s\n", points->n, points->n == 1 ? "point" : "points",
			points->nr_boots, points->nr_boots == 1 ? "boot" : "boots");
	}
	table__free(t);
	return err;
}
