// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/lines_report.h"
#include "model/vlog.h"

/* What is not known is null. */
static json_t *count_or_null(int64_t n)
{
	return n < 0 ? json_null() : json_integer(n);
}

static json_t *us_or_null(double us)
{
	return us < 0 ? json_null() : json_real(us);
}

/* Texts of a guest need not be UTF-8. */
static json_t *text_or_null(const char *s, size_t len)
{
	char *clean = s ? str_utf8(s, len) : NULL;
	json_t *j = !s ? json_null() : clean ? json_string(clean) : NULL;

	free(clean);
	return j;
}

static json_t *pack_line(const struct vlog_line *l)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "visits",
			 (json_int_t)l->visits, "pruned", (json_int_t)l->pruned, "insns",
			 (json_int_t)l->nr_insns, "first_insn", (json_int_t)l->first_insn,
			 "function", count_or_null(l->func), "file",
			 text_or_null(l->file, l->file ? strlen(l->file) : 0), "line",
			 l->line ? json_integer(l->line) : json_null(), "source",
			 text_or_null(l->is_source ? l->text : NULL, strlen(l->text)), "insn",
			 text_or_null(l->is_source ? NULL : l->text, strlen(l->text)));
}

static json_t *pack_function(const struct lines_report *r, size_t i)
{
	const struct vlog_func *f = &r->cost.funcs[i];
	const char *name = f->name;
	size_t len = f->name_len;

	if (!name && !i) {
		name = r->program;
		len = strcspn(name, " ");
	}
	return json_pack("{s:o, s:I, s:I, s:o}", "name", text_or_null(name, len), "start",
			 (json_int_t)f->start, "visits", (json_int_t)f->visits, "insns_self",
			 count_or_null(f->insns_self));
}

static json_t *pack_phases(const struct lines_phases *p)
{
	return json_pack("{s:I, s:o, s:o, s:o, s:s, s:s}", "loads", (json_int_t)p->loads, "load_us",
			 us_or_null(p->load_us), "verification_us", us_or_null(p->verification_us),
			 "rest_us", us_or_null(p->rest_us), "accel", p->accel, "timing", p->timing);
}

static json_t *pack(const struct lines_report *r)
{
	json_t *lines = json_array(), *functions = json_array();
	int bad = !lines || !functions;

	for (size_t i = 0; i < r->nr_lines && !bad; i++)
		bad = json_array_append_new(lines, pack_line(&r->lines[i]));
	for (size_t i = 0; i < r->cost.nr_funcs && !bad; i++)
		bad = json_array_append_new(functions, pack_function(r, i));
	if (bad) {
		json_decref(lines);
		json_decref(functions);
		return NULL;
	}
	return json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s, s:o, s:I, s:I, s:b, s:o, s:o, s:o}",
			 "run", r->run, "kernel", r->kernel, "experiment", r->experiment, "program",
			 r->program, "verdict", r->verdict, "covers",
			 vlog_coverage__name(r->cost.coverage), "processed",
			 count_or_null(r->cost.processed), "visits", (json_int_t)r->cost.visits,
			 "unplaced", (json_int_t)r->cost.unplaced, "log_cut", r->log_cut, "lines",
			 lines, "functions", functions, "phases", pack_phases(&r->phases));
}

int lines_report__json(const struct lines_report *r, FILE *out)
{
	json_t *j = pack(r);
	char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	int err = -ENOMEM;

	if (text)
		err = fprintf(out, "%s\n", text) < 0 ? -errno : 0;
	free(text);
	json_decref(j);
	return err;
}
