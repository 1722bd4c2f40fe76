// SPDX-License-Identifier: GPL-2.0-only
/* How long an optimised kprobe keeps its override, by kernel and number of CPUs. */
#include "study/plot.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "model/record.h"
#include "model/stats.h"
#include "study/data.h"
#include "study/plot_base.h"
#include "study/plot_script.h"

#define NAME	     "override-flip-cpus"
#define FREE	     "kernel cpus threads reads after rounds limit_ms"
#define LEFT	     140 /* pixels beside the plot */
#define RIGHT	     24
#define FOOT	     (X_PIXELS + 34)
#define TITLE_PIXELS 26
#define ROW_PIXELS   34
#define NEVER	     2.2 /* times the largest time: where rounds without a loss are drawn */

/* All rounds on one kernel with one number of CPUs. */
struct row {
	const char *kernel, *cpus, *threads;
	double *ms; /* of the rounds in which the override was lost */
	size_t n, never;
	int y; /* where it is drawn */
};

struct rows {
	struct row *v;
	size_t n;
	const struct study_obs **points;
	size_t nr_points;
};

static bool has_siblings(const struct row *c)
{
	return *c->threads && strcmp(c->threads, "0") != 0 && strcmp(c->threads, "1") != 0;
}

static int compare(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int c = strverscmp(x->kernel, y->kernel);

	c = c ? c : strverscmp(x->cpus, y->cpus);
	return c ? c : strverscmp(x->threads, y->threads);
}

static struct row *find_row(struct rows *rows, const struct study_obs *o)
{
	struct row new = {
		.kernel = o->kernel,
		.cpus = study_obs__factor(o, "cpus"),
		.threads = study_obs__factor(o, "threads"),
	};

	for (size_t i = 0; i < rows->n; i++)
		if (!compare(&rows->v[i], &new))
			return &rows->v[i];
	rows->v[rows->n] = new;
	return &rows->v[rows->n++];
}

static int add_rounds(struct rows *rows, const struct study_obs *o)
{
	const struct series *lost = study_obs__series(o, "lost_ms");
	struct row *c = find_row(rows, o);
	double *ms = realloc(c->ms, (c->n + lost->n + 1) * sizeof(*ms));

	if (!ms)
		return -ENOMEM;
	c->ms = ms;
	for (size_t i = 0; i < lost->n; i++) {
		if (isnan(lost->values[i]))
			c->never++;
		else
			c->ms[c->n++] = lost->values[i];
	}
	rows->points[rows->nr_points++] = o;
	return 0;
}

static int find_rows(struct rows *rows, const struct study_data *d, const struct study_base *b)
{
	int err = 0;

	rows->v = calloc(d->nr_obs + 1, sizeof(*rows->v));
	rows->points = calloc(d->nr_obs + 1, sizeof(*rows->points));
	if (!rows->v || !rows->points)
		return -ENOMEM;
	for (size_t i = 0; !err && i < d->nr_obs; i++) {
		const struct study_obs *o = &d->obs[i];
		const struct series *lost = study_obs__series(o, "lost_ms");

		if (study_obs__measured(o) && lost && lost->n &&
		    !strcmp(study_obs__factor(o, "hook"), "optimised") &&
		    study_base__has(b, o, FREE " hook"))
			err = add_rounds(rows, o);
	}
	qsort(rows->v, rows->n, sizeof(*rows->v), compare);
	return err;
}

static void release_rows(struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		free(rows->v[i].ms);
	free(rows->v);
	free(rows->points);
}

/* --- script -------------------------------------------------------------------------------- */

/* Rounds above each other rather than on top, in their order, and the median below them. Everything
 * is in pixels from the plot's upper edge. */
static double round_y(const struct row *r, size_t i, size_t n)
{
	return r->y + 10 + (n > 1 ? 10 * (double)i / (double)(n - 1) : 5);
}

static double median_y(const struct row *r)
{
	return r->y + 26;
}

static int lay_out(struct rows *rows)
{
	int y = 0;

	for (size_t i = 0; i < rows->n; i++) {
		if (!i || strcmp(rows->v[i].kernel, rows->v[i - 1].kernel) != 0)
			y += TITLE_PIXELS;
		rows->v[i].y = y;
		y += ROW_PIXELS;
	}
	return y;
}

static void put_data(struct strbuf *sb, const struct rows *rows, double *least, double *most)
{
	*least = INFINITY;
	*most = 0;
	script__data(sb, "rounds");
	for (size_t i = 0; i < rows->n; i++) {
		const struct row *r = &rows->v[i];

		for (size_t k = 0; k < r->n; k++) {
			*least = fmin(*least, r->ms[k]);
			*most = fmax(*most, r->ms[k]);
			strbuf__addf(sb, "%.5g %.1f\n", r->ms[k], round_y(r, k, r->n));
		}
	}
	script__data_end(sb);
	script__data(sb, "medians");
	for (size_t i = 0; i < rows->n; i++) {
		const struct row *r = &rows->v[i];
		struct interval ci = stats__median_ci(r->ms, r->n);

		if (r->n)
			strbuf__addf(sb, "%.5g %.1f %.5g %.5g\n", stats__median(r->ms, r->n),
				     median_y(r), ci.low, ci.high);
	}
	script__data_end(sb);
}

