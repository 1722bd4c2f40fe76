// SPDX-License-Identifier: GPL-2.0-only
#include "wire/record_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "model/record.h"
#include "wire/record_fields.h"

/* All put_ functions return 0, or -1 when memory ran out. Absent values are left out. */

/* Kernel logs and names from broken objects need not be UTF-8; JSON has to be. */
static json_t *text(const char *s)
{
	char *clean = str_utf8(s, strlen(s));
	json_t *json = clean ? json_string(clean) : NULL;

	free(clean);
	return json;
}

static int put_text(json_t *o, const char *key, const char *s)
{
	return s ? json_object_set_new(o, key, text(s)) : 0;
}

static int put_int(json_t *o, const char *key, int64_t v)
{
	return v < 0 ? 0 : json_object_set_new(o, key, json_integer(v));
}

static int put_real(json_t *o, const char *key, double v)
{
	return isfinite(v) ? json_object_set_new(o, key, json_real(v)) : 0;
}

/* Sets key to a list that must not be empty. */
static int put_list(json_t *o, const char *key, size_t n, json_t *(*item)(const void *at, size_t i),
		    const void *at)
{
	json_t *list;

	if (!n)
		return 0;
	list = json_array();
	for (size_t i = 0; i < n; i++) {
		if (json_array_append_new(list, item(at, i))) {
			json_decref(list);
			return -1;
		}
	}
	return json_object_set_new(o, key, list);
}

/* Frees o unless everything that went into it was there. */
static json_t *whole(json_t *o, bool failed)
{
	if (!failed)
		return o;
	json_decref(o);
	return NULL;
}

static json_t *string_item(const void *at, size_t i)
{
	char *const *v = at;

	return text(v[i]);
}

static json_t *int_item(const void *at, size_t i)
{
	const int *v = at;

	return json_integer(v[i]);
}

static json_t *sample_item(const void *at, size_t i)
{
	const double *v = at;

	return isfinite(v[i]) ? json_real(v[i]) : json_null();
}

static json_t *metric_item(const void *at, size_t i)
{
	const struct metric *m = (const struct metric *)at + i;
	json_t *o = json_object();

	return whole(o, put_text(o, "name", m->name) || put_text(o, "unit", m->unit) ||
				put_real(o, "value", m->value));
}

static json_t *series_item(const void *at, size_t i)
{
	const struct series *s = (const struct series *)at + i;
	json_t *o = json_object();

	return whole(o, put_text(o, "name", s->name) || put_text(o, "unit", s->unit) ||
				put_list(o, "values", s->n, sample_item, s->values));
}

static json_t *check_item(const void *at, size_t i)
{
	const struct check *c = (const struct check *)at + i;
	json_t *o = json_object();

	return whole(o, put_text(o, "text", c->text) ||
				json_object_set_new(o, "ok", json_boolean(c->ok)) ||
				put_text(o, "found", c->found));
}

static json_t *matrix_item(const void *at, size_t i)
{
	const struct matrix *m = (const struct matrix *)at + i;
	json_t *o = json_object();

	return whole(o, put_text(o, "name", m->name) || put_text(o, "row_axis", m->row_axis) ||
				put_text(o, "col_axis", m->col_axis) ||
				put_text(o, "legend", m->legend) ||
				put_list(o, "row_names", m->nr_rows, string_item, m->row_names) ||
				put_list(o, "col_names", m->nr_cols, string_item, m->col_names) ||
				put_list(o, "cells", m->nr_rows, string_item, m->cells));
}

static int put_labels(json_t *o, const struct record *r)
{
	json_t *labels;

	if (!r->nr_labels)
		return 0;
	labels = json_object();
	for (size_t i = 0; i < r->nr_labels; i++) {
		const char *name = r->labels[i].name;
		char *key = str_utf8(name, strlen(name));
		bool failed = !key || put_text(labels, key, r->labels[i].value);

		free(key);
		if (failed) {
			json_decref(labels);
			return -1;
		}
	}
	return json_object_set_new(o, "labels", labels);
}

static int put_stats(json_t *o, const struct vlog_stats *s)
{
	json_t *stats = json_object();
	bool failed = !stats;

	for (const struct record_field *f = record_stats; f->key && !failed; f++) {
		const int64_t *v = (const int64_t *)((const char *)s + f->offset);

		failed = put_int(stats, f->key, *v);
	}
	failed = failed ||
		 put_list(stats, "subprog_stack", s->nr_subprogs, int_item, s->subprog_stack);
	if (failed || !json_object_size(stats)) {
		json_decref(stats);
		return failed ? -1 : 0;
	}
	return json_object_set_new(o, "stats", stats);
}

static int put_strings(json_t *o, const struct record *r)
{
	int err = 0;

	for (const struct record_field *f = record_strings; f->key && !err; f++)
		err = put_text(o, f->key, *(char *const *)((const char *)r + f->offset));
	return err;
}

static int put_sizes(json_t *o, const struct record *r)
{
	int err = 0;

	for (const struct record_field *f = record_sizes; f->key && !err; f++)
		err = put_int(o, f->key, *(const long *)((const char *)r + f->offset));
	return err;
}

static int put_verdict(json_t *o, const struct record *r)
{
	if (r->verdict != VERDICT_NONE && put_text(o, "verdict", verdict__name(r->verdict)))
		return -1;
	if (r->err > 0 && put_int(o, "errno", r->err))
		return -1;
	return put_text(o, "status", status__name(r->status));
}

json_t *record_json__pack(const struct record *r)
{
	json_t *o = json_object();
	bool failed;

	failed =
		put_text(o, "kind", record_kinds[r->kind]) ||
		put_text(o, "experiment", r->experiment) || put_text(o, "name", r->name) ||
		put_labels(o, r) || put_verdict(o, r) || put_strings(o, r) ||
		put_list(o, "tags", r->tags.n, string_item, r->tags.v) || put_stats(o, &r->stats) ||
		(r->load_time_us >= 0 && put_real(o, "load_time_us", r->load_time_us)) ||
		put_sizes(o, r) || put_list(o, "metrics", r->nr_metrics, metric_item, r->metrics) ||
		put_list(o, "series", r->nr_series, series_item, r->series) ||
		put_list(o, "checks", r->nr_checks, check_item, r->checks) ||
		put_list(o, "matrices", r->nr_matrices, matrix_item, r->matrices);
	return whole(o, failed);
}
