// SPDX-License-Identifier: GPL-2.0-only
/* Success by factor: a row for each level of each block, a mark for each hook. */
#include "study/plot.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "model/record.h"
#include "study/data.h"
#include "study/plot_base.h"
#include "study/plot_levels.h"
#include "study/plot_script.h"

#define NAME	      "override-factors"
#define MAX_COLUMNS   2
#define COLUMN_PIXELS 620 /* a column longer than that makes two */
#define TITLE_PIXELS  26
#define ROW_PIXELS    17 /* at least */
#define LANE_PIXELS   7	 /* marks of several hooks lie below each other */
#define NAME_PIXELS   158
#define FOOT	      (X_PIXELS + 16 + 3 * KEY_PIXELS)
#define PARTS_COLOUR  "#D55E00" /* as of the optimised hook */
#define HIDDEN	      1.5	/* per cent that a mark covers on each of its sides */
#define NOT_TRIED     -22	/* where on the axis they are drawn */

struct factors {
	struct levels *blocks; /* with a level at least */
	size_t n;
	size_t first[MAX_COLUMNS + 1]; /* block with which each column begins */
	size_t nr_columns;
	int height; /* of the longest column, in pixels */
	const struct study_obs **points;
	size_t nr_points;
};

static bool is_refused(const struct study_obs *o)
{
	return study_obs__metric(o, "refused") > 0;
}

/* Reads that never came to the function say nothing of the hook. */
static bool is_passed_by(const struct study_obs *o)
{
	return study_obs__metric(o, "never_hit") == study_obs__metric(o, "attempted");
}

static bool has_mark(const struct study_obs *o)
{
	return is_refused(o) || (study_obs__measured(o) && study_obs__metric(o, "success") >= 0);
}

/* --- layout -------------------------------------------------------------------------------- */

static int row_pixels(const struct level *l)
{
	int lanes = (int)l->n * LANE_PIXELS + 4;

	return lanes > ROW_PIXELS ? lanes : ROW_PIXELS;
}

static int block_pixels(const struct levels *b)
{
	int pixels = TITLE_PIXELS;

	for (size_t i = 0; i < b->n; i++)
		pixels += row_pixels(&b->v[i]);
	return pixels;
}

static int column_pixels(const struct factors *f, size_t first, size_t end)
{
	int pixels = 0;

	for (size_t i = first; i < end; i++)
		pixels += block_pixels(&f->blocks[i]);
	return pixels;
}

/* One column, or two of which the longer is as short as can be. */
static void lay_out(struct factors *f)
{
	f->nr_columns = 1;
	f->first[1] = f->n;
	f->height = column_pixels(f, 0, f->n);
	if (f->height <= COLUMN_PIXELS)
		return;
	for (size_t i = 1; i < f->n; i++) {
		int left = column_pixels(f, 0, i), right = column_pixels(f, i, f->n);
		int longer = left > right ? left : right;

		if (longer >= f->height)
			continue;
		f->height = longer;
		f->nr_columns = 2;
		f->first[1] = i;
		f->first[2] = f->n;
	}
}

/* --- what is drawn ------------------------------------------------------------------------- */

/* Takes out points that have nothing to show, and levels that have no points. */
static void drop_empty(struct levels *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		struct level *level = &l->v[i];
		size_t k = 0;

		for (size_t p = 0; p < level->n; p++)
			if (has_mark(level->points[p]))
				level->points[k++] = level->points[p];
		level->n = k;
		if (k) {
			l->v[n++] = *level;
			continue;
		}
		free(level->name);
		free(level->points);
	}
	l->n = n;
}

static int find_blocks(struct factors *f, const struct study_data *d)
{
	int err = 0;

	f->blocks = calloc(d->nr_blocks + 1, sizeof(*f->blocks));
	f->points = calloc(d->nr_obs + 1, sizeof(*f->points));
	if (!f->blocks || !f->points)
		return -ENOMEM;
	for (size_t i = 0; !err && i < d->nr_blocks; i++) {
		struct levels *l = &f->blocks[f->n];

		err = levels__find(d, &d->blocks[i], l);
		drop_empty(l);
		if (l->n)
			f->n++;
		else
			levels__release(l);
	}
	for (size_t i = 0; i < d->nr_obs; i++)
		if (has_mark(&d->obs[i]))
			f->points[f->nr_points++] = &d->obs[i];
	return err;
}

