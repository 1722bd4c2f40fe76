// SPDX-License-Identifier: GPL-2.0-only
#include "vm/patch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parser {
	struct patch *patch;
	struct patch_file *file;
	char *old_name;		/* of the last "---" line; NULL: /dev/null */
	bool old_seen;		/* "---" came, "+++" is next */
	unsigned long old, new; /* lines of the hunk still to come */
	int line;
	char **reason;
};

static int fail(struct parser *p, const char *what)
{
	*p->reason = str_fmt("line %d: %s", p->line, what);
	return *p->reason ? -EINVAL : -ENOMEM;
}

static struct patch_file *add_file(struct parser *p, const char *path)
{
	struct patch_file *v;

	for (size_t i = 0; i < p->patch->n; i++)
		if (!strcmp(p->patch->files[i].path, path))
			return &p->patch->files[i];
	v = reallocarray(p->patch->files, p->patch->n + 1, sizeof(*v));
	if (!v)
		return NULL;
	p->patch->files = v;
	v += p->patch->n;
	memset(v, 0, sizeof(*v));
	v->path = strdup(path);
	if (!v->path)
		return NULL;
	p->patch->n++;
	return v;
}

/* Two files of a patch may be one: p->file must not be kept over add_file of another. */
static int use_file(struct parser *p, const char *path)
{
	p->file = add_file(p, path);
	return p->file ? 0 : -ENOMEM;
}

static bool safe_path(const char *path)
{
	if (!*path || *path == '/')
		return false;
	for (const char *s = path; s; s = strchr(s, '/')) {
		s += *s == '/';
		if (!strncmp(s, "..", 2) && (!s[2] || s[2] == '/'))
			return false;
	}
	return true;
}

/* The path in "a/kernel/x.c<TAB>date": NULL in *path for /dev/null. */
static int strip_name(struct parser *p, const char *s, char **path)
{
	size_t len = strcspn(s, "\t");
	const char *slash;
	char *name;
	int err = 0;

	*path = NULL;
	while (len && s[len - 1] == ' ')
		len--;
	name = strndup(s, len);
	if (!name)
		return -ENOMEM;
	slash = strchr(name, '/');
	if (!strcmp(name, "/dev/null"))
		goto out;
	if (*name == '"')
		err = fail(p, "quoted file names are not understood");
	else if (!slash || !safe_path(slash + 1))
		err = fail(p, "file name without a first component, or outside the tree");
	else if (!(*path = strdup(slash + 1)))
		err = -ENOMEM;
out:
	free(name);
	return err;
}

static int on_new_name(struct parser *p, const char *s)
{
	char *name = NULL;
	int err = strip_name(p, s, &name);

	p->old_seen = false;
	if (!err && !name && !p->old_name)
		err = fail(p, "from /dev/null to /dev/null");
	/* A rename has two names: both files change. */
	if (!err && p->old_name)
		err = use_file(p, p->old_name);
	if (!err && name)
		err = use_file(p, name);
	free(name);
	return err;
}

static int range(const char **s, unsigned long *len)
{
	char *end;

	if (strspn(*s, "0123456789") == 0)
		return -EINVAL;
	strtoul(*s, &end, 10);
	*len = 1;
	if (*end == ',') {
		if (strspn(end + 1, "0123456789") == 0)
			return -EINVAL;
		*len = strtoul(end + 1, &end, 10);
	}
	*s = end;
	return 0;
}

static int on_hunk(struct parser *p, const char *text)
{
	const char *s = text + strlen("@@ -");
	struct patch_hunk *h;

	if (!p->file)
		return fail(p, "hunk without the name of a file before it");
	if (range(&s, &p->old) || strncmp(s, " +", 2))
		return fail(p, "malformed hunk header");
	s += 2;
	if (range(&s, &p->new) || strncmp(s, " @@", 3))
		return fail(p, "malformed hunk header");
	h = reallocarray(p->file->hunks, p->file->nr_hunks + 1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	p->file->hunks = h;
	h += p->file->nr_hunks;
	h->line = p->line;
	h->header = strdup(text);
	if (!h->header)
		return -ENOMEM;
	p->file->nr_hunks++;
	return 0;
}

static int on_body(struct parser *p, const char *s)
{
	bool old = *s != '+', new = *s != '-';

	if (*s == '\\') /* "\ No newline at end of file" */
		return 0;
	/* An empty line is a context line whose blank a mailer has eaten. */
	if (!strchr(" +-", *s) || (old && !p->old) || (new && !p->new))
		return fail(p, "the hunk has other lines than its header says");
	p->old -= old;
	p->new -= new;
	return 0;
}

static int on_text(struct parser *p, const char *s)
{
	static const char *const names[] = { "rename from ", "rename to ", "copy from ",
					     "copy to " };

	if (p->old_seen && str_starts(s, "+++ "))
		return on_new_name(p, s + 4);
	if (str_starts(s, "--- ") && strchr(s + 4, '/')) {
		free(p->old_name);
		p->old_name = NULL;
		p->old_seen = true;
		return strip_name(p, s + 4, &p->old_name);
	}
	if (str_starts(s, "@@ -"))
		return on_hunk(p, s);
	if (str_starts(s, "GIT binary patch") || str_starts(s, "Binary files "))
		return fail(p, "binary patches are not understood");
	if (str_starts(s, "diff --git ")) {
		p->file = NULL;
		p->old_seen = false;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!str_starts(s, names[i]))
			continue;
		s += strlen(names[i]);
		return safe_path(s) ? use_file(p, s) : fail(p, "file name outside the tree");
	}
	return 0;
}

int patch__parse(const char *text, struct patch *out, char **reason)
{
	struct patch patch = { 0 };
	struct parser p = { .patch = &patch, .reason = reason };
	int err = 0;

	*reason = NULL;
	while (!err && *text) {
		const char *end = strchrnul(text, '\n');
		char *line = strndup(text, end - text);
		size_t len;

		if (!line) {
			err = -ENOMEM;
			break;
		}
		len = strlen(line);
		if (len && line[len - 1] == '\r')
			line[len - 1] = '\0';
		p.line++;
		err = p.old || p.new || *line == '\\' ? on_body(&p, line) : on_text(&p, line);
		free(line);
		text = *end ? end + 1 : end;
	}
	if (!err && (p.old || p.new))
		err = fail(&p, "the last hunk is cut off");
	if (!err && !patch.n)
		err = fail(&p, "no file is changed by it");
	free(p.old_name);
	if (err)
		patch__release(&patch);
	else
		*out = patch;
	return err;
}

void patch__release(struct patch *p)
{
	for (size_t i = 0; i < p->n; i++) {
		for (size_t j = 0; j < p->files[i].nr_hunks; j++)
			free(p->files[i].hunks[j].header);
		free(p->files[i].hunks);
		free(p->files[i].path);
	}
	free(p->files);
	*p = (struct patch){ 0 };
}

int patch__paths(const struct patch *p, struct strv *sv)
{
	int err = 0;

	for (size_t i = 0; !err && i < p->n; i++)
		if (!strv__has(sv, p->files[i].path))
			err = strv__add(sv, p->files[i].path);
	return err;
}
