// SPDX-License-Identifier: GPL-2.0-only
/* When a read passes the probe at copyout's entry, its body and the probe at its return, with the
 * page cached and not: from the records stamps_… of the experiment read-path. */
#include "study/plot.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "model/record.h"
#include "model/stats.h"
#include "study/data.h"
#include "study/plot_script.h"

#define NAME	   "override-order"
#define MAX_ROWS   24
#define ROW_PIXELS 46
#define FOOT	   (X_PIXELS + 52)

/* What happens in a read, in time. Those of copyout's body are known where the kernel notes them.
 */
enum { AT_READ, AT_PROBE, AT_BODY, AT_BODY_END, AT_RETURN, NR_EVENTS };

static const struct event {
	const char *name, *title, *colour;
	int mark;
} events[NR_EVENTS] = {
	{ "read", "probe on vfs_read", "#000000", 13 },
	{ "probe", "probe at copyout's entry", "#0072B2", 9 },
	{ "body", "copyout's body begins", "#009E73", 5 },
	{ "body_end", "copyout's body is done", "#E69F00", 7 },
	{ "return", "probe at copyout's return", "#D55E00", 11 },
};

static const struct file {
	const char *record, *title;
} files[] = {
	{ "stamps_tmpfs", "tmpfs" },
	{ "stamps_ext4_cached", "ext4, cached" },
	{ "stamps_ext4_uncached", "ext4, not cached" },
};
#define NR_FILES (sizeof(files) / sizeof(files[0]))

struct moment { /* ns from the probe at copyout's entry, which AT_READ precedes */
	double q1, median, q3;
};

struct row {
	const struct study_obs *o;
	const char *title;
	size_t reads;
	struct moment at[NR_EVENTS];
	bool has_body;
};

struct rows {
	struct row v[MAX_ROWS];
	const struct study_obs *points[MAX_ROWS];
	size_t n;
};

/* --- the times ----------------------------------------------------------------------------- */

static const struct series *find(const struct record *r, const char *name)
{
	for (size_t i = 0; i < r->nr_series; i++)
		if (!strcmp(r->series[i].name, name))
			return &r->series[i];
	return NULL;
}

/* The time of an event in each read: the sum of these series, which have a value for each. */
static int moment(const struct series *const *parts, size_t nr_parts, struct moment *out)
{
	size_t n = parts[0]->n;
	double *ns = calloc(n + 1, sizeof(*ns));

	if (!ns)
		return -ENOMEM;
	for (size_t p = 0; p < nr_parts; p++)
		for (size_t i = 0; i < n; i++)
			ns[i] += parts[p]->values[i];
	*out = (struct moment){ stats__quantile(ns, n, 0.25), stats__median(ns, n),
				stats__quantile(ns, n, 0.75) };
	free(ns);
	return 0;
}

static int fill_row(struct row *row, const struct record *r)
{
	const struct series *before = find(r, "vfs_read_to_copyout");
	const struct series *whole = find(r, "copyout_to_return");
	const struct series *body[] = { find(r, "probe_to_body"), find(r, "body") };
	int err;

	row->reads = whole->n;
	row->has_body = body[0] && body[1] && body[0]->n == whole->n && body[1]->n == whole->n;
	err = moment(&before, 1, &row->at[AT_READ]);
	err = err ?: moment(&whole, 1, &row->at[AT_RETURN]);
	for (size_t k = 0; !err && row->has_body && k < 2; k++)
		err = moment(body, k + 1, &row->at[AT_BODY + k]);
	return err;
}

static int find_rows(struct rows *rows, const struct study_data *d)
{
	int err = 0;

	for (size_t i = 0; i < d->nr_obs; i++) {
		for (size_t f = 0; !err && f < NR_FILES && rows->n < MAX_ROWS; f++) {
			const struct record *r = study_obs__record(&d->obs[i], files[f].record);
			struct row *row = &rows->v[rows->n];

			if (!r || !find(r, "vfs_read_to_copyout") ||
			    !find(r, "copyout_to_return") || !find(r, "copyout_to_return")->n ||
			    find(r, "vfs_read_to_copyout")->n != find(r, "copyout_to_return")->n)
				continue;
			row->o = &d->obs[i];
			row->title = files[f].title;
			err = fill_row(row, r);
			rows->points[rows->n++] = row->o;
		}
	}
	return err;
}

