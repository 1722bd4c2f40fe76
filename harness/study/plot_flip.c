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

#define NAME	      "override-flip-cpus"
#define FREE	      "kernel cpus threads reads after rounds limit_ms"
#define COLUMN_STEP   1.0
#define GROUP_GAP     0.6
#define COLUMN_PIXELS 74
#define NEVER	      2.2 /* times the largest time: where rounds without a loss are drawn */

/* All rounds on one kernel with one number of CPUs. */
struct column {
	const char *kernel, *cpus, *threads;
	double *ms; /* of the rounds in which the override was lost */
	size_t n, never;
	double x;
};

struct columns {
	struct column *v;
	size_t n;
	const struct study_obs **points;
	size_t nr_points;
};

static bool has_siblings(const struct column *c)
{
	return *c->threads && strcmp(c->threads, "0") != 0 && strcmp(c->threads, "1") != 0;
}

static int compare(const void *a, const void *b)
{
	const struct column *x = a, *y = b;
	int c = strverscmp(x->kernel, y->kernel);

	c = c ? c : strverscmp(x->cpus, y->cpus);
	return c ? c : strverscmp(x->threads, y->threads);
}

static struct column *find_column(struct columns *cs, const struct study_obs *o)
{
	struct column new = {
		.kernel = o->kernel,
		.cpus = study_obs__factor(o, "cpus"),
		.threads = study_obs__factor(o, "threads"),
	};

	for (size_t i = 0; i < cs->n; i++)
		if (!compare(&cs->v[i], &new))
			return &cs->v[i];
	cs->v[cs->n] = new;
	return &cs->v[cs->n++];
}

static int add_rounds(struct columns *cs, const struct study_obs *o)
{
	const struct series *lost = study_obs__series(o, "lost_ms");
	struct column *c = find_column(cs, o);
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
	cs->points[cs->nr_points++] = o;
	return 0;
}

static int find_columns(struct columns *cs, const struct study_data *d, const struct study_base *b)
{
	int err = 0;

	cs->v = calloc(d->nr_obs + 1, sizeof(*cs->v));
	cs->points = calloc(d->nr_obs + 1, sizeof(*cs->points));
	if (!cs->v || !cs->points)
		return -ENOMEM;
	for (size_t i = 0; !err && i < d->nr_obs; i++) {
		const struct study_obs *o = &d->obs[i];
		const struct series *lost = study_obs__series(o, "lost_ms");

		if (study_obs__measured(o) && lost && lost->n &&
		    !strcmp(study_obs__factor(o, "hook"), "optimised") &&
		    study_base__has(b, o, FREE " hook"))
			err = add_rounds(cs, o);
	}
	qsort(cs->v, cs->n, sizeof(*cs->v), compare);
	for (size_t i = 1; i < cs->n; i++)
		cs->v[i].x = cs->v[i - 1].x + COLUMN_STEP +
			     (strcmp(cs->v[i].kernel, cs->v[i - 1].kernel) ? GROUP_GAP : 0);
	return err;
}

static void release_columns(struct columns *cs)
{
	for (size_t i = 0; i < cs->n; i++)
		free(cs->v[i].ms);
	free(cs->v);
	free(cs->points);
}

/* --- script -------------------------------------------------------------------------------- */

/* Points beside each other rather than on top, by the order of the rounds; the median stands to
 * their right. */
static double beside(size_t i, size_t n)
{
	return n > 1 ? ((double)i / (double)(n - 1) - 0.5) * 0.44 - 0.1 : -0.1;
}

static void put_data(struct strbuf *sb, const struct columns *cs, double *least, double *most)
{
	*least = INFINITY;
	*most = 0;
	script__data(sb, "rounds");
	for (size_t i = 0; i < cs->n; i++) {
		for (size_t k = 0; k < cs->v[i].n; k++) {
			double ms = cs->v[i].ms[k];

			*least = fmin(*least, ms);
			*most = fmax(*most, ms);
			strbuf__addf(sb, "%.3f %.5g\n", cs->v[i].x + beside(k, cs->v[i].n), ms);
		}
	}
	script__data_end(sb);
	script__data(sb, "medians");
	for (size_t i = 0; i < cs->n; i++) {
		const struct column *c = &cs->v[i];
		struct interval ci = stats__median_ci(c->ms, c->n);

		if (c->n)
			strbuf__addf(sb, "%.3f %.5g %.5g %.5g\n", c->x + 0.24,
				     stats__median(c->ms, c->n), ci.low, ci.high);
	}
	script__data_end(sb);
}

static void put_never(struct strbuf *sb, const struct columns *cs, double y)
{
	script__data(sb, "never");
	for (size_t i = 0; i < cs->n; i++)
		for (size_t k = 0; k < cs->v[i].never; k++)
			strbuf__addf(sb, "%.3f %.5g\n", cs->v[i].x + beside(k, cs->v[i].never), y);
	script__data_end(sb);
}

static bool any_never(const struct columns *cs)
{
	for (size_t i = 0; i < cs->n; i++)
		if (cs->v[i].never)
			return true;
	return false;
}

