// SPDX-License-Identifier: GPL-2.0-only
#include "guest/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/term.h"
#include "guest/judge.h"
#include "model/record.h"
#include "wire/event.h"
#include "wire/record_json.h"

struct report {
	struct report_opts o;
	enum status worst;

	/* of the experiment that is running */
	struct strbuf
		evidence; /* log and libbpf's messages of the program whose record comes next */
	struct table *programs;
	size_t nr_programs;
	struct strbuf lines; /* about measurements, and reasons */
	enum status status;  /* worst of its records */
};

int report__new(const struct report_opts *opts, struct report **out)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->o = *opts;
	return opts->dir ? dir_make(opts->dir) : 0;
}

void report__free(struct report *r)
{
	if (!r)
		return;
	strbuf__free(&r->evidence);
	strbuf__free(&r->lines);
	table__free(r->programs);
	free(r);
}

enum status report__worst(const struct report *r)
{
	return r->worst;
}

static void worsen(struct report *r, enum status status)
{
	r->status = status__worse(r->status, status);
	r->worst = status__worse(r->worst, status);
}

static int print_json(struct report *r, const json_t *event)
{
	if (json_dumpf(event, r->o.out, JSON_COMPACT | JSON_REAL_PRECISION(17)) ||
	    fputc('\n', r->o.out) == EOF || fflush(r->o.out))
		return -EIO;
	return 0;
}

static int on_start(struct report *r)
{
	static const struct column columns[] = {
		{ "program", ALIGN_LEFT, 0 },	       { "type", ALIGN_LEFT, 0 },
		{ "verdict", ALIGN_LEFT, 0 },	       { "insns", ALIGN_RIGHT, 0 },
		{ "states", ALIGN_RIGHT, 0 },	       { "stack", ALIGN_RIGHT, 0 },
		{ "verification µs", ALIGN_RIGHT, 0 }, { "status", ALIGN_LEFT, 0 },
	};

	table__free(r->programs);
	r->programs = table__new(columns, sizeof(columns) / sizeof(columns[0]));
	r->nr_programs = 0;
	r->status = STATUS_OK;
	strbuf__free(&r->lines);
	strbuf__free(&r->evidence);
	return r->programs ? 0 : -ENOMEM;
}

static const char *number(char buf[32], int64_t n)
{
	if (n == VLOG_UNKNOWN)
		return "-";
	snprintf(buf, 32, "%lld", (long long)n);
	return buf;
}

static int add_program(struct report *r, const struct record *rec)
{
	char verdict[64], insns[32], states[32], stack[32], time[32];

	snprintf(verdict, sizeof(verdict), "%s%s%s", verdict__name(rec->verdict),
		 rec->err ? " " : "", rec->err ? errno__name(rec->err) : "");
	r->nr_programs++;
	if (rec->message)
		strbuf__addf(&r->lines, "  %s: %s\n", rec->name, rec->message);
	if (rec->reason)
		strbuf__addf(&r->lines, "  %s: %s: %s\n", rec->name, status__name(rec->status),
			     rec->reason);
	return table__row(r->programs,
			  (const char *const[]){ rec->name, rec->prog_type, verdict,
						 number(insns, rec->stats.insns),
						 number(states, rec->stats.total_states),
						 number(stack, rec->stats.stack_depth),
						 number(time, rec->stats.verification_time_us),
						 status__name(rec->status) });
}

static int add_measurement(struct report *r, const struct record *rec)
{
	char *labels = record__labels_str(rec);

	if (!labels)
		return -ENOMEM;
	strbuf__addf(&r->lines, "  %s%s%s:", rec->name, *labels ? " " : "", labels);
	free(labels);
	for (size_t i = 0; i < rec->nr_metrics; i++)
		strbuf__addf(&r->lines, "%s %s %.6g %s", i ? "," : "", rec->metrics[i].name,
			     rec->metrics[i].value, rec->metrics[i].unit);
	strbuf__addf(&r->lines, " (%s)\n", status__name(rec->status));
	for (size_t i = 0; i < rec->nr_series; i++)
		strbuf__addf(&r->lines, "    series %s: %zu samples (%s)\n", rec->series[i].name,
			     rec->series[i].n, rec->series[i].unit);
	for (size_t i = 0; i < rec->nr_matrices; i++)
		strbuf__addf(&r->lines, "    matrix %s: %zu x %zu\n", rec->matrices[i].name,
			     rec->matrices[i].nr_rows, rec->matrices[i].nr_cols);
	for (size_t i = 0; i < rec->nr_checks; i++)
		if (!rec->checks[i].ok)
			strbuf__addf(&r->lines, "    failed: %s: found %s\n", rec->checks[i].text,
				     rec->checks[i].found);
	return r->lines.failed ? -ENOMEM : 0;
}