/* --- script -------------------------------------------------------------------------------- */

static double y_of(const struct rows *rows, size_t i)
{
	return (double)(rows->n - 1 - i);
}

static void put_data(struct strbuf *sb, const struct rows *rows)
{
	char name[24];

	for (int e = 0; e < NR_EVENTS; e++) {
		snprintf(name, sizeof(name), "at_%s", events[e].name);
		script__data(sb, name);
		for (size_t i = 0; i < rows->n; i++) {
			const struct moment *m = &rows->v[i].at[e];
			bool body = e == AT_BODY || e == AT_BODY_END;

			if (!body || rows->v[i].has_body)
				strbuf__addf(sb, "%.6g %.2f %.6g %.6g\n", m->median / 1e3,
					     y_of(rows, i), m->q1 / 1e3, m->q3 / 1e3);
		}
		script__data_end(sb);
	}
	script__data(sb, "span");
	for (size_t i = 0; i < rows->n; i++)
		strbuf__addf(sb, "0 %.2f %.6g 0\n", y_of(rows, i),
			     rows->v[i].at[AT_RETURN].median / 1e3);
	script__data_end(sb);
	script__data(sb, "inside");
	for (size_t i = 0; i < rows->n; i++)
		if (rows->v[i].has_body)
			strbuf__addf(sb, "%.6g %.2f %.6g 0\n", rows->v[i].at[AT_BODY].median / 1e3,
				     y_of(rows, i),
				     (rows->v[i].at[AT_BODY_END].median -
				      rows->v[i].at[AT_BODY].median) /
					     1e3);
	script__data_end(sb);
	script__data(sb, "wait");
	for (size_t i = 0; i < rows->n; i++)
		strbuf__addf(sb, "%.6g %.2f\n", rows->v[i].at[AT_READ].median / 1e3, y_of(rows, i));
	script__data_end(sb);
}

static bool several_kernels(const struct rows *rows)
{
	for (size_t i = 1; i < rows->n; i++)
		if (strcmp(rows->v[i].o->kernel, rows->v[0].o->kernel) != 0)
			return true;
	return false;
}

static void put_names(struct strbuf *sb, const struct rows *rows)
{
	bool kernels = several_kernels(rows);

	strbuf__addf(sb, "set ytics scale 0 (");
	for (size_t i = 0; i < rows->n; i++) {
		const struct row *r = &rows->v[i];
		char *below = str_fmt("%s%s%zu reads", kernels ? r->o->kernel : "",
				      kernels ? ", " : "", r->reads);

		strbuf__addf(sb, "%s", i ? ", " : "");
		script__quote_tic(sb, r->title, below ? below : "");
		strbuf__addf(sb, " %.2f", y_of(rows, i));
		sb->failed |= !below;
		free(below);
	}
	strbuf__addf(sb, ")\nset yrange [-0.6:%.2f]\nset grid noytics xtics\n",
		     (double)rows->n - 0.4);
}

static void limits(const struct rows *rows, double *least, double *most, double *last)
{
	*least = INFINITY;
	*most = *last = 0;
	for (size_t i = 0; i < rows->n; i++) {
		*least = fmin(*least, rows->v[i].at[AT_READ].q1 / 1e3);
		*most = fmax(*most, rows->v[i].at[AT_READ].q3 / 1e3);
		*last = fmax(*last, rows->v[i].at[AT_RETURN].q3 / 1e3);
	}
}

/* The axis of the time before copyout runs backwards, so that time goes from left to right on both
 * sides of the probe. */
