// SPDX-License-Identifier: GPL-2.0-only
#include "cli/compare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"
#include "cli/catalog.h"
#include "cli/report_text.h"
#include "cli/rows.h"
#include "diff/changes.h"
#include "diff/side.h"

#define LINES 20 /* of a section that is not shown in full */

static const struct section {
	const char *title;	/* in the heading of the section */
	const char *one, *many; /* in the summary */
	bool cut;		/* after LINES, unless shown in full */
} sections[NR_CHANGE_KINDS] = {
	[CHANGE_FLIP] = { "Verdict flips", "flip", "flips", false },
	[CHANGE_STATUS] = { "Other status", "status", "statuses", false },
	[CHANGE_MESSAGE] = { "Other messages", "message", "messages", true },
	[CHANGE_STAT] = { "Statistics", "statistic", "statistics", true },
	[CHANGE_MEASURE] = { "Measurements", "measurement", "measurements", true },
	[CHANGE_VANISHED] = { "Vanished", "vanished", "vanished", true },
	[CHANGE_APPEARED] = { "Appeared", "appeared", "appeared", true },
};

/* --- heading --------------------------------------------------------------------------------- */

static void add_part(struct strbuf *sb, const char *title, const char *value)
{
	if (value && *value)
		strbuf__addf(sb, ", %s%s", title, value);
}

/* "5.10.218 (run 12): 5.10.218-assay, run of 2026-11-21T18:41:35Z, tcg, wall, …" */
static void put_side(const struct compare_style *st, const char *letter, const struct side *s)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf__addf(&sb, "%s", s->title);
	add_part(&sb, "", s->run);
	add_part(&sb, "", s->cut_off ? "CUT OFF" : NULL);
	add_part(&sb, "begun ", s->started);
	add_part(&sb, "", s->guest.accel);
	add_part(&sb, "timing ", s->guest.timing);
	add_part(&sb, "kernel built by ", s->facts.compiler);
	add_part(&sb, "programs by ", s->facts.clang);
	report_text__wrap(st->out, NULL, letter, strbuf__str(&sb), st->width);
	strbuf__free(&sb);
}

static void add_count(struct strbuf *sb, const size_t *counts, size_t kind)
{
	const struct section *s = &sections[kind];

	strbuf__addf(sb, "%s%zu %s", kind ? ", " : "", counts[kind],
		     counts[kind] == 1 ? s->one : s->many);
}

static void add_counts(struct strbuf *sb, const size_t *counts)
{
	for (size_t i = 0; i < NR_CHANGE_KINDS; i++)
		add_count(sb, counts, i);
}

static void put_bold(const struct compare_style *st, const char *text)
{
	fputs(st->color ? INK_BOLD : "", st->out);
	report_text__wrap(st->out, NULL, "", text, st->width);
	fputs(st->color ? INK_OFF : "", st->out);
}

static void put_summary(const struct compare_style *st, const struct changes *c)
{
	struct strbuf sb = STRBUF_INIT;

	add_counts(&sb, c->counts);
	strbuf__addf(&sb, "; %zu the same", c->same);
	if (c->incomparable)
		strbuf__addf(&sb, ", %zu not comparable", c->incomparable);
	put_bold(st, strbuf__str(&sb));
	strbuf__free(&sb);
}

static void put_sentences(const struct compare_style *st, const char *first,
			  const struct strv *sentences)
{
	for (size_t i = 0; i < sentences->n; i++)
		report_text__wrap(st->out, NULL, first, sentences->v[i], st->width);
}

/* --- changes --------------------------------------------------------------------------------- */

static const struct cell *of(const struct change *c)
{
	return c->a ? c->a : c->b;
}

/* " [E2, E18]": the rows of the catalogue that the program belongs to. */
static void add_rows(const struct compare_style *st, const struct cell *c, struct strbuf *sb)
{
	int e = st->catalog ? catalog__find(st->catalog, c->experiment, NULL) : -ENOENT;
	struct catalog_row row;
	size_t found = 0;

	for (size_t i = 0; e >= 0 && i < catalog__nr_rows(st->catalog, (size_t)e); i++) {
		catalog__row_at(st->catalog, (size_t)e, i, &row);
		if (rows__names(row.shows, c->name) || rows__names(row.passes, c->name))
			strbuf__addf(sb, "%s%s", found++ ? ", " : " [", row.id);
	}
	if (found)
		strbuf__addf(sb, "]");
}

static void put_name(const struct compare_style *st, const struct cell *c)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf__addf(&sb, "%s", *c->experiment ? c->experiment : "all experiments");
	if (*c->name)
		strbuf__addf(&sb, " %s", c->name);
	if (*c->labels)
		strbuf__addf(&sb, " (%s)", c->labels);
	add_rows(st, c, &sb);
	report_text__wrap(st->out, NULL, "  ", strbuf__str(&sb), st->width);
	strbuf__free(&sb);
}

static void put_sentence(const struct compare_style *st, const struct change *c)
{
	char *text = change__sentence(c);

	report_text__wrap(st->out, NULL, "    ", text ? text : "?", st->width);
	free(text);
}

