// SPDX-License-Identifier: GPL-2.0-only
#include "study/plot_script.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"
#include "store/store.h"
#include "study/data.h"

#define MAX_KERNELS 3 /* that are named in the subtitle */

const struct look plot_looks[] = {
	{ "int3", "kprobe, int3", "#0072B2", 5, 4, "1" },
	{ "optimised", "kprobe, optimised", "#D55E00", 7, 6, "(14,4)" },
	{ "ftrace", "kprobe on ftrace", "#009E73", 9, 8, "(8,3,2,3)" },
	{ "multi", "kprobe.multi", "#56B4E9", 11, 10, "(4,3)" },
	{ "fmod_ret", "fmod_ret", "#CC79A7", 13, 12, "(12,3,2,3,2,3)" },
	{ "fail_function", "fail_function (control)", "#E69F00", 15, 14, "(2,3)" },
};
const size_t nr_plot_looks = sizeof(plot_looks) / sizeof(plot_looks[0]);

const struct look *look__of_hook(const char *hook)
{
	for (size_t i = 0; i < nr_plot_looks; i++)
		if (!strcmp(plot_looks[i].hook, hook))
			return &plot_looks[i];
	return NULL;
}

static void add_byte(struct strbuf *sb, const char *c)
{
	strbuf__add(sb, (unsigned char)*c < ' ' ? " " : c, 1);
}

static void add_on_one_line(struct strbuf *sb, const char *text)
{
	for (; *text; text++)
		add_byte(sb, text);
}

/* Those of `twice` are doubled. */
static void add_quoted(struct strbuf *sb, const char *text, const char *twice)
{
	strbuf__add(sb, "'", 1);
	for (; *text; text++) {
		if (strchr(twice, *text))
			strbuf__add(sb, text, 1);
		add_byte(sb, text);
	}
	strbuf__add(sb, "'", 1);
}

void script__quote(struct strbuf *sb, const char *text)
{
	add_quoted(sb, text, "'");
}

void script__quote_tic(struct strbuf *sb, const char *first, const char *second)
{
	add_quoted(sb, first, "'%");
	if (!*second)
		return;
	strbuf__addf(sb, ".\"\\n\".");
	add_quoted(sb, second, "'%");
}

/* --- subtitle ------------------------------------------------------------------------------ */

static void add_name(struct strv *names, const char *name)
{
	if (name && *name && !strv__has(names, name))
		strv__add(names, name);
}

static void add_names(struct strbuf *sb, const struct strv *names, const char *before)
{
	for (size_t i = 0; i < names->n; i++)
		strbuf__addf(sb, "%s%s", i ? ", " : before, names->v[i]);
}

static char *subtitle(const struct study_data *d, const struct study_obs *const *points, size_t n,
		      const char *what)
{
	struct strv kernels = { 0 }, accels = { 0 }, timings = { 0 };
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < n; i++) {
		add_name(&kernels, points[i]->kernel);
		add_name(&accels, points[i]->guest->accel);
		add_name(&timings, points[i]->guest->timing);
	}
	strbuf__addf(&sb, "%s", what);
	if (kernels.n > MAX_KERNELS)
		strbuf__addf(&sb, "%s%zu kernels", *what ? " · " : "", kernels.n);
	else
		add_names(&sb, &kernels,
			  *what ? (kernels.n > 1 ? " · kernels " : " · kernel ") : "kernel ");
	for (size_t i = 0; i < accels.n; i++)
		for (char *c = accels.v[i]; *c; c++)
			*c = (char)toupper((unsigned char)*c);
	add_names(&sb, &accels, " · accelerator ");
	add_names(&sb, &timings, " · timing ");
	strbuf__addf(&sb, " · run %s", d->run);
	strv__free(&kernels);
	strv__free(&accels);
	strv__free(&timings);
	return strbuf__detach(&sb);
}

/* --- page ---------------------------------------------------------------------------------- */

void script__begin(struct strbuf *sb, const struct page *p, const struct study_data *d,
		   const struct study_obs *const *points, size_t n, const char *what)
{
	char *sub = subtitle(d, points, n, what);

	strbuf__addf(sb, "# %s\n# Made by `assay plot` from run ", p->title);
	/* A study is named after a file, whose name may hold a newline: the comment would end. */
	add_on_one_line(sb, d->run);
	strbuf__addf(sb, " of the study ");
	add_on_one_line(sb, d->study);
	strbuf__addf(sb, " (");
	add_on_one_line(sb, d->form);
	strbuf__addf(sb,
		     " form). To draw it again:\n#   gnuplot %s.gp\n"
		     "#   gnuplot -e \"format='png'\" %s.gp\n",
		     p->name, p->name);
	strbuf__addf(sb,
		     "if (!exists('format')) format = 'svg'\n"
		     "set encoding utf8\n"
		     "if (format eq 'png') {\n"
		     "  set terminal pngcairo noenhanced size %d,%d font 'Arial,%d' "
		     "fontscale 1.5 linewidth 2 pointscale 2 dashlength 1 background 'white'\n"
		     "} else {\n"
		     "  set terminal svg noenhanced fixed size %d,%d font 'Arial,%d' "
		     "background 'white'\n"
		     "}\n"
		     "set output '%s.'.format\n",
		     2 * p->width, 2 * p->height, PAGE_FONT, p->width, p->height, PAGE_FONT,
		     p->name);
	strbuf__addf(sb, "set label 901 ");
	script__quote(sb, p->title);
	strbuf__addf(sb, " at screen %.4f,%.4f left font ',%d'\nset label 902 ", 14.0 / p->width,
		     1 - 19.0 / p->height, PAGE_TITLE_FONT);
	script__quote(sb, sub ? sub : "");
	strbuf__addf(
		sb,
		" at screen %.4f,%.4f left font ',%d' textcolor '" GREY "'\n"
		"set border 3 linecolor '" GREY "'\n"
		"set tics nomirror out scale 0.6 textcolor '" BLACK "'\n"
		"set errorbars 0.5\nset grid xtics ytics linetype 1 linewidth 0.5 linecolor '" LIGHT_GREY
		"'\n",
		14.0 / p->width, 1 - 41.0 / p->height, PAGE_SMALL_FONT);
	sb->failed |= !sub;
	free(sub);
}

