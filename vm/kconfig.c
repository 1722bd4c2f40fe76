// SPDX-License-Identifier: GPL-2.0-only
#include "vm/kconfig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/str.h"

#define FRAGMENT_MAX (1 << 20)
#define NAME_CHARS   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

struct dotconfig {
	struct kopts opts;
};

/* The option in a line: 1, and name and value as pieces of it; 0: none; -EINVAL. */
static int parse_line(char *line, char **name, char **value)
{
	size_t len = strlen(line);
	char *end;
	int unset;

	while (len && strchr(" \t\r", line[len - 1]))
		line[--len] = '\0';
	unset = str_starts(line, "# CONFIG_");
	if (!*line || (*line == '#' && !unset))
		return 0;
	if (!unset && !str_starts(line, "CONFIG_"))
		return -EINVAL;
	*name = line + (unset ? strlen("# CONFIG_") : strlen("CONFIG_"));
	end = *name + strspn(*name, NAME_CHARS);
	if (unset) {
		if (end == *name || strcmp(end, " is not set"))
			return 0; /* a comment about an option */
		*value = "n";
	} else {
		if (end == *name || *end != '=' || !end[1])
			return -EINVAL;
		*value = end + 1;
	}
	*end = '\0';
	return 1;
}

static size_t find(const struct kopts *ks, const char *name, bool *found)
{
	size_t lo = 0, hi = ks->n;

	*found = false;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = strcmp(ks->v[mid].name, name);

		if (!c) {
			*found = true;
			return mid;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void release_opt(struct kopt *o)
{
	free(o->name);
	free(o->value);
	free(o->file);
}

static int put(struct kopts *ks, const char *name, const char *value, const char *file, int line)
{
	struct kopt o = { strdup(name), strdup(value), strdup(file), line };
	struct kopt *v;
	bool found;
	size_t at;

	if (!o.name || !o.value || !o.file)
		goto nomem;
	at = find(ks, name, &found);
	if (found) {
		release_opt(&ks->v[at]);
		ks->v[at] = o;
		return 0;
	}
	/* A .config is nearly sorted by blocks only, and has some thousand lines: moving is cheap.
	 */
	v = reallocarray(ks->v, ks->n + 1, sizeof(*v));
	if (!v)
		goto nomem;
	ks->v = v;
	memmove(v + at + 1, v + at, (ks->n - at) * sizeof(*v));
	v[at] = o;
	ks->n++;
	return 0;
nomem:
	release_opt(&o);
	return -ENOMEM;
}

static int on_fragment_line(struct kopts *ks, struct kopts *own, char *line, const char *label,
			    int nr)
{
	char *name, *value;
	int r = parse_line(line, &name, &value);
	bool found;
	size_t at;

	if (r == 0)
		return 0;
	if (r < 0) {
		log_err("%s:%d: '%s' is neither CONFIG_NAME=value, '# CONFIG_NAME is not set' nor a "
			"comment",
			label, nr, line);
		return r;
	}
	at = find(own, name, &found);
	if (found && strcmp(own->v[at].value, value)) {
		log_err("%s:%d: CONFIG_%s=%s, but line %d of this file says %s", label, nr, name,
			value, own->v[at].line, own->v[at].value);
		return -EINVAL;
	}
	r = put(own, name, value, label, nr);
	return r ? r : put(ks, name, value, label, nr);
}

int kopts__read(struct kopts *ks, const char *path, const char *label)
{
	struct kopts own = { 0 };
	char *text = NULL, *p, *next;
	int err, nr = 0, bad = 0;

	err = file_read(path, FRAGMENT_MAX, &text, NULL);
	if (err)
		log_err("%s: cannot be read: %s", label, strerror(-err));
	for (p = text; !err && p; p = next) {
		next = strchr(p, '\n');
		if (next)
			*next++ = '\0';
		err = on_fragment_line(ks, &own, p, label, ++nr);
		if (err == -EINVAL) { /* all of a fragment's mistakes at once */
			bad = err;
			err = 0;
		}
	}
	kopts__release(&own);
	free(text);
	return err ? err : bad;
}

void kopts__release(struct kopts *ks)
{
	for (size_t i = 0; i < ks->n; i++)
		release_opt(&ks->v[i]);
	free(ks->v);
	*ks = (struct kopts){ 0 };
}

void kopts__hash(const struct kopts *ks, struct hash *h)
{
	for (size_t i = 0; i < ks->n; i++) {
		hash__add_str(h, ks->v[i].name);
		hash__add_str(h, ks->v[i].value);
	}
}

int kopts__merge(const struct kopts *ks, const char *config, char **out)
{
	struct strbuf sb = STRBUF_INIT;
	const char *next;
	int err = 0;

	for (; !err && *config; config = next) {
		const char *end = strchrnul(config, '\n');
		char *line = strndup(config, end - config), *copy = line ? strdup(line) : NULL;
		char *name, *value;
		bool found = false;

		next = *end ? end + 1 : end;
		if (!line || !copy)
			err = -ENOMEM;
		else if (parse_line(copy, &name, &value) == 1)
			find(ks, name, &found);
		if (!err && !found)
			strbuf__addf(&sb, "%s\n", line);
		free(line);
		free(copy);
	}
	for (size_t i = 0; i < ks->n; i++) {
		if (!strcmp(ks->v[i].value, "n"))
			strbuf__addf(&sb, "# CONFIG_%s is not set\n", ks->v[i].name);
		else
			strbuf__addf(&sb, "CONFIG_%s=%s\n", ks->v[i].name, ks->v[i].value);
	}
	if (sb.failed || err) {
		strbuf__free(&sb);
		return -ENOMEM;
	}
	*out = strbuf__detach(&sb);
	return *out ? 0 : -ENOMEM;
}

int dotconfig__parse(const char *text, struct dotconfig **out)
{
	struct dotconfig *c = calloc(1, sizeof(*c));
	char *copy = strdup(text), *p, *next;
	int err = c && copy ? 0 : -ENOMEM;

	for (p = copy; !err && p; p = next) {
		char *name, *value;

		next = strchr(p, '\n');
		if (next)
			*next++ = '\0';
		if (parse_line(p, &name, &value) == 1 && strcmp(value, "n"))
			err = put(&c->opts, name, value, "", 0);
	}
	free(copy);
	if (err)
		dotconfig__free(c);
	else
		*out = c;
	return err;
}

void dotconfig__free(struct dotconfig *c)
{
	if (!c)
		return;
	kopts__release(&c->opts);
	free(c);
}

const char *dotconfig__get(const struct dotconfig *c, const char *name)
{
	bool found;
	size_t at = find(&c->opts, name, &found);

	return found ? c->opts.v[at].value : NULL;
}

bool kopt__holds(const struct kopt *o, const struct dotconfig *c)
{
	const char *is = dotconfig__get(c, o->name);

	return !strcmp(is ? is : "n", o->value);
}
