// SPDX-License-Identifier: GPL-2.0-only
#include "cli/stat_columns.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "model/record.h"
#include "store/store.h"

static void text(struct stat_value *out, const char *s)
{
	out->text = s;
	out->known = s && *s;
}

static void number(struct stat_value *out, int64_t n)
{
	out->number = n;
	out->known = n >= 0;
}

/* --- veristat's: tools/testing/selftests/bpf/veristat.c of Linux 6.1 for names and order of the
 * first nine, of later versions for the size, type and stack ---------------------------------- */

static void get_file_name(const struct stored_record *r, struct stat_value *out)
{
	/* An object of the user's is named as its file is. */
	if (str_ends(r->record->experiment, ".o")) {
		text(out, r->record->experiment);
		return;
	}
	snprintf(out->buf, sizeof(out->buf), "%s.bpf.o", r->record->experiment);
	text(out, out->buf);
}

static void get_prog_name(const struct stored_record *r, struct stat_value *out)
{
	text(out, r->record->name);
}

static void get_success(const struct stored_record *r, struct stat_value *out)
{
	text(out, r->record->verdict == VERDICT_ACCEPT ? "success" : "failure");
}

static void get_duration(const struct stored_record *r, struct stat_value *out)
{
	number(out, r->record->stats.verification_time_us);
}

static void get_insns(const struct stored_record *r, struct stat_value *out)
{
	number(out, r->record->stats.insns);
}

static void get_states(const struct stored_record *r, struct stat_value *out)
{
	number(out, r->record->stats.total_states);
}

static void get_peak(const struct stored_record *r, struct stat_value *out)
{
	number(out, r->record->stats.peak_states);
}

static void get_max_per_insn(const struct stored_record *r, struct stat_value *out)
{
	number(out, r->record->stats.max_states_per_insn);
}

static void get_mark_read(const struct stored_record *r, struct stat_value *out)
{
	number(out, r->record->stats.mark_read);
}

static void get_jited(const struct stored_record *r, struct stat_value *out)
{
	number(out, r->record->jited_size);
}

static void get_prog_type(const struct stored_record *r, struct stat_value *out)
{
	text(out, r->record->prog_type ? r->record->prog_type : "unspec"); /* libbpf's word */
}

static void get_stack(const struct stored_record *r, struct stat_value *out)
{
	number(out, r->record->stats.stack_depth);
}

/* --- ours ----------------------------------------------------------------------------------- */

static void get_kernel(const struct stored_record *r, struct stat_value *out)
{
	text(out, r->guest.kernel);
}

static void get_release(const struct stored_record *r, struct stat_value *out)
{
	text(out, r->guest.release);
}

static void get_experiment(const struct stored_record *r, struct stat_value *out)
{
	text(out, r->record->experiment);
}

static void get_section(const struct stored_record *r, struct stat_value *out)
{
	text(out, r->record->section);
}

static void get_status(const struct stored_record *r, struct stat_value *out)
{
	text(out, status__name(r->record->status));
}

static void get_errno(const struct stored_record *r, struct stat_value *out)
{
	text(out, r->record->err ? errno__name(r->record->err) : NULL);
}

static void get_load_time(const struct stored_record *r, struct stat_value *out)
{
	double us = r->record->load_time_us;

	number(out, us >= 0 && us < 1e18 ? (int64_t)(us + 0.5) : -1);
}

static void get_xlated(const struct stored_record *r, struct stat_value *out)
{
	number(out, r->record->xlated_size);
}

static void get_subprogs(const struct stored_record *r, struct stat_value *out)
{
	number(out, r->record->stats.nr_subprogs > 0 ? r->record->stats.nr_subprogs : -1);
}

static void get_expected(const struct stored_record *r, struct stat_value *out)
{
	text(out, r->record->expected);
}

static void get_reason(const struct stored_record *r, struct stat_value *out)
{
	text(out, r->record->reason);
}

static void get_message(const struct stored_record *r, struct stat_value *out)
{
	text(out, r->record->message);
}

static void get_accel(const struct stored_record *r, struct stat_value *out)
{
	text(out, r->guest.accel);
}

static void get_timing(const struct stored_record *r, struct stat_value *out)
{
	text(out, r->guest.timing);
}

static void get_cpu_model(const struct stored_record *r, struct stat_value *out)
{
	text(out, r->guest.cpu_model);
}

static void get_cpus(const struct stored_record *r, struct stat_value *out)
{
	number(out, r->guest.cpus);
}

static void get_mem(const struct stored_record *r, struct stat_value *out)
{
	number(out, r->guest.mem_mb);
}

static void get_build_id(const struct stored_record *r, struct stat_value *out)
{
	text(out, r->guest.build_id);
}

static void get_image_key(const struct stored_record *r, struct stat_value *out)
{
	text(out, r->guest.image_key);
}

static void get_failure(const struct stored_record *r, struct stat_value *out)
{
	text(out, r->record->failure);
}

