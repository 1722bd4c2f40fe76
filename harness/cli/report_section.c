// SPDX-License-Identifier: GPL-2.0-only
#include "cli/report_section.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/term.h"
#include "base/utf8.h"
#include "cli/report_matrix.h"
#include "cli/report_measures.h"
#include "cli/report_notes.h"
#include "cli/report_programs.h"
#include "cli/report_text.h"
#include "model/record.h"
#include "store/store.h"

#define INDENT 2

/* A matrix, drawn or in one line. */
struct picture {
	bool drawn;
	char *text;
};

struct report_section {
	const struct report_style *style; /* the caller's */
	char *kernel, *experiment;
	size_t ends;	    /* how often it was measured: once, but for a study's points */
	enum status status; /* the worst */
	char *reason;	    /* of that */
	json_t *params;	    /* those that are the same in all */
	double seconds;	    /* of all; negative: unknown */
	struct report_programs *programs;
	struct report_measures *measures;
	struct picture *pictures;
	size_t nr_pictures;
	struct report_notes notes;    /* what was not as expected */
	struct report_notes observed; /* messages that measurements report */
	struct strv failures;
	struct strv series; /* names of those kept */
	size_t checks, checks_failed;
	size_t accepted, rejected, measurements;
	int counts[6];
	char *example;
	int rank;
};

int report_section__new(const char *kernel, const char *experiment,
			const struct report_style *style, struct report_section **out)
{
	struct report_section *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (!s)
		return -ENOMEM;
	s->style = style;
	s->kernel = strdup(kernel);
	s->experiment = strdup(experiment);
	s->programs = report_programs__new(style->sort, style->reverse, style->details);
	s->measures = report_measures__new();
	if (!s->kernel || !s->experiment || !s->programs || !s->measures) {
		report_section__free(s);
		return -ENOMEM;
	}
	*out = s;
	return 0;
}

void report_section__free(struct report_section *s)
{
	size_t i;

	if (!s)
		return;
	for (i = 0; i < s->nr_pictures; i++)
		free(s->pictures[i].text);
	free(s->pictures);
	report_programs__free(s->programs);
	report_measures__free(s->measures);
	report_notes__release(&s->notes);
	report_notes__release(&s->observed);
	strv__free(&s->failures);
	strv__free(&s->series);
	free(s->kernel);
	free(s->experiment);
	free(s->reason);
	json_decref(s->params);
	free(s->example);
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
static char *params_str(const json_t *params)
{
	struct strbuf sb = STRBUF_INIT;
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)params, key, value)
		if (json_is_string(value))
			strbuf__addf(&sb, "%s%s=%s", sb.len ? " " : "", key,
				     json_string_value(value));
	return sb.len ? strbuf__detach(&sb) : NULL;
}

static void keep_same(json_t *params, const json_t *others)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe (params, next, key, value)
		if (!json_equal(value, json_object_get(others, key)))
			json_object_del(params, key);
}

int report_section__ended(struct report_section *s, const struct stored_experiment *e)
{
	json_t *params = e->params ? json_loads(e->params, 0, NULL) : NULL;
	bool worse = !s->ends || status__worse(s->status, e->status) != s->status;

	if (s->ends++) {
		keep_same(s->params, params);
		json_decref(params);
		s->seconds += e->seconds > 0 ? e->seconds : 0;
	} else {
		s->params = params;
		s->seconds = e->seconds;
	}
	if (!worse)
		return 0;
	s->status = e->status;
	return record__set(&s->reason, e->reason);
}

/* --- collecting ---------------------------------------------------------------------------- */

/* "copyout (hook=int3 size=4096)"; NULL on ENOMEM. */
static char *subject_of(const struct record *r)
{
	char *labels = record__labels_str(r), *subject = NULL;

	if (labels)
		subject = *labels ? str_fmt("%s (%s)", r->name, labels) : strdup(r->name);
	free(labels);
	return subject;
}

