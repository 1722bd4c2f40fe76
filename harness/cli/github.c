// SPDX-License-Identifier: GPL-2.0-only
#include "cli/github.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/suites.h"

#define SHOWN_MAX 10 /* annotations of a type that GitHub shows for a step */
#define NAMED_MAX 5  /* experiments, kernels */

void github__escape(FILE *out, const char *s, bool property)
{
	char *valid = str_utf8(s, strlen(s));

	for (const char *p = valid; p && *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '%' || c == '\n' || c == '\r' || (property && (c == ':' || c == ',')))
			fprintf(out, "%%%02X", c);
		else
			fputc(c < ' ' || c == 0x7f ? ' ' : c, out);
	}
	free(valid);
}

/* Cases that say the same, of one or several kernels. */
struct annotation {
	const struct suite_case *c; /* the first of them */
	const char *experiment;	    /* "" when they are of several */
	struct strv kernels, experiments;
	size_t order; /* as they came */
};

struct annotations {
	struct annotation *v;
	size_t n;
};

static bool is_error(const struct suite_case *c)
{
	return c->end == CASE_FAILED || c->end == CASE_ERROR;
}

/* What makes everything else doubtful comes first. */
static int rank(const struct suite_case *c)
{
	static const char *const types[] = {
		"cut off", "running", "empty", "crashed", "flip", "unexpected", "timeout",
	};
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(c->type, types[i]))
			break;
	/* A kernel that could not be had, before single failures. */
	return c->end == CASE_ERROR && i > 2 ? 3 : i > 2 ? (int)i + 1 : (int)i;
}

static int by_importance(const void *x, const void *y)
{
	const struct annotation *a = x, *b = y;

	if (is_error(a->c) != is_error(b->c))
		return is_error(b->c) - is_error(a->c);
	if (rank(a->c) != rank(b->c))
		return rank(a->c) - rank(b->c);
	return a->order < b->order ? -1 : a->order > b->order;
}

static bool same_text(const char *a, const char *b)
{
	return !a || !b ? a == b : !strcmp(a, b);
}

/* A case in parentheses is of an experiment as a whole: those of several are told as one. */
static bool is_same(const struct annotation *a, const struct suite *s, const struct suite_case *c)
{
	return a->c->end == c->end && !strcmp(a->c->type, c->type) &&
	       !strcmp(a->c->name, c->name) && same_text(a->c->reason, c->reason) &&
	       same_text(a->c->source, c->source) && a->c->line == c->line &&
	       (*c->name == '(' || !strcmp(a->experiment, s->experiment));
}

static int add_name(struct strv *names, const char *name)
{
	return !*name || strv__has(names, name) ? 0 : strv__add(names, name);
}

static int add_case(struct annotations *list, const struct suite *s, const struct suite_case *c)
{
	struct annotation *a = NULL, *v;
	int err;

	for (size_t i = 0; i < list->n && !a; i++)
		if (is_same(&list->v[i], s, c))
			a = &list->v[i];
	if (!a) {
		v = realloc(list->v, (list->n + 1) * sizeof(*v));
		if (!v)
			return -ENOMEM;
		list->v = v;
		a = &v[list->n];
		*a = (struct annotation){ .c = c, .experiment = s->experiment, .order = list->n };
		list->n++;
	}
	err = add_name(&a->kernels, s->kernel);
	return err ? err : add_name(&a->experiments, s->experiment);
}

/* "a, b and 3 more" */
static void add_names(struct strbuf *sb, const struct strv *names)
{
	size_t shown = names->n > NAMED_MAX + 1 ? NAMED_MAX : names->n;

	for (size_t i = 0; i < shown; i++)
		strbuf__addf(sb, "%s%s", i ? ", " : "", names->v[i]);
	if (shown < names->n)
		strbuf__addf(sb, " and %zu more", names->n - shown);
}

/* "masked-read mask_7f_buf_126 on 5.10.218, 6.1.192: unexpected" */
static char *title_of(const struct annotation *a)
{
	struct strbuf sb = STRBUF_INIT;

	add_names(&sb, &a->experiments);
	if (*a->c->name != '(')
		strbuf__addf(&sb, "%s%s", sb.len ? " " : "", a->c->name);
	if (a->kernels.n) {
		strbuf__addf(&sb, " on ");
		add_names(&sb, &a->kernels);
	}
	if (*a->c->type)
		strbuf__addf(&sb, ": %s", a->c->type);
	return strbuf__detach(&sb);
}