static void release_factors(struct factors *f)
{
	for (size_t i = 0; i < f->n; i++)
		levels__release(&f->blocks[i]);
	free(f->blocks);
	free(f->points);
}

/* --- data ---------------------------------------------------------------------------------- */

/* Points at which no override was tried. */
enum { REFUSED, PASSED_BY, UNASKED, NR_NOT_TRIED };

static const struct not_tried {
	const char *name, *title;
	int mark;
} not_tried[NR_NOT_TRIED] = {
	{ "refused", "refused at attach", 2 },
	{ "passed_by", "function never called", 1 },
	{ "unasked", "program asked for none", 3 },
};

/* Marks, and those of their intervals that are wider than the mark. */
struct marks {
	struct strbuf at, intervals;
};

/* The texts of one column's datablocks and labels while its rows are gone through. */
struct column {
	int left; /* pixels from the page's edge */
	struct marks hooks[8], parts;
	struct strbuf not_tried[NR_NOT_TRIED], lines, tics, titles;
};

static void release_column(struct column *c)
{
	struct strbuf *const all[] = { &c->parts.at,
				       &c->parts.intervals,
				       &c->not_tried[REFUSED],
				       &c->not_tried[PASSED_BY],
				       &c->not_tried[UNASKED],
				       &c->lines,
				       &c->tics,
				       &c->titles };

	for (size_t i = 0; i < sizeof(c->hooks) / sizeof(c->hooks[0]); i++) {
		strbuf__free(&c->hooks[i].at);
		strbuf__free(&c->hooks[i].intervals);
	}
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		strbuf__free(all[i]);
}

static void add_mark(struct marks *m, const struct study_obs *o, const char *name, double y)
{
	char low_name[48], high_name[48];
	double low, high, at = 100 * study_obs__metric(o, name);

	snprintf(low_name, sizeof(low_name), "%s_low", name);
	snprintf(high_name, sizeof(high_name), "%s_high", name);
	low = 100 * study_obs__metric(o, low_name);
	high = 100 * study_obs__metric(o, high_name);
	if (isnan(at))
		return;
	strbuf__addf(&m->at, "%.5g %.1f\n", at, y);
	if (high - at > HIDDEN || at - low > HIDDEN)
		strbuf__addf(&m->intervals, "%.5g %.1f %.5g\n", low, y, high - low);
}

static void add_point(struct column *c, const struct study_obs *o, double y)
{
	const struct look *look = look__of_hook(study_obs__factor(o, "hook"));

	if (is_refused(o) || is_passed_by(o) || !study_obs__asked(o)) {
		size_t why = is_refused(o) ? REFUSED : is_passed_by(o) ? PASSED_BY : UNASKED;

		strbuf__addf(&c->not_tried[why], "%d %.1f %ld\n", NOT_TRIED, y,
			     strtol(look->colour + 1, NULL, 16));
		return;
	}
	add_mark(&c->hooks[look - plot_looks], o, "success", y);
	if (study_obs__metric(o, "reads_after") > 0) {
		add_mark(&c->parts, o, "success_before", y);
		add_mark(&c->parts, o, "success_after", y);
	}
}

/* y is in pixels from the top of the column, and the axis runs downwards. */
static void add_block(struct column *c, const struct levels *b, int *y)
{
	strbuf__addf(&c->titles, "set label ");
	script__quote(&c->titles, b->block->title);
	*y += TITLE_PIXELS;
	strbuf__addf(&c->titles, " at screen %.4f,first %d left\n", (c->left + 14.0) / PAGE_WIDTH,
		     *y - 8);
	for (size_t i = 0; i < b->n; i++) {
		const struct level *l = &b->v[i];
		int pixels = row_pixels(l);
		double middle = *y + pixels / 2.0;

		strbuf__addf(&c->lines, "%d %d\n", NOT_TRIED * 2, *y);
		strbuf__addf(&c->tics, "%s", c->tics.len ? ", " : "");
		script__quote_tic(&c->tics, l->name, "");
		strbuf__addf(&c->tics, " %.1f", middle);
		for (size_t k = 0; k < l->n; k++)
			add_point(c, l->points[k],
				  middle + ((double)k - (double)(l->n - 1) / 2) * LANE_PIXELS);
		*y += pixels;
	}
	strbuf__addf(&c->lines, "%d %d\n", NOT_TRIED * 2, *y);
}

