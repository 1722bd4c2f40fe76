// SPDX-License-Identifier: GPL-2.0-only
/* Which part of the reads each hook overrides, by the number of the read. */
#include "study/plot.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"
#include "model/record.h"
#include "model/stats.h"
#include "study/data.h"
#include "study/plot_base.h"
#include "study/plot_reads.h"
#include "study/plot_script.h"

#define NAME	       "override-success-reads"
#define MAX_ROWS       10
#define BINS_A_DECADE  10
#define ROW	       1.62 /* from one hook's line to the next; 100 % are 1 */
#define ROW_PIXELS     62
#define LEFT	       160 /* pixels beside, above and below the plot */
#define TOP	       X2_PIXELS
#define RIGHT	       60
#define BOTTOM	       (X_PIXELS + 48)
#define HOOK_OPTIMISED "optimised"

struct row {
	const struct study_obs *o;
	const struct look *look;
	struct read_runs runs;
};

struct rows {
	struct row v[MAX_ROWS];
	const struct study_obs *points[MAX_ROWS];
	size_t n;
};

static void add_row(struct rows *rows, const struct study_obs *o)
{
	struct row *row = &rows->v[rows->n];

	if (!o || rows->n == MAX_ROWS || !read_runs__get(o, &row->runs))
		return;
	row->o = o;
	row->look = look__of_hook(study_obs__factor(o, "hook"));
	rows->points[rows->n++] = o;
}

/* Each hook on the base's kernel, or where that kernel has no such hook on another; then the
 * optimised one on a kernel with the cure. */
static void find_rows(struct rows *rows, const struct study_data *d, const struct study_base *b)
{
	const char *kernel = study_base__value(b, "kernel");
	char *cured = str_fmt("%s-cure", kernel);

	for (size_t i = 0; i < nr_plot_looks; i++) {
		const char *hook = plot_looks[i].hook;
		const struct study_obs *o = study_base__hook(b, d, hook, kernel);

		add_row(rows, o ? o : study_base__hook(b, d, hook, NULL));
	}
	if (cured)
		add_row(rows, study_base__hook(b, d, HOOK_OPTIMISED, cured));
	free(cured);
}

/* --- data ---------------------------------------------------------------------------------- */

/* Where 0 % of a row lies: the first hook is on top. */
static double zero_of(const struct rows *rows, size_t row)
{
	return (double)(rows->n - 1 - row) * ROW;
}

/* Number of the first read of a bin; several may begin with the same one. */
static double bin_edge(int bin)
{
	return ceil(pow(10, (double)bin / BINS_A_DECADE) - 1e-9);
}

static void put_share(struct strbuf *sb, const struct row *row, double zero)
{
	for (int bin = 0; bin_edge(bin) <= read_runs__longest(&row->runs); bin++) {
		double first = bin_edge(bin), end = bin_edge(bin + 1);
		struct read_share share = read_runs__share(&row->runs, first, end);

		end = fmin(end, read_runs__longest(&row->runs) + 1);
		if (share.reads > 0)
			strbuf__addf(sb, "%.5g %.4f\n", sqrt(first * (end - 1)),
				     zero + share.overridden / share.reads);
	}
}

/* Time of one read after the loss. */
static double read_ns(const struct study_obs *o)
{
	double ns = study_obs__metric(o, "not_overridden_ns_median");

	return isnan(ns) ? study_obs__metric(o, "overridden_ns_median") : ns;
}

/* When something was first seen, as a number of a read, for each round. Returns how many. */
static size_t put_marks(struct strbuf *sb, const struct row *row, const char *series, double y,
			double *median)
{
	const struct series *ms = study_obs__series(row->o, series);
	const struct series *rounds = study_obs__series(row->o, "run_round");
	double *at = ms ? calloc(ms->n + 1, sizeof(*at)) : NULL;
	double first = rounds->n ? rounds->values[0] : 0;
	size_t n = 0;

	for (size_t i = 0; at && i < ms->n; i++) {
		double number = read_runs__number_at(&row->runs, first + (double)i, ms->values[i],
						     read_ns(row->o));

		if (isnan(number))
			continue;
		strbuf__addf(sb, "%.6g %.4f\n", number, y);
		at[n++] = number;
	}
	*median = stats__median(at, n);
	sb->failed |= ms && !at;
	free(at);
	return n;
}

struct mark {
	const char *name, *series, *title;
	double y; /* above 0 % of its row */
	int point;
	const char *dash; /* of the line at the median */
	double width;	  /* not equal: gnuplot 5.4 would go on with the other's dashes in SVG */
};

