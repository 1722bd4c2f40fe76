// SPDX-License-Identifier: GPL-2.0-only
#include "cli/bisect_report.h"

#include <stdlib.h>
#include <string.h>

#include "base/term.h"
#include "cli/bisect_search.h"

#define COLUMNS_MAX 4 /* of records that are alike */

/* --- the table ----------------------------------------------------------------------------------
 */

/* Points as rows, of which some were not asked. */
struct rows {
	const struct strv *names;
	struct answers *const *answers;
	size_t n;
	const struct line *line; /* whose tracks are shown: those that changed */
};

/* Do two records say the same on all points? Then they share a column. */
static bool are_alike(const struct rows *r, size_t a, size_t b)
{
	for (size_t p = 0; p < r->n; p++) {
		char *x, *y;
		bool same;

		if (!r->answers[p] || r->answers[p]->why)
			continue;
		x = answer__brief(answers__find(r->answers[p], r->line->tracks.v[a]));
		y = answer__brief(answers__find(r->answers[p], r->line->tracks.v[b]));
		same = x && y && !strcmp(x, y);
		free(x);
		free(y);
		if (!same)
			return false;
	}
	return true;
}

/* The tracks that head a column each, and how many more share it. */
struct columns {
	size_t track[COLUMNS_MAX], more[COLUMNS_MAX], n;
	size_t left_out; /* records */
};

static void choose_columns(const struct rows *r, struct columns *c)
{
	*c = (struct columns){ 0 };
	for (size_t t = 0; t < r->line->tracks.n; t++) {
		size_t i = 0;

		if (!search__nr_flips(r->line->search, t))
			continue;
		while (i < c->n && !are_alike(r, c->track[i], t))
			i++;
		if (i < c->n)
			c->more[i]++;
		else if (c->n < COLUMNS_MAX)
			c->track[c->n++] = t;
		else
			c->left_out++;
	}
}

static char *title(const struct line *l, const struct columns *c, size_t i)
{
	const char *record = l->tracks.v[c->track[i]];

	return c->more[i] ? str_fmt("%s +%zu", record, c->more[i]) : strdup(record);
}

static char *origin(const struct answers *a)
{
	if (a->why)
		return strdup(a->why);
	if (a->same_as)
		return str_fmt("the binaries of %s", a->same_as);
	return a->run ? str_fmt("run %s%s", a->run, a->reused ? ", known before" : "") : NULL;
}

static void add_row(const struct rows *r, struct table *t, const struct columns *c, size_t point)
{
	const struct answers *a = r->answers[point];
	char *cells[COLUMNS_MAX + 2] = { 0 };

	for (size_t i = 0; i < c->n; i++)
		cells[i + 1] =
			a->why ? strdup("-")
			       : answer__brief(answers__find(a, r->line->tracks.v[c->track[i]]));
	cells[0] = r->names->v[point];
	cells[c->n + 1] = origin(a);
	table__row(t, (const char *const *)cells);
	for (size_t i = 1; i < c->n + 2; i++)
		free(cells[i]);
}

void bisect_report__table(FILE *out, const char *what, const struct strv *names,
			  struct answers *const *answers, const struct line *line)
{
	const struct rows rows = { names, answers, names->n, line };
	struct column columns[COLUMNS_MAX + 2] = { { .title = what } };
	char *titles[COLUMNS_MAX] = { 0 };
	struct columns c;
	struct table *t;

	choose_columns(&rows, &c);
	for (size_t i = 0; i < c.n; i++) {
		titles[i] = title(line, &c, i);
		columns[i + 1].title = titles[i] ? titles[i] : "";
	}
	columns[c.n + 1].title = "from";
	t = table__new(columns, c.n + 2);
	for (size_t p = 0; t && p < rows.n; p++)
		if (answers[p])
			add_row(&rows, t, &c, p);
	if (t)
		table__print(t, out, term_color(out));
	if (c.left_out)
		fprintf(out, "(and %zu more records, below)\n", c.left_out);
	table__free(t);
	for (size_t i = 0; i < c.n; i++)
		free(titles[i]);
}

/* --- the sentences ------------------------------------------------------------------------------
 */

static char *default_step(const struct bisect_report *r, const struct flip *f)
{
	return str_fmt("between %s and %s", r->opts->points->v[f->before],
		       r->opts->points->v[f->after]);
}

