// SPDX-License-Identifier: GPL-2.0-only
/* `assay show --lines`: what verifying a program cost, by source line. */
#include "cli/cmd_show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/lines_report.h"
#include "cli/source_line.h"
#include "model/record.h"
#include "model/stats.h"

struct lines_walk {
	const struct show_what *what;
	const struct show_lines *how;
	int printed;
};

bool show_lines__order(const char *name, enum vlog_line_order *order, const char **nearest)
{
	static const char *const names[] = {
		[VLOG_BY_VISITS] = "visits",
		[VLOG_BY_INSNS] = "insns",
		[VLOG_BY_FIRST] = "first",
	};
	const size_t n = sizeof(names) / sizeof(names[0]);

	for (size_t i = 0; i < n; i++) {
		if (!strcmp(names[i], name)) {
			*order = (enum vlog_line_order)i;
			return true;
		}
	}
	*nearest = str_nearest(name, names, n);
	return false;
}

/* --- the record beside the log -------------------------------------------------------------- */

struct record_search {
	const char *program; /* without the variables that were set */
	const char *globals; /* "n=5", or "" */
	struct lines_report *report;
	int err;
};

static const struct series *series_of(const struct record *r, const char *name)
{
	for (size_t i = 0; i < r->nr_series; i++)
		if (!strcmp(r->series[i].name, name))
			return &r->series[i];
	return NULL;
}

/* The rest is taken of each load by itself: the two times of one load belong together. */
static void take_phases(const struct record *r, struct lines_phases *p)
{
	const struct series *load = series_of(r, "load_time");
	const struct series *verification = series_of(r, "verification_time");
	double *rest;

	if (!load || !load->n)
		return;
	p->loads = load->n;
	p->load_us = stats__median(load->values, load->n);
	if (!verification || verification->n != load->n)
		return;
	rest = calloc(load->n, sizeof(*rest));
	if (!rest)
		return;
	for (size_t i = 0; i < load->n; i++)
		rest[i] = load->values[i] - verification->values[i];
	p->verification_us = stats__median(verification->values, verification->n);
	p->rest_us = stats__median(rest, load->n);
	free(rest);
}

/* The last one stays, as does the last log of a program that was loaded at several points. */
static int take_record(void *ctx, const struct stored_record *sr)
{
	struct record_search *s = ctx;
	const struct record *r = sr->record;
	const struct metric *kept;
	char *labels;

	if (r->kind != RECORD_PROGRAM || strcmp(r->name, s->program) != 0)
		return 0;
	labels = record__labels_str(r);
	if (!labels)
		return -ENOMEM;
	if (!*s->globals || !strcmp(labels, s->globals)) {
		kept = record__get_metric(r, "log_kept");
		s->report->verdict = verdict__name(r->verdict);
		s->report->accepted = r->verdict == VERDICT_ACCEPT;
		s->report->processed = r->stats.insns;
		s->report->log_cut = kept != NULL;
		take_phases(r, &s->report->phases);
		snprintf(s->report->phases.accel, sizeof(s->report->phases.accel), "%s",
			 sr->guest.accel ? sr->guest.accel : "");
		snprintf(s->report->phases.timing, sizeof(s->report->phases.timing), "%s",
			 sr->guest.timing ? sr->guest.timing : "");
	}
	free(labels);
	return 0;
}

/* "prog [n=5]" is the program prog with a global variable set. */
static int find_record(const struct show_what *w, const struct stored_text *t,
		       struct lines_report *report, char **program)
{
	const char *bracket = strstr(t->name, " [");
	size_t len = bracket ? (size_t)(bracket - t->name) : strlen(t->name);
	char *globals = bracket ? strndup(bracket + 2, strcspn(bracket + 2, "]")) : strdup("");
	struct record_search s = { .globals = globals, .report = report };
	int err = -ENOMEM;

	*program = strndup(t->name, len);
	s.program = *program;
	if (*program && globals)
		err = store__records(w->store, w->run->id, t->kernel, t->experiment, take_record,
				     &s);
	free(globals);
	return err;
}

/* --- one log -------------------------------------------------------------------------------- */

static int take_path(void *ctx, const struct stored_text *t)
{
	char **path = ctx;

	free(*path);
	*path = strdup(t->path);
	return *path ? 0 : -ENOMEM;
}

static int read_places(const struct show_what *w, const struct stored_text *t, const char *program,
		       struct source_places *places)
{
	char *path = NULL, *disasm = NULL;
	int err = store__texts(w->store, w->run->id, t->kernel, t->experiment, program, "disasm",
			       take_path, &path);

	/* Without it there is only what the log says. */
	if (!err && path && !file_read(path, 0, &disasm, NULL))
		err = source_places__read(disasm, places);
	free(disasm);
	free(path);
	return err;
}

static void reverse(struct vlog_line *lines, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct vlog_line other = lines[i];

		lines[i] = lines[n - 1 - i];
		lines[n - 1 - i] = other;
	}
}

static int report_log(struct lines_walk *walk, const struct stored_text *t, const char *log)
{
	struct lines_report report = { .run = walk->what->run->name,
				       .kernel = t->kernel,
				       .experiment = t->experiment,
				       .program = t->name,
				       .processed = -1,
				       .phases = { 0, -1, -1, -1, "", "" } };
	struct source_places places = { 0 };
	char *program = NULL;
	int err = find_record(walk->what, t, &report, &program);

	if (!err)
		err = vlog_lines__read(log, report.processed, &report.cost);
	if (!err)
		err = read_places(walk->what, t, program, &places);
	if (!err)
		err = vlog_lines__by_source(&report.cost, places.v, places.n, walk->how->order,
					    &report.lines, &report.nr_lines);
	if (!err && walk->how->reverse)
		reverse(report.lines, report.nr_lines);
	if (!err && walk->how->json)
		err = lines_report__json(&report, stdout);
	else if (!err)
		err = lines_report__table(&report, stdout, walk->printed > 0);
	vlog_line__free(report.lines, report.nr_lines);
	vlog_lines__release(&report.cost);
	source_places__release(&places);
	free(program);
	return err;
}

static int on_text(void *ctx, const struct stored_text *t)
{
	struct lines_walk *walk = ctx;
	char *log = NULL;
	int err = file_read(t->path, 0, &log, NULL);

	if (err) {
		log_err("%s: can't read this text: %s%s", t->path, strerror(-err),
			err == -ENOENT ? "; it was recorded, and is gone since" : "");
		return err;
	}
	err = report_log(walk, t, log);
	walk->printed++;
	free(log);
	return err;
}

int show__lines(const struct show_what *w, const struct show_lines *how)
{
	struct lines_walk walk = { .what = w, .how = how };
	const struct show_kind *log = NULL;

	for (size_t i = 0; i < nr_show_kinds; i++)
		if (!strcmp(show_kinds[i].kind, "log"))
			log = &show_kinds[i];
	return show__each_text(w, log, on_text, &walk);
}
