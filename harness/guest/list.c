// SPDX-License-Identifier: GPL-2.0-only
#include "guest/list.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/log.h"
#include "base/term.h"
#include "guest/kfacts.h"
#include "guest/load.h"
#include "guest/objects.h"
#include "guest/params.h"
#include "guest/registry.h"

#define DEFAULT_TIMEOUT_S 60

static const char *text(const char *s)
{
	return s ? s : "";
}

static json_t *pack_needs(const struct need *needs)
{
	json_t *array = json_array();

	for (const struct need *n = needs; n && n->name; n++)
		json_array_append_new(array,
				      json_pack("{ss ss ss}", "kind", need_kind__name(n->kind),
						"name", n->name, "why", text(n->why)));
	return array;
}

static json_t *pack_param(const struct param *p)
{
	json_t *o = json_pack("{ss ss ss ss}", "name", p->name, "type", param_type__name(p),
			      "value", text(p->value), "help", text(p->help));

	if (p->type == PARAM_UINT || p->type == PARAM_SIZES) {
		json_object_set_new(o, "min", json_integer((json_int_t)p->min));
		json_object_set_new(o, "max", json_integer((json_int_t)param__max(p)));
	}
	if (p->type == PARAM_STRING && p->choices) {
		json_t *choices = json_array();

		for (const char *const *c = p->choices; *c; c++)
			json_array_append_new(choices, json_string(*c));
		json_object_set_new(o, "choices", choices);
	}
	return o;
}

static json_t *pack_params(const struct param *params)
{
	json_t *array = json_array();

	for (const struct param *p = params; p && p->name; p++)
		json_array_append_new(array, pack_param(p));
	return array;
}

static int pack_programs(const struct experiment *ex, json_t **out)
{
	struct bpf_object *obj = NULL;
	struct bpf_program *prog;
	int err;

	*out = json_array();
	if (!ex->elf_bytes)
		return 0;
	err = object__open(ex, &obj);
	if (err)
		return err;
	bpf_object__for_each_program (prog, obj)
		json_array_append_new(*out, json_string(bpf_program__name(prog)));
	bpf_object__close(obj);
	return 0;
}

static int pack(const struct experiment *ex, json_t **out)
{
	json_t *programs = NULL;
	int err = pack_programs(ex, &programs);

	if (err) {
		json_decref(programs);
		return err;
	}
	*out = json_pack("{ss ss ss si so so so}", "name", ex->name, "summary", text(ex->summary),
			 "rows", text(ex->rows), "timeout_s",
			 (int)(ex->timeout_s ? ex->timeout_s : DEFAULT_TIMEOUT_S), "needs",
			 pack_needs(ex->needs), "params", pack_params(ex->params), "programs",
			 programs);
	return *out ? 0 : -ENOMEM;
}

static int print_json(FILE *out)
{
	struct libbpf_messages m = LIBBPF_MESSAGES_INIT;
	json_t *all = json_array();
	int err = all ? 0 : -ENOMEM;

	libbpf_messages__to(&m);
	for (size_t i = 0; !err && i < nr_experiments; i++) {
		json_t *one = NULL;

		err = pack(experiments[i], &one);
		if (err)
			log_err("%s: its BPF object can't be read: %s", experiments[i]->name,
				strerror(-err));
		else if (json_array_append_new(all, one))
			err = -ENOMEM;
	}
	libbpf_messages__to(NULL);
	if (!err && (json_dumpf(all, out, JSON_INDENT(1)) || fputc('\n', out) == EOF))
		err = -EIO;
	json_decref(all);
	libbpf_messages__free(&m);
	return err;
}

static int print_table(FILE *out)
{
	static const struct column columns[] = {
		{ "experiment", ALIGN_LEFT, 0 },
		{ "rows", ALIGN_LEFT, 30 },
		{ "question", ALIGN_LEFT, 0 },
	};
	struct table *t = table__new(columns, 3);

	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < nr_experiments; i++) {
		const struct experiment *ex = experiments[i];

		table__row(t, (const char *const[]){ ex->name, text(ex->rows), text(ex->summary) });
	}
	table__print(t, out, term_color(out));
	table__free(t);
	return 0;
}

int list__print(FILE *out, bool json)
{
	return json ? print_json(out) : print_table(out);
}

int list__object(FILE *out, const struct experiment *ex)
{
	const void *bytes;
	size_t size;

	if (!ex->elf_bytes)
		return -ENOENT;
	bytes = ex->elf_bytes(&size);
	return fwrite(bytes, 1, size, out) == size ? 0 : -EIO;
}
