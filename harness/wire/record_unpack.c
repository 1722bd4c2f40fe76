// SPDX-License-Identifier: GPL-2.0-only
#include "wire/record_json.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/record.h"
#include "wire/record_fields.h"

/* Where we are, for messages: "metrics[2]." before the key. */
struct in {
	char prefix[64];
	char *err;
	size_t err_len;
};

__attribute__((format(printf, 3, 4))) static int bad(const struct in *in, const char *key,
						     const char *fmt, ...)
{
	char what[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	snprintf(in->err, in->err_len, "record: field \"%s%s\" %s", in->prefix, key, what);
	return -EINVAL;
}

/* The field, or NULL when it is missing or null. */
static const json_t *field(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_null(v) ? NULL : v;
}

static int get_text(const struct in *in, const json_t *o, const char *key, const char **out)
{
	const json_t *v = field(o, key);

	*out = NULL;
	if (v && !json_is_string(v))
		return bad(in, key, "is not a string");
	if (v)
		*out = json_string_value(v);
	return 0;
}

static int need_text(const struct in *in, const json_t *o, const char *key, const char **out)
{
	int err = get_text(in, o, key, out);

	if (!err && !*out)
		err = bad(in, key, "is missing");
	return err;
}

static int get_list(const struct in *in, const json_t *o, const char *key, const json_t **out)
{
	*out = field(o, key);
	return *out && !json_is_array(*out) ? bad(in, key, "is not a list") : 0;
}

/* Leaves *out alone when the field is absent. */
static int get_int(const struct in *in, const json_t *o, const char *key, int64_t max, int64_t *out)
{
	const json_t *v = field(o, key);

	if (!v)
		return 0;
	if (!json_is_integer(v))
		return bad(in, key, "is not a whole number");
	if (json_integer_value(v) < 0 || json_integer_value(v) > max)
		return bad(in, key, "is out of range");
	*out = json_integer_value(v);
	return 0;
}

static int get_real(const struct in *in, const json_t *o, const char *key, double *out)
{
	const json_t *v = field(o, key);

	if (!v)
		return 0;
	if (!json_is_number(v))
		return bad(in, key, "is not a number");
	*out = json_number_value(v);
	return 0;
}

/* What the record__ functions return becomes an error that names the field. */
static int added(const struct in *in, const char *key, int err)
{
	return err == -EINVAL ? bad(in, key, "is empty or used twice") : err;
}

/* Hands each object of a list to fn, with the prefix set. */
static int each_object(struct in *in, const json_t *o, const char *key, struct record *r,
		       int (*fn)(struct in *in, const json_t *item, struct record *r))
{
	const json_t *list;
	int err = get_list(in, o, key, &list);

	for (size_t i = 0; !err && i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);

		snprintf(in->prefix, sizeof(in->prefix), "%s[%zu]", key, i);
		if (!json_is_object(item))
			return bad(in, "", "is not an object");
		snprintf(in->prefix, sizeof(in->prefix), "%s[%zu].", key, i);
		err = fn(in, item, r);
	}
	in->prefix[0] = '\0';
	return err;
}

static int take_labels(const struct in *in, const json_t *o, struct record *r)
{
	const json_t *labels = field(o, "labels");
	const char *name;
	json_t *value;

	if (labels && !json_is_object(labels))
		return bad(in, "labels", "is not an object");
	json_object_foreach ((json_t *)labels, name, value) {
		int err;

		if (!json_is_string(value))
			return bad(in, "labels", "has a value that is not a string: \"%.60s\"",
				   name);
		err = added(in, "labels", record__label(r, name, json_string_value(value)));
		if (err)
			return err;
	}
	return 0;
}

static int take_verdict(const struct in *in, const json_t *o, struct record *r)
{
	const char *verdict, *status;
	int64_t err_no = 0;
	int err;

	err = get_text(in, o, "verdict", &verdict);
	if (!err && verdict && verdict__parse(verdict, &r->verdict))
		err = bad(in, "verdict", "has an unknown value: \"%.60s\"", verdict);
	if (!err)
		err = need_text(in, o, "status", &status);
	if (!err && status__parse(status, &r->status))
		err = bad(in, "status", "has an unknown value: \"%.60s\"", status);
	if (!err)
		err = get_int(in, o, "errno", INT_MAX, &err_no);
	r->err = (int)err_no;
	return err;
}

static int take_strings(const struct in *in, const json_t *o, struct record *r)
{
	for (const struct record_field *f = record_strings; f->key; f++) {
		const char *s;
		int err = get_text(in, o, f->key, &s);

		if (!err)
			err = record__set((char **)((char *)r + f->offset), s);
		if (err)
			return err;
	}
	return 0;
}