static const struct mark marks[] = {
	{ "flag", "flag_ms", "[OPTIMIZED] first seen in kprobes/list: each round, median", 1.2, 11,
	  "(4,3)", 1 },
	{ "jump", "jump_ms", "jump first found at the function's entry: each round, median", -0.2,
	  9, "1", 1.2 },
};
#define NR_MARKS (sizeof(marks) / sizeof(marks[0]))

/* $flag and $jump; and $flag_line, $jump_line at the medians. Returns which there are. */
static void put_all_marks(struct strbuf *sb, const struct rows *rows, size_t nr[NR_MARKS])
{
	for (size_t m = 0; m < NR_MARKS; m++) {
		struct strbuf lines = STRBUF_INIT;

		nr[m] = 0;
		script__data(sb, marks[m].name);
		for (size_t i = 0; i < rows->n; i++) {
			const struct row *row = &rows->v[i];
			double zero = zero_of(rows, i), median;

			if (strcmp(row->look->hook, HOOK_OPTIMISED) != 0)
				continue;
			nr[m] += put_marks(sb, row, marks[m].series, zero + marks[m].y, &median);
			if (!isnan(median))
				strbuf__addf(&lines, "%.6g %.4f 0 %.4f\n", median, zero - 0.2, 1.4);
		}
		script__data_end(sb);
		strbuf__addf(sb, "$%s_line << EOD\n%sEOD\n", marks[m].name, strbuf__str(&lines));
		sb->failed |= lines.failed;
		strbuf__free(&lines);
	}
}

/* --- script -------------------------------------------------------------------------------- */

/* The hook's name, and below it in what the point differs from the base. */
static void put_name(struct strbuf *sb, const struct row *row, const struct study_base *b)
{
	const char *result = study_obs__factor(row->o, "result");
	bool kernel = strcmp(row->o->kernel, study_base__value(b, "kernel")) != 0;
	struct strbuf differs = STRBUF_INIT;

	if (kernel)
		strbuf__addf(&differs, "%s", row->o->kernel);
	if (strcmp(result, study_base__value(b, "result")) != 0)
		strbuf__addf(&differs, "%sresult %s", kernel ? ", " : "", result);
	script__quote_tic(sb, row->look->title, strbuf__str(&differs));
	sb->failed |= differs.failed;
	strbuf__free(&differs);
}

static void put_labels(struct strbuf *sb, const struct rows *rows, const struct study_base *b)
{
	strbuf__addf(sb, "set ytics scale 0 (");
	for (size_t i = 0; i < rows->n; i++) {
		strbuf__addf(sb, "%s", i ? ", " : "");
		put_name(sb, &rows->v[i], b);
		strbuf__addf(sb, " %.4f", zero_of(rows, i) + 0.5);
	}
	strbuf__addf(sb, ")\nset y2tics scale 0.5 (");
	for (size_t i = 0; i < rows->n; i++)
		strbuf__addf(sb, "%s'0' %.4f, '100' %.4f", i ? ", " : "", zero_of(rows, i),
			     zero_of(rows, i) + 1);
	strbuf__addf(sb, ")\n");
}

/* The second axis is right as long as all read the same number of bytes. */
static bool same_size(const struct rows *rows, double *bytes)
{
	const char *size = study_obs__factor(rows->v[0].o, "size");

	for (size_t i = 1; i < rows->n; i++)
		if (strcmp(study_obs__factor(rows->v[i].o, "size"), size) != 0)
			return false;
	return !num_double(size, 1, 1e12, bytes);
}

static void put_axes(struct strbuf *sb, const struct page *p, const struct rows *rows, double most)
{
	double bytes;

	strbuf__addf(sb,
		     "set logscale x\nset xrange [0.9:%.6g]\nset format x '%%.0s%%c'\n"
		     "set yrange [-0.4:%.4f]\nset y2range [-0.4:%.4f]\n"
		     "set grid noytics y2tics\n",
		     most * 1.15, zero_of(rows, 0) + 1.4, zero_of(rows, 0) + 1.4);
	script__xlabel(sb, p, "number of the read since the hook was attached", LEFT, RIGHT,
		       BOTTOM);
	script__ylabel(sb, p, "reads overridden (%)", p->width - 14, PAGE_HEAD + TOP, BOTTOM);
	if (!same_size(rows, &bytes))
		return;
	script__x2label(sb, p, "data read (MB)", LEFT, RIGHT, PAGE_HEAD + TOP);
	strbuf__addf(sb,
		     "set logscale x2\nset x2range [%.6g:%.6g]\nset x2tics scale 0.6\n"
		     "set format x2 '%%g'\n"
		     "set border 11\n",
		     0.9 * bytes / 1e6, most * 1.15 * bytes / 1e6);
}

