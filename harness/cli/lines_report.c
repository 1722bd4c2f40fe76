// SPDX-License-Identifier: GPL-2.0-only
#include "cli/lines_report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/term.h"
#include "base/utf8.h"
#include "cli/report_text.h"
#include "model/vlog.h"

#define TEXT_MIN 20 /* columns that the source gets on the narrowest terminal */

/* --- words ---------------------------------------------------------------------------------- */

/* All that shares are shares of. */
static int64_t whole(const struct lines_report *r)
{
	const struct vlog_lines *c = &r->cost;

	return c->coverage == VLOG_COVERS_WHOLE || c->coverage == VLOG_COVERS_PART ? c->processed
										   : c->visits;
}

static void add_count(struct strbuf *sb, int64_t n)
{
	char buf[32];

	strbuf__addf(sb, "%s", fmt_count((unsigned long long)n, buf, sizeof(buf)));
}

static void say_part(struct strbuf *sb, const struct lines_report *r)
{
	const struct vlog_lines *c = &r->cost;

	strbuf__addf(sb, "A part only: the log shows ");
	add_count(sb, c->visits);
	strbuf__addf(sb, " of the ");
	add_count(sb, c->processed);
	strbuf__addf(sb,
		     " instructions that the verifier processed (%.1f %%); where the others "
		     "were is not known.",
		     100.0 * (double)c->visits / (double)c->processed);
	if (r->log_cut)
		strbuf__addf(sb, " The log was longer than what is kept of one.");
	else if (!c->nr_funcs)
		strbuf__addf(sb, " The log lacks the beginning of a full one: it is of level 1, "
				 "which leaves finished paths out, or it was cut off.");
}

/* What the table covers. */
static void say_coverage(struct strbuf *sb, const struct lines_report *r)
{
	const struct vlog_lines *c = &r->cost;

	switch (c->coverage) {
	case VLOG_COVERS_WHOLE:
		strbuf__addf(sb, "All of the verifier's walk: the log shows each of the ");
		add_count(sb, c->processed);
		strbuf__addf(sb, " instructions that it says it processed%s.",
			     c->unplaced ? " but the last: there it gave up, without its number"
					 : "");
		break;
	case VLOG_COVERS_PART:
		say_part(sb, r);
		break;
	case VLOG_COVERS_UNKNOWN:
		strbuf__addf(sb, "Perhaps a part only: how many instructions the verifier "
				 "processed is not known; the log shows ");
		add_count(sb, c->visits);
		strbuf__addf(sb, ".%s",
			     r->log_cut ? " It was longer than what is kept of one." : "");
		break;
	case VLOG_COVERS_TOO_MUCH:
		strbuf__addf(sb, "Not to be relied on: ");
		add_count(sb, c->visits + c->unplaced);
		strbuf__addf(sb, " instructions were counted in the log and the verifier says ");
		add_count(sb, c->processed);
		strbuf__addf(sb, ", or has other counts by function: this kernel's log is in a "
				 "form that is not known here.");
		break;
	case VLOG_COVERS_NOTHING:
		if (!c->processed)
			strbuf__addf(sb, "The verifier came by no instruction: it refused the "
					 "program before.");
		else if (c->processed < 0)
			strbuf__addf(sb, "The log shows no instruction.");
		else
			strbuf__addf(sb,
				     "The log shows no instruction, of %lld that the verifier "
				     "processed: it is not a full one.",
				     (long long)c->processed);
		break;
	}
}

/* Without numbers lines can't be told apart that read the same. */
static void say_unnumbered(struct strbuf *sb, const struct lines_report *r)
{
	for (size_t i = 0; i < r->nr_lines; i++) {
		if (!r->lines[i].is_source || r->lines[i].file)
			continue;
		strbuf__addf(sb, " Where no line is named the kernel's log has only its text: "
				 "lines of a function that read the same are then one.");
		return;
	}
}

static void add_us(struct strbuf *sb, double us)
{
	if (us < 9.95)
		strbuf__addf(sb, "%.1f µs", us);
	else
		add_count(sb, (int64_t)(us + 0.5)), strbuf__addf(sb, " µs");
}

static void say_phases(struct strbuf *sb, const struct lines_report *r)
{
	const struct lines_phases *p = &r->phases;

	if (p->load_us < 0)
		return;
	if (p->loads == 1)
		strbuf__addf(sb, "One load");
	else
		strbuf__addf(sb, "Medians of %zu loads, each by itself", p->loads);
	strbuf__addf(sb, " (%s clock, %s): loading ", p->timing, p->accel);
	add_us(sb, p->load_us);
	if (p->verification_us < 0) {
		strbuf__addf(sb, "; the kernel does not say how much of it verifying took.");
		return;
	}
	strbuf__addf(sb, ", of which verifying ");
	add_us(sb, p->verification_us);
	strbuf__addf(sb, " and the rest ");
	add_us(sb, p->rest_us);
	strbuf__addf(sb, " (system call, memory%s).",
		     !r->accepted	     ? ""
		     : r->cost.nr_funcs == 1 ? ", JIT compiler"
					     : ", JIT compiler unless there are several functions");
	strbuf__addf(sb, " Kernels give the verifier's time as one number, its passes can't be "
			 "told apart");
	if (r->accepted && r->cost.nr_funcs > 1)
		strbuf__addf(sb, "; with several functions, as here, it also has the JIT "
				 "compiler's");
	strbuf__addf(sb, ".");
}