static int take_tags(const struct in *in, const json_t *o, struct record *r)
{
	const json_t *tags;
	int err = get_list(in, o, "tags", &tags);

	for (size_t i = 0; !err && i < json_array_size(tags); i++) {
		const char *tag = json_string_value(json_array_get(tags, i));

		err = tag ? strv__add(&r->tags, tag)
			  : bad(in, "tags", "has a value that is not a string");
	}
	return err;
}

static int take_subprogs(const struct in *in, const json_t *stats, struct vlog_stats *s)
{
	const json_t *list;
	int err = get_list(in, stats, "subprog_stack", &list);

	if (!err && json_array_size(list) > VLOG_MAX_SUBPROGS)
		err = bad(in, "subprog_stack", "has more than %d values", VLOG_MAX_SUBPROGS);
	for (size_t i = 0; !err && i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);

		if (!json_is_integer(v) || json_integer_value(v) < 0 ||
		    json_integer_value(v) > INT_MAX)
			return bad(in, "subprog_stack", "has a value that is no size in bytes");
		s->subprog_stack[i] = (int)json_integer_value(v);
		s->nr_subprogs = (int)i + 1;
	}
	return err;
}

static int take_stats(struct in *in, const json_t *o, struct vlog_stats *s)
{
	const json_t *stats = field(o, "stats");
	int err = 0;

	if (!stats)
		return 0;
	if (!json_is_object(stats))
		return bad(in, "stats", "is not an object");
	snprintf(in->prefix, sizeof(in->prefix), "stats.");
	for (const struct record_field *f = record_stats; f->key && !err; f++)
		err = get_int(in, stats, f->key, INT64_MAX, (int64_t *)((char *)s + f->offset));
	if (!err)
		err = take_subprogs(in, stats, s);
	in->prefix[0] = '\0';
	return err;
}

static int take_costs(const struct in *in, const json_t *o, struct record *r)
{
	int err = get_real(in, o, "load_time_us", &r->load_time_us);

	if (!err && !(r->load_time_us >= 0) && field(o, "load_time_us"))
		err = bad(in, "load_time_us", "is negative");
	for (const struct record_field *f = record_sizes; f->key && !err; f++) {
		long *to = (long *)((char *)r + f->offset);
		int64_t v = *to;

		err = get_int(in, o, f->key, LONG_MAX, &v);
		*to = (long)v;
	}
	return err;
}

static int take_metric(struct in *in, const json_t *o, struct record *r)
{
	const char *name, *unit;
	double value = NAN;
	int err;

	err = need_text(in, o, "name", &name);
	if (!err)
		err = get_text(in, o, "unit", &unit);
	if (!err)
		err = get_real(in, o, "value", &value);
	return err ? err : added(in, "name", record__metric(r, name, unit, value));
}

static int take_samples(const struct in *in, const json_t *list, double *values)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);

		if (!json_is_number(v) && !json_is_null(v))
			return bad(in, "values", "has a value that is not a number");
		values[i] = json_is_null(v) ? NAN : json_number_value(v);
	}
	return 0;
}

static int take_series(struct in *in, const json_t *o, struct record *r)
{
	const char *name, *unit;
	double *values = NULL;
	const json_t *list;
	size_t n;
	int err;

	err = need_text(in, o, "name", &name);
	if (!err)
		err = get_text(in, o, "unit", &unit);
	if (!err)
		err = get_list(in, o, "values", &list);
	if (err)
		return err;
	n = json_array_size(list);
	values = calloc(n ? n : 1, sizeof(*values));
	if (!values)
		return -ENOMEM;
	err = take_samples(in, list, values);
	if (!err)
		err = added(in, "name", record__series(r, name, unit, values, n));
	free(values);
	return err;
}

static int take_check(struct in *in, const json_t *o, struct record *r)
{
	const json_t *ok = field(o, "ok");
	const char *text, *found;
	int err;

	err = need_text(in, o, "text", &text);
	if (!err && !json_is_boolean(ok))
		err = bad(in, "ok", ok ? "is not true or false" : "is missing");
	if (!err)
		err = get_text(in, o, "found", &found);
	return err ? err : added(in, "text", record__check(r, json_is_true(ok), text, found));
}