static int add_checks(struct report_section *s, const struct record *r, const char *subject)
{
	size_t i;
	int err = 0;

	for (i = 0; i < r->nr_checks && !err; i++) {
		const struct check *c = &r->checks[i];
		char *text;

		s->checks++;
		if (c->ok)
			continue;
		s->checks_failed++;
		text = *c->found ? str_fmt("%s; found: %s", c->text, c->found) : strdup(c->text);
		err = text ? report_notes__add(&s->notes,
					       report_text__status_ink(STATUS_UNEXPECTED),
					       "failed check", subject, text)
			   : -ENOMEM;
		free(text);
	}
	return err;
}

/* A failed check is what made a measurement unexpected: its reason would say the same again. */
static int add_reason(struct report_section *s, const struct record *r, const char *subject,
		      size_t failed_checks)
{
	int err = 0;

	if (r->status > STATUS_SKIPPED && !strv__has(&s->failures, subject))
		err = strv__add(&s->failures, subject);
	if (err || r->status == STATUS_OK || (r->status == STATUS_UNEXPECTED && failed_checks))
		return err;
	return report_notes__add(&s->notes, report_text__status_ink(r->status),
				 status__name(r->status), subject, r->reason ? r->reason : "");
}

static int add_observed(struct report_section *s, const struct record *r, const char *subject)
{
	if (r->kind == RECORD_PROGRAM || !r->message || !*r->message)
		return 0;
	return report_notes__add(&s->observed, NULL, r->err ? errno__name(r->err) : "said", subject,
				 r->message);
}

static int add_series(struct report_section *s, const struct record *r)
{
	int err = 0;
	size_t i;

	for (i = 0; i < r->nr_series && !err; i++)
		if (!strv__has(&s->series, r->series[i].name))
			err = strv__add(&s->series, r->series[i].name);
	return err;
}

static char *draw(const struct matrix *m, const char *of, size_t width)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	report_matrix__draw(m, of, out, INDENT, width);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static int add_matrices(struct report_section *s, const struct record *r, const char *subject)
{
	size_t i;

	for (i = 0; i < r->nr_matrices; i++) {
		const struct matrix *m = &r->matrices[i];
		struct picture *p = realloc(s->pictures, (s->nr_pictures + 1) * sizeof(*p));

		if (!p)
			return -ENOMEM;
		s->pictures = p;
		p = &p[s->nr_pictures];
		p->drawn = report_matrix__is_small(m, s->style->width - INDENT);
		p->text = p->drawn ? draw(m, subject, s->style->width)
				   : report_matrix__sum(m, subject);
		if (!p->text)
			return -ENOMEM;
		s->nr_pictures++;
	}
	return 0;
}

static int consider_as_example(struct report_section *s, const struct record *r)
{
	int rank = r->status > STATUS_SKIPPED ? 3 : r->verdict == VERDICT_REJECT ? 2 : 1;

	if (r->kind != RECORD_PROGRAM || r->verdict == VERDICT_NONE || rank <= s->rank)
		return 0;
	s->rank = rank;
	return record__set(&s->example, r->name);
}

int report_section__add(struct report_section *s, const struct stored_record *sr)
{
	const struct record *r = sr->record;
	size_t failed_before = s->checks_failed;
	char *subject = subject_of(r);
	int err = subject ? 0 : -ENOMEM;

	s->counts[r->status]++;
	s->accepted += r->verdict == VERDICT_ACCEPT;
	s->rejected += r->verdict == VERDICT_REJECT;
	s->measurements += r->kind == RECORD_MEASUREMENT;
	if (!err)
		err = r->kind == RECORD_PROGRAM ? report_programs__add(s->programs, sr)
						: report_measures__add(s->measures, r);
	if (!err)
		err = add_checks(s, r, subject);
	if (!err)
		err = add_reason(s, r, subject, s->checks_failed - failed_before);
	if (!err)
		err = add_observed(s, r, subject);
	if (!err)
		err = add_series(s, r);
	if (!err)
		err = add_matrices(s, r, subject);
	if (!err)
		err = consider_as_example(s, r);
	free(subject);
	return err;
}

bool report_section__is_empty(const struct report_section *s)
{
	return !report_programs__count(s->programs) && !report_measures__count(s->measures);
}

