// SPDX-License-Identifier: GPL-2.0-only
/* Comparisons for machines: JSON and CSV. */
#include "cli/compare.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/csv.h"
#include "cli/report_text.h"
#include "diff/changes.h"
#include "diff/figure_ref.h"
#include "diff/filter.h"
#include "diff/side.h"
#include "diff/stat.h"

/* --- JSON ------------------------------------------------------------------------------------ */

/* JSON has no NaN and no infinity. */
static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

/* JSON is UTF-8; what a store holds need not be. NULL becomes null. */
static json_t *text(const char *s)
{
	char *clean = s ? str_utf8(s, strlen(s)) : NULL;
	json_t *value = !s ? json_null() : clean ? json_string(clean) : NULL;

	free(clean);
	return value;
}

static json_t *pack_side(const struct side *s)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:b, s:b}", "title",
			 text(s->title), "kernel", text(s->kernel), "release",
			 text(s->guest.release), "run", text(s->run), "started", text(s->started),
			 "accel", text(s->guest.accel), "timing", text(s->guest.timing),
			 "cpu_model", text(s->guest.cpu_model), "cpus", (int)s->guest.cpus,
			 "baseline", s->from_baseline, "cut_off", s->cut_off);
}

static json_t *pack_strings(const struct strv *sv)
{
	json_t *array = json_array();

	for (size_t i = 0; i < sv->n; i++)
		json_array_append_new(array, text(sv->v[i]));
	return array;
}

static json_t *pack_counts(const struct changes *c)
{
	json_t *counts = json_object();

	for (size_t i = 0; i < NR_CHANGE_KINDS; i++)
		json_object_set_new(counts, change_kind__name((enum change_kind)i),
				    json_integer((json_int_t)c->counts[i]));
	return counts;
}

static json_t *pack_pair(const struct compared *p)
{
	const struct changes *c = p->changes;

	return json_pack("{s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o}", "type", "pair", "a",
			 pack_side(p->a), "b", pack_side(p->b), "counts", pack_counts(c), "same",
			 (json_int_t)c->same, "incomparable", (json_int_t)c->incomparable, "tests",
			 (json_int_t)c->tests, "untested", (json_int_t)c->untested, "refused",
			 pack_strings(&c->refused), "notes", pack_strings(&c->notes));
}

/* null on the side that lacks it. */
static json_t *pack_cell(const struct cell *c)
{
	if (!c)
		return json_null();
	return json_pack("{s:s, s:s, s:s?, s:o, s:o, s:o}", "verdict", verdict__name(c->verdict),
			 "status", status__name(c->status), "errno",
			 c->err ? errno__name(c->err) : NULL, "message", text(c->message),
			 "failure", text(*c->failure ? c->failure : NULL), "reason",
			 text(c->reason));
}

static json_t *pack_log(const struct change *c)
{
	if (!c->log_a && !c->log_b)
		return json_null();
	return json_pack("{s:s?, s:s?, s:I, s:s?, s:I}", "context", c->log_context, "a", c->log_a,
			 "line_a", (json_int_t)c->line_a, "b", c->log_b, "line_b",
			 (json_int_t)c->line_b);
}

static json_t *pack_figures(const struct change *c)
{
	if (c->kind != CHANGE_STAT && c->kind != CHANGE_MEASURE)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s?, s:o, s:o, s:o}", "what", text(c->what),
			 "unit", text(c->unit), "a", number(c->va), "b", number(c->vb), "pct",
			 number(c->pct), "test", c->test, "effect", number(c->effect.value), "low",
			 number(c->effect.ci.low), "high", number(c->effect.ci.high));
}

static json_t *pack_change(const struct compared *p, const struct change *c)
{
	const struct cell *cell = c->a ? c->a : c->b;
	char *sentence = change__sentence(c);
	json_t *line = json_pack(
		"{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "type",
		"change", "kind", change_kind__name(c->kind), "kernel_a", text(p->a->kernel),
		"kernel_b", text(p->b->kernel), "experiment", text(cell->experiment), "name",
		text(cell->name), "labels", text(cell->labels), "text", text(sentence), "a",
		pack_cell(c->a), "b", pack_cell(c->b), "figures", pack_figures(c), "log",
		pack_log(c), "cause", text(c->cause));

	free(sentence);
	return line;
}

static int put_line(FILE *out, json_t *line)
{
	char *dump = line ? json_dumps(line, JSON_COMPACT) : NULL;
	int err = !dump ? -ENOMEM : fprintf(out, "%s\n", dump) < 0 ? -EIO : 0;

	free(dump);
	json_decref(line);
	return err;
}

int compare_json__print(const struct compared *v, size_t n, FILE *out)
{
	int err = 0;

	for (size_t i = 0; !err && i < n; i++) {
		const struct changes *c = v[i].changes;

		err = put_line(out, pack_pair(&v[i]));
		for (size_t j = 0; !err && j < c->n; j++)
			err = put_line(out, pack_change(&v[i], &c->v[j]));
	}
	return err;
}

/* --- CSV ------------------------------------------------------------------------------------- */

