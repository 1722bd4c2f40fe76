// SPDX-License-Identifier: GPL-2.0-only
#include "vm/modorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int modinfo__values(const char *text, size_t len, const char *key, struct strv *values)
{
	size_t key_len = strlen(key), n;
	int err = 0;

	for (const char *p = text, *end = text + len; !err && p < end; p += n + 1) {
		n = strnlen(p, (size_t)(end - p));
		if (n > key_len && p[key_len] == '=' && !strncmp(p, key, key_len)) {
			char *value = strndup(p + key_len + 1, n - key_len - 1);

			err = value ? strv__add(values, value) : -ENOMEM;
			free(value);
		}
	}
	return err;
}

char *modinfo__name(const char *file)
{
	const char *slash = strrchr(file, '/'), *start = slash ? slash + 1 : file;
	const char *ko = strstr(start, ".ko");
	char *name = ko ? strndup(start, (size_t)(ko - start)) : strdup(start);

	for (char *p = name; p && *p; p++)
		if (*p == '-')
			*p = '_';
	return name;
}

void modorder__release(struct modorder *o)
{
	for (size_t i = 0; i < o->n; i++) {
		free(o->v[i].name);
		free(o->v[i].args);
	}
	free(o->v);
	strv__free(&o->begun);
	*o = (struct modorder){ 0 };
}

static int append(struct modorder *o, const char *name, const char *args, bool optional)
{
	struct modstep *v = reallocarray(o->v, o->n + 1, sizeof(*v)), *step;

	if (!v)
		return -ENOMEM;
	o->v = v;
	step = &v[o->n];
	*step = (struct modstep){ strdup(name), args ? strdup(args) : NULL, optional };
	if (!step->name || (args && !step->args)) {
		free(step->name);
		free(step->args);
		return -ENOMEM;
	}
	o->n++;
	return 0;
}

/* Is it in the order, or about to be? What came as optional may be needed by a later one. */
static bool is_there(struct modorder *o, const char *name, bool optional)
{
	for (size_t i = 0; i < o->n; i++) {
		if (strcmp(o->v[i].name, name))
			continue;
		o->v[i].optional &= optional;
		return true;
	}
	return strv__has(&o->begun, name);
}

static void pop(struct strv *sv)
{
	free(sv->v[--sv->n]);
	sv->v[sv->n] = NULL;
}

static int add_needs(struct modorder *o, const struct modsource *s, const char *text, size_t len,
		     bool optional, char **missing)
{
	struct strv lists = { 0 }, names = { 0 };
	int err = modinfo__values(text, len, "depends", &lists);

	for (size_t i = 0; !err && i < lists.n; i++)
		err = strv__split(&names, lists.v[i], ",");
	for (size_t i = 0; !err && i < names.n; i++)
		err = modorder__add(o, s, names.v[i], NULL, optional, missing);
	strv__free(&names);
	strv__free(&lists);
	return err;
}

/* A module's name or an alias. It is no mistake when it is not to be had. */
static int add_wish(struct modorder *o, const struct modsource *s, const char *wish)
{
	char *name = modinfo__name(wish), *missing = NULL;
	struct strv names = { 0 };
	int err = name ? 0 : -ENOMEM;

	if (!err && !s->builtin(s->ctx, wish)) {
		err = modorder__add(o, s, name, NULL, true, &missing);
		if (err == -ENOENT)
			err = s->aliased(s->ctx, wish, &names);
		for (size_t i = 0; !err && i < names.n; i++) {
			free(missing);
			missing = NULL;
			err = modorder__add(o, s, names.v[i], NULL, true, &missing);
			err = err == -ENOENT ? 0 : err;
		}
	}
	strv__free(&names);
	free(missing);
	free(name);
	return err;
}

/* "pre: a b post: c" */
static int add_wishes(struct modorder *o, const struct modsource *s, const char *text, size_t len)
{
	struct strv lists = { 0 };
	int err = modinfo__values(text, len, "softdep", &lists);

	for (size_t i = 0; !err && i < lists.n; i++) {
		struct strv words = { 0 };
		bool before = false;

		err = strv__split(&words, lists.v[i], " ");
		for (size_t k = 0; !err && k < words.n; k++) {
			if (str_ends(words.v[k], ":"))
				before = !strcmp(words.v[k], "pre:");
			else if (before)
				err = add_wish(o, s, words.v[k]);
		}
		strv__free(&words);
	}
	strv__free(&lists);
	return err;
}

int modorder__add(struct modorder *o, const struct modsource *s, const char *file, const char *args,
		  bool optional, char **missing)
{
	char *name = modinfo__name(file), *text = NULL;
	size_t len = 0;
	int err = name ? 0 : -ENOMEM;

	if (err || s->builtin(s->ctx, name) || is_there(o, name, optional))
		goto out;
	err = s->info(s->ctx, name, &text, &len);
	if (err == -ENOENT) {
		free(*missing);
		*missing = strdup(name);
		err = *missing ? -ENOENT : -ENOMEM;
	}
	if (!err)
		err = strv__add(&o->begun, name);
	if (err)
		goto out;
	err = add_needs(o, s, text, len, optional, missing);
	if (!err)
		err = add_wishes(o, s, text, len);
	if (!err)
		err = append(o, name, args, optional);
	pop(&o->begun);
out:
	free(text);
	free(name);
	return err;
}

char *modorder__text(const struct modorder *o)
{
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < o->n; i++)
		strbuf__addf(&sb, "%s%s.ko%s%s\n", o->v[i].optional ? "-" : "", o->v[i].name,
			     o->v[i].args ? " " : "", o->v[i].args ? o->v[i].args : "");
	if (sb.failed) {
		strbuf__free(&sb);
		return NULL;
	}
	return strbuf__detach(&sb);
}