/* What befell the experiment befell none of its records. */
static bool failed_apart(const struct report_section *s)
{
	return s->ends && s->status != STATUS_OK && !s->counts[s->status];
}

void report_section__count(const struct report_section *s, int counts[6])
{
	int i;

	for (i = 0; i < 6; i++)
		counts[i] += s->counts[i];
	if (failed_apart(s))
		counts[s->status]++;
}

void report_section__sum(const struct report_section *s, struct report_section_sum *out)
{
	int i;

	*out = (struct report_section_sum){
		.kernel = s->kernel,
		.experiment = s->experiment,
		.reason = s->reason,
		.status = s->ends ? s->status : STATUS_HARNESS,
		.seconds = s->seconds,
		.accepted = s->accepted,
		.rejected = s->rejected,
		.measurements = s->measurements,
		.checks = s->checks,
		.skipped = (size_t)s->counts[STATUS_SKIPPED],
		.skip_reason = report_notes__first(&s->notes, status__name(STATUS_SKIPPED)),
	};
	/* Some of it was not possible here, the rest went well. */
	if (out->status == STATUS_SKIPPED && s->counts[STATUS_OK])
		out->status = STATUS_OK;
	for (i = STATUS_UNEXPECTED; i < 6; i++)
		if (s->counts[i])
			out->status = status__worse(out->status, (enum status)i);
}

static int add_failure(const struct report_section *s, const char *subject, struct strv *out)
{
	bool many = s->style->many_kernels;
	char *name = str_fmt("%s%s%s%s%s", s->experiment, *subject ? " " : "", subject,
			     many ? " on " : "", many ? s->kernel : "");
	int err = name ? strv__add(out, name) : -ENOMEM;

	free(name);
	return err;
}

int report_section__failures(const struct report_section *s, struct strv *out)
{
	size_t i;
	int err = 0;

	for (i = 0; i < s->failures.n && !err; i++)
		err = add_failure(s, s->failures.v[i], out);
	if (!err && failed_apart(s) && s->status > STATUS_SKIPPED)
		err = add_failure(s, "", out);
	return err;
}

const char *report_section__example(const struct report_section *s, int *rank)
{
	*rank = s->rank;
	return s->example;
}

/* --- printing ------------------------------------------------------------------------------ */

static void print_heading(const struct report_section *s, const char *summary, FILE *out)
{
	const struct report_style *style = s->style;
	const char *word = s->ends ? status__name(s->status) : "did not end";
	enum status status = s->ends ? s->status : STATUS_HARNESS;
	const char *ink = style->color ? report_text__status_ink(status) : NULL;
	char *params = params_str(s->params), time[32];

	report_text__put(out, style->color ? INK_BOLD : NULL, s->experiment);
	fprintf(out, " on %s: ", s->kernel);
	report_text__put(out, ink, word);
	fmt_seconds(s->seconds, time, sizeof(time));
	if (s->ends > 1)
		fprintf(out, " (%zu points, %s)", s->ends, time);
	else if (s->ends && s->seconds > 0)
		fprintf(out, " (%s)", time);
	fputc('\n', out);
	if (summary && *summary)
		report_text__wrap(out, NULL, "  ", summary, style->width);
	if (params)
		report_text__wrap(out, NULL,
				  s->ends > 1 ? "  the same in all: " : "  parameters: ", params,
				  style->width);
	free(params);
	/* Of an unexpected experiment the records below say more. */
	if (s->reason && *s->reason && (s->status != STATUS_UNEXPECTED || !s->notes.n)) {
		char *first = str_fmt("  %s: ", word);

		report_text__wrap(out, ink, first ? first : "  ", s->reason, style->width);
		free(first);
	}
}

/* The command that shows this section in another form; NULL on ENOMEM. */
static char *command_of(const struct report_section *s, const char *form)
{
	return str_fmt("%s %s%s%s --%s", s->style->show, s->experiment,
		       s->style->many_kernels ? " -k " : "",
		       s->style->many_kernels ? s->kernel : "", form);
}