static void put_before(struct strbuf *sb, const struct page *p, double least, double most)
{
	script__frame(sb, p, 120, p->width - 400, PAGE_HEAD + 36, FOOT);
	script__xlabel(sb, p, "µs before the probe at copyout's entry (log)", 120, p->width - 400,
		       FOOT);
	strbuf__addf(sb,
		     "set border 1\nunset key\nset logscale x\nset xrange [%.5g:%.5g] reverse\n"
		     "set label 903 'from vfs_read to copyout' at graph 0.5,1 center offset 0,0.8\n"
		     "plot \\\n"
		     "  $wait using 1:2:(%.5g - $1):(0) with vectors nohead linewidth 1.2 "
		     "linecolor '" GREY "', \\\n"
		     "  $at_read using 1:2:3:4 with xerrorbars pointtype %d pointsize 0.9 "
		     "linewidth 1.3 linecolor '%s'\n",
		     most * 1.4, least / 1.6, least / 1.6, events[AT_READ].mark,
		     events[AT_READ].colour);
}

static bool any_body(const struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		if (rows->v[i].has_body)
			return true;
	return false;
}

static void put_key(struct strbuf *sb, const struct page *p, bool body)
{
	struct key_entry entries[NR_EVENTS];
	size_t n = 0;

	for (int e = 0; e < NR_EVENTS; e++)
		if (body || (e != AT_BODY && e != AT_BODY_END))
			entries[n++] = (struct key_entry){ events[e].title, events[e].colour,
							   events[e].mark, "1", 1.3 };
	script__key(sb, p, entries, n, 3, 40, 8, 250);
}

static void put_after(struct strbuf *sb, const struct page *p, const struct rows *rows, double last)
{
	bool body = any_body(rows);

	script__frame(sb, p, 424, 24, PAGE_HEAD + 36, FOOT);
	strbuf__addf(sb, "unset label\nunset arrow\n");
	script__xlabel(sb, p, "µs since the probe at copyout's entry (linear)", 424, 24, FOOT);
	strbuf__addf(sb,
		     "unset ytics\nset xtics auto\nunset logscale x\n"
		     "set xrange [%.5g:%.5g] noreverse\n"
		     "set label 903 'in copyout' at graph 0.5,1 center offset 0,0.8\n",
		     -last * 0.04, last * 1.06);
	strbuf__addf(sb, "plot \\\n"
			 "  $span using 1:2:3:4 with vectors nohead linewidth 1.2 linecolor '" GREY
			 "' notitle, \\\n");
	if (body)
		strbuf__addf(sb, "  $inside using 1:2:3:4 with vectors nohead linewidth 7 "
				 "linecolor '#a8d8c8' notitle, \\\n");
	for (int e = AT_PROBE; e < NR_EVENTS; e++) {
		if (!body && (e == AT_BODY || e == AT_BODY_END))
			continue;
		strbuf__addf(sb,
			     "%s  $at_%s using 1:2:3:4 with xerrorbars pointtype %d pointsize 0.9 "
			     "linewidth 1.3 linecolor '%s'",
			     e > AT_PROBE ? ", \\\n" : "", events[e].name, events[e].mark,
			     events[e].colour);
	}
	strbuf__addf(sb, "\n");
}

static int write_script(const struct rows *rows, const struct study_data *d, char **script)
{
	const struct page page = {
		.name = NAME,
		.title = "Time order of a read: probe, copyout, return; page cached and not",
		.width = PAGE_WIDTH,
		.height = PAGE_HEAD + 46 + FOOT + ROW_PIXELS * (int)rows->n,
	};
	struct strbuf sb = STRBUF_INIT;
	double least, most, last;

	limits(rows, &least, &most, &last);
	script__begin(&sb, &page, d, rows->points, rows->n, "medians with quartiles");
	put_data(&sb, rows);
	put_names(&sb, rows);
	strbuf__addf(&sb, "set multiplot\n");
	put_key(&sb, &page, any_body(rows));
	put_before(&sb, &page, least, most);
	put_after(&sb, &page, rows, last);
	strbuf__addf(&sb, "unset multiplot\n");
	return script__end(&sb, script);
}

int plot__order(const struct study_data *d, char **script, char **why)
{
	struct rows rows = { .n = 0 };
	int err = find_rows(&rows, d);

	if (!err && rows.n)
		err = write_script(&rows, d, script);
	else if (!err)
		err = script__nothing(why, "no point of the experiment read-path has the times at "
					   "which reads pass copyout");
	return err;
}