/* Global variables that were set, in one cell: "n=5 debug=true". Too many are cut. */
static void get_labels(const struct stored_record *r, struct stat_value *out)
{
	size_t len = 0;

	for (size_t i = 0; i < r->record->nr_labels && len < sizeof(out->buf); i++)
		len += (size_t)snprintf(out->buf + len, sizeof(out->buf) - len, "%s%s=%s",
					len ? " " : "", r->record->labels[i].name,
					r->record->labels[i].value);
	text(out, out->buf);
}

/* In one cell: "reject EACCES"; "none ENOENT" for a program that never reached the verifier, "no
 * kfunc" where it is known for want of what. */
static void get_verdict(const struct stored_record *r, struct stat_value *out)
{
	const struct record *rec = r->record;

	if (rec->failure) {
		snprintf(out->buf, sizeof(out->buf), "no %s", rec->failure);
		text(out, out->buf);
		return;
	}
	snprintf(out->buf, sizeof(out->buf), "%s%s%s",
		 rec->verdict == VERDICT_NONE ? "none" : verdict__name(rec->verdict),
		 rec->err ? " " : "", rec->err ? errno__name(rec->err) : "");
	text(out, out->buf);
}

#define VERISTAT     .veristat = true
#define TEXT(name)   .title = name, .align = ALIGN_LEFT
#define NUMBER(name) .title = name, .align = ALIGN_RIGHT
#define TIME(name)   .title = name, .unit = "(µs)", .align = ALIGN_RIGHT
#define SIZE(name)   .title = name, .unit = "(B)", .align = ALIGN_RIGHT

const struct stat_column stat_columns[] = {
	{ "file_name", "file", .get = get_file_name, VERISTAT },
	{ "prog_name", "program", .get = get_prog_name, VERISTAT, TEXT("program") },
	{ "verdict", NULL, .get = get_success, VERISTAT },
	{ "duration", "verification_time", .get = get_duration, VERISTAT, TIME("verify") },
	{ "total_insns", "insns", .get = get_insns, VERISTAT, NUMBER("insns") },
	{ "total_states", "states", .get = get_states, VERISTAT, NUMBER("states") },
	{ "peak_states", "peak", .get = get_peak, VERISTAT, NUMBER("peak") },
	{ "max_states_per_insn", NULL, .get = get_max_per_insn, VERISTAT },
	{ "max_mark_read_len", "mark_read", .get = get_mark_read, VERISTAT },
	{ "prog_size_jited", "jited_size", .get = get_jited, VERISTAT },
	{ "prog_type", NULL, .get = get_prog_type, VERISTAT },
	{ "stack_depth", "stack", .get = get_stack, VERISTAT, SIZE("stack") },
	{ "kernel", NULL, .get = get_kernel },
	{ "release", NULL, .get = get_release },
	{ "experiment", NULL, .get = get_experiment },
	{ "section", NULL, .get = get_section },
	{ "status", NULL, .get = get_status, TEXT("status") },
	{ "errno", NULL, .get = get_errno },
	{ "load_time_us", "load_time", .get = get_load_time },
	{ "xlated_size", NULL, .get = get_xlated },
	{ "subprogs", NULL, .get = get_subprogs },
	{ "expected", NULL, .get = get_expected },
	{ "reason", NULL, .get = get_reason },
	{ "message", NULL, .get = get_message },
	{ "accel", NULL, .get = get_accel },
	{ "timing", NULL, .get = get_timing },
	{ "cpu_model", NULL, .get = get_cpu_model },
	{ "cpus", NULL, .get = get_cpus },
	{ "mem_mb", NULL, .get = get_mem },
	{ "build_id", NULL, .get = get_build_id },
	{ "image_key", NULL, .get = get_image_key },
	{ "failure", NULL, .get = get_failure },
	{ "labels", NULL, .get = get_labels },
	{ "said", NULL, .get = get_verdict, TEXT("verdict"), .table_only = true },
};

const size_t nr_stat_columns = sizeof(stat_columns) / sizeof(stat_columns[0]);

const struct stat_column *stat_column__find(const char *name, const char **nearest)
{
	const char *names[2 * sizeof(stat_columns) / sizeof(stat_columns[0])];
	size_t i, n = 0;

	for (i = 0; i < nr_stat_columns; i++) {
		const struct stat_column *c = &stat_columns[i];

		if (strcmp(c->name, name) == 0 || (c->alias && strcmp(c->alias, name) == 0))
			return c;
		names[n++] = c->name;
		if (c->alias)
			names[n++] = c->alias;
	}
	if (nearest)
		*nearest = str_nearest(name, names, n);
	return NULL;
}

const char *stat_value__str(const struct stat_value *v, char *buf, size_t len)
{
	if (v->text)
		return v->text;
	if (!v->known)
		return "";
	snprintf(buf, len, "%" PRId64, v->number);
	return buf;
}

int stat_value__cmp(const struct stat_value *a, const struct stat_value *b, bool reverse)
{
	int order;

	if (a->known != b->known)
		return a->known ? -1 : 1;
	if (!a->known)
		return 0;
	if (a->text && b->text)
		order = strcmp(a->text, b->text);
	else
		order = a->number < b->number ? -1 : a->number > b->number;
	return reverse ? -order : order;
}
