// SPDX-License-Identifier: GPL-2.0-only
/* Answers as a file. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/bisect_answers.h"

#define FORMAT	 2
#define MEMO_MAX (64 << 20)

static void put(json_t *o, const char *key, const char *value)
{
	if (value)
		json_object_set_new(o, key, json_string(value));
}

static json_t *pack(const struct answer *a)
{
	json_t *o = json_pack("{s:s, s:b, s:b, s:s, s:i, s:s}", "record", a->record, "whole",
			      a->whole, "program", a->kind == RECORD_PROGRAM, "verdict",
			      verdict__name(a->verdict), "errno", a->err, "status",
			      status__name(a->status));

	if (o) {
		put(o, "message", a->message);
		put(o, "failure", a->failure);
		put(o, "reason", a->reason);
	}
	return o;
}

int answers__save(const struct answers *a, const char *path)
{
	json_t *o = json_pack("{s:i}", "bisect", FORMAT), *list = json_array();
	char *text = NULL;
	int err = o && list ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < a->n; i++)
		if (json_array_append_new(list, pack(&a->v[i])))
			err = -ENOMEM;
	if (!err) {
		put(o, "why", a->why);
		put(o, "run", a->run);
		json_object_set(o, "answers", list);
		text = json_dumps(o, JSON_INDENT(1));
		err = text ? file_write(path, text, strlen(text)) : -ENOMEM;
	}
	free(text);
	json_decref(list);
	json_decref(o);
	return err;
}

static const char *get(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static int unpack(const json_t *o, struct answers *a)
{
	const char *name = get(o, "record"), *verdict = get(o, "verdict"),
		   *status = get(o, "status");
	struct answer *to;

	if (!name || !verdict || !status)
		return -EBADMSG;
	to = answers__add(a, strdup(name));
	if (!to)
		return -ENOMEM;
	to->whole = json_is_true(json_object_get(o, "whole"));
	to->kind =
		json_is_true(json_object_get(o, "program")) ? RECORD_PROGRAM : RECORD_MEASUREMENT;
	to->err = (int)json_integer_value(json_object_get(o, "errno"));
	if (verdict__parse(verdict, &to->verdict) || status__parse(status, &to->status))
		return -EBADMSG;
	return record__set(&to->message, get(o, "message")) ||
			       record__set(&to->failure, get(o, "failure")) ||
			       record__set(&to->reason, get(o, "reason"))
		       ? -ENOMEM
		       : 0;
}

int answers__load(const char *path, struct answers **out)
{
	struct answers *a = NULL;
	char *text = NULL;
	json_t *o = NULL, *item;
	size_t i;
	int err = file_read(path, MEMO_MAX, &text, NULL);

	if (err)
		return err;
	o = json_loads(text, 0, NULL);
	free(text);
	if (!o || json_integer_value(json_object_get(o, "bisect")) != FORMAT)
		err = -EBADMSG;
	a = err ? NULL : answers__new();
	if (!err && !a)
		err = -ENOMEM;
	json_array_foreach (json_object_get(o, "answers"), i, item)
		if (!err)
			err = unpack(item, a);
	if (!err)
		err = record__set(&a->why, get(o, "why"));
	if (!err)
		err = record__set(&a->run, get(o, "run"));
	json_decref(o);
	if (err)
		answers__free(a);
	else
		*out = a;
	return err;
}
