// SPDX-License-Identifier: GPL-2.0-only
/* How long a read takes, by its outcome and by the hook that overrode it. */
#include "study/plot.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "model/record.h"
#include "study/data.h"
#include "study/plot_base.h"
#include "study/plot_script.h"

#define NAME	  "override-latency"
#define MAX_LINES 10
#define EVERY	  10 /* per cent between marks */
#define NR_PANELS 2

/* A distribution: 101 quantiles, from the least to the largest, in ns. */
struct line {
	const struct study_obs *o;
	const struct series *ns;
	const char *title, *colour, *dash;
	int mark;
};

struct panel {
	const char *title;
	struct line v[MAX_LINES];
	size_t n;
};

/* Outcomes as series are named after them, with a look of their own. */
static const struct outcome {
	const char *series, *title, *colour, *dash;
	int mark;
} outcomes[] = {
	{ "latency_unhooked", "no hook", "#000000", "1", 2 },
	{ "latency_overridden", "overridden", "#0072B2", "(14,4)", 7 },
	{ "latency_not_overridden", "program ran, not overridden", "#D55E00", "(8,3,2,3)", 5 },
	{ "latency_misbehaved", "overridden, caller misbehaved", "#CC79A7", "(4,3)", 13 },
	{ "latency_partly", "overridden in part", "#56B4E9", "(12,3,2,3,2,3)", 9 },
	{ "latency_missed_recursion", "missed by recursion", "#009E73", "(2,3)", 11 },
	{ "latency_missed_nmissed", "missed (nmissed)", "#E69F00", "(6,6)", 15 },
	{ "latency_never_hit", "never hit", GREY, "(2,6)", 4 },
};

static bool is_distribution(const struct series *s)
{
	return s && s->n > 1 && s->values[s->n - 1] > 0;
}

static void add_line(struct panel *p, const struct study_obs *o, const char *series,
		     const char *title, const char *colour, const char *dash, int mark)
{
	const struct series *ns = o ? study_obs__series(o, series) : NULL;

	if (is_distribution(ns) && p->n < MAX_LINES)
		p->v[p->n++] = (struct line){ o, ns, title, colour, dash, mark };
}

/* Everything that became of reads under the optimised kprobe. */
static void find_outcomes(struct panel *p, const struct study_data *d, const struct study_base *b)
{
	const struct study_obs *o =
		study_base__hook(b, d, "optimised", study_base__value(b, "kernel"));

	p->title = "by outcome, optimised kprobe";
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		const struct outcome *c = &outcomes[i];

		add_line(p, o, c->series, c->title, c->colour, c->dash, c->mark);
	}
}

/* Overridden reads by each hook. */
static void find_hooks(struct panel *p, const struct study_data *d, const struct study_base *b)
{
	const char *kernel = study_base__value(b, "kernel");

	const struct study_obs *unhooked = study_base__hook(b, d, "optimised", kernel);

	p->title = "overridden reads, by hook";
	for (size_t i = 0; i < nr_plot_looks; i++) {
		const struct look *l = &plot_looks[i];
		const struct study_obs *o = study_base__hook(b, d, l->hook, kernel);

		/* The same reads before the hook was attached, as in the other panel. */
		if (o && !p->n)
			add_line(p, unhooked ? unhooked : o, "latency_unhooked", "no hook", BLACK,
				 "1", 2);
		add_line(p, o, "latency_overridden", l->title, l->colour, l->dash, l->mark);
	}
}

/* --- script -------------------------------------------------------------------------------- */

static void put_data(struct strbuf *sb, const struct panel *p, size_t panel)
{
	char name[48];

	for (size_t i = 0; i < p->n; i++) {
		const struct series *ns = p->v[i].ns;

		snprintf(name, sizeof(name), "panel%zu_%zu", panel, i);
		script__data(sb, name);
		for (size_t q = 0; q < ns->n; q++)
			strbuf__addf(sb, "%.5g %.4g\n", ns->values[q] / 1e3,
				     100 * (double)q / (double)(ns->n - 1));
		script__data_end(sb);
	}
}

/* From the least to somewhat above the 97th percentile: single reads that were interrupted would
 * take half of the axis. */