static void put_plot(struct strbuf *sb, const struct rows *rows, const size_t nr[NR_MARKS])
{
	strbuf__addf(sb, "plot \\\n");
	for (size_t m = 0; m < NR_MARKS; m++) {
		if (!nr[m])
			continue;
		strbuf__addf(
			sb,
			"  $%s_line using 1:2:3:4 with vectors nohead linewidth %g dashtype %s "
			"linecolor '" BLACK "' notitle, \\\n",
			marks[m].name, marks[m].width, marks[m].dash);
	}
	for (size_t i = 0; i < rows->n; i++) {
		const struct look *l = rows->v[i].look;

		strbuf__addf(
			sb,
			"  $row%zu using 1:(%.4f):2 with filledcurves fillcolor '%s' "
			"fillstyle transparent solid 0.15 noborder notitle, \\\n"
			"  $row%zu using 1:2 with linespoints linewidth 1.5 dashtype %s "
			"linecolor '%s' pointtype %d pointinterval 3 pointsize 0.5 notitle%s\n",
			i, zero_of(rows, i), l->colour, i, l->dash, l->colour, l->mark,
			i + 1 < rows->n || nr[0] || nr[1] ? ", \\" : "");
	}
	for (size_t m = 0; m < NR_MARKS; m++) {
		if (!nr[m])
			continue;
		strbuf__addf(sb,
			     "  $%s using 1:2 with points pointtype %d pointsize 0.7 "
			     "linecolor '" BLACK "' notitle%s\n",
			     marks[m].name, marks[m].point, !m && nr[1] ? ", \\" : "");
	}
}

static void put_key(struct strbuf *sb, const struct page *p, const size_t nr[NR_MARKS])
{
	struct key_entry entries[NR_MARKS];
	size_t n = 0;

	for (size_t m = 0; m < NR_MARKS; m++)
		if (nr[m])
			entries[n++] = (struct key_entry){ marks[m].title, BLACK, marks[m].point,
							   marks[m].dash, marks[m].width };
	script__key(sb, p, entries, n, 1, LEFT, 8, 0);
}

static char *what_is_read(const struct rows *rows)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf__addf(&sb, "reads of ");
	script__bytes(&sb, study_obs__factor(rows->v[0].o, "size"));
	if (*study_obs__factor(rows->v[0].o, "source"))
		strbuf__addf(&sb, ", %s", study_obs__factor(rows->v[0].o, "source"));
	return strbuf__detach(&sb);
}

static int write_script(const struct rows *rows, const struct study_data *d,
			const struct study_base *base, char **script)
{
	const struct page page = {
		.name = NAME,
		.title = "Reads whose copyout was overridden, by hook and number of the read",
		.width = PAGE_WIDTH,
		.height = PAGE_HEAD + TOP + BOTTOM + ROW_PIXELS * (int)rows->n,
	};
	struct strbuf sb = STRBUF_INIT;
	char *what = what_is_read(rows), block[32];
	size_t nr[NR_MARKS];
	double most = 1;

	script__begin(&sb, &page, d, rows->points, rows->n, what ? what : "");
	for (size_t i = 0; i < rows->n; i++) {
		snprintf(block, sizeof(block), "row%zu", i);
		script__data(&sb, block);
		put_share(&sb, &rows->v[i], zero_of(rows, i));
		script__data_end(&sb);
		most = fmax(most, read_runs__longest(&rows->v[i].runs));
	}
	put_all_marks(&sb, rows, nr);
	script__frame(&sb, &page, LEFT, RIGHT, PAGE_HEAD + TOP, BOTTOM);
	put_axes(&sb, &page, rows, most);
	put_labels(&sb, rows, base);
	put_key(&sb, &page, nr);
	put_plot(&sb, rows, nr);
	sb.failed |= !what;
	free(what);
	return script__end(&sb, script);
}

int plot__success_reads(const struct study_data *d, char **script, char **why)
{
	struct study_base *base = study_base__new(d);
	struct rows rows = { .n = 0 };
	int err;

	if (!base)
		return -ENOMEM;
	find_rows(&rows, d, base);
	if (rows.n)
		err = write_script(&rows, d, base, script);
	else
		err = script__nothing(why, "no point at the base has the outcomes of its reads");
	study_base__free(base);
	return err;
}