/* A program of one pair. */
struct row {
	const struct compared *pair;
	const struct cell *a, *b;
	const struct order *order;
	size_t at;
};

struct rows_of {
	struct row *v;
	size_t n;
};

static int add_row(struct rows_of *r, const struct row *row)
{
	if (!(r->n & (r->n - 1))) {
		struct row *v = realloc(r->v, (r->n ? 2 * r->n : 1) * sizeof(*v));

		if (!v)
			return -ENOMEM;
		r->v = v;
	}
	r->v[r->n] = *row;
	r->v[r->n].at = r->n;
	r->n++;
	return 0;
}

static int join(const struct compared *p, const struct filters *f, const struct order *o,
		struct rows_of *out)
{
	size_t i = 0, j = 0;
	int err = 0;

	while (!err && (i < p->a->n || j < p->b->n)) {
		int order = i == p->a->n   ? 1
			    : j == p->b->n ? -1
					   : cell__cmp(&p->a->cells[i], &p->b->cells[j]);
		struct row row = { .pair = p, .order = o };

		if (order <= 0)
			row.a = &p->a->cells[i++];
		if (order >= 0)
			row.b = &p->b->cells[j++];
		if ((row.a ? row.a : row.b)->kind == RECORD_PROGRAM &&
		    filters__pass(f, row.a, row.b))
			err = add_row(out, &row);
	}
	return err;
}

static int cmp_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order = order__cmp(x->order, x->a, x->b, y->a, y->b);

	return order ? order : x->at < y->at ? -1 : x->at > y->at;
}

static bool wanted(const struct strv *columns, const struct stat *s)
{
	if (!columns->n)
		return true;
	for (size_t i = 0; i < columns->n; i++)
		if (stat__find(columns->v[i], strlen(columns->v[i])) == s)
			return true;
	return false;
}

static void put_head(const struct strv *columns, FILE *out)
{
	fputs("file_name,prog_name,labels,kernel_a,kernel_b,verdict_a,verdict_b,verdict_diff", out);
	for (size_t i = 0; i < nr_diff_stats; i++) {
		const char *name = diff_stats[i].name;

		if (wanted(columns, &diff_stats[i]))
			fprintf(out, ",%s_a,%s_b,%s_diff,%s_pct", name, name, name, name);
	}
	fputs(",status_a,status_b,message_a,message_b\n", out);
}

/* veristat's words, and its "N/A" where there is nothing. */
static const char *verdict_of(const struct cell *c)
{
	return !c || c->verdict == VERDICT_NONE ? "N/A"
	       : c->verdict == VERDICT_ACCEPT	? "success"
						: "failure";
}

static void put_number(FILE *out, double v, bool percent)
{
	if (isnan(v))
		fputs(",N/A", out);
	else
		fprintf(out, percent ? ",%+.2f" : ",%.15g", v);
}

static void put_text(FILE *out, const char *s)
{
	char *copy = report_text__clean(s);

	fputc(',', out);
	csv__value(out, copy);
	free(copy);
}

static void put_row(const struct row *r, const struct strv *columns, FILE *out)
{
	const struct cell *c = r->a ? r->a : r->b;
	const char *va = verdict_of(r->a), *vb = verdict_of(r->b);
	char *file = cell__file(c);

	csv__value(out, file);
	free(file);
	put_text(out, c->name);
	put_text(out, c->labels);
	put_text(out, r->pair->a->kernel);
	put_text(out, r->pair->b->kernel);
	fprintf(out, ",%s,%s,%s", va, vb,
		*va == 'N' || *vb == 'N' ? "N/A"
		: strcmp(va, vb) == 0	 ? "MATCH"
					 : "MISMATCH");
	for (size_t i = 0; i < nr_diff_stats; i++) {
		struct figure_ref ref = { .what = REF_STAT, .stat = &diff_stats[i] };

		if (!wanted(columns, &diff_stats[i]))
			continue;
		for (int v = VARIANT_A; v <= VARIANT_PCT; v++) {
			ref.variant = (enum ref_variant)v;
			put_number(out, figure_ref__value(&ref, r->a, r->b), v == VARIANT_PCT);
		}
	}
	put_text(out, r->a ? status__name(r->a->status) : NULL);
	put_text(out, r->b ? status__name(r->b->status) : NULL);
	put_text(out, r->a ? r->a->message : NULL);
	put_text(out, r->b ? r->b->message : NULL);
	fputc('\n', out);
}

int compare_csv__print(const struct compared *v, size_t n, const struct filters *filters,
		       const struct order *order, const struct strv *columns, FILE *out)
{
	struct rows_of rows = { 0 };
	int err = 0;

	for (size_t i = 0; !err && i < n; i++)
		err = join(&v[i], filters, order, &rows);
	if (!err) {
		if (rows.n)
			qsort(rows.v, rows.n, sizeof(*rows.v), cmp_rows);
		put_head(columns, out);
		for (size_t i = 0; i < rows.n; i++)
			put_row(&rows.v[i], columns, out);
	}
	free(rows.v);
	return err;
}