/* --- the table ------------------------------------------------------------------------------ */

static char *func_name(const struct lines_report *r, int func)
{
	const struct vlog_func *f = func < 0 ? NULL : &r->cost.funcs[func];

	if (!f)
		return strdup("");
	if (f->name)
		return strndup(f->name, f->name_len);
	return func ? str_fmt("#%d", func) : strndup(r->program, strcspn(r->program, " "));
}

static char *share(const struct lines_report *r, int64_t visits)
{
	int64_t all = whole(r);

	return str_fmt("%.1f %%", all ? 100.0 * (double)visits / (double)all : 0.0);
}

/* The file without its folder, unless another file of this table is called like it. */
static const char *short_file(const struct lines_report *r, const char *file)
{
	const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;

	for (size_t i = 0; i < r->nr_lines; i++) {
		const char *other = r->lines[i].file;

		if (other && strcmp(other, file) != 0 && str_ends(other, base) &&
		    (strlen(other) == strlen(base) ||
		     other[strlen(other) - strlen(base) - 1] == '/'))
			return file;
	}
	return base;
}

static char *place_of(const struct lines_report *r, const struct vlog_line *l)
{
	const char *file;

	if (!l->is_source)
		return str_fmt("instruction %lld", (long long)l->first_insn);
	if (!l->file)
		return strdup("");
	file = short_file(r, l->file);
	/* Line 0 is what compilers give to code of their own making. */
	return l->line ? str_fmt("%s:%ld", file, l->line) : str_fmt("%s, no line", file);
}

enum { COL_VISITS, COL_SHARE, COL_PRUNED, COL_INSNS, COL_FUNC, COL_PLACE, COL_TEXT, NR_COLS };

struct cells {
	char *v[NR_COLS];
};

static void free_cells(struct cells *c)
{
	for (size_t i = 0; i < NR_COLS; i++)
		free(c->v[i]);
}

static char *count_cell(int64_t n)
{
	char buf[32];

	return strdup(fmt_count((unsigned long long)n, buf, sizeof(buf)));
}

static int make_cells(const struct lines_report *r, const struct vlog_line *l, struct cells *c)
{
	c->v[COL_VISITS] = count_cell(l->visits);
	c->v[COL_SHARE] = share(r, l->visits);
	c->v[COL_PRUNED] = l->pruned ? count_cell(l->pruned) : strdup("");
	c->v[COL_INSNS] = count_cell((int64_t)l->nr_insns);
	c->v[COL_FUNC] = func_name(r, l->func);
	c->v[COL_PLACE] = place_of(r, l);
	c->v[COL_TEXT] = strdup(l->text);
	for (size_t i = 0; i < NR_COLS; i++)
		if (!c->v[i])
			return -ENOMEM;
	return 0;
}

static int make_total(const struct lines_report *r, struct cells *c)
{
	struct vlog_line sum = { .text = (char *)"total", .is_source = 1, .func = -1 };

	for (size_t i = 0; i < r->nr_lines; i++) {
		sum.visits += r->lines[i].visits;
		sum.pruned += r->lines[i].pruned;
		sum.nr_insns += r->lines[i].nr_insns;
	}
	return make_cells(r, &sum, c);
}

/* Columns that would say nothing are left out: their titles are NULL. */
static void choose_columns(const struct lines_report *r, struct column *columns)
{
	static const struct column all[NR_COLS] = {
		[COL_VISITS] = { "visits", ALIGN_RIGHT, 0 },
		[COL_SHARE] = { "share", ALIGN_RIGHT, 0 },
		[COL_PRUNED] = { "pruned", ALIGN_RIGHT, 0 },
		[COL_INSNS] = { "insns", ALIGN_RIGHT, 0 },
		[COL_FUNC] = { "function", ALIGN_LEFT, 24 },
		[COL_PLACE] = { "line", ALIGN_LEFT, 0 },
		[COL_TEXT] = { "source", ALIGN_LEFT, 0 },
	};
	bool pruned = false, places = false;

	memcpy(columns, all, sizeof(all));
	for (size_t i = 0; i < r->nr_lines; i++) {
		pruned |= r->lines[i].pruned > 0;
		places |= r->lines[i].file || !r->lines[i].is_source;
	}
	if (!pruned)
		columns[COL_PRUNED].title = NULL;
	if (!places)
		columns[COL_PLACE].title = NULL;
	if (r->cost.nr_funcs < 2)
		columns[COL_FUNC].title = NULL;
}