static void put_block(struct strbuf *sb, const char *name, size_t column, const struct strbuf *text)
{
	strbuf__addf(sb, "$%s%zu << EOD\n%sEOD\n", name, column, strbuf__str(text));
	sb->failed |= text->failed;
}

static void put_marks(struct strbuf *sb, const char *name, size_t column, const struct marks *m)
{
	char intervals[64];

	snprintf(intervals, sizeof(intervals), "%s_interval", name);
	if (m->at.len)
		put_block(sb, name, column, &m->at);
	if (m->intervals.len)
		put_block(sb, intervals, column, &m->intervals);
}

static void put_data(struct strbuf *sb, const struct column *c, size_t column)
{
	for (size_t i = 0; i < nr_plot_looks; i++)
		put_marks(sb, plot_looks[i].hook, column, &c->hooks[i]);
	put_marks(sb, "parts", column, &c->parts);
	for (size_t i = 0; i < NR_NOT_TRIED; i++)
		if (c->not_tried[i].len)
			put_block(sb, not_tried[i].name, column, &c->not_tried[i]);
	put_block(sb, "lines", column, &c->lines);
}

/* --- script -------------------------------------------------------------------------------- */

static void put_frame(struct strbuf *sb, const struct factors *f, const struct page *p,
		      const struct column *c, size_t column)
{
	int width = p->width / (int)f->nr_columns, left = width * (int)column + NAME_PIXELS;
	int right = p->width - width * (int)(column + 1) + 14;

	script__frame(sb, p, left, right, PAGE_HEAD + 4, FOOT);
	script__xlabel(sb, p, "reads overridden (%), 95 % intervals", left, right, FOOT);
	strbuf__addf(sb, "set ytics scale 0 font ',%d' (%s)\n%s", PAGE_SMALL_FONT,
		     strbuf__str(&c->tics), strbuf__str(&c->titles));
	sb->failed |= c->tics.failed || c->titles.failed;
}

static void plot_marks(struct strbuf *sb, const char *name, size_t column, const struct marks *m,
		       int point, const char *colour)
{
	if (m->intervals.len)
		strbuf__addf(sb,
			     ", \\\n  $%s_interval%zu using 1:2:3:(0) with vectors nohead "
			     "linewidth 1.1 linecolor '%s'",
			     name, column, colour);
	if (m->at.len)
		strbuf__addf(sb,
			     ", \\\n  $%s%zu using 1:2 with points pointtype %d pointsize 0.5 "
			     "linewidth 0.9 linecolor '%s'",
			     name, column, point, colour);
}

static void put_plot(struct strbuf *sb, const struct column *c, size_t column)
{
	strbuf__addf(sb,
		     "plot $lines%zu using 1:2:(%d):(0) with vectors nohead linewidth 0.5 "
		     "linecolor '" LIGHT_GREY "'",
		     column, 105 - NOT_TRIED * 2);
	for (size_t i = 0; i < nr_plot_looks; i++)
		plot_marks(sb, plot_looks[i].hook, column, &c->hooks[i], plot_looks[i].mark,
			   plot_looks[i].colour);
	plot_marks(sb, "parts", column, &c->parts, 6, PARTS_COLOUR);
	for (size_t i = 0; i < NR_NOT_TRIED; i++)
		if (c->not_tried[i].len)
			strbuf__addf(sb,
				     ", \\\n  $%s%zu using 1:2:3 with points pointtype %d "
				     "pointsize 0.5 linewidth 1.2 linecolor rgb variable",
				     not_tried[i].name, column, not_tried[i].mark);
	strbuf__addf(sb, "\n");
}