static void put_line(const struct compare_style *st, char side, const char *log, long line)
{
	char first[48];

	if (log)
		snprintf(first, sizeof(first), "      %c %ld: ", side, line);
	else
		snprintf(first, sizeof(first), "      %c: ", side);
	report_text__wrap(st->out, NULL, first, log ? log + strspn(log, " ") : "(ends here)",
			  st->width);
}

static void put_log(const struct compare_style *st, const struct change *c)
{
	if (!c->log_a && !c->log_b)
		return;
	if (c->log_context)
		report_text__wrap(st->out, NULL, "    the logs part after: ", c->log_context,
				  st->width);
	else
		fputs("    the logs part at their beginning\n", st->out);
	put_line(st, 'a', c->log_a, c->line_a);
	put_line(st, 'b', c->log_b, c->line_b);
}

static void put_message(const struct compare_style *st, const char *first, const struct cell *c)
{
	if (c->message)
		report_text__wrap(st->out, NULL, first, c->message, st->width);
}

static void put_change(const struct compare_style *st, const struct change *c, bool cause)
{
	put_sentence(st, c);
	if (c->kind == CHANGE_FLIP) {
		put_message(st, "    message of a: ", c->a);
		put_message(st, "    message of b: ", c->b);
	}
	if (c->kind == CHANGE_FLIP || st->full)
		put_log(st, c);
	if (cause && c->cause)
		report_text__wrap(st->out, NULL, "    cause: ", c->cause, st->width);
}

static bool same_cell(const struct change *a, const struct change *b)
{
	return a->a == b->a && a->b == b->b;
}

/* One kernel is mostly one cause. */
static bool share_cause(const struct change *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!v[i].cause || strcmp(v[i].cause, v[0].cause) != 0)
			return false;
	return n > 1;
}

static void put_section(const struct compare_style *st, const struct changes *c, size_t first,
			size_t n)
{
	const struct section *s = &sections[c->v[first].kind];
	bool shared = share_cause(&c->v[first], n);
	size_t shown = st->full || !s->cut || n <= LINES ? n : LINES;

	fputc('\n', st->out);
	report_text__put(st->out, st->color ? INK_BOLD : NULL, s->title);
	fprintf(st->out, " (%zu)\n", n);
	if (shared)
		report_text__wrap(st->out, NULL, "  cause of all: ", c->v[first].cause, st->width);
	for (size_t i = 0; i < shown; i++) {
		const struct change *v = &c->v[first + i];

		if (!i || !same_cell(v, v - 1))
			put_name(st, of(v));
		put_change(st, v, !shared);
	}
	if (shown < n)
		fprintf(st->out, "  ... and %zu more: --full shows them\n", n - shown);
}

/* The first flip of a program of assay's own experiments (objects of the user's have a dot). */
static const struct cell *first_flip(const struct changes *c)
{
	for (size_t i = 0; i < c->n && c->v[i].kind == CHANGE_FLIP; i++)
		if (*of(&c->v[i])->name && !strchr(of(&c->v[i])->experiment, '.'))
			return of(&c->v[i]);
	return NULL;
}

/* Between two kernels of the list: how to find out where, and why. */
static void put_next_step(const struct compare_style *st, const struct compared *p)
{
	const struct cell *c = first_flip(p->changes);
	char *where, *log;

	if (!c || p->a->from_baseline || p->b->from_baseline || !strcmp(p->a->kernel, p->b->kernel))
		return;
	where = str_fmt("assay bisect %s %s %s:%s", p->a->kernel, p->b->kernel, c->experiment,
			c->name);
	log = str_fmt("assay show %s %s %s -k %s --log", p->a->run, c->experiment, c->name,
		      p->a->kernel);
	fputc('\n', st->out);
	report_text__wrap(st->out, NULL, "where it flips: ", where ? where : "?", st->width);
	report_text__wrap(st->out, NULL, "a whole log:    ", log ? log : "?", st->width);
	free(where);
	free(log);
}

static void put_pair(const struct compare_style *st, const struct compared *p)
{
	const struct changes *c = p->changes;
	size_t i, n;

	put_side(st, "a: ", p->a);
	put_side(st, "b: ", p->b);
	put_summary(st, c);
	put_sentences(st, "refused: ", &c->refused);
	put_sentences(st, "note: ", &c->notes);
	for (i = 0; i < c->n; i += n) {
		for (n = 1; i + n < c->n && c->v[i + n].kind == c->v[i].kind; n++)
			;
		put_section(st, c, i, n);
	}
	put_next_step(st, p);
}

static void put_sum(const struct compare_style *st, const struct compared *v, size_t n)
{
	size_t counts[NR_CHANGE_KINDS] = { 0 };
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < NR_CHANGE_KINDS; k++)
			counts[k] += v[i].changes->counts[k];
	strbuf__addf(&sb, "%zu kernels: ", n);
	add_counts(&sb, counts);
	fputc('\n', st->out);
	put_bold(st, strbuf__str(&sb));
	strbuf__free(&sb);
}

void compare_table__print(const struct compare_style *st, const struct compared *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i)
			fputc('\n', st->out);
		put_pair(st, &v[i]);
	}
	if (n > 1)
		put_sum(st, v, n);
}
