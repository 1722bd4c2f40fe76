// SPDX-License-Identifier: GPL-2.0-only
#include "vm/kconfig_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define KCONFIG_MAX (4 << 20)
#define NEST_MAX    64

/* What attribute lines ("depends on", "bool", …) belong to. */
enum subject { SUBJECT_NONE, SUBJECT_BLOCK, SUBJECT_OPTION };

struct block {
	bool choice;
	struct strv exprs;
};

struct reader {
	const char *tree, *option;
	struct kfacts *facts;
	struct block blocks[NEST_MAX];
	int nr_blocks;
	int nr_files; /* nested includes */
	enum subject subject;
	char *name; /* of the option being defined */
	bool ours;  /* that is the one asked for: facts->defs' last is about it */
	const char *file;
	int line;
};

/* Calls for one logical line; s is trimmed. */
static int on_line(struct reader *r, char *s);

static int indent(const char *s)
{
	int n = 0;

	for (; *s == ' ' || *s == '\t'; s++)
		n = *s == '\t' ? (n | 7) + 1 : n + 1;
	return n;
}

static bool blank(const char *s)
{
	return !s[strspn(s, " \t\r")];
}

/* Cuts the comment and the blanks about a line, and makes one of several blanks in it. */
static char *clean(char *s)
{
	char *out, *p, quote = 0;

	s += strspn(s, " \t");
	for (p = out = s; *p && (quote || *p != '#'); p++) {
		if (quote ? *p == quote : *p == '"' || *p == '\'')
			quote = quote ? 0 : *p;
		if (quote || !strchr(" \t\r", *p))
			*out++ = *p;
		else if (out > s && out[-1] != ' ')
			*out++ = ' ';
	}
	if (out > s && out[-1] == ' ')
		out--;
	*out = '\0';
	return s;
}

/* What follows keyword, or NULL when the line begins with something else. */
static char *after(char *s, const char *keyword)
{
	size_t len = strlen(keyword);

	if (strncmp(s, keyword, len) || (s[len] && !strchr(" \t\"", s[len])))
		return NULL;
	return s + len + strspn(s + len, " \t");
}

/* Splits "X if EXPR": cuts at the " if " outside quotes and returns EXPR, or NULL. */
static char *cut_if(char *s)
{
	const char *start = s;
	char quote = 0;

	for (; *s; s++) {
		if (quote ? *s == quote : *s == '"' || *s == '\'') {
			quote = quote ? 0 : *s;
		} else if (!quote && s > start && !strncmp(s, "if", 2) && strchr(" \t", s[-1]) &&
			   strchr(" \t(!$", s[2])) {
			char *expr = s + 2 + strspn(s + 2, " \t");

			s[-1] = '\0';
			return expr;
		}
	}
	return NULL;
}

static int push(struct reader *r, bool choice, const char *expr)
{
	struct block *b;

	r->subject = SUBJECT_NONE;
	if (r->nr_blocks == NEST_MAX)
		return -ELOOP;
	b = &r->blocks[r->nr_blocks++];
	*b = (struct block){ .choice = choice };
	if (!expr)
		r->subject = SUBJECT_BLOCK;
	return expr ? strv__add(&b->exprs, expr) : 0;
}

static void pop(struct reader *r)
{
	r->subject = SUBJECT_NONE;
	if (r->nr_blocks)
		strv__free(&r->blocks[--r->nr_blocks].exprs);
}

