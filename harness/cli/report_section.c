// SPDX-License-Identifier: GPL-2.0-only
#include "cli/report_section.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/term.h"
#include "cli/report_matrix.h"
#include "cli/report_measures.h"
#include "cli/report_programs.h"
#include "cli/report_text.h"
#include "model/record.h"
#include "store/store.h"

struct report_section {
	const struct report_style *style; /* the caller's */
	char *kernel, *experiment, *run_name;
	bool ended;
	enum status status;
	char *reason, *params;
	double seconds;
	struct report_programs *programs;
	struct report_measures *measures;
	char *matrices; /* drawn */
	size_t matrices_len;
	FILE *matrices_out;
	struct strv notes;  /* what was not as expected, a sentence each */
	struct strv series; /* "name (unit)" of those kept */
	size_t checks, checks_failed;
	int counts[6];
};

int report_section__new(const char *kernel, const char *experiment, const char *run_name,
			const struct report_style *style, struct report_section **out)
{
	struct report_section *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (!s)
		return -ENOMEM;
	s->style = style;
	s->kernel = strdup(kernel);
	s->experiment = strdup(experiment);
	s->run_name = strdup(run_name);
	s->programs = report_programs__new(style->sort, style->reverse);
	s->measures = report_measures__new();
	s->matrices_out = open_memstream(&s->matrices, &s->matrices_len);
	if (!s->kernel || !s->experiment || !s->run_name || !s->programs || !s->measures ||
	    !s->matrices_out) {
		report_section__free(s);
		return -ENOMEM;
	}
	*out = s;
	return 0;
}

void report_section__free(struct report_section *s)
{
	if (!s)
		return;
	if (s->matrices_out)
		fclose(s->matrices_out);
	free(s->matrices);
	report_programs__free(s->programs);
	report_measures__free(s->measures);
	strv__free(&s->notes);
	strv__free(&s->series);
	free(s->kernel);
	free(s->experiment);
	free(s->run_name);
	free(s->reason);
	free(s->params);
	free(s);
}

bool report_section__is(const struct report_section *s, const char *kernel, const char *experiment)
{
	return strcmp(s->kernel, kernel) == 0 && strcmp(s->experiment, experiment) == 0;
}

const char *report_section__kernel(const struct report_section *s)
{
	return s->kernel;
}

const char *report_section__experiment(const struct report_section *s)
{
	return s->experiment;
}

/* {"reads": "10"} as "reads=10"; NULL for none. */
static char *params_str(const char *json)
{
	json_t *o = json ? json_loads(json, 0, NULL) : NULL, *value;
	struct strbuf sb = STRBUF_INIT;
	const char *key;

	json_object_foreach (o, key, value)
		if (json_is_string(value))
			strbuf__addf(&sb, "%s%s=%s", sb.len ? " " : "", key,
				     json_string_value(value));
	json_decref(o);
	return sb.len ? strbuf__detach(&sb) : NULL;
}

int report_section__ended(struct report_section *s, const struct stored_experiment *e)
{
	s->ended = true;
	s->status = e->status;
	s->seconds = e->seconds;
	free(s->params);
	s->params = params_str(e->params);
	return record__set(&s->reason, e->reason);
}

/* --- collecting ---------------------------------------------------------------------------- */