/* Under each column its CPUs and how many rounds it has; under each group the kernel. */
static void put_columns(struct strbuf *sb, const struct columns *cs, const struct page *p)
{
	strbuf__addf(sb, "set xtics scale 0 (");
	for (size_t i = 0; i < cs->n; i++)
		strbuf__addf(sb, "%s\"%s%s\\nn = %zu\" %.3f", i ? ", " : "", cs->v[i].cpus,
			     has_siblings(&cs->v[i]) ? " (SMT)" : "", cs->v[i].n + cs->v[i].never,
			     cs->v[i].x);
	strbuf__addf(sb, ")\n");
	for (size_t i = 0, first = 0; i < cs->n; i++) {
		if (i + 1 < cs->n && !strcmp(cs->v[i].kernel, cs->v[i + 1].kernel))
			continue;
		strbuf__addf(sb, "set label ");
		script__quote(sb, cs->v[i].kernel);
		strbuf__addf(sb, " at first %.3f,screen %.4f center\n",
			     (cs->v[first].x + cs->v[i].x) / 2, 62.0 / p->height);
		if (i + 1 < cs->n)
			strbuf__addf(sb,
				     "set arrow from first %.3f,graph 0 to first %.3f,graph 1 "
				     "nohead linewidth 0.7 dashtype 3 linecolor '" GREY "'\n",
				     (cs->v[i].x + cs->v[i + 1].x) / 2,
				     (cs->v[i].x + cs->v[i + 1].x) / 2);
		first = i + 1;
	}
}

static void put_axes(struct strbuf *sb, const struct columns *cs, const struct page *p,
		     double least, double most, bool never)
{
	double top = never ? most * NEVER * 1.3 : most * 1.3;

	strbuf__addf(
		sb,
		"set xrange [-0.6:%.3f]\nset logscale y\nset yrange [%.5g:%.5g]\n"
		"set grid noxtics ytics\n"
		"set ylabel 'time until a read was lost (ms)'\n"
		"set label 'number of CPUs (n: rounds) and kernel' at graph 0.5,screen %.4f center\n",
		cs->v[cs->n - 1].x + 0.6, least / 1.3, top, 42.0 / p->height);
	script__log_tics(sb, "y", least / 1.3, most * 1.3);
	if (never)
		strbuf__addf(sb,
			     "set ytics add ('not lost' %.5g)\n"
			     "set arrow from graph 0,first %.5g to graph 1,first %.5g nohead "
			     "linewidth 0.7 linecolor '" GREY "'\n",
			     most * NEVER, most * NEVER / 1.35, most * NEVER / 1.35);
}

static void put_key(struct strbuf *sb, const struct page *p, bool never)
{
	const struct key_entry entries[] = {
		{ "a round", "#D55E00", 6, NULL, 0 },
		{ "median of the rounds, 95 % interval", BLACK, 5, "1", 1.6 },
		{ "a round without a loss", "#0072B2", 10, NULL, 0 },
	};

	script__key(sb, p, entries, never ? 3 : 2, 3, 90, 8, 270);
}

static int write_script(const struct columns *cs, const struct study_data *d, char **script)
{
	int width = 160 + COLUMN_PIXELS * (int)cs->n;
	const struct page page = {
		.name = NAME,
		.title = "How long an optimised kprobe keeps its override, by number of CPUs",
		.width = width < PAGE_WIDTH ? PAGE_WIDTH : width,
		.height = 480,
	};
	struct strbuf sb = STRBUF_INIT;
	bool never = any_never(cs);
	double least, most;

	script__begin(&sb, &page, d, cs->points, cs->nr_points, "since the attach");
	put_data(&sb, cs, &least, &most);
	if (most == 0) /* never lost at all */
		least = most = 1;
	put_never(&sb, cs, most * NEVER);
	script__frame(&sb, &page, 90, 24, PAGE_HEAD + 16, 122);
	put_axes(&sb, cs, &page, least, most, never);
	put_columns(&sb, cs, &page);
	put_key(&sb, &page, never);
	strbuf__addf(&sb, "plot \\\n");
	if (never)
		strbuf__addf(&sb, "  $never using 1:2 with points pointtype 10 pointsize 0.8 "
				  "linecolor '#0072B2' notitle, \\\n");
	strbuf__addf(&sb, "  $rounds using 1:2 with points pointtype 6 pointsize 0.7 linecolor "
			  "'#D55E00' notitle, \\\n"
			  "  $medians using 1:2:3:4 with yerrorbars pointtype 5 pointsize 0.9 "
			  "linewidth 1.6 linecolor '" BLACK "' notitle\n");
	return script__end(&sb, script);
}

int plot__flip_cpus(const struct study_data *d, char **script, char **why)
{
	struct study_base *base = study_base__new(d);
	struct columns cs = { 0 };
	int err = base ? find_columns(&cs, d, base) : -ENOMEM;

	if (!err && cs.n)
		err = write_script(&cs, d, script);
	else if (!err)
		err = script__nothing(why, "no point at the base says when an optimised kprobe "
					   "lost its override");
	release_columns(&cs);
	study_base__free(base);
	return err;
}
