// SPDX-License-Identifier: GPL-2.0-only
#include "cli/verify_report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/report_programs.h"
#include "cli/report_table.h"
#include "cli/report_text.h"
#include "cli/stat_columns.h"
#include "model/timing.h"
#include "store/store.h"

#define INDENT 2

/* A program, with its choice of global variables, on all kernels. */
struct row {
	char *name;
	char **cells;	     /* of each kernel; NULL: nothing known */
	struct strbuf notes; /* messages, each with the kernels where it was said */
	struct stat_value key;
	char *key_text;
	size_t pos;
};

/* Rows are found by name: there may be thousands. */
#define NR_CHAINS 1024

/* One object. */
struct section {
	const struct verify_report_opts *o;
	const char *object;
	const struct strv *kernels;
	struct row *rows;
	size_t n;
	size_t *chains;			  /* NR_CHAINS times the index of a row + 1 */
	size_t *chained;		  /* of each row: the next in its chain, + 1 */
	struct report_programs *programs; /* of one kernel */
	struct strbuf ends;
};

/* What the whole run comes to. */
struct sum {
	size_t programs, accepted, rejected, lacking, bad;
	struct strv kernels, objects;
	char *timing;
};

struct printing {
	struct store *store;
	const struct run_info *run;
	const struct verify_report_opts *o;
	struct sum sum;
	size_t width;
};

/* --- rows ---------------------------------------------------------------------------------- */

static size_t hash(const char *s)
{
	size_t h = 5381; /* Bernstein's */

	for (; *s; s++)
		h = h * 33 + (unsigned char)*s;
	return h % NR_CHAINS;
}

/* "prog" or "prog n=5"; caller frees. */
static char *row_name(const struct record *r)
{
	char *labels = record__labels_str(r), *name;

	name = labels ? str_fmt("%s%s%s", r->name, *labels ? " " : "", labels) : NULL;
	free(labels);
	return name;
}

static int add_row(struct section *s, char *name, struct row **out)
{
	size_t h = hash(name);
	struct row *rows;
	size_t *chained;

	rows = reallocarray(s->rows, s->n + 1, sizeof(*rows));
	if (rows)
		s->rows = rows;
	chained = reallocarray(s->chained, s->n + 1, sizeof(*chained));
	if (chained)
		s->chained = chained;
	if (!rows || !chained)
		return -ENOMEM;
	rows[s->n] = (struct row){ .name = name, .pos = s->n };
	rows[s->n].cells = calloc(s->kernels->n, sizeof(char *));
	if (!rows[s->n].cells)
		return -ENOMEM;
	chained[s->n] = s->chains[h];
	s->chains[h] = s->n + 1;
	*out = &rows[s->n++];
	return 0;
}

/* Takes the name over when it returns 0. */
static int find_row(struct section *s, char *name, struct row **out)
{
	for (size_t i = s->chains[hash(name)]; i; i = s->chained[i - 1]) {
		if (strcmp(s->rows[i - 1].name, name) != 0)
			continue;
		free(name);
		*out = &s->rows[i - 1];
		return 0;
	}
	return add_row(s, name, out);
}

static size_t index_of(const struct strv *names, const char *name)
{
	size_t i = 0;

	while (i < names->n && strcmp(names->v[i], name) != 0)
		i++;
	return i;
}

/* "accept", "reject EACCES", "no kfunc", "crashed". */
static char *cell_text(const struct record *r)
{
	if (r->failure)
		return str_fmt("no %s", r->failure);
	if (r->verdict == VERDICT_NONE)
		return strdup(status__name(r->status));
	return str_fmt("%s%s%s%s", verdict__name(r->verdict), r->err ? " " : "",
		       r->err ? errno__name(r->err) : "", r->status == STATUS_OK ? "" : " (!)");
}

/* What is worth a line: why it has no verdict, or what the verifier said. */
static char *note_text(const struct record *r)
{
	const char *reason = r->reason, *message = r->message;

	if (r->verdict == VERDICT_ACCEPT && !reason)
		return strdup("");
	if (r->failure || (reason && !message))
		return strdup(reason ? reason : "");
	return str_fmt("%s%s%s", message ? message : errno__name(r->err), reason ? "; " : "",
		       reason ? reason : "");
}

