// SPDX-License-Identifier: GPL-2.0-only
#include "model/record.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every function that adds takes a NULL record as "memory ran out earlier", so that callers may
 * check once, when they hand the record over. */

static void strings_free(char **v, size_t n)
{
	if (!v)
		return;
	for (size_t i = 0; i < n; i++)
		free(v[i]);
	free(v);
}

static void matrix_release(struct matrix *m)
{
	free(m->name);
	free(m->row_axis);
	free(m->col_axis);
	free(m->legend);
	strings_free(m->row_names, m->nr_rows);
	strings_free(m->cells, m->nr_rows);
	strings_free(m->col_names, m->nr_cols);
}

struct record *record__new(enum record_kind kind, const char *experiment, const char *name)
{
	struct record *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->kind = kind;
	/* Pessimistic until somebody has judged it (see enum status). */
	r->status = STATUS_HARNESS;
	r->load_time_us = -1;
	r->xlated_size = -1;
	r->jited_size = -1;
	vlog_stats__init(&r->stats);
	if (record__set(&r->experiment, experiment ? experiment : "") ||
	    record__set(&r->name, name ? name : "")) {
		record__free(r);
		return NULL;
	}
	return r;
}

void record__free(struct record *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->nr_labels; i++) {
		free(r->labels[i].name);
		free(r->labels[i].value);
	}
	for (size_t i = 0; i < r->nr_metrics; i++) {
		free(r->metrics[i].name);
		free(r->metrics[i].unit);
	}
	for (size_t i = 0; i < r->nr_series; i++) {
		free(r->series[i].name);
		free(r->series[i].unit);
		free(r->series[i].values);
	}
	for (size_t i = 0; i < r->nr_checks; i++) {
		free(r->checks[i].text);
		free(r->checks[i].found);
	}
	for (size_t i = 0; i < r->nr_matrices; i++)
		matrix_release(&r->matrices[i]);
	free(r->labels);
	free(r->metrics);
	free(r->series);
	free(r->checks);
	free(r->matrices);
	strv__free(&r->tags);
	free(r->experiment);
	free(r->name);
	free(r->prog_type);
	free(r->section);
	free(r->message);
	free(r->failure);
	free(r->expected);
	free(r->reason);
	free(r);
}

/* Makes room for one more element of `size` bytes; returns the new, zeroed element. The count
 * stays: the caller raises it once the element is complete. */
static void *grow(void **array, size_t n, size_t size)
{
	/* Capacity is implied: a power of two that the count has just reached. */
	if (!n || (n & (n - 1)) == 0) {
		size_t cap = n ? n * 2 : 1;
		void *p;

		if (cap > SIZE_MAX / size)
			return NULL;
		p = realloc(*array, cap * size);
		if (!p)
			return NULL;
		*array = p;
	}
	memset((char *)*array + n * size, 0, size);
	return (char *)*array + n * size;
}

/* Copies src (NULL counts as "") to *out. */
static int copy(char **out, const char *src)
{
	*out = strdup(src ? src : "");
	return *out ? 0 : -ENOMEM;
}

int record__set(char **field, const char *value)
{
	char *fresh = NULL;

	if (value) {
		fresh = strdup(value);
		if (!fresh)
			return -ENOMEM;
	}
	free(*field);
	*field = fresh;
	return 0;
}

const char *record__get_label(const struct record *r, const char *name)
{
	if (!r || !name)
		return NULL;
	for (size_t i = 0; i < r->nr_labels; i++) {
		if (!strcmp(r->labels[i].name, name))
			return r->labels[i].value;
	}
	return NULL;
}

const struct metric *record__get_metric(const struct record *r, const char *name)
{
	if (!r || !name)
		return NULL;
	for (size_t i = 0; i < r->nr_metrics; i++) {
		if (!strcmp(r->metrics[i].name, name))
			return &r->metrics[i];
	}
	return NULL;
}

int record__label(struct record *r, const char *name, const char *value)
{
	struct label *l;

	if (!r)
		return -ENOMEM;
	if (!name || !*name || record__get_label(r, name))
		return -EINVAL;
	l = grow((void **)&r->labels, r->nr_labels, sizeof(*l));
	if (!l)
		return -ENOMEM;
	if (copy(&l->name, name) || copy(&l->value, value)) {
		free(l->name);
		free(l->value);
		return -ENOMEM;
	}
	r->nr_labels++;
	return 0;
}