/* A matrix that is not drawn: what it holds, and the command that draws it, which is never torn. */
static void print_sum(const struct report_section *s, const char *sum, const char *how, FILE *out)
{
	char *line = str_fmt("%s; %s", sum, how);

	if (line && utf8_width(line) + INDENT <= s->style->width) {
		report_text__wrap(out, NULL, "  ", line, s->style->width);
	} else {
		report_text__wrap(out, NULL, "  ", sum, s->style->width);
		report_text__wrap(out, NULL, "  ", how, 0);
	}
	free(line);
}

static int print_pictures(const struct report_section *s, FILE *out)
{
	char *command = command_of(s, "matrix");
	char *how = command ? str_fmt("drawn by %s", command) : NULL;
	size_t i;
	int err = how ? 0 : -ENOMEM;

	for (i = 0; i < s->nr_pictures && !err; i++) {
		const struct picture *p = &s->pictures[i];

		fputc('\n', out);
		if (p->drawn)
			fputs(p->text, out);
		else
			print_sum(s, p->text, how, out);
	}
	free(how);
	free(command);
	return err;
}

static void print_checks(const struct report_section *s, FILE *out)
{
	char text[96];

	if (s->checks_failed)
		snprintf(text, sizeof(text), "%zu of %zu checks failed", s->checks_failed,
			 s->checks);
	else
		snprintf(text, sizeof(text), "%zu check%s", s->checks,
			 s->checks == 1 ? " holds" : "s hold");
	fputs("  ", out);
	report_text__put(out,
			 s->style->color && s->checks_failed
				 ? report_text__status_ink(STATUS_UNEXPECTED)
				 : NULL,
			 text);
	fputc('\n', out);
}

/* "samples of a, b and 4 more: COMMAND" with the first n names; NULL on ENOMEM. */
static char *series_line(const struct report_section *s, size_t n, const char *how)
{
	struct strbuf sb = STRBUF_INIT;
	size_t i;

	strbuf__addf(&sb, "samples of");
	for (i = 0; i < n; i++)
		strbuf__addf(&sb, "%s %s", i ? "," : "", s->series.v[i]);
	if (n < s->series.n)
		strbuf__addf(&sb, "%s %zu %sseries", n ? " and" : "", s->series.n - n,
			     n ? "more " : "");
	strbuf__addf(&sb, ": %s", how);
	return strbuf__detach(&sb);
}

/* One line, whatever the experiment keeps. */
static void print_series(const struct report_section *s, FILE *out)
{
	char *how = command_of(s, "json"), *line = NULL, *clean;
	size_t n = s->series.n + 1;

	while (how && n--) {
		free(line);
		line = series_line(s, n, how);
		if (!line || utf8_width(line) + INDENT <= s->style->width)
			break;
	}
	clean = line ? report_text__clean(line) : NULL;
	if (clean) {
		fputs("  ", out);
		report_text__put(out, s->style->color ? INK_DIM : NULL, clean);
		fputc('\n', out);
	}
	free(clean);
	free(line);
	free(how);
}

static int print_tables(struct report_section *s, FILE *out)
{
	const struct report_style *style = s->style;
	int err = 0;

	if (report_programs__count(s->programs)) {
		fputc('\n', out);
		err = report_programs__print(s->programs, out, INDENT, style->width, style->color);
	}
	if (!err && report_measures__count(s->measures)) {
		fputc('\n', out);
		err = report_measures__print(s->measures, out, INDENT, style->width, style->color);
	}
	return err;
}

int report_section__print(struct report_section *s, const char *summary, FILE *out)
{
	const struct report_style *style = s->style;
	int err;

	print_heading(s, summary, out);
	err = print_tables(s, out);
	if (!err)
		err = print_pictures(s, out);
	if (err)
		return err;
	if (s->notes.n || s->observed.n || s->checks || s->series.n)
		fputc('\n', out);
	report_notes__print(&s->observed, out, INDENT, style->width, style->color);
	report_notes__print(&s->notes, out, INDENT, style->width, style->color);
	if (s->checks)
		print_checks(s, out);
	if (s->series.n)
		print_series(s, out);
	return 0;
}