/* A note that the row has already gets one more kernel: "5.10.218, 5.10.262: …". */
static int add_note(struct row *row, const char *kernel, const char *text)
{
	struct strbuf fresh = STRBUF_INIT;
	const char *line = strbuf__str(&row->notes);
	bool added = false;

	while (*line) {
		size_t len = strcspn(line, "\n");
		const char *colon = memmem(line, len, ": ", 2);
		bool same = colon && strlen(text) == len - (size_t)(colon + 2 - line) &&
			    !strncmp(colon + 2, text, strlen(text));

		strbuf__add(&fresh, line, same ? (size_t)(colon - line) : len);
		if (same)
			strbuf__addf(&fresh, ", %s: %s", kernel, text);
		strbuf__add(&fresh, "\n", 1);
		added |= same;
		line += len + (line[len] == '\n');
	}
	if (!added)
		strbuf__addf(&fresh, "%s: %s\n", kernel, text);
	strbuf__free(&row->notes);
	row->notes = fresh;
	return fresh.failed ? -ENOMEM : 0;
}

static int set_key(const struct section *s, struct row *row, const struct stored_record *r)
{
	if (!s->o->sort || row->key.known || row->key_text)
		return 0;
	s->o->sort->get(r, &row->key);
	if (!row->key.text)
		return 0;
	row->key_text = strdup(row->key.text);
	row->key.text = row->key_text;
	return row->key_text ? 0 : -ENOMEM;
}

static int add_to_matrix(struct section *s, const struct stored_record *sr)
{
	size_t kernel = index_of(s->kernels, sr->guest.kernel);
	char *name = row_name(sr->record), *raw = NULL, *note = NULL;
	struct row *row;
	int err = name ? find_row(s, name, &row) : -ENOMEM;

	if (err) {
		free(name);
		return err;
	}
	if (kernel == s->kernels->n)
		return 0;
	free(row->cells[kernel]);
	row->cells[kernel] = cell_text(sr->record);
	raw = note_text(sr->record);
	note = raw ? report_text__clean(raw) : NULL;
	if (!row->cells[kernel] || !note)
		err = -ENOMEM;
	else if (*note)
		err = add_note(row, sr->guest.kernel, note);
	if (!err)
		err = set_key(s, row, sr);
	free(note);
	free(raw);
	return err;
}

static void count(struct sum *sum, const struct record *r)
{
	sum->programs++;
	sum->accepted += r->verdict == VERDICT_ACCEPT;
	sum->rejected += r->verdict == VERDICT_REJECT;
	sum->lacking += r->failure != NULL;
	sum->bad += r->status > STATUS_SKIPPED;
}

struct walk {
	struct printing *p;
	struct section *s;
};

static int on_record(void *ctx, const struct stored_record *r)
{
	struct walk *w = ctx;

	if (r->record->kind != RECORD_PROGRAM)
		return 0;
	count(&w->p->sum, r->record);
	if (!w->p->sum.timing && r->guest.accel)
		w->p->sum.timing =
			str_fmt("%s, %s", r->guest.accel, timing__phrase(r->guest.timing));
	return w->s->programs ? report_programs__add(w->s->programs, r) : add_to_matrix(w->s, r);
}

/* How the object as a whole ended, where that is not well. */
static int on_end(void *ctx, const struct stored_experiment *e)
{
	struct walk *w = ctx;

	if (e->status > STATUS_SKIPPED || (e->status == STATUS_SKIPPED && e->reason))
		strbuf__addf(&w->s->ends, "on %s: %s%s%s\n", e->kernel, status__name(e->status),
			     e->reason ? ": " : "", e->reason ? e->reason : "");
	return w->s->ends.failed ? -ENOMEM : 0;
}

/* --- printing ------------------------------------------------------------------------------ */

static int compare_rows(const void *a, const void *b, void *ctx)
{
	const struct section *s = ctx;
	const struct row *x = a, *y = b;
	bool down = (s->o->sort->align == ALIGN_RIGHT || !x->key.text) != s->o->reverse;
	int order = stat_value__cmp(&x->key, &y->key, down);

	return order ? order : x->pos < y->pos ? -1 : x->pos > y->pos;
}

static int print_matrix(struct section *s, FILE *out, size_t width)
{
	struct report_column *columns = calloc(s->kernels->n + 1, sizeof(*columns));
	const char **cells = calloc(s->kernels->n + 1, sizeof(*cells));
	struct report_table *t = NULL;
	int err = columns && cells ? 0 : -ENOMEM;

	if (err)
		goto out;
	columns[0] = (struct report_column){ .title = "program", .align = ALIGN_LEFT };
	for (size_t i = 0; i < s->kernels->n; i++)
		columns[i + 1] =
			(struct report_column){ .title = s->kernels->v[i], .align = ALIGN_LEFT };
	t = report_table__new(columns, s->kernels->n + 1);
	err = t ? 0 : -ENOMEM;
	if (s->o->sort)
		qsort_r(s->rows, s->n, sizeof(*s->rows), compare_rows, s);
	for (size_t i = 0; !err && i < s->n; i++) {
		struct row *row = &s->rows[i];

		cells[0] = row->name;
		for (size_t k = 0; k < s->kernels->n; k++)
			cells[k + 1] = row->cells[k] ? row->cells[k] : "-";
		err = report_table__row(t, cells, "");
		for (char *note = row->notes.data, *end; !err && note && *note; note = end + 1) {
			end = strchr(note, '\n');
			*end = '\0';
			err = report_table__note(t, note);
		}
	}
	if (!err)
		err = report_table__print(t, out, INDENT, width, term_color(out));
out:
	report_table__free(t);
	free(cells);
	free(columns);
	return err;
}