static int add_note(struct report_section *s, const struct record *r, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static int add_note(struct report_section *s, const struct record *r, const char *fmt, ...)
{
	char *labels = record__labels_str(r), *note;
	struct strbuf sb = STRBUF_INIT;
	va_list ap;
	int err = -ENOMEM;

	strbuf__addf(&sb, "%s", r->name);
	if (labels && *labels)
		strbuf__addf(&sb, " (%s)", labels);
	strbuf__addf(&sb, ": ");
	va_start(ap, fmt);
	strbuf__addv(&sb, fmt, ap);
	va_end(ap);
	note = strbuf__detach(&sb);
	if (labels && note)
		err = strv__add(&s->notes, note);
	free(note);
	free(labels);
	return err;
}

static int add_checks(struct report_section *s, const struct record *r)
{
	size_t i;
	int err = 0;

	for (i = 0; i < r->nr_checks && !err; i++) {
		const struct check *c = &r->checks[i];

		s->checks++;
		if (c->ok)
			continue;
		s->checks_failed++;
		err = add_note(s, r, "check failed: %s%s%s", c->text, *c->found ? "; found: " : "",
			       c->found);
	}
	return err;
}

/* A failed check is what made a measurement unexpected: its reason would say the same again. */
static int add_reason(struct report_section *s, const struct record *r, size_t failed_checks)
{
	if (r->status == STATUS_OK || (r->status == STATUS_UNEXPECTED && failed_checks))
		return 0;
	return add_note(s, r, "%s%s%s", status__name(r->status), r->reason ? ": " : "",
			r->reason ? r->reason : "");
}

static int add_series(struct report_section *s, const struct record *r)
{
	int err = 0;
	size_t i;

	for (i = 0; i < r->nr_series && !err; i++) {
		const struct series *sr = &r->series[i];
		char *name = sr->unit && *sr->unit ? str_fmt("%s (%s)", sr->name, sr->unit)
						   : strdup(sr->name);

		if (!name)
			return -ENOMEM;
		if (!strv__has(&s->series, name))
			err = strv__add(&s->series, name);
		free(name);
	}
	return err;
}

static int add_matrices(struct report_section *s, const struct record *r)
{
	char *labels = record__labels_str(r), *of = NULL;
	size_t i;

	if (labels)
		of = *labels ? str_fmt("%s (%s)", r->name, labels) : strdup(r->name);
	free(labels);
	if (!of)
		return -ENOMEM;
	for (i = 0; i < r->nr_matrices; i++) {
		const struct matrix *m = &r->matrices[i];

		if (report_matrix__is_small(m, s->style->width)) {
			fputc('\n', s->matrices_out);
			report_matrix__draw(m, of, s->matrices_out);
		} else {
			char *name = report_text__clean(m->name), *clean = report_text__clean(of);

			fprintf(s->matrices_out,
				"\n%s: %s: %zu by %zu cells; `assay show %s %s -k %s --matrix` "
				"draws it\n",
				clean ? clean : "", name ? name : "", m->nr_rows, m->nr_cols,
				s->run_name, s->experiment, s->kernel);
			free(name);
			free(clean);
		}
	}
	free(of);
	return ferror(s->matrices_out) ? -ENOMEM : 0;
}

int report_section__add(struct report_section *s, const struct stored_record *sr)
{
	const struct record *r = sr->record;
	size_t failed_before = s->checks_failed;
	int err;

	s->counts[r->status]++;
	if (r->kind == RECORD_PROGRAM)
		err = report_programs__add(s->programs, sr);
	else
		err = report_measures__add(s->measures, r);
	if (!err)
		err = add_checks(s, r);
	if (!err)
		err = add_reason(s, r, s->checks_failed - failed_before);
	if (!err)
		err = add_series(s, r);
	if (!err && r->nr_matrices)
		err = add_matrices(s, r);
	return err;
}

bool report_section__is_empty(const struct report_section *s)
{
	return !report_programs__count(s->programs) && !report_measures__count(s->measures);
}

void report_section__count(const struct report_section *s, int counts[6])
{
	int i;

	for (i = 0; i < 6; i++)
		counts[i] += s->counts[i];
	if (s->ended && s->status != STATUS_OK && !s->counts[s->status])
		counts[s->status]++;
}

/* --- printing ------------------------------------------------------------------------------ */

static void print_heading(const struct report_section *s, const char *summary, FILE *out)
{
	const char *bold = s->style->color ? "\033[1m" : "",
		   *plain = s->style->color ? "\033[0m" : "";
	char time[32];

	fprintf(out, "%s%s on %s%s: %s", bold, s->experiment, s->kernel, plain,
		s->ended ? status__name(s->status) : "did not end");
	if (s->ended && s->seconds > 0)
		fprintf(out, " (%s)", fmt_seconds(s->seconds, time, sizeof(time)));
	fputc('\n', out);
	if (summary && *summary)
		report_text__wrap(out, "  ", summary, s->style->width);
	if (s->params)
		report_text__wrap(out, "  parameters: ", s->params, s->style->width);
	/* Of an unexpected experiment the records below say more. */
	if (s->reason && *s->reason && (s->status != STATUS_UNEXPECTED || !s->notes.n)) {
		char *first = str_fmt("  %s: ", status__name(s->status));

		report_text__wrap(out, first ? first : "  ", s->reason, s->style->width);
		free(first);
	}
}

static void print_notes(const struct report_section *s, FILE *out)
{
	size_t i;

	if (s->notes.n)
		fputc('\n', out);
	for (i = 0; i < s->notes.n; i++)
		report_text__wrap(out, "  ! ", s->notes.v[i], s->style->width);
}

static void print_tail(const struct report_section *s, FILE *out)
{
	struct strbuf names = STRBUF_INIT;
	size_t i;

	if (s->checks || s->series.n)
		fputc('\n', out);
	if (s->checks)
		fprintf(out, "  checks: %zu of %zu hold\n", s->checks - s->checks_failed,
			s->checks);
	if (!s->series.n)
		return;
	for (i = 0; i < s->series.n; i++)
		strbuf__addf(&names, "%s%s", i ? ", " : "", s->series.v[i]);
	report_text__wrap(out, "  series: ", strbuf__str(&names), s->style->width);
	fprintf(out, "          `assay show %s %s -k %s --json` has the samples\n", s->run_name,
		s->experiment, s->kernel);
	strbuf__free(&names);
}

int report_section__print(struct report_section *s, const char *summary, FILE *out)
{
	const struct report_style *style = s->style;
	int err = 0;

	print_heading(s, summary, out);
	if (report_programs__count(s->programs)) {
		fputc('\n', out);
		err = report_programs__print(s->programs, out, style->width, style->color);
	}
	if (!err && report_measures__count(s->measures)) {
		fputc('\n', out);
		err = report_measures__print(s->measures, out, style->width, style->color);
	}
	fflush(s->matrices_out);
	if (!err && s->matrices_len)
		fwrite(s->matrices, 1, s->matrices_len, out);
	print_notes(s, out);
	print_tail(s, out);
	return err;
}
