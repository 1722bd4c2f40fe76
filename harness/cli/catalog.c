// SPDX-License-Identifier: GPL-2.0-only
#include "cli/catalog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"

struct catalog {
	json_t *list;
	struct strv names;
	struct strv btf_funcs;
};

static const char *field(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static int index_entries(struct catalog *c)
{
	const json_t *e, *need;
	size_t i, j;
	int err;

	json_array_foreach (c->list, i, e) {
		if (!*field(e, "name"))
			return -EBADMSG;
		err = strv__add(&c->names, field(e, "name"));
		if (err)
			return err;
		json_array_foreach (json_object_get(e, "needs"), j, need) {
			if (strcmp(field(need, "kind"), "btf_func") != 0 ||
			    strv__has(&c->btf_funcs, field(need, "name")))
				continue;
			err = strv__add(&c->btf_funcs, field(need, "name"));
			if (err)
				return err;
		}
	}
	return 0;
}

int catalog__load(const char *guest, struct catalog **out)
{
	const char *const argv[] = { guest, "list", "--json", NULL };
	struct catalog *c = calloc(1, sizeof(*c));
	json_error_t jerr;
	char *text = NULL;
	int status = 0, err;

	if (!c)
		return -ENOMEM;
	err = proc_output(argv, &text, &status);
	if (err || status) {
		log_err("%s: cannot list its experiments: %s; run make", guest,
			err ? strerror(-err) : "it failed");
		err = err ? err : -EIO;
		goto out;
	}
	c->list = json_loads(text, JSON_REJECT_DUPLICATES, &jerr);
	if (!json_is_array(c->list)) {
		log_err("%s: its list of experiments is no JSON array: %s", guest,
			c->list ? "other type" : jerr.text);
		err = -EBADMSG;
		goto out;
	}
	err = index_entries(c);
	if (err)
		log_err("%s: its list of experiments is damaged", guest);
out:
	free(text);
	if (err) {
		catalog__free(c);
		return err;
	}
	*out = c;
	return 0;
}

void catalog__free(struct catalog *c)
{
	if (!c)
		return;
	json_decref(c->list);
	strv__free(&c->names);
	strv__free(&c->btf_funcs);
	free(c);
}

size_t catalog__count(const struct catalog *c)
{
	return c->names.n;
}

const json_t *catalog__json(const struct catalog *c, size_t i)
{
	return json_array_get(c->list, i);
}

const char *catalog__name(const struct catalog *c, size_t i)
{
	return c->names.v[i];
}

const char *catalog__summary(const struct catalog *c, size_t i)
{
	return field(catalog__json(c, i), "summary");
}

const char *catalog__rows(const struct catalog *c, size_t i)
{
	return field(catalog__json(c, i), "rows");
}

unsigned int catalog__timeout_s(const struct catalog *c, size_t i)
{
	json_int_t s = json_integer_value(json_object_get(catalog__json(c, i), "timeout_s"));

	return s > 0 ? (unsigned int)s : 60;
}

unsigned int catalog__disk_mb(const struct catalog *c, size_t i)
{
	return (unsigned int)json_integer_value(json_object_get(catalog__json(c, i), "disk_mb"));
}

int catalog__find(const struct catalog *c, const char *name, const char **nearest)
{
	size_t i;

	for (i = 0; i < c->names.n; i++)
		if (strcmp(c->names.v[i], name) == 0)
			return (int)i;
	if (nearest)
		*nearest = str_nearest(name, (const char *const *)c->names.v, c->names.n);
	return -ENOENT;
}

size_t catalog__nr_params(const struct catalog *c, size_t i)
{
	return json_array_size(json_object_get(catalog__json(c, i), "params"));
}

void catalog__param(const struct catalog *c, size_t i, size_t p, struct catalog_param *out)
{
	const json_t *o = json_array_get(json_object_get(catalog__json(c, i), "params"), p);

	*out = (struct catalog_param){
		.name = field(o, "name"),
		.type = field(o, "type"),
		.value = field(o, "value"),
		.help = field(o, "help"),
		.min = (uint64_t)json_integer_value(json_object_get(o, "min")),
		.max = (uint64_t)json_integer_value(json_object_get(o, "max")),
		.choices = json_object_get(o, "choices"),
	};
}

const char *const *catalog__btf_funcs(const struct catalog *c)
{
	return (const char *const *)c->btf_funcs.v;
}