/* The strings of a list, borrowed, in *out (caller frees; NULL for an absent list). */
static int take_names(const struct in *in, const json_t *o, const char *key, char ***out, size_t *n)
{
	const json_t *list;
	int err = get_list(in, o, key, &list);

	*out = NULL;
	*n = json_array_size(list);
	if (err || !list)
		return err;
	*out = calloc(*n + 1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	for (size_t i = 0; i < *n; i++) {
		(*out)[i] = (char *)json_string_value(json_array_get(list, i));
		if (!(*out)[i])
			return bad(in, key, "has a value that is not a string");
	}
	return 0;
}

/* Rows, columns and their names must agree. */
static int check_shape(const struct in *in, struct matrix *m, size_t nr_row_names,
		       size_t nr_col_names)
{
	m->nr_cols = m->nr_rows && !m->col_names ? strlen(m->cells[0]) : nr_col_names;
	if (m->row_names && nr_row_names != m->nr_rows)
		return bad(in, "row_names", "has %zu values for %zu rows", nr_row_names,
			   m->nr_rows);
	for (size_t i = 0; i < m->nr_rows; i++)
		if (strlen(m->cells[i]) != m->nr_cols)
			return bad(in, "cells", "has %zu cells in row %zu of %zu columns",
				   strlen(m->cells[i]), i, m->nr_cols);
	return 0;
}

static int take_matrix(struct in *in, const json_t *o, struct record *r)
{
	const char *name, *row_axis, *col_axis, *legend;
	size_t nr_row_names = 0, nr_col_names = 0;
	struct matrix m = { 0 };
	int err;

	err = need_text(in, o, "name", &name);
	if (!err)
		err = get_text(in, o, "row_axis", &row_axis);
	if (!err)
		err = get_text(in, o, "col_axis", &col_axis);
	if (!err)
		err = get_text(in, o, "legend", &legend);
	if (!err)
		err = take_names(in, o, "cells", &m.cells, &m.nr_rows);
	if (!err)
		err = take_names(in, o, "row_names", &m.row_names, &nr_row_names);
	if (!err)
		err = take_names(in, o, "col_names", &m.col_names, &nr_col_names);
	if (!err)
		err = check_shape(in, &m, nr_row_names, nr_col_names);
	if (!err) {
		m.name = (char *)name;
		m.row_axis = (char *)row_axis;
		m.col_axis = (char *)col_axis;
		m.legend = (char *)legend;
		err = added(in, "name", record__matrix(r, &m));
	}
	free(m.cells);
	free(m.row_names);
	free(m.col_names);
	return err;
}

static int take_all(struct in *in, const json_t *o, struct record *r)
{
	int err = take_labels(in, o, r);

	if (!err)
		err = take_verdict(in, o, r);
	if (!err)
		err = take_strings(in, o, r);
	if (!err)
		err = take_tags(in, o, r);
	if (!err)
		err = take_stats(in, o, &r->stats);
	if (!err)
		err = take_costs(in, o, r);
	if (!err)
		err = each_object(in, o, "metrics", r, take_metric);
	if (!err)
		err = each_object(in, o, "series", r, take_series);
	if (!err)
		err = each_object(in, o, "checks", r, take_check);
	if (!err)
		err = each_object(in, o, "matrices", r, take_matrix);
	return err;
}

static int get_kind(const struct in *in, const json_t *o, enum record_kind *out)
{
	const char *kind;
	int err = need_text(in, o, "kind", &kind);

	if (err)
		return err;
	for (size_t i = 0; i < sizeof(record_kinds) / sizeof(record_kinds[0]); i++) {
		if (!strcmp(kind, record_kinds[i])) {
			*out = i;
			return 0;
		}
	}
	return bad(in, "kind", "has an unknown value: \"%.60s\"", kind);
}

int record_json__unpack(const json_t *json, struct record **out, char *err_text, size_t err_len)
{
	struct in in = { .err = err_text, .err_len = err_len };
	enum record_kind kind = RECORD_PROGRAM;
	const char *experiment, *name;
	struct record *r;
	int err;

	*out = NULL;
	snprintf(err_text, err_len, "record: out of memory");
	if (!json_is_object(json)) {
		snprintf(err_text, err_len, "record: not a JSON object");
		return -EINVAL;
	}
	err = get_kind(&in, json, &kind);
	if (!err)
		err = need_text(&in, json, "experiment", &experiment);
	if (!err)
		err = need_text(&in, json, "name", &name);
	if (err)
		return err;
	r = record__new(kind, experiment, name);
	if (!r)
		return -ENOMEM;
	err = take_all(&in, json, r);
	if (err) {
		record__free(r);
		return err;
	}
	if (err_len)
		err_text[0] = '\0';
	*out = r;
	return 0;
}
