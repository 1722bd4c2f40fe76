// SPDX-License-Identifier: GPL-2.0-only
#include "guest/list.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
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

/* "E1 E2", as the tables of experiments show them; NULL on ENOMEM. */
static char *row_ids(const struct row *rows)
{
	struct strbuf sb = STRBUF_INIT;

	for (const struct row *r = rows; r && r->id; r++)
		strbuf__addf(&sb, "%s%s", sb.len ? " " : "", r->id);
	return sb.len ? strbuf__detach(&sb) : strdup("");
}

static json_t *pack_rows(const struct row *rows)
{
	json_t *array = json_array();

	for (const struct row *r = rows; r && r->id; r++)
		json_array_append_new(array,
				      json_pack("{ss ss ss ss ss* ss ss*}", "id", r->id, "title",
						text(r->title), "origin", text(r->origin), "cause",
						text(r->cause), "fix", r->fix, "shows",
						text(r->shows), "passes", r->passes));
	return array;
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
	char *ids = row_ids(ex->rows);
	int err = ids ? pack_programs(ex, &programs) : -ENOMEM;

	if (err) {
		json_decref(programs);
		free(ids);
		return err;
	}
	*out = json_pack("{ss ss ss so sb si si so so so}", "name", ex->name, "summary",
			 text(ex->summary), "rows", ids, "catalogue", pack_rows(ex->rows),
			 "on_host", ex->on_host, "timeout_s",
			 (int)(ex->timeout_s ? ex->timeout_s : DEFAULT_TIMEOUT_S), "disk_mb",
			 (int)ex->disk_mb, "needs", pack_needs(ex->needs), "params",
			 pack_params(ex->params), "programs", programs);
	free(ids);
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
		char *ids = row_ids(ex->rows);

		table__row(t, (const char *const[]){ ex->name, text(ids), text(ex->summary) });
		free(ids);
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