static int start_option(struct reader *r, const char *name)
{
	struct kdefinition *d;
	int err = 0;

	free(r->name);
	r->name = strdup(name);
	r->subject = SUBJECT_OPTION;
	r->ours = r->name && !strcmp(name, r->option);
	if (!r->name)
		return -ENOMEM;
	if (!r->ours)
		return 0;
	d = reallocarray(r->facts->defs, r->facts->nr_defs + 1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	r->facts->defs = d;
	d += r->facts->nr_defs++;
	*d = (struct kdefinition){ .where = str_fmt("%s:%d", r->file, r->line) };
	if (!d->where)
		return -ENOMEM;
	for (int i = 0; i < r->nr_blocks; i++) {
		d->in_choice = d->in_choice || r->blocks[i].choice;
		for (size_t k = 0; !err && k < r->blocks[i].exprs.n; k++)
			err = strv__add(&d->depends, r->blocks[i].exprs.v[k]);
	}
	return err;
}

static int on_select(struct reader *r, char *s)
{
	char *cond = cut_if(s);
	struct kselector *v;

	if (strncmp(s, r->option, strlen(r->option)) || !blank(s + strlen(r->option)) ||
	    r->subject != SUBJECT_OPTION)
		return 0;
	v = reallocarray(r->facts->selectors, r->facts->nr_selectors + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	r->facts->selectors = v;
	v += r->facts->nr_selectors++;
	v->name = strdup(r->name);
	v->condition = cond ? strdup(cond) : NULL;
	v->where = str_fmt("%s:%d", r->file, r->line);
	return v->name && v->where && (!cond || v->condition) ? 0 : -ENOMEM;
}

static int on_prompt(struct reader *r, char *s)
{
	struct kdefinition *d;
	char *cond;

	if (r->subject != SUBJECT_OPTION || !r->ours || (*s != '"' && *s != '\''))
		return 0;
	d = &r->facts->defs[r->facts->nr_defs - 1];
	d->prompt = true;
	cond = cut_if(s);
	if (!cond)
		return 0;
	free(d->prompt_if);
	d->prompt_if = strdup(cond);
	return d->prompt_if ? 0 : -ENOMEM;
}

static int on_depends(struct reader *r, const char *expr)
{
	if (r->subject == SUBJECT_BLOCK && r->nr_blocks)
		return strv__add(&r->blocks[r->nr_blocks - 1].exprs, expr);
	if (r->subject == SUBJECT_OPTION && r->ours)
		return strv__add(&r->facts->defs[r->facts->nr_defs - 1].depends, expr);
	return 0;
}

/* The logical line at *text: backslashes at the end join lines. Advances *text. */
static char *take_line(struct reader *r, char **text)
{
	char *line = *text, *out = line, *p = line;

	while (*p) {
		if (p[0] == '\\' && p[1] == '\n') {
			p += 2;
			r->line++;
			*out++ = ' ';
		} else if (*p == '\n') {
			p++;
			break;
		} else {
			*out++ = *p++;
		}
	}
	r->line++;
	*text = p;
	*out = '\0';
	return line;
}

/* Help is what is indented as its first line is, or more. */
static void skip_help(struct reader *r, char **text)
{
	int first = -1;

	while (**text) {
		char *end = strchrnul(*text, '\n');
		char keep = *end;
		int n;

		*end = '\0';
		n = blank(*text) ? -1 : indent(*text);
		*end = keep;
		if (n >= 0) {
			if (n == 0 || n < first)
				return;
			first = first < 0 ? n : first;
		}
		r->line++;
		*text = keep ? end + 1 : end;
	}
}

static int read_file(struct reader *r, const char *path)
{
	const char *outer_file = r->file;
	char *full = str_fmt("%s/%s", r->tree, path), *text = NULL, *p;
	int outer_line = r->line, err;

	if (!full)
		return -ENOMEM;
	err = r->nr_files == NEST_MAX ? -ELOOP : file_read(full, KCONFIG_MAX, &text, NULL);
	free(full);
	if (err == -ENOENT) /* of an architecture, or a source that is not always there */
		return 0;
	r->nr_files++;
	r->file = path;
	r->line = 0;
	for (p = text; !err && *p;) {
		char *s = clean(take_line(r, &p));

		if (!strcmp(s, "help") || !strcmp(s, "---help---"))
			skip_help(r, &p);
		else if (*s)
			err = on_line(r, s);
	}
	r->nr_files--;
	r->file = outer_file;
	r->line = outer_line;
	free(text);
	return err;
}

static int on_source(struct reader *r, char *s)
{
	static const char var[] = "$(SRCARCH)";
	char *at, *path;
	size_t len = strlen(s);
	int err;

	if (len > 1 && (*s == '"' || *s == '\'')) {
		s[len - 1] = '\0';
		s++;
	}
	at = strstr(s, var);
	if (at)
		path = str_fmt("%.*sx86%s", (int)(at - s), s, at + strlen(var));
	else
		path = strdup(s);
	if (!path)
		return -ENOMEM;
	r->subject = SUBJECT_NONE;
	err = strchr(path, '$') ? 0 : read_file(r, path);
	free(path);
	return err;
}

static int on_line(struct reader *r, char *s)
{
	static const char *const types[] = { "bool", "tristate", "int", "hex", "string", "prompt" };
	char *a;

	if ((a = after(s, "config")) || (a = after(s, "menuconfig")))
		return start_option(r, a);
	if ((a = after(s, "depends on")))
		return on_depends(r, a);
	if ((a = after(s, "select")))
		return on_select(r, a);
	if ((a = after(s, "if")))
		return push(r, false, a);
	if (after(s, "menu"))
		return push(r, false, NULL);
	if (after(s, "choice"))
		return push(r, true, NULL);
	if (after(s, "endif") || after(s, "endmenu") || after(s, "endchoice")) {
		pop(r);
		return 0;
	}
	if ((a = after(s, "source")))
		return on_source(r, a);
	if (after(s, "comment"))
		r->subject = SUBJECT_NONE;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if ((a = after(s, types[i])))
			return on_prompt(r, a);
	return 0;
}

int kfacts__read(const char *tree, const char *option, struct kfacts *out)
{
	struct reader r = { .tree = tree, .option = option, .facts = out };
	int err;

	*out = (struct kfacts){ 0 };
	err = read_file(&r, "Kconfig");
	while (r.nr_blocks)
		pop(&r);
	free(r.name);
	if (err)
		kfacts__release(out);
	return err;
}

void kfacts__release(struct kfacts *f)
{
	for (size_t i = 0; i < f->nr_defs; i++) {
		free(f->defs[i].where);
		free(f->defs[i].prompt_if);
		strv__free(&f->defs[i].depends);
	}
	for (size_t i = 0; i < f->nr_selectors; i++) {
		free(f->selectors[i].name);
		free(f->selectors[i].condition);
		free(f->selectors[i].where);
	}
	free(f->defs);
	free(f->selectors);
	*f = (struct kfacts){ 0 };
}