static void print_flip(const struct bisect_report *r, size_t track, const struct flip *f)
{
	const char *record = r->line->tracks.v[track];
	char *from = answers__says(r->line->answers[f->before], record);
	char *to = answers__says(r->line->answers[f->after], record);
	char *step = r->step ? r->step(r->ctx, f->before, f->after) : default_step(r, f);

	fprintf(r->out, "%s flips %s: %s -> %s\n", record, step ? step : "", from ? from : "",
		to ? to : "");
	free(step);
	free(from);
	free(to);
}

/* What stands between two points and told nothing of the record. */
static void print_silent(const struct bisect_report *r, size_t track, const struct flip *f)
{
	const char *record = r->line->tracks.v[track];

	for (size_t p = f->before + 1; p < f->after; p++) {
		const struct answers *a = r->line->answers[p];
		char *says;

		if (!a || search__answer(r->line->search, p, track) != SEARCH_UNKNOWN)
			continue;
		says = answers__says(a, record);
		fprintf(r->out, "  %s, which lies between, told nothing: %s\n",
			r->opts->points->v[p], says ? says : "");
		free(says);
	}
}

static void print_notes(const struct bisect_report *r, const struct flip *f)
{
	char *notes = r->notes ? r->notes(r->ctx, f->before, f->after) : NULL, *save = NULL;

	for (char *line = notes ? strtok_r(notes, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		fprintf(r->out, "  %s\n", line);
	free(notes);
}

/* All records that flip over one step, then what is to be known of the step. */
static void print_step(const struct bisect_report *r, size_t before, size_t after)
{
	const struct search *s = r->line->search;
	struct flip f, last = { 0 };
	bool seen = false;
	size_t track = 0;

	for (size_t t = 0; t < r->line->tracks.n; t++) {
		for (size_t i = 0; i < search__nr_flips(s, t); i++) {
			search__flip(s, t, i, &f);
			if (f.before != before || f.after != after || !r->line->differs[t])
				continue;
			print_flip(r, t, &f);
			seen = true;
			track = t;
			last = f;
		}
	}
	if (!seen)
		return;
	if (last.unknown)
		print_silent(r, track, &last);
	if (last.untried)
		fprintf(r->out, "  not tried to the end: %zu between them are left\n",
			last.untried);
	print_notes(r, &last);
}

static void print_odd(const struct bisect_report *r)
{
	for (size_t t = 0; t < r->line->tracks.n; t++) {
		size_t n = search__nr_flips(r->line->search, t);

		if (r->line->differs[t] && n > 1)
			fprintf(r->out,
				"%s changes %zu times among what was tried: each change that was "
				"seen is above, and there may be more\n",
				r->line->tracks.v[t], n);
		else if (!r->line->differs[t] && n)
			fprintf(r->out,
				"%s says the same at both ends and something else between them: "
				"not followed (name it with nearer ends)\n",
				r->line->tracks.v[t]);
	}
}

static void print_same(const struct bisect_report *r)
{
	const struct line *l = r->line;
	const struct strv *points = r->opts->points;

	fprintf(r->out, "Nothing to bisect: %s and %s say the same.\n", points->v[0],
		points->v[l->n - 1]);
	for (size_t t = 0; t < l->tracks.n; t++) {
		char *a = answer__says(answers__find(l->answers[0], l->tracks.v[t]));
		char *b = answer__says(answers__find(l->answers[l->n - 1], l->tracks.v[t]));

		if (a && b && !strcmp(a, b))
			fprintf(r->out, "  %s: %s\n", l->tracks.v[t], a);
		else
			fprintf(r->out, "  %s: %s; and %s\n", l->tracks.v[t], a ? a : "",
				b ? b : "");
		free(a);
		free(b);
	}
}

void bisect_report__print(const struct bisect_report *r)
{
	const struct line *l = r->line;

	if (l->end == LINE_SAME) {
		print_same(r);
		return;
	}
	if (!l->search)
		return;
	bisect_report__table(r->out, r->opts->what, r->opts->points, l->answers, l);
	fputc('\n', r->out);
	for (size_t a = 0; a < l->n; a++)
		for (size_t b = a + 1; b < l->n; b++)
			print_step(r, a, b);
	print_odd(r);
}

bool bisect_report__is_exact(const struct line *l)
{
	struct flip f;

	for (size_t t = 0; t < l->tracks.n; t++) {
		for (size_t i = 0; l->differs[t] && i < search__nr_flips(l->search, t); i++) {
			search__flip(l->search, t, i, &f);
			if (f.unknown || f.untried)
				return false;
		}
	}
	return true;
}