static void section__release(struct section *s)
{
	for (size_t i = 0; i < s->n; i++) {
		for (size_t k = 0; k < s->kernels->n; k++)
			free(s->rows[i].cells[k]);
		free(s->rows[i].cells);
		free(s->rows[i].name);
		free(s->rows[i].key_text);
		strbuf__free(&s->rows[i].notes);
	}
	free(s->rows);
	free(s->chains);
	free(s->chained);
	strbuf__free(&s->ends);
	report_programs__free(s->programs);
}

static int print_section(struct section *s, FILE *out, size_t width)
{
	size_t n = s->programs ? report_programs__count(s->programs) : s->n;
	int err = 0;

	fprintf(out, "%s%s%s\n", s->object, s->kernels->n == 1 ? " on " : "",
		s->kernels->n == 1 ? s->kernels->v[0] : "");
	for (char *line = s->ends.data, *end; line && *line; line = end + 1) {
		end = strchr(line, '\n');
		*end = '\0';
		report_text__wrap(out, NULL, "  ", line, width);
	}
	if (n && s->programs)
		err = report_programs__print(s->programs, out, INDENT, width, term_color(out));
	else if (n)
		err = print_matrix(s, out, width);
	else if (!s->ends.len)
		fputs("  no programs\n", out);
	fputc('\n', out);
	return err;
}

/* One object at a time: what was read of the others is not kept. */
static int print_object(struct printing *p, const char *object)
{
	struct section s = { .o = p->o, .object = object, .kernels = &p->sum.kernels };
	struct walk w = { p, &s };
	int err = 0;

	s.chains = calloc(NR_CHAINS, sizeof(*s.chains));
	if (s.kernels->n == 1)
		s.programs = report_programs__new(p->o->sort, p->o->reverse, false);
	if (!s.chains || (s.kernels->n == 1 && !s.programs))
		err = -ENOMEM;
	if (!err)
		err = store__experiments(p->store, p->run->id, NULL, object, on_end, &w);
	if (!err)
		err = store__records(p->store, p->run->id, NULL, object, on_record, &w);
	if (!err)
		err = print_section(&s, p->o->out, p->width);
	section__release(&s);
	return err;
}

static int note_names(void *ctx, const struct stored_experiment *e)
{
	struct sum *sum = ctx;
	int err = strv__has(&sum->kernels, e->kernel) ? 0 : strv__add(&sum->kernels, e->kernel);

	if (!err && !strv__has(&sum->objects, e->experiment))
		err = strv__add(&sum->objects, e->experiment);
	return err;
}

static void put_count(FILE *out, size_t n, const char *what)
{
	if (n)
		fprintf(out, ", %zu %s", n, what);
}

static void print_sum(const struct printing *p)
{
	const struct sum *s = &p->sum;
	FILE *out = p->o->out;
	char *dir = store__run_dir(p->store, p->run->name);

	fprintf(out, "%zu object%s on %zu kernel%s: %zu accepted, %zu rejected", s->objects.n,
		s->objects.n == 1 ? "" : "s", s->kernels.n, s->kernels.n == 1 ? "" : "s",
		s->accepted, s->rejected);
	put_count(out, s->lacking, "without what they need");
	put_count(out, s->bad, "not as they should be");
	fprintf(out, "%s%s%s\n", s->timing ? " (" : "", s->timing ? s->timing : "",
		s->timing ? ")" : "");
	fprintf(out, "evidence: %s\na log:    assay show %" PRId64 " OBJECT PROGRAM --log%s\n",
		dir ? dir : p->run->name, p->run->id, s->kernels.n > 1 ? " -k KERNEL" : "");
	free(dir);
}

int verify_report__print(struct store *s, const struct run_info *run,
			 const struct verify_report_opts *opts)
{
	struct printing p = { .store = s, .run = run, .o = opts };
	int err = store__experiments(s, run->id, NULL, NULL, note_names, &p.sum);

	p.width = report_text__width(opts->out);
	for (size_t i = 0; !err && i < p.sum.objects.n; i++)
		err = print_object(&p, p.sum.objects.v[i]);
	if (!err)
		print_sum(&p);
	strv__free(&p.sum.kernels);
	strv__free(&p.sum.objects);
	free(p.sum.timing);
	return err;
}
