// SPDX-License-Identifier: GPL-2.0-only
#include "vm/tools.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/inifile.h"

#define LOWER_DIGITS "abcdefghijklmnopqrstuvwxyz0123456789"
#define ALNUM	     "ABCDEFGHIJKLMNOPQRSTUVWXYZ" LOWER_DIGITS

struct tools {
	struct tool *v;
	size_t n;
};

struct loader {
	struct inifile in; /* first: its callbacks find the rest by it */
	struct tools *ts;
};

static struct loader *loader_of(struct inifile *f)
{
	return (struct loader *)f;
}

static struct tool *last(struct loader *l)
{
	return &l->ts->v[l->ts->n - 1];
}

static bool all_of(const char *s, const char *set)
{
	return *s && !s[strspn(s, set)];
}

static bool plain_name(const char *s)
{
	return isalnum((unsigned char)*s) && all_of(s, ALNUM "._+-");
}

static int set_text(char **to, const char *v)
{
	*to = strdup(v);
	return *to ? 0 : -ENOMEM;
}

static int set_says(void *item, const char *v)
{
	struct tool *t = item;
	return *v ? set_text(&t->says, v) : -EINVAL;
}

/* It stays inside of what is unpacked. */
static int set_program(void *item, const char *v)
{
	struct tool *t = item;
	if (*v == '/' || strstr(v, "..") || !all_of(v, ALNUM "._+-/"))
		return -EINVAL;
	return set_text(&t->program, v);
}

static int set_suites(void *item, const char *v)
{
	struct tool *t = item;
	int err = strv__split(&t->suites, v, ", ");

	for (size_t i = 0; !err && i < t->suites.n; i++)
		err = plain_name(t->suites.v[i]) ? 0 : -EINVAL;
	return err ? err : t->suites.n ? 0 : -EINVAL;
}

static bool package_name(const char *v)
{
	const char *eq = strchr(v, '=');

	return eq && eq != v && strspn(v, LOWER_DIGITS "+.-") == (size_t)(eq - v) &&
	       isalnum((unsigned char)*v) && all_of(eq + 1, ALNUM ".+~:-");
}

/* "NAME=VERSION SHA256" */
static int add_package(struct tool *t, const char *v)
{
	struct strv words = { 0 };
	struct tool_package *p;
	int err = strv__split(&words, v, " \t\n");

	if (!err && (words.n != 2 || !package_name(words.v[0]) || strlen(words.v[1]) != 64 ||
		     !all_of(words.v[1], "0123456789abcdef")))
		err = -EINVAL;
	if (!err) {
		p = reallocarray(t->packages, t->nr_packages + 1, sizeof(*p));
		if (p) {
			t->packages = p;
			p[t->nr_packages++] = (struct tool_package){ .package = words.v[0],
								     .sha256 = words.v[1] };
			words.n = 0;
		} else {
			err = -ENOMEM;
		}
	}
	strv__free(&words);
	return err;
}

static int set_packages(void *item, const char *v)
{
	struct tool *t = item;
	struct strv list = { 0 };
	int err = strv__split(&list, v, ",");

	for (size_t i = 0; !err && i < list.n; i++)
		err = add_package(t, list.v[i]);
	strv__free(&list);
	return err ? err : t->nr_packages ? 0 : -EINVAL;
}

static const struct inifile_key keys[] = {
	{ "says", true, false, set_says, "what the program prints for --version" },
	{ "program", true, false, set_program, "a path in the packages, such as usr/bin/pahole" },
	{ "suites", false, false, set_suites, "a list of Debian's suites" },
	{ "packages", true, true, set_packages, "a list of NAME=VERSION and SHA-256" },
};
#define NR_KEYS (sizeof(keys) / sizeof(keys[0]))

static void end_section(struct inifile *f)
{
	inifile__need(f, keys, NR_KEYS, "tool", last(loader_of(f))->name);
}

static int begin_section(struct inifile *f, const char *name)
{
	struct loader *l = loader_of(f);
	struct tool *v;

	f->skip = !plain_name(name) || tools__find(l->ts, name);
	if (f->skip) {
		inifile__complain(f, f->section_line, "section [%s] %s", name,
				  plain_name(name) ? "comes twice" : "is no name for a tool");
		return 0;
	}
	v = reallocarray(l->ts->v, l->ts->n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	l->ts->v = v;
	v[l->ts->n] = (struct tool){ .name = strdup(name), .line = f->section_line };
	if (!v[l->ts->n].name)
		return -ENOMEM;
	l->ts->n++;
	return 0;
}

static int set_key(struct inifile *f, const char *name, const char *value)
{
	return inifile__set(f, keys, NR_KEYS, last(loader_of(f)), name, value);
}

int tools__load(const char *ini, struct tools **out)
{
	struct loader l = {
		.in = { .path = ini, .begin = begin_section, .key = set_key, .end = end_section },
		.ts = calloc(1, sizeof(*l.ts)),
	};
	int err = l.ts ? inifile__read(&l.in) : -ENOMEM;

	if (err)
		tools__free(l.ts);
	*out = err ? NULL : l.ts;
	return err;
}

void tools__free(struct tools *ts)
{
	if (!ts)
		return;
	for (size_t i = 0; i < ts->n; i++) {
		struct tool *t = &ts->v[i];

		for (size_t p = 0; p < t->nr_packages; p++) {
			free(t->packages[p].package);
			free(t->packages[p].sha256);
		}
		free(t->packages);
		strv__free(&t->suites);
		free(t->name);
		free(t->says);
		free(t->program);
	}
	free(ts->v);
	free(ts);
}

const struct tool *tools__find(const struct tools *ts, const char *name)
{
	for (size_t i = 0; i < ts->n; i++)
		if (!strcmp(ts->v[i].name, name))
			return &ts->v[i];
	return NULL;
}