static void range(const struct panel *p, double *least, double *most)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct series *ns = p->v[i].ns;

		*least = fmin(*least, ns->values[0] / 1e3);
		*most = fmax(*most, ns->values[(ns->n - 1) * 97 / 100] / 1e3);
	}
}

/* `first` is the first one that is drawn: with it come the page's title and the axis's name. */
static void put_panel(struct strbuf *sb, const struct page *page, const struct panel *p,
		      size_t panel, bool first)
{
	int left = panel ? page->width / 2 + 46 : 66;
	int right = page->width - left - 330, foot = page->height - PAGE_HEAD - 334;
	struct key_entry entries[MAX_LINES];

	if (first)
		script__ylabel(sb, page, "reads that took at most as long (%)", left - 48,
			       PAGE_HEAD + 34, foot);
	else
		strbuf__addf(sb, "unset label\nunset arrow\nset format y ''\n");
	script__frame(sb, page, left, right, PAGE_HEAD + 34, foot);
	script__xlabel(sb, page, "time of a read (µs)", left, right, foot);
	strbuf__addf(sb, "set label 903 ");
	script__quote(sb, p->title);
	strbuf__addf(sb, " at graph 0,1 left offset 0,0.8\n");
	for (size_t i = 0; i < p->n; i++)
		entries[i] = (struct key_entry){ p->v[i].title, p->v[i].colour, p->v[i].mark,
						 p->v[i].dash, 1.6 };
	script__key(sb, page, entries, p->n, 1, left, foot - X_PIXELS - 8 - KEY_PIXELS * (int)p->n,
		    0);
	strbuf__addf(sb, "plot \\\n");
	for (size_t i = 0; i < p->n; i++) {
		const struct line *l = &p->v[i];

		strbuf__addf(sb,
			     "  $panel%zu_%zu using 1:2 with linespoints pointinterval %d "
			     "linewidth 1.6 dashtype %s linecolor '%s' pointtype %d pointsize 0.7 "
			     "notitle%s\n",
			     panel, i, EVERY, l->dash, l->colour, l->mark,
			     i + 1 < p->n ? ", \\" : "");
	}
}

static int write_script(const struct panel panels[NR_PANELS], const struct study_data *d,
			char **script)
{
	size_t entries = panels[0].n > panels[1].n ? panels[0].n : panels[1].n;
	const struct page page = {
		.name = NAME,
		.title = "How long a read takes, by what became of it",
		.width = PAGE_WIDTH,
		.height = PAGE_HEAD + 334 + X_PIXELS + 16 + KEY_PIXELS * (int)entries,
	};
	const struct study_obs *points[NR_PANELS * MAX_LINES];
	struct strbuf sb = STRBUF_INIT;
	double least = INFINITY, most = 0;
	size_t n = 0;

	for (size_t k = 0; k < NR_PANELS; k++) {
		for (size_t i = 0; i < panels[k].n; i++)
			points[n++] = panels[k].v[i].o;
		range(&panels[k], &least, &most);
	}
	script__begin(&sb, &page, d, points, n, "distribution of all reads");
	for (size_t k = 0; k < NR_PANELS; k++)
		put_data(&sb, &panels[k], k);
	strbuf__addf(&sb,
		     "set logscale x\nset xrange [%.5g:%.5g]\n"
		     "set yrange [0:101]\nset ytics 25\n"
		     "set multiplot\n",
		     least / 1.1, most * 1.2);
	script__log_tics(&sb, "x", least / 1.1, most * 1.2);
	for (size_t k = 0; k < NR_PANELS; k++)
		if (panels[k].n)
			put_panel(&sb, &page, &panels[k], k, !k || !panels[0].n);
	strbuf__addf(&sb, "unset multiplot\n");
	return script__end(&sb, script);
}

int plot__latency(const struct study_data *d, char **script, char **why)
{
	struct study_base *base = study_base__new(d);
	struct panel panels[NR_PANELS] = { 0 };
	int err;

	if (!base)
		return -ENOMEM;
	find_outcomes(&panels[0], d, base);
	find_hooks(&panels[1], d, base);
	if (panels[0].n || panels[1].n)
		err = write_script(panels, d, script);
	else
		err = script__nothing(why, "no point at the base has the times of its reads");
	study_base__free(base);
	return err;
}