/* The source gets what the others leave. */
static size_t text_width(const struct column *columns, const struct cells *rows, size_t n,
			 size_t width)
{
	size_t used = 0;

	for (size_t c = 0; c < COL_TEXT; c++) {
		size_t widest = columns[c].title ? strlen(columns[c].title) : 0;

		if (!columns[c].title)
			continue;
		for (size_t i = 0; i < n; i++)
			if (utf8_width(rows[i].v[c]) > widest)
				widest = utf8_width(rows[i].v[c]);
		if (columns[c].max && widest > columns[c].max)
			widest = columns[c].max;
		used += widest + 2;
	}
	return used + TEXT_MIN < width ? width - used : TEXT_MIN;
}

static int print_rows(const struct column *columns, const struct cells *rows, size_t n, FILE *out)
{
	struct column shown[NR_COLS];
	const char *cells[NR_COLS];
	size_t nr = 0;
	struct table *t;
	int err = 0;

	for (size_t c = 0; c < NR_COLS; c++)
		if (columns[c].title)
			shown[nr++] = columns[c];
	t = table__new(shown, nr);
	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < n && !err; i++) {
		nr = 0;
		for (size_t c = 0; c < NR_COLS; c++)
			if (columns[c].title)
				cells[nr++] = rows[i].v[c];
		/* The total stands apart. */
		if (i + 1 == n)
			err = table__rule(t);
		err = err ? err : table__row(t, cells);
	}
	if (!err)
		table__print(t, out, term_color(out));
	table__free(t);
	return err;
}

static int print_table(const struct lines_report *r, FILE *out)
{
	struct cells *rows = calloc(r->nr_lines + 1, sizeof(*rows));
	struct column columns[NR_COLS];
	int err = rows ? 0 : -ENOMEM;

	for (size_t i = 0; i < r->nr_lines && !err; i++)
		err = make_cells(r, &r->lines[i], &rows[i]);
	if (!err)
		err = make_total(r, &rows[r->nr_lines]);
	if (!err) {
		choose_columns(r, columns);
		columns[COL_TEXT].max =
			text_width(columns, rows, r->nr_lines + 1, report_text__width(out));
		err = print_rows(columns, rows, r->nr_lines + 1, out);
	}
	for (size_t i = 0; rows && i <= r->nr_lines; i++)
		free_cells(&rows[i]);
	free(rows);
	return err;
}

/* What each function cost, where there are several. */
static int print_functions(const struct lines_report *r, FILE *out)
{
	static const struct column columns[] = {
		{ "visits", ALIGN_RIGHT, 0 },
		{ "share", ALIGN_RIGHT, 0 },
		{ "first insn", ALIGN_RIGHT, 0 },
		{ "function", ALIGN_LEFT, 60 },
	};
	struct table *t;
	int err = 0;

	if (r->cost.nr_funcs < 2)
		return 0;
	t = table__new(columns, sizeof(columns) / sizeof(columns[0]));
	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < r->cost.nr_funcs && !err; i++) {
		const struct vlog_func *f = &r->cost.funcs[i];
		char *cells[] = { count_cell(f->visits), share(r, f->visits),
				  str_fmt("%lld", (long long)f->start), func_name(r, (int)i) };

		err = cells[0] && cells[1] && cells[2] && cells[3]
			      ? table__row(t, (const char *const *)cells)
			      : -ENOMEM;
		for (size_t c = 0; c < sizeof(cells) / sizeof(cells[0]); c++)
			free(cells[c]);
	}
	fputc('\n', out);
	if (!err)
		table__print(t, out, term_color(out));
	table__free(t);
	return err;
}

int lines_report__table(const struct lines_report *r, FILE *out, bool below)
{
	bool color = term_color(out);
	struct strbuf said = STRBUF_INIT;
	size_t width = report_text__width(out);
	char *title = str_fmt("%s %s on %s%s%s: what verifying cost, by source line", r->experiment,
			      r->program, r->kernel, r->verdict ? ", " : "",
			      r->verdict ? r->verdict : "");
	char *clean = title ? report_text__clean(title) : NULL;
	int err = clean ? 0 : -ENOMEM;

	if (!err) {
		fprintf(out, "%s%s%s%s\n", below ? "\n" : "", color ? INK_BOLD : "", clean,
			color ? INK_OFF : "");
		say_coverage(&said, r);
		say_unnumbered(&said, r);
		report_text__wrap(out, NULL, "", strbuf__str(&said), width);
		fputc('\n', out);
		if (r->nr_lines)
			err = print_table(r, out);
	}
	if (!err && r->nr_lines)
		err = print_functions(r, out);
	strbuf__free(&said);
	if (!err)
		say_phases(&said, r);
	if (said.len) {
		fputs(r->nr_lines ? "\n" : "", out);
		report_text__wrap(out, NULL, "", strbuf__str(&said), width);
	}
	err = said.failed ? -ENOMEM : err;
	strbuf__free(&said);
	free(clean);
	free(title);
	return err;
}
