// SPDX-License-Identifier: GPL-2.0-only
#include "diff/filter.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/num.h"
#include "base/str.h"
#include "diff/changes.h"
#include "diff/figure_ref.h"
#include "diff/side.h"

#define EPSILON 1e-9

enum operator{ OP_EQ, OP_NE, OP_LE, OP_LT, OP_GE, OP_GT };

/* What is part of another comes after it. */
static const struct {
	const char *text;
	enum operator op;
} operators[] = {
	{ "==", OP_EQ }, { "!=", OP_NE }, { "<>", OP_NE }, { "<=", OP_LE },
	{ "<", OP_LT },	 { ">=", OP_GE }, { ">", OP_GT },  { "=", OP_EQ },
};
#define NR_OPERATORS (sizeof(operators) / sizeof(operators[0]))

struct filter {
	bool deny;
	bool by_name;
	char *any, *file, *program; /* globs; NULL: all */
	struct figure_ref left, right;
	enum operator op;
	bool has_right; /* else: */
	double value;
};

struct filters {
	struct filter *v;
	size_t n;
};

struct filters *filters__new(void)
{
	return calloc(1, sizeof(struct filters));
}

void filters__free(struct filters *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n; i++) {
		free(f->v[i].any);
		free(f->v[i].file);
		free(f->v[i].program);
	}
	free(f->v);
	free(f);
}

bool filters__any(const struct filters *f)
{
	return f && f->n;
}

/* --- parsing --------------------------------------------------------------------------------- */

static int wrong(char **why, const char *what, const char *text)
{
	*why = str_fmt("%s in '%s'", what, text);
	return *why ? -EINVAL : -ENOMEM;
}

/* veristat's words for a verdict and for whether two are the same. */
static bool parse_word(const char *s, double *out)
{
	static const char *const words[][9] = {
		{ "false", "f", "failure", "fail", "mismatch", "mis", "reject", NULL },
		{ "true", "t", "success", "succ", "s", "match", "m", "accept", NULL },
	};

	for (size_t v = 0; v < 2; v++) {
		for (size_t i = 0; words[v][i]; i++) {
			if (strcasecmp(s, words[v][i]) == 0) {
				*out = (double)v;
				return true;
			}
		}
	}
	return false;
}

static int parse_right(const char *s, struct filter *f, const char *text, char **why)
{
	size_t len = strlen(s);

	f->has_right = figure_ref__parse(s, len, &f->right) && !figure_ref__is_name(&f->right);
	if (f->has_right || parse_word(s, &f->value))
		return 0;
	return num_double(s, -1e18, 1e18, &f->value) ? wrong(why, "no number", text) : 0;
}

/* 1: it is no comparison. */
static int parse_comparison(const char *text, struct filter *f, char **why)
{
	for (size_t i = 0; i < NR_OPERATORS; i++) {
		const char *at = strstr(text, operators[i].text);

		if (!at)
			continue;
		if (!figure_ref__parse(text, (size_t)(at - text), &f->left))
			return wrong(why, "no such statistic", text);
		if (figure_ref__is_name(&f->left))
			return wrong(why, "a name is no number", text);
		f->op = operators[i].op;
		return parse_right(at + strlen(operators[i].text), f, text, why);
	}
	return 1;
}

static int parse_globs(const char *text, struct filter *f)
{
	const char *slash = strchr(text, '/');

	f->by_name = true;
	if (!slash) {
		f->any = strdup(text);
		return f->any ? 0 : -ENOMEM;
	}
	if (slash != text)
		f->file = strndup(text, (size_t)(slash - text));
	if (slash[1])
		f->program = strdup(slash + 1);
	return (slash != text && !f->file) || (slash[1] && !f->program) ? -ENOMEM : 0;
}

static int parse_one(struct filters *f, const char *text, char **why)
{
	struct filter *v = realloc(f->v, (f->n + 1) * sizeof(*v));
	const char *rest = text + (*text == '!');
	int err;

	if (!v)
		return -ENOMEM;
	f->v = v;
	v += f->n;
	memset(v, 0, sizeof(*v));
	v->deny = *text == '!';
	if (!*rest)
		return wrong(why, "no filter", text);
	err = parse_comparison(rest, v, why);
	if (err > 0)
		err = parse_globs(rest, v);
	f->n++; /* also after a failure: its strings are freed with the others */
	return err;
}