void script__frame(struct strbuf *sb, const struct page *p, int left, int right, int top,
		   int bottom)
{
	strbuf__addf(sb,
		     "set lmargin at screen %.4f\nset rmargin at screen %.4f\n"
		     "set tmargin at screen %.4f\nset bmargin at screen %.4f\n",
		     (double)left / p->width, 1 - (double)right / p->width,
		     1 - (double)top / p->height, (double)bottom / p->height);
}

void script__key(struct strbuf *sb, const struct page *p, const struct key_entry *entries, size_t n,
		 size_t columns, int left, int bottom, int width)
{
	size_t rows = (n + columns - 1) / columns;

	for (size_t i = 0; i < n; i++) {
		const struct key_entry *e = &entries[i];
		double x = left + width * (int)(i / rows);
		double y = (bottom + KEY_PIXELS * (double)(rows - 1 - i % rows) + 9) / p->height;

		if (e->dash)
			strbuf__addf(sb,
				     "set arrow from screen %.4f,%.4f to screen %.4f,%.4f nohead "
				     "linewidth %g dashtype %s linecolor '%s'\n",
				     x / p->width, y, (x + 32) / p->width, y, e->width, e->dash,
				     e->colour);
		if (e->mark)
			strbuf__addf(sb,
				     "set label '' at screen %.4f,%.4f point pointtype %d "
				     "pointsize 0.7 linecolor '%s'\n",
				     (x + 16) / p->width, y, e->mark, e->colour);
		strbuf__addf(sb, "set label ");
		script__quote(sb, e->title);
		strbuf__addf(sb, " at screen %.4f,%.4f left font ',%d'\n", (x + 40) / p->width, y,
			     PAGE_SMALL_FONT);
	}
}

void script__log_tics(struct strbuf *sb, const char *axis, double least, double most)
{
	static const double fine[] = { 1, 1.5, 2, 3, 4, 5, 6, 8 }, coarse[] = { 1, 2, 5 };
	const double *steps = most / least < 10 ? fine : coarse;
	size_t nr_steps = most / least < 10 ? 8 : most / least < 300 ? 3 : 1;
	const char *between = "";

	/* No range for a logarithm: gnuplot says so. */
	if (!(least > 0) || !isfinite(least) || !isfinite(most))
		return;
	strbuf__addf(sb, "set %stics (", axis);
	for (int d = (int)floor(log10(least)); d <= (int)ceil(log10(most)); d++) {
		for (size_t i = 0; i < nr_steps; i++) {
			double at = steps[i] * pow(10, d);

			if (at < least || at > most)
				continue;
			strbuf__addf(sb, "%s'%g' %g", between, at, at);
			between = ", ";
		}
	}
	strbuf__addf(sb, ")\n");
}

static void centred(struct strbuf *sb, const struct page *p, const char *text, int left, int right,
		    double y)
{
	strbuf__addf(sb, "set label ");
	script__quote(sb, text);
	strbuf__addf(sb, " at screen %.4f,%.4f center\n",
		     (left + p->width - right) / 2.0 / p->width, y / p->height);
}

void script__xlabel(struct strbuf *sb, const struct page *p, const char *text, int left, int right,
		    int bottom)
{
	centred(sb, p, text, left, right, bottom - X_PIXELS + 8);
}

void script__x2label(struct strbuf *sb, const struct page *p, const char *text, int left, int right,
		     int top)
{
	centred(sb, p, text, left, right, p->height - top + X2_PIXELS - 12);
}

void script__ylabel(struct strbuf *sb, const struct page *p, const char *text, int x, int top,
		    int bottom)
{
	strbuf__addf(sb, "set label ");
	script__quote(sb, text);
	strbuf__addf(sb, " at screen %.4f,%.4f center rotate by 90\n", (double)x / p->width,
		     (p->height - top + bottom) / 2.0 / p->height);
}

void script__data(struct strbuf *sb, const char *name)
{
	strbuf__addf(sb, "$%s << EOD\n", name);
}

void script__data_end(struct strbuf *sb)
{
	strbuf__addf(sb, "EOD\n");
}

void script__bytes(struct strbuf *sb, const char *bytes)
{
	uint64_t n;

	if (num_u64(bytes, 0, UINT64_MAX, &n))
		strbuf__addf(sb, "%s", bytes);
	else if (n >= 1 << 20 && n % (1 << 20) == 0)
		strbuf__addf(sb, "%" PRIu64 " MiB", n >> 20);
	else if (n >= 1 << 10 && n % (1 << 10) == 0)
		strbuf__addf(sb, "%" PRIu64 " KiB", n >> 10);
	else
		strbuf__addf(sb, "%" PRIu64 " B", n);
}

int script__end(struct strbuf *sb, char **script)
{
	bool failed = sb->failed;

	*script = strbuf__detach(sb);
	return *script && !failed ? 0 : -ENOMEM;
}

int script__nothing(char **why, const char *text)
{
	*why = strdup(text);
	return *why ? -ENODATA : -ENOMEM;
}
