// SPDX-License-Identifier: GPL-2.0-only
#include "vm/programs.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/inifile.h"

struct programs {
	struct program *v;
	size_t n;
};

struct loader {
	struct inifile in; /* first: its callbacks find the rest by it */
	struct programs *ps;
};

static struct loader *loader_of(struct inifile *f)
{
	return (struct loader *)f;
}

#define LOWER_DIGITS "abcdefghijklmnopqrstuvwxyz0123456789"
#define ALNUM	     LOWER_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool all_of(const char *s, const char *set)
{
	return *s && !s[strspn(s, set)];
}

/* A file's name, and no path. */
static bool plain_name(const char *s)
{
	return isalnum((unsigned char)*s) && all_of(s, ALNUM "._+~-");
}

static int set_package(void *item, const char *v)
{
	struct program *p = item;
	const char *eq = strchr(v, '=');

	if (!eq || eq == v || strspn(v, LOWER_DIGITS "+.-") != (size_t)(eq - v) ||
	    !isalnum((unsigned char)*v) || !all_of(eq + 1, ALNUM ".+~:-"))
		return -EINVAL;
	p->package = strdup(v);
	return p->package ? 0 : -ENOMEM;
}

/* "NAME SHA256" */
static int set_file(const char *v, char **name, char **sha256)
{
	struct strv words = { 0 };
	int err = strv__split(&words, v, " \t");

	if (!err && (words.n != 2 || !plain_name(words.v[0]) || !strstr(words.v[0], ".tar") ||
		     strlen(words.v[1]) != 64 || !all_of(words.v[1], "0123456789abcdef")))
		err = -EINVAL;
	if (!err) {
		*name = strdup(words.v[0]);
		*sha256 = strdup(words.v[1]);
		err = *name && *sha256 ? 0 : -ENOMEM;
	}
	strv__free(&words);
	return err;
}

static int set_upstream(void *item, const char *v)
{
	struct program *p = item;
	return set_file(v, &p->upstream, &p->upstream_sha256);
}

static int set_debian(void *item, const char *v)
{
	struct program *p = item;
	return set_file(v, &p->debian, &p->debian_sha256);
}

static int set_names(struct strv *to, const char *v)
{
	int err = strv__split(to, v, ",");

	if (!err && !to->n)
		err = -EINVAL;
	for (size_t i = 0; !err && i < to->n; i++)
		err = plain_name(to->v[i]) ? 0 : -EINVAL;
	return err;
}

static int set_suites(void *item, const char *v)
{
	struct program *p = item;
	return set_names(&p->suites, v);
}

static int set_configure(void *item, const char *v)
{
	struct program *p = item;
	return strv__split(&p->configure, v, ",");
}

static int set_libraries(void *item, const char *v)
{
	struct program *p = item;
	return set_names(&p->libraries, v);
}

static int set_tools(void *item, const char *v)
{
	struct program *p = item;
	return set_names(&p->tools, v);
}

static const struct inifile_key keys[] = {
	{ "package", true, false, set_package,
	  "the name of a source package, '=' and its version" },
	{ "suites", false, false, set_suites, "a list of Debian's suites" },
	{ "upstream", true, false, set_upstream, "the name of a .tar file and its SHA-256" },
	{ "debian", true, false, set_debian, "the name of a .tar file and its SHA-256" },
	{ "configure", false, false, set_configure, "a list of arguments" },
	{ "libraries", false, false, set_libraries, "a list of static libraries" },
	{ "tools", false, false, set_tools, "a list of programs" },
};
#define NR_KEYS (sizeof(keys) / sizeof(keys[0]))

static struct program *last(struct loader *l)
{
	return &l->ps->v[l->ps->n - 1];
}

static void end_section(struct inifile *f)
{
	inifile__need(f, keys, NR_KEYS, "program", last(loader_of(f))->name);
}

static int begin_section(struct inifile *f, const char *name)
{
	struct loader *l = loader_of(f);
	struct program *v;

	f->skip = !plain_name(name) || programs__find(l->ps, name);
	if (f->skip) {
		inifile__complain(f, f->section_line, "section [%s] %s", name,
				  plain_name(name) ? "comes twice" : "is no name for a program");
		return 0;
	}
	v = reallocarray(l->ps->v, l->ps->n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	l->ps->v = v;
	v[l->ps->n] = (struct program){ .name = strdup(name), .line = f->section_line };
	if (!v[l->ps->n].name)
		return -ENOMEM;
	l->ps->n++;
	return 0;
}

static int set_key(struct inifile *f, const char *name, const char *value)
{
	return inifile__set(f, keys, NR_KEYS, last(loader_of(f)), name, value);
}

int programs__load(const char *ini, struct programs **out)
{
	struct loader l = {
		.in = { .path = ini, .begin = begin_section, .key = set_key, .end = end_section },
		.ps = calloc(1, sizeof(*l.ps)),
	};
	int err = l.ps ? inifile__read(&l.in) : -ENOMEM;

	if (err)
		programs__free(l.ps);
	*out = err ? NULL : l.ps;
	return err;
}

void programs__free(struct programs *ps)
{
	if (!ps)
		return;
	for (size_t i = 0; i < ps->n; i++) {
		struct program *p = &ps->v[i];

		free(p->name);
		free(p->package);
		free(p->upstream);
		free(p->upstream_sha256);
		free(p->debian);
		free(p->debian_sha256);
		strv__free(&p->suites);
		strv__free(&p->configure);
		strv__free(&p->libraries);
		strv__free(&p->tools);
	}
	free(ps->v);
	free(ps);
}

const struct program *programs__find(const struct programs *ps, const char *name)
{
	for (size_t i = 0; i < ps->n; i++)
		if (!strcmp(ps->v[i].name, name))
			return &ps->v[i];
	return NULL;
}

const char *programs__nearest(const struct programs *ps, const char *name)
{
	const char **names = calloc(ps->n + 1, sizeof(*names)), *nearest;

	if (!names)
		return NULL;
	for (size_t i = 0; i < ps->n; i++)
		names[i] = ps->v[i].name;
	nearest = str_nearest(name, names, ps->n);
	free(names);
	return nearest;
}