static void put_command(FILE *out, const char *command, const char *source, long line,
			const char *title, const char *message)
{
	fprintf(out, "::%s ", command);
	if (source) {
		fputs("file=", out);
		github__escape(out, source, true);
		fputc(',', out);
		if (line)
			fprintf(out, "line=%ld,", line);
	}
	fputs("title=", out);
	github__escape(out, title, true);
	fputs("::", out);
	github__escape(out, message, false);
	fputc('\n', out);
}

static int put_one(FILE *out, const char *command, const struct annotation *a)
{
	const struct suite_case *c = a->c;
	char *title = title_of(a), *message;

	message = str_fmt("%s%s%s", c->reason ? c->reason : c->type,
			  c->details && *c->details ? "\n" : "", c->details ? c->details : "");
	if (title && message)
		put_command(out, command, c->source, c->line, title, message);
	free(title);
	free(message);
	return title && message ? 0 : -ENOMEM;
}

static int put_rest(FILE *out, const char *command, const struct annotation *v, size_t n)
{
	struct strbuf sb = STRBUF_INIT;
	char *title = str_fmt("%zu more", n);
	int err;

	for (size_t i = 0; i < n; i++) {
		char *one = title_of(&v[i]);

		strbuf__addf(&sb, "%s%s", i ? "\n" : "", one ? one : "");
		free(one);
	}
	err = !title || sb.failed ? -ENOMEM : 0;
	if (!err)
		put_command(out, command, NULL, 0, title, strbuf__str(&sb));
	strbuf__free(&sb);
	free(title);
	return err;
}

static int put_type(FILE *out, const char *command, const struct annotation *v, size_t n)
{
	size_t shown = n > SHOWN_MAX ? SHOWN_MAX - 1 : n;
	int err = 0;

	for (size_t i = 0; !err && i < shown; i++)
		err = put_one(out, command, &v[i]);
	return !err && shown < n ? put_rest(out, command, v + shown, n - shown) : err;
}

static int put_sums(FILE *out, const struct suites *s)
{
	static const struct {
		enum case_end end;
		const char *word;
	} ends[] = { { CASE_PASSED, "passed" },
		     { CASE_NOTE, "noted" },
		     { CASE_FAILED, "failed" },
		     { CASE_ERROR, "not measured" },
		     { CASE_SKIPPED, "skipped" } };
	struct strbuf sb = STRBUF_INIT;
	int err;

	for (size_t e = 0; e < sizeof(ends) / sizeof(ends[0]); e++) {
		size_t n = 0;

		for (size_t i = 0; i < s->n; i++)
			n += suite__count(&s->v[i], ends[e].end);
		if (n)
			strbuf__addf(&sb, "%s%zu %s", sb.len ? ", " : "", n, ends[e].word);
	}
	if (s->show)
		strbuf__addf(&sb, "; %s", s->show);
	err = sb.failed ? -ENOMEM : 0;
	if (!err)
		put_command(out, "notice", NULL, 0, s->name, strbuf__str(&sb));
	strbuf__free(&sb);
	return err;
}

int github__print(const struct suites *s, FILE *out)
{
	struct annotations list = { 0 };
	size_t errors = 0;
	int err = 0;

	for (size_t i = 0; i < s->n; i++)
		for (size_t c = 0; !err && c < s->v[i].n; c++)
			if (is_error(&s->v[i].cases[c]) || s->v[i].cases[c].end == CASE_NOTE)
				err = add_case(&list, &s->v[i], &s->v[i].cases[c]);
	if (list.n)
		qsort(list.v, list.n, sizeof(*list.v), by_importance);
	while (errors < list.n && is_error(list.v[errors].c))
		errors++;
	if (!err)
		err = put_type(out, "error", list.v, errors);
	if (!err)
		err = put_type(out, "warning", list.v + errors, list.n - errors);
	if (!err)
		err = put_sums(out, s);
	for (size_t i = 0; i < list.n; i++) {
		strv__free(&list.v[i].kernels);
		strv__free(&list.v[i].experiments);
	}
	free(list.v);
	return err ? err : ferror(out) ? -EIO : 0;
}