static int parse_file(struct filters *f, const char *path, char **why)
{
	struct strv lines = { 0 };
	char *text = NULL;
	int err = file_read(path, 1 << 20, &text, NULL);

	if (err) {
		*why = str_fmt("%s: %s", path, strerror(-err));
		return *why ? -EINVAL : -ENOMEM;
	}
	err = strv__split(&lines, text, "\r\n");
	for (size_t i = 0; !err && i < lines.n; i++)
		if (*lines.v[i] != '#')
			err = parse_one(f, lines.v[i], why);
	strv__free(&lines);
	free(text);
	return err;
}

int filters__parse(struct filters *f, const char *text, char **why)
{
	*why = NULL;
	return *text == '@' ? parse_file(f, text + 1, why) : parse_one(f, text, why);
}

/* --- matching -------------------------------------------------------------------------------- */

static bool compares(enum operator op, double x, double y)
{
	switch (op) {
	case OP_EQ:
		return fabs(x - y) <= EPSILON;
	case OP_NE:
		return fabs(x - y) > EPSILON;
	case OP_LE:
		return x <= y + EPSILON;
	case OP_LT:
		return x < y - EPSILON;
	case OP_GE:
		return x >= y - EPSILON;
	case OP_GT:
		return x > y + EPSILON;
	}
	return false;
}

/* A file is the experiment, or its object as veristat would be given it. */
static bool is_file(const char *glob, const struct cell *c)
{
	char *object = cell__file(c);
	bool is = str_glob(glob, c->experiment) || (object && str_glob(glob, object));

	free(object);
	return is;
}

static bool is_named(const struct filter *f, const struct cell *c)
{
	if (f->any)
		return is_file(f->any, c) || str_glob(f->any, c->name);
	return (!f->file || is_file(f->file, c)) && (!f->program || str_glob(f->program, c->name));
}

static bool matches(const struct filter *f, const struct cell *a, const struct cell *b)
{
	double x, y;

	if (f->by_name)
		return is_named(f, a ? a : b);
	x = figure_ref__value(&f->left, a, b);
	y = f->has_right ? figure_ref__value(&f->right, a, b) : f->value;
	return !isnan(x) && !isnan(y) && compares(f->op, x, y);
}

bool filters__pass(const struct filters *f, const struct cell *a, const struct cell *b)
{
	bool asked[2] = { false, false }, allowed[2] = { false, false };

	for (size_t i = 0; f && i < f->n; i++) {
		const struct filter *v = &f->v[i];
		bool is = matches(v, a, b);

		if (v->deny && is)
			return false;
		asked[v->by_name] |= !v->deny;
		allowed[v->by_name] |= !v->deny && is;
	}
	return (allowed[0] || !asked[0]) && (allowed[1] || !asked[1]);
}

bool filters__names(const struct filters *f, const struct cell *a, const struct cell *b)
{
	bool asked = false;

	for (size_t i = 0; f && i < f->n; i++) {
		if (!f->v[i].by_name || f->v[i].deny)
			continue;
		if (matches(&f->v[i], a, b))
			return true;
		asked = true;
	}
	return !asked;
}

/* One of the cells that a change of a whole experiment, or of all, stands for. */
static bool passes_in(const struct filters *f, const struct side *s, const char *experiment,
		      bool *any)
{
	for (size_t i = 0; s && i < s->n; i++) {
		const struct cell *c = &s->cells[i];

		if (*experiment && strcmp(c->experiment, experiment) != 0)
			continue;
		*any = true;
		if (filters__pass(f, c, NULL))
			return true;
	}
	return false;
}

/* Whoever asks for a program asks also for what kept it from being run. */
static bool passes(const struct filters *f, const struct changes *c, const struct change *v)
{
	const struct cell *cell = v->a ? v->a : v->b;
	bool any = false;

	if (*cell->name)
		return filters__pass(f, v->a, v->b);
	return passes_in(f, c->a, cell->experiment, &any) ||
	       passes_in(f, c->b, cell->experiment, &any) || (!any && filters__pass(f, v->a, v->b));
}

void filters__apply(const struct filters *f, struct changes *c)
{
	size_t kept = 0;

	if (!filters__any(f))
		return;
	memset(c->counts, 0, sizeof(c->counts));
	for (size_t i = 0; i < c->n; i++) {
		struct change *v = &c->v[i];

		if (passes(f, c, v)) {
			c->counts[v->kind]++;
			c->v[kept++] = *v;
		} else {
			change__release(v);
		}
	}
	c->n = kept;
}