int record__metric(struct record *r, const char *name, const char *unit, double value)
{
	struct metric *m;

	if (!r)
		return -ENOMEM;
	if (!name || !*name || record__get_metric(r, name))
		return -EINVAL;
	m = grow((void **)&r->metrics, r->nr_metrics, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->value = value;
	if (copy(&m->name, name) || copy(&m->unit, unit)) {
		free(m->name);
		free(m->unit);
		return -ENOMEM;
	}
	r->nr_metrics++;
	return 0;
}

int record__series(struct record *r, const char *name, const char *unit, const double *values,
		   size_t n)
{
	struct series *s;

	if (!r)
		return -ENOMEM;
	if (!name || !*name || (n && !values) || n > SIZE_MAX / sizeof(*values))
		return -EINVAL;
	for (size_t i = 0; i < r->nr_series; i++) {
		if (!strcmp(r->series[i].name, name))
			return -EINVAL;
	}
	s = grow((void **)&r->series, r->nr_series, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->n = n;
	/* Never NULL, also for an empty series. */
	s->values = malloc(n ? n * sizeof(*values) : 1);
	if (!s->values || copy(&s->name, name) || copy(&s->unit, unit)) {
		free(s->values);
		free(s->name);
		free(s->unit);
		return -ENOMEM;
	}
	if (n)
		memcpy(s->values, values, n * sizeof(*values));
	r->nr_series++;
	return 0;
}

int record__check(struct record *r, bool ok, const char *text, const char *found)
{
	struct check *c;

	if (!r)
		return -ENOMEM;
	if (!text || !*text)
		return -EINVAL;
	c = grow((void **)&r->checks, r->nr_checks, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->ok = ok;
	if (copy(&c->text, text) || copy(&c->found, found)) {
		free(c->text);
		free(c->found);
		return -ENOMEM;
	}
	r->nr_checks++;
	return 0;
}

/* Copies n names; without any they are the numbers from 0. */
static int names_copy(char ***out, char *const *names, size_t n)
{
	*out = calloc(n ? n : 1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		(*out)[i] = names ? strdup(names[i] ? names[i] : "") : str_fmt("%zu", i);
		if (!(*out)[i])
			return -ENOMEM;
	}
	return 0;
}

static bool matrix_valid(const struct record *r, const struct matrix *m)
{
	if (!m->name || !*m->name || (m->nr_rows && !m->cells))
		return false;
	for (size_t i = 0; i < m->nr_rows; i++) {
		if (!m->cells[i] || strlen(m->cells[i]) != m->nr_cols)
			return false;
	}
	for (size_t i = 0; i < r->nr_matrices; i++) {
		if (!strcmp(r->matrices[i].name, m->name))
			return false;
	}
	return true;
}

int record__matrix(struct record *r, const struct matrix *m)
{
	struct matrix *c;

	if (!r)
		return -ENOMEM;
	if (!m || !matrix_valid(r, m))
		return -EINVAL;
	c = grow((void **)&r->matrices, r->nr_matrices, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->nr_rows = m->nr_rows;
	c->nr_cols = m->nr_cols;
	if (copy(&c->name, m->name) || copy(&c->row_axis, m->row_axis) ||
	    copy(&c->col_axis, m->col_axis) || copy(&c->legend, m->legend) ||
	    names_copy(&c->row_names, m->row_names, m->nr_rows) ||
	    names_copy(&c->cells, m->cells, m->nr_rows) ||
	    names_copy(&c->col_names, m->col_names, m->nr_cols)) {
		matrix_release(c);
		return -ENOMEM;
	}
	r->nr_matrices++;
	return 0;
}

int record__fail(struct record *r, enum status status, const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list ap;

	if (!r)
		return -ENOMEM;
	/* Of two failures that are equally bad the first is the cause more often than the second.
	 */
	if (status < r->status || status == STATUS_OK || (status == r->status && r->reason))
		return 0;
	r->status = status;
	va_start(ap, fmt);
	strbuf__addv(&sb, fmt, ap);
	va_end(ap);
	free(r->reason);
	r->reason = NULL;
	if (sb.failed) {
		strbuf__free(&sb);
		return -ENOMEM;
	}
	r->reason = strbuf__detach(&sb);
	for (char *p = r->reason; p && (p = strchr(p, '\n'));) /* the reason is one line */
		*p = ' ';
	return r->reason ? 0 : -ENOMEM;
}

static int copy_plain(struct record *to, const struct record *from)
{
	int err;

	to->verdict = from->verdict;
	to->err = from->err;
	to->status = from->status;
	to->stats = from->stats;
	to->load_time_us = from->load_time_us;
	to->xlated_size = from->xlated_size;
	to->jited_size = from->jited_size;
	err = record__set(&to->prog_type, from->prog_type);
	err = err ?: record__set(&to->section, from->section);
	err = err ?: record__set(&to->message, from->message);
	err = err ?: record__set(&to->failure, from->failure);
	err = err ?: record__set(&to->expected, from->expected);
	err = err ?: record__set(&to->reason, from->reason);
	for (size_t i = 0; !err && i < from->tags.n; i++)
		err = strv__add(&to->tags, from->tags.v[i]);
	return err;
}

static int copy_lists(struct record *to, const struct record *from)
{
	int err = 0;

	for (size_t i = 0; !err && i < from->nr_labels; i++)
		err = record__label(to, from->labels[i].name, from->labels[i].value);
	for (size_t i = 0; !err && i < from->nr_metrics; i++)
		err = record__metric(to, from->metrics[i].name, from->metrics[i].unit,
				     from->metrics[i].value);
	for (size_t i = 0; !err && i < from->nr_series; i++)
		err = record__series(to, from->series[i].name, from->series[i].unit,
				     from->series[i].values, from->series[i].n);
	for (size_t i = 0; !err && i < from->nr_checks; i++)
		err = record__check(to, from->checks[i].ok, from->checks[i].text,
				    from->checks[i].found);
	for (size_t i = 0; !err && i < from->nr_matrices; i++)
		err = record__matrix(to, &from->matrices[i]);
	return err;
}

struct record *record__copy(const struct record *r)
{
	struct record *to = r ? record__new(r->kind, r->experiment, r->name) : NULL;

	if (to && (copy_plain(to, r) || copy_lists(to, r))) {
		record__free(to);
		to = NULL;
	}
	return to;
}

char *record__labels_str(const struct record *r)
{
	struct strbuf sb = STRBUF_INIT;

	if (!r)
		return NULL;
	for (size_t i = 0; i < r->nr_labels; i++)
		strbuf__addf(&sb, "%s%s=%s", i ? " " : "", r->labels[i].name, r->labels[i].value);
	if (sb.failed) {
		strbuf__free(&sb);
		return NULL;
	}
	return strbuf__detach(&sb);
}
