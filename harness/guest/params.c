// SPDX-License-Identifier: GPL-2.0-only
#include "guest/params.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"
#include "guest/experiment.h"

struct value {
	const struct param *decl;
	char *text;
	uint64_t number; /* of a PARAM_UINT or PARAM_BOOL */
};

struct params {
	struct value *values;
	size_t n;
};

static const char *const type_names[] = {
	[PARAM_UINT] = "uint",
	[PARAM_BOOL] = "bool",
	[PARAM_STRING] = "string",
	[PARAM_SIZES] = "sizes",
};

const char *param_type__name(const struct param *p)
{
	return type_names[p->type];
}

uint64_t param__max(const struct param *p)
{
	/* JSON's integers, as which the limits travel, are signed. */
	return p->max ? p->max : INT64_MAX;
}

static struct value *find(const struct params *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->values[i].decl->name, name) == 0)
			return &p->values[i];
	return NULL;
}

static int parse_uint(struct value *v, char *err, size_t err_len)
{
	uint64_t max = param__max(v->decl);
	int ret = num_u64(v->text, v->decl->min, max, &v->number);

	if (ret == -EINVAL)
		ret = num_size(v->text, v->decl->min, max, &v->number);
	if (ret == -ERANGE)
		snprintf(err, err_len, "parameter %s: %s is not in the range %llu to %llu",
			 v->decl->name, v->text, (unsigned long long)v->decl->min,
			 (unsigned long long)max);
	else if (ret)
		snprintf(err, err_len, "parameter %s: '%s' is not a number", v->decl->name,
			 v->text);
	return ret ? -EINVAL : 0;
}

static int parse_bool(struct value *v, char *err, size_t err_len)
{
	int b;

	if (num_bool(v->text, &b)) {
		snprintf(err, err_len, "parameter %s: '%s' is neither yes nor no", v->decl->name,
			 v->text);
		return -EINVAL;
	}
	v->number = b;
	return 0;
}

static int parse_string(struct value *v, char *err, size_t err_len)
{
	struct strbuf list = STRBUF_INIT;

	if (!v->decl->choices)
		return 0;
	for (const char *const *c = v->decl->choices; *c; c++) {
		if (strcmp(*c, v->text) == 0) {
			strbuf__free(&list);
			return 0;
		}
		strbuf__addf(&list, "%s%s", list.len ? ", " : "", *c);
	}
	snprintf(err, err_len, "parameter %s: '%s' is none of %s", v->decl->name, v->text,
		 strbuf__str(&list));
	strbuf__free(&list);
	return -EINVAL;
}

static int parse_sizes(struct value *v, char *err, size_t err_len)
{
	struct strv sizes = { 0 };
	int ret = strv__split(&sizes, v->text, ",");
	uint64_t max = param__max(v->decl), n;

	if (!ret && !sizes.n)
		ret = -EINVAL;
	for (size_t i = 0; !ret && i < sizes.n; i++)
		ret = num_size(sizes.v[i], v->decl->min, max, &n);
	if (ret)
		snprintf(err, err_len,
			 "parameter %s: '%s' is no list of sizes from %llu to %llu, such as "
			 "512,64K",
			 v->decl->name, v->text, (unsigned long long)v->decl->min,
			 (unsigned long long)max);
	strv__free(&sizes);
	return ret ? -EINVAL : 0;
}

static int value__set(struct value *v, const char *text, char *err, size_t err_len)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(v->text);
	v->text = copy;
	switch (v->decl->type) {
	case PARAM_UINT:
		return parse_uint(v, err, err_len);
	case PARAM_BOOL:
		return parse_bool(v, err, err_len);
	case PARAM_STRING:
		return parse_string(v, err, err_len);
	case PARAM_SIZES:
		return parse_sizes(v, err, err_len);
	}
	return -EINVAL;
}

static void unknown(const struct params *p, const char *name, char *err, size_t err_len)
{
	const char **names = calloc(p->n + 1, sizeof(*names));
	const char *nearest = NULL;

	for (size_t i = 0; names && i < p->n; i++)
		names[i] = p->values[i].decl->name;
	if (names && p->n)
		nearest = str_nearest(name, names, p->n);
	if (nearest)
		snprintf(err, err_len, "there is no parameter '%s': did you mean '%s'?", name,
			 nearest);
	else
		snprintf(err, err_len, "there is no parameter '%s'", name);
	free(names);
}

static int set_given(struct params *p, const char *name, const json_t *json, char *err,
		     size_t err_len)
{
	struct value *v = find(p, name);
	char number[32];

	if (!v) {
		unknown(p, name, err, err_len);
		return -EINVAL;
	}
	if (json_is_string(json))
		return value__set(v, json_string_value(json), err, err_len);
	if (json_is_boolean(json))
		return value__set(v, json_is_true(json) ? "yes" : "no", err, err_len);
	if (json_is_integer(json)) {
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(json));
		return value__set(v, number, err, err_len);
	}
	snprintf(err, err_len, "parameter %s: its value is no string, integer or boolean", name);
	return -EINVAL;
}

int params__new(const struct experiment *ex, const json_t *given, struct params **out, char *err,
		size_t err_len)
{
	struct params *p = calloc(1, sizeof(*p));
	const char *name;
	json_t *json;
	size_t n = 0;
	int ret = 0;

	snprintf(err, err_len, "out of memory");
	if (!p)
		return -ENOMEM;
	while (ex->params && ex->params[n].name)
		n++;
	p->values = calloc(n + 1, sizeof(*p->values));
	if (!p->values) {
		ret = -ENOMEM;
		goto out;
	}
	p->n = n;
	for (size_t i = 0; i < n && !ret; i++) {
		p->values[i].decl = &ex->params[i];
		ret = value__set(&p->values[i], ex->params[i].value ? ex->params[i].value : "", err,
				 err_len);
	}
	json_object_foreach ((json_t *)given, name, json) {
		if (ret)
			break;
		ret = set_given(p, name, json, err, err_len);
	}
out:
	if (ret) {
		params__free(p);
		return ret;
	}
	err[0] = '\0';
	*out = p;
	return 0;
}

void params__free(struct params *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++)
		free(p->values[i].text);
	free(p->values);
	free(p);
}

static int lookup(const struct params *p, const char *name, enum param_type type,
		  const struct value **out)
{
	*out = find(p, name);
	if (!*out)
		return -ENOENT;
	return (*out)->decl->type == type ? 0 : -EINVAL;
}

int params__u64(const struct params *p, const char *name, uint64_t *out)
{
	const struct value *v;
	int err = lookup(p, name, PARAM_UINT, &v);

	if (!err)
		*out = v->number;
	return err;
}

int params__bool(const struct params *p, const char *name, bool *out)
{
	const struct value *v;
	int err = lookup(p, name, PARAM_BOOL, &v);

	if (!err)
		*out = v->number;
	return err;
}

int params__str(const struct params *p, const char *name, const char **out)
{
	const struct value *v;
	int err = lookup(p, name, PARAM_STRING, &v);

	if (err == -EINVAL)
		err = lookup(p, name, PARAM_SIZES, &v);
	if (!err)
		*out = v->text;
	return err;
}
