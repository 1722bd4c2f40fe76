// SPDX-License-Identifier: GPL-2.0-only
#include "diff/facts.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT 1

/* --- writing ------------------------------------------------------------------------------------
 */

static void put(json_t *o, const char *key, const char *value)
{
	if (value)
		json_object_set_new(o, key, json_string(value));
}

static json_t *strings(const struct strv *sv)
{
	json_t *a = json_array();

	for (size_t i = 0; i < sv->n; i++)
		json_array_append_new(a, json_string(sv->v[i]));
	return a;
}

static json_t *patches(const struct facts *f)
{
	json_t *a = json_array();

	for (size_t i = 0; i < f->nr_patches; i++) {
		json_t *o = json_object();

		put(o, "name", f->patches[i].name);
		put(o, "sha256", f->patches[i].hash);
		put(o, "change", f->patches[i].change);
		json_array_append_new(a, o);
	}
	return a;
}

char *facts__kernel_json(const struct facts *f)
{
	json_t *o = json_pack("{s:i}", "facts", FORMAT);
	char *text;

	put(o, "kernel", f->kernel);
	put(o, "release", f->release);
	put(o, "image_key", f->image_key);
	put(o, "build_id", f->build_id);
	put(o, "source", f->source);
	put(o, "source_sha256", f->source_hash);
	put(o, "damage", f->damage);
	put(o, "config_sha256", f->config_hash);
	put(o, "compiler", f->compiler);
	put(o, "linker", f->linker);
	put(o, "pahole", f->pahole);
	if (f->has_asked)
		json_object_set_new(o, "asked", strings(&f->asked));
	if (f->has_patches)
		json_object_set_new(o, "patches", patches(f));
	text = json_dumps(o, JSON_INDENT(2));
	json_decref(o);
	return text;
}

/* --- reading ------------------------------------------------------------------------------------
 */

/* A string, or nothing. Replaces what is there. */
static int get(const json_t *o, const char *key, char **to)
{
	const char *s = json_string_value(json_object_get(o, key));

	if (!s)
		return 0;
	free(*to);
	*to = strdup(s);
	return *to ? 0 : -ENOMEM;
}

static int get_asked(const json_t *a, struct facts *f)
{
	const json_t *e;
	size_t i;
	int err = 0;

	f->has_asked = json_is_array(a);
	json_array_foreach (a, i, e)
		if (!err)
			err = json_is_string(e) ? strv__add(&f->asked, json_string_value(e))
						: -EINVAL;
	return err;
}

static int get_patches(const json_t *a, struct facts *f)
{
	const json_t *e;
	size_t i;
	int err = 0;

	f->has_patches = json_is_array(a);
	if (!json_array_size(a))
		return 0;
	f->patches = calloc(json_array_size(a), sizeof(*f->patches));
	if (!f->patches)
		return -ENOMEM;
	json_array_foreach (a, i, e) {
		struct fact_patch *p = &f->patches[f->nr_patches++];

		err = err ? err : get(e, "name", &p->name);
		err = err ? err : get(e, "sha256", &p->hash);
		err = err ? err : get(e, "change", &p->change);
		if (!err && (!p->name || !p->hash))
			err = -EINVAL;
	}
	return err;
}

static int get_kernel(const json_t *o, struct facts *f)
{
	const struct {
		const char *key;
		char **to;
	} fields[] = {
		{ "kernel", &f->kernel },	{ "release", &f->release },
		{ "image_key", &f->image_key }, { "build_id", &f->build_id },
		{ "source", &f->source },	{ "source_sha256", &f->source_hash },
		{ "damage", &f->damage },	{ "config_sha256", &f->config_hash },
		{ "compiler", &f->compiler },	{ "linker", &f->linker },
		{ "pahole", &f->pahole },
	};
	int err = 0;

	if (json_integer_value(json_object_get(o, "facts")) != FORMAT)
		return -EINVAL;
	for (size_t i = 0; !err && i < sizeof(fields) / sizeof(fields[0]); i++)
		err = get(o, fields[i].key, fields[i].to);
	err = err ? err : get_asked(json_object_get(o, "asked"), f);
	return err ? err : get_patches(json_object_get(o, "patches"), f);
}

int facts__parse_kernel(const char *text, struct facts *f)
{
	json_t *o = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	int err = json_is_object(o) ? get_kernel(o, f) : -EINVAL;

	json_decref(o);
	f->has_kernel = !err;
	return err;
}

static int get_objects(const json_t *objects, struct facts *f)
{
	const char *name;
	const json_t *hash;

	f->has_objects = json_is_object(objects);
	if (!json_object_size(objects))
		return 0;
	f->objects = calloc(json_object_size(objects), sizeof(*f->objects));
	if (!f->objects)
		return -ENOMEM;
	json_object_foreach ((json_t *)objects, name, hash) {
		struct fact_of *of = &f->objects[f->nr_objects];

		if (!json_is_string(hash))
			continue;
		f->nr_objects++;
		of->experiment = strdup(name);
		of->value = strdup(json_string_value(hash));
		if (!of->experiment || !of->value)
			return -ENOMEM;
	}
	return 0;
}

int facts__parse_host(const char *host_json, struct facts *f)
{
	json_t *o = json_loads(host_json, 0, NULL);
	int err = get(o, "assay", &f->assay);

	err = err ? err : get(o, "clang", &f->clang);
	err = err ? err : get(o, "libbpf", &f->libbpf);
	err = err ? err : get(o, "bpftool", &f->bpftool);
	err = err ? err : get(o, "guest_sha256", &f->guest);
	err = err ? err : get_objects(json_object_get(o, "objects"), f);
	json_decref(o);
	return err;
}
