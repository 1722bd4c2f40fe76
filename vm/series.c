// SPDX-License-Identifier: GPL-2.0-only
#include "vm/series.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"

#define SERIES_MAX (1 << 20)

static bool feature_name(const char *s)
{
	return isalpha((unsigned char)*s) &&
	       !s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")];
}

static const char *last_patch(const struct series *s)
{
	return s->patches.n ? s->patches.v[s->patches.n - 1] : "";
}

static int add_features(struct series *s, const char *names, const char *path, int line)
{
	struct strv v = { 0 };
	int err = strv__split(&v, names, ", \t");

	if (!err && !v.n) {
		log_err("%s:%d: 'provides' without a name", path, line);
		err = -EINVAL;
	}
	for (size_t i = 0; !err && i < v.n; i++) {
		if (!feature_name(v.v[i])) {
			log_err("%s:%d: '%s' is no name for a feature (a letter, then letters, "
				"digits, '-' and '_')",
				path, line, v.v[i]);
			err = -EINVAL;
		} else if (!strv__has(&s->features, v.v[i])) {
			err = strv__add(&s->features, v.v[i]);
			if (!err)
				err = strv__add(&s->providers, last_patch(s));
		}
	}
	strv__free(&v);
	return err;
}

static int add_patch(struct series *s, const char *name, const char *dir, const char *path,
		     int line)
{
	char *full;
	int err = 0;

	if (name[strcspn(name, " \t")]) {
		log_err("%s:%d: '%s': one patch a line, without options (patches are applied with "
			"-p1)",
			path, line, name);
		return -EINVAL;
	}
	if (strchr(name, '/') || strv__has(&s->patches, name)) {
		log_err("%s:%d: patch '%s' %s", path, line, name,
			strchr(name, '/') ? "is not in this folder" : "is listed twice");
		return -EINVAL;
	}
	full = str_fmt("%s/%s", dir, name);
	if (!full)
		return -ENOMEM;
	if (!file_exists(full)) {
		log_err("%s:%d: patch '%s' does not exist", path, line, name);
		err = -EINVAL;
	}
	free(full);
	return err ? err : strv__add(&s->patches, name);
}

static char *trim(char *s)
{
	size_t len;

	s += strspn(s, " \t");
	len = strlen(s);
	while (len && isspace((unsigned char)s[len - 1]))
		s[--len] = '\0';
	return s;
}

static int add_line(struct series *s, char *text, const char *dir, const char *path, int line)
{
	char *comment = strchr(text, '#'), *name;
	int err = 0;

	if (comment)
		*comment++ = '\0';
	name = trim(text);
	if (*name)
		err = add_patch(s, name, dir, path, line);
	comment = comment ? trim(comment) : "";
	if (!err && str_starts(comment, "provides:"))
		err = add_features(s, comment + strlen("provides:"), path, line);
	return err;
}

/* One of the folder's lists; `word` NULL: the one that every kernel of the series has. */
static int read_list(struct series *s, const char *dir, const char *word)
{
	char *path = str_fmt("%s/series%s%s", dir, word ? "-" : "", word ? word : "");
	char *text = NULL, *p, *next;
	int err, line = 0;

	if (!path)
		return -ENOMEM;
	err = file_read(path, SERIES_MAX, &text, NULL);
	if (err)
		log_err("%s: cannot be read: %s", path, strerror(-err));
	for (p = text; !err && p; p = next) {
		next = strchr(p, '\n');
		if (next)
			*next++ = '\0';
		err = add_line(s, p, dir, path, ++line);
	}
	free(text);
	free(path);
	return err;
}

int series__read(const char *dir, const struct strv *more, struct series *out)
{
	struct series s = { 0 };
	int err = read_list(&s, dir, NULL);

	for (size_t i = 0; !err && i < more->n; i++)
		err = read_list(&s, dir, more->v[i]);
	if (err)
		series__release(&s);
	else
		*out = s;
	return err;
}

void series__release(struct series *s)
{
	strv__free(&s->patches);
	strv__free(&s->features);
	strv__free(&s->providers);
}