/* The rounds in which nothing was lost; and a line above each row. */
static void put_rest(struct strbuf *sb, const struct rows *rows, double never)
{
	script__data(sb, "never");
	for (size_t i = 0; i < rows->n; i++) {
		const struct row *r = &rows->v[i];

		for (size_t k = 0; k < r->never; k++)
			strbuf__addf(sb, "%.5g %.1f\n", never, round_y(r, k, r->never));
	}
	script__data_end(sb);
	script__data(sb, "lines");
	for (size_t i = 0; i < rows->n; i++)
		strbuf__addf(sb, "%d\n", rows->v[i].y);
	script__data_end(sb);
}

static bool any_never(const struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		if (rows->v[i].never)
			return true;
	return false;
}

static void put_names(struct strbuf *sb, const struct rows *rows, const struct page *p)
{
	for (size_t i = 0; i < rows->n; i++) {
		if (i && !strcmp(rows->v[i].kernel, rows->v[i - 1].kernel))
			continue;
		strbuf__addf(sb, "set label ");
		script__quote(sb, rows->v[i].kernel);
		strbuf__addf(sb, " at screen %.4f,first %d left\n", 14.0 / p->width,
			     rows->v[i].y - 8);
	}
	strbuf__addf(sb, "set ytics scale 0 font ',%d' (", PAGE_SMALL_FONT);
	for (size_t i = 0; i < rows->n; i++) {
		const struct row *r = &rows->v[i];
		char *name =
			str_fmt("%s CPU%s%s, n = %zu", r->cpus, strcmp(r->cpus, "1") ? "s" : "",
				has_siblings(r) ? " (SMT)" : "", r->n + r->never);

		strbuf__addf(sb, "%s", i ? ", " : "");
		script__quote_tic(sb, name ? name : "", "");
		strbuf__addf(sb, " %.1f", r->y + ROW_PIXELS / 2.0);
		sb->failed |= !name;
		free(name);
	}
	strbuf__addf(sb, ")\n");
}

static void put_axes(struct strbuf *sb, const struct page *p, double least, double most, bool never,
		     int height)
{
	strbuf__addf(sb,
		     "set border 1\nset logscale x\nset xrange [%.5g:%.5g]\nset yrange [%d:0]\n"
		     "set grid noytics xtics\n",
		     least / 1.3, most * (never ? NEVER * 1.3 : 1.3), height);
	script__log_tics(sb, "x", least / 1.3, most * 1.3);
	if (never)
		strbuf__addf(sb, "set xtics add ('not lost' %.5g)\n", most * NEVER);
	script__xlabel(sb, p, "time from the attach until a read was lost (ms)", LEFT, RIGHT, FOOT);
}

static void put_key(struct strbuf *sb, const struct page *p)
{
	const struct key_entry entries[] = {
		{ "a round", "#D55E00", 6, NULL, 0 },
		{ "a round without a loss", "#0072B2", 10, NULL, 0 },
		/* stats__median_ci */
		{ "median, 95 % interval (fewer than 6 rounds: range)", BLACK, 5, "1", 1.6 },
	};

	script__key(sb, p, entries, 3, 3, 14, 8, 190);
}

static void put_plot(struct strbuf *sb, bool never, double least, double most)
{
	strbuf__addf(sb,
		     "unset key\nplot \\\n"
		     "  $lines using (%.5g):1:(%.5g):(0) with vectors nohead linewidth 0.5 "
		     "linecolor '" LIGHT_GREY "', \\\n",
		     least / 1.3, most * NEVER * 2);
	if (never)
		strbuf__addf(sb, "  $never using 1:2 with points pointtype 10 pointsize 0.6 "
				 "linecolor '#0072B2', \\\n");
	strbuf__addf(sb,
		     "  $rounds using 1:2 with points pointtype 6 pointsize 0.6 linecolor "
		     "'#D55E00', \\\n"
		     "  $medians using 1:2:3:4 with xerrorbars pointtype 5 pointsize 0.6 linewidth "
		     "1.4 linecolor '" BLACK "'\n");
}

static int write_script(struct rows *rows, const struct study_data *d, char **script)
{
	int height = lay_out(rows);
	const struct page page = {
		.name = NAME,
		.title = "How long an optimised kprobe keeps its override, by number of CPUs",
		.width = PAGE_WIDTH,
		.height = PAGE_HEAD + 4 + height + FOOT,
	};
	struct strbuf sb = STRBUF_INIT;
	bool never = any_never(rows);
	double least, most;

	script__begin(&sb, &page, d, rows->points, rows->nr_points, "n: rounds");
	put_data(&sb, rows, &least, &most);
	if (most == 0) /* never lost at all */
		least = most = 1;
	put_rest(&sb, rows, most * NEVER);
	script__frame(&sb, &page, LEFT, RIGHT, PAGE_HEAD + 4, FOOT);
	put_axes(&sb, &page, least, most, never, height);
	put_names(&sb, rows, &page);
	put_key(&sb, &page);
	put_plot(&sb, never, least, most);
	return script__end(&sb, script);
}

int plot__flip_cpus(const struct study_data *d, char **script, char **why)
{
	struct study_base *base = study_base__new(d);
	struct rows rows = { 0 };
	int err = base ? find_rows(&rows, d, base) : -ENOMEM;

	if (!err && rows.n)
		err = write_script(&rows, d, script);
	else if (!err)
		err = script__nothing(why, "no point at the base says when an optimised kprobe "
					   "lost its override");
	release_rows(&rows);
	study_base__free(base);
	return err;
}