static int on_record(struct report *r, json_t *event)
{
	struct record *rec = NULL;
	char why[256];
	int err = record_json__unpack(json_object_get(event, "record"), &rec, why, sizeof(why));

	if (err) {
		log_err("a damaged record: %s", why);
		return err;
	}
	err = judge__program(rec, r->o.kernel, r->o.features, strbuf__str(&r->evidence));
	strbuf__free(&r->evidence);
	worsen(r, rec->status);
	if (!err && r->o.json)
		err = json_object_set_new(event, "record", record_json__pack(rec)) ? -ENOMEM : 0;
	else if (!err && rec->kind == RECORD_PROGRAM)
		err = add_program(r, rec);
	else if (!err)
		err = add_measurement(r, rec);
	record__free(rec);
	return err;
}

static int keep_text(struct report *r, const json_t *event, const char *data)
{
	const char *experiment = "", *name = "", *kind = "";
	int64_t part = 0;
	char *path;
	int err;

	wire_str(event, "experiment", &experiment);
	wire_str(event, "name", &name);
	wire_str(event, "kind", &kind);
	wire_int(event, "part", &part);
	if (!part && (strcmp(kind, "log") == 0 || strcmp(kind, "libbpf") == 0) && r->evidence.len)
		strbuf__add(&r->evidence, "\n", 1);
	if (strcmp(kind, "log") == 0 || strcmp(kind, "libbpf") == 0)
		strbuf__add(&r->evidence, data, strlen(data));
	if (!r->o.dir)
		return 0;
	path = str_fmt("%s/%s%s%s.%s", r->o.dir, experiment, *name ? "." : "", name, kind);
	if (!path)
		return -ENOMEM;
	err = part ? file_append(path, data, strlen(data)) : file_write(path, data, strlen(data));
	if (err)
		log_err("%s: %s", path, strerror(-err));
	free(path);
	return err;
}

static int on_end(struct report *r, const json_t *event)
{
	const char *experiment = "", *word = "", *reason = "";
	enum status status = STATUS_HARNESS;

	wire_str(event, "experiment", &experiment);
	wire_str(event, "status", &word);
	wire_str(event, "reason", &reason);
	status__parse(word, &status);
	worsen(r, status);
	if (r->o.json)
		return 0;
	fprintf(r->o.out, "%s: %s%s%s\n", experiment, status__name(r->status), *reason ? ": " : "",
		reason);
	if (r->nr_programs)
		table__print(r->programs, r->o.out, term_color(r->o.out));
	fputs(strbuf__str(&r->lines), r->o.out);
	fputc('\n', r->o.out);
	return fflush(r->o.out) ? -EIO : 0;
}

static int on_line(void *ctx, const char *line, size_t len)
{
	struct report *r = ctx;
	json_t *event = json_loadb(line, len, 0, NULL);
	const char *type = event ? wire_type(event) : NULL, *data = "";
	int err = 0;

	if (!type) {
		log_err("a damaged event of %zu bytes", len);
		json_decref(event);
		return -EBADMSG;
	}
	if (strcmp(type, "start") == 0)
		err = on_start(r);
	else if (strcmp(type, "record") == 0)
		err = on_record(r, event);
	else if (strcmp(type, "text") == 0 && !wire_str(event, "data", &data))
		err = keep_text(r, event, data);
	else if (strcmp(type, "end") == 0)
		err = on_end(r, event);
	else if (strcmp(type, "log") == 0 && !r->o.json && !wire_str(event, "text", &data))
		log_warn("%s", data);
	if (!err && r->o.json)
		err = print_json(r, event);
	json_decref(event);
	return err;
}

struct sink report__sink(struct report *r)
{
	return (struct sink){ .line = on_line, .ctx = r };
}