static bool has_not_tried(const struct factors *f, const struct column *columns, size_t which)
{
	for (size_t k = 0; k < f->nr_columns; k++)
		if (columns[k].not_tried[which].len)
			return true;
	return false;
}

/* Hooks that have a mark anywhere. */
static void put_key(struct strbuf *sb, const struct factors *f, const struct page *p,
		    const struct column *columns)
{
	struct key_entry entries[16];
	bool parts = false;
	size_t n = 0;

	for (size_t i = 0; i < nr_plot_looks; i++) {
		const struct look *l = &plot_looks[i];
		bool any = false;

		for (size_t k = 0; k < f->nr_columns; k++)
			any |= columns[k].hooks[i].at.len > 0;
		if (any)
			entries[n++] = (struct key_entry){ l->title, l->colour, l->mark, "1", 1.1 };
	}
	for (size_t k = 0; k < f->nr_columns; k++)
		parts |= columns[k].parts.at.len > 0;
	if (parts)
		entries[n++] =
			(struct key_entry){ "before | after the loss", PARTS_COLOUR, 6, "1", 0.8 };
	for (size_t i = 0; i < NR_NOT_TRIED; i++)
		if (has_not_tried(f, columns, i))
			entries[n++] = (struct key_entry){ not_tried[i].title, BLACK,
							   not_tried[i].mark, NULL, 0 };
	script__key(sb, p, entries, n, 4, 14, 8, 192);
}

static void put_columns(struct strbuf *sb, const struct factors *f, const struct page *p,
			const struct column *columns)
{
	bool zone = false;

	for (size_t i = 0; i < NR_NOT_TRIED; i++)
		zone |= has_not_tried(f, columns, i);
	strbuf__addf(sb,
		     "set xrange [%d:105]\nset yrange [%d:0]\nset border 1\n"
		     "set xtics ('0' 0, '25' 25, '50' 50, '75' 75, '100' 100)\n"
		     "set grid noytics\nunset key\n",
		     zone ? NOT_TRIED * 2 : -5, f->height);
	if (zone)
		strbuf__addf(sb, "set xtics add ('not tried' %d)\n", NOT_TRIED);
	put_key(sb, f, p, columns);
	strbuf__addf(sb, "set multiplot\n");
	for (size_t k = 0; k < f->nr_columns; k++) {
		if (k)
			strbuf__addf(sb, "unset label\nunset arrow\n");
		put_frame(sb, f, p, &columns[k], k);
		put_plot(sb, &columns[k], k);
	}
	strbuf__addf(sb, "unset multiplot\n");
}

static int write_script(const struct factors *f, const struct study_data *d, char **script)
{
	const struct page page = {
		.name = NAME,
		.title = "Success of the override by factor",
		.width = PAGE_WIDTH,
		.height = PAGE_HEAD + 4 + f->height + FOOT,
	};
	struct column columns[MAX_COLUMNS] = { 0 };
	struct strbuf sb = STRBUF_INIT;

	script__begin(&sb, &page, d, f->points, f->nr_points,
		      "rows: levels of a factor, all else at the base");
	for (size_t k = 0; k < f->nr_columns; k++) {
		int y = 0;

		columns[k].left = page.width / (int)f->nr_columns * (int)k;
		for (size_t i = f->first[k]; i < f->first[k + 1]; i++)
			add_block(&columns[k], &f->blocks[i], &y);
		put_data(&sb, &columns[k], k);
	}
	put_columns(&sb, f, &page, columns);
	for (size_t k = 0; k < MAX_COLUMNS; k++)
		release_column(&columns[k]);
	return script__end(&sb, script);
}

int plot__factors(const struct study_data *d, char **script, char **why)
{
	struct factors f = { 0 };
	int err = find_blocks(&f, d);

	lay_out(&f);
	if (!err && f.n)
		err = write_script(&f, d, script);
	else if (!err)
		err = script__nothing(why, "no point of a block has a rate of success");
	release_factors(&f);
	return err;
}
