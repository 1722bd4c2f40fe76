// SPDX-License-Identifier: GPL-2.0-only
#include "vm/programs.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

struct programs {
	struct program *v;
	size_t n;
};

struct loader {
	const char *path;
	struct programs *ps;
	FILE *f;
	int line;	   /* being read */
	int section_line;  /* of the last [section] */
	bool section_new;  /* its first key has not come yet */
	bool skip;	   /* its keys belong to no entry: the section itself was refused */
	unsigned int keys; /* bits of those set in this section */
	int err;
};

static void complain(struct loader *l, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void complain(struct loader *l, int line, const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf__addv(&sb, fmt, ap);
	va_end(ap);
	log_err("%s:%d: %s", l->path, line, strbuf__str(&sb));
	strbuf__free(&sb);
	if (!l->err)
		l->err = -EINVAL;
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

static int set_package(struct program *p, const char *v)
{
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

static int set_upstream(struct program *p, const char *v)
{
	return set_file(v, &p->upstream, &p->upstream_sha256);
}

static int set_debian(struct program *p, const char *v)
{
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

static int set_suites(struct program *p, const char *v)
{
	return set_names(&p->suites, v);
}

static int set_configure(struct program *p, const char *v)
{
	return strv__split(&p->configure, v, ",");
}

static int set_libraries(struct program *p, const char *v)
{
	return set_names(&p->libraries, v);
}

static int set_tools(struct program *p, const char *v)
{
	return set_names(&p->tools, v);
}

static const struct {
	const char *name;
	bool must;
	int (*set)(struct program *p, const char *value);
	const char *want;
} keys[] = {
	{ "package", true, set_package, "the name of a source package, '=' and its version" },
	{ "suites", false, set_suites, "a list of Debian's suites" },
	{ "upstream", true, set_upstream, "the name of a .tar file and its SHA-256" },
	{ "debian", true, set_debian, "the name of a .tar file and its SHA-256" },
	{ "configure", false, set_configure, "a list of arguments" },
	{ "libraries", false, set_libraries, "a list of static libraries" },
	{ "tools", false, set_tools, "a list of programs" },
};
#define NR_KEYS (sizeof(keys) / sizeof(keys[0]))

static struct program *last(struct loader *l)
{
	return &l->ps->v[l->ps->n - 1];
}

static void finish_section(struct loader *l)
{
	if (!l->section_line)
		return;
	if (l->section_new)
		complain(l, l->section_line, "section without keys");
	for (size_t i = 0; !l->section_new && !l->skip && i < NR_KEYS; i++)
		if (keys[i].must && !(l->keys & 1u << i))
			complain(l, l->section_line, "program '%s' has no '%s'", last(l)->name,
				 keys[i].name);
}

static int start_section(struct loader *l, const char *name)
{
	struct program *v;

	l->section_new = false;
	l->keys = 0;
	l->skip = !plain_name(name) || programs__find(l->ps, name);
	if (l->skip) {
		complain(l, l->section_line, "section [%s] %s", name,
			 plain_name(name) ? "comes twice" : "is no name for a program");
		return 0;
	}
	v = reallocarray(l->ps->v, l->ps->n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	l->ps->v = v;
	v[l->ps->n] = (struct program){ .name = strdup(name), .line = l->section_line };
	return v[l->ps->n++].name ? 0 : -ENOMEM;
}

static int set_key(struct loader *l, const char *name, const char *value)
{
	const char *known[NR_KEYS], *near;
	size_t i = 0;
	int err;

	while (i < NR_KEYS && strcmp(keys[i].name, name) != 0) {
		known[i] = keys[i].name;
		i++;
	}
	if (i == NR_KEYS) {
		near = str_nearest(name, known, NR_KEYS);
		complain(l, l->line, "unknown key '%s'%s%s%s", name, near ? " (did you mean '" : "",
			 near ? near : "", near ? "'?)" : "");
		return 0;
	}
	if (l->keys & 1u << i) {
		complain(l, l->line, "key '%s' comes twice in this section", name);
		return 0;
	}
	l->keys |= 1u << i;
	err = keys[i].set(last(l), value);
	if (err == -EINVAL) {
		complain(l, l->line, "%s = %s: not %s", name, value, keys[i].want);
		err = 0;
	}
	return err;
}

/* As for kernels.ini: inih's Debian build doesn't hand the line number to its handler, nor tell of
 * a section before its first key, so the reader counts both. */
static char *read_line(char *buf, int size, void *stream)
{
	struct loader *l = stream;
	size_t len;

	if (!fgets(buf, size, l->f))
		return NULL;
	l->line++;
	len = strlen(buf);
	if (len + 1 == (size_t)size && buf[len - 1] != '\n') {
		int c;

		complain(l, l->line, "line of more than %d characters", size - 2);
		while ((c = fgetc(l->f)) != EOF && c != '\n')
			;
		return strcpy(buf, "#\n");
	}
	if (buf[strspn(buf, " \t")] == '[') {
		finish_section(l);
		l->section_line = l->line;
		l->section_new = true;
	}
	return buf;
}

static int on_key(void *user, const char *section, const char *name, const char *value)
{
	struct loader *l = user;
	int err = 0;

	if (!l->section_line) {
		complain(l, l->line, "'%s' stands before the first [section]", name);
		return 1;
	}
	if (l->section_new)
		err = start_section(l, section);
	if (!err && !l->skip)
		err = set_key(l, name, value);
	if (err)
		l->err = err;
	return 1;
}

int programs__load(const char *ini, struct programs **out)
{
	struct loader l = { .path = ini };
	int bad, err;

	*out = NULL;
	l.f = fopen(ini, "re");
	if (!l.f) {
		err = -errno;
		log_err("%s: cannot be read: %s", ini, strerror(-err));
		return err;
	}
	l.ps = calloc(1, sizeof(*l.ps));
	if (!l.ps) {
		err = -ENOMEM;
		goto out;
	}
	bad = ini_parse_stream(read_line, &l, on_key, &l);
	finish_section(&l);
	if (bad > 0)
		complain(&l, bad, "neither a [section], 'key = value' nor a comment");
	else if (bad < 0 && !l.err)
		l.err = -ENOMEM;
	if (!l.err && ferror(l.f))
		complain(&l, l.line, "cannot be read further");
	err = l.err;
out:
	fclose(l.f);
	if (err)
		programs__free(l.ps);
	else
		*out = l.ps;
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
