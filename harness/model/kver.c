// SPDX-License-Identifier: GPL-2.0-only
#include "model/kver.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Six digits: three components and two dots then fit the buffer of kver__str. */
#define COMPONENT_MAX 999999

enum term_op { OP_LT, OP_LE, OP_GT, OP_GE, OP_EQ, OP_NE, OP_BRANCH, OP_WITH, OP_WITHOUT };

struct term {
	enum term_op op;
	struct kver version;
	char *feature;
	bool starts_alternative;
};

/* Terms in the order of the text; an alternative is a stretch of them. No term at all: "*". */
struct krange {
	struct term *terms;
	size_t n;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads one component and moves *s past it. */
static int component(const char **s, unsigned int *out)
{
	unsigned int v = 0;

	if (!is_digit(**s))
		return -EINVAL;
	for (; is_digit(**s); (*s)++) {
		v = v * 10 + (unsigned int)(**s - '0');
		if (v > COMPONENT_MAX)
			return -EINVAL;
	}
	*out = v;
	return 0;
}

/* Reads "A.B" or "A.B.C" and moves *s past it; what follows is the caller's to judge. */
static int version(const char **s, struct kver *out, bool *has_patch)
{
	struct kver v = { 0 };

	*has_patch = false;
	if (component(s, &v.major) || **s != '.')
		return -EINVAL;
	(*s)++;
	if (component(s, &v.minor))
		return -EINVAL;
	if ((*s)[0] == '.' && is_digit((*s)[1])) {
		(*s)++;
		if (component(s, &v.patch))
			return -EINVAL;
		*has_patch = true;
	}
	*out = v;
	return 0;
}

int kver__parse(const char *s, struct kver *out)
{
	struct kver v;
	bool has_patch;

	if (!s || version(&s, &v, &has_patch))
		return -EINVAL;
	/* "5.10x" is a slip, "5.10-rc1", "5.10+" and "5.15.153.1-x" are releases. */
	if (isalnum((unsigned char)*s) || (*s == '.' && !is_digit(s[1])))
		return -EINVAL;
	*out = v;
	return 0;
}

/* The words behind the distributor's name; Ubuntu's first is its own numbering. */
static bool told_by(const char *text, const char *who, unsigned int words, struct kver *out)
{
	const char *p = text ? strstr(text, who) : NULL;

	for (p = p ? p + strlen(who) : NULL; p && words; words--) {
		p = strchr(p, ' ');
		p = p ? p + strspn(p, " ") : NULL;
	}
	return p && !kver__parse(p, out);
}

int kver__real(const char *release, const char *text, struct kver *out)
{
	struct kver told;
	int err = kver__parse(release, out);

	if (err)
		return err;
	if ((told_by(text, "Debian ", 0, &told) || told_by(text, "Ubuntu ", 1, &told)) &&
	    kver__same_branch(*out, told))
		*out = told;
	return 0;
}

int kver__cmp(struct kver a, struct kver b)
{
	if (a.major != b.major)
		return a.major < b.major ? -1 : 1;
	if (a.minor != b.minor)
		return a.minor < b.minor ? -1 : 1;
	if (a.patch != b.patch)
		return a.patch < b.patch ? -1 : 1;
	return 0;
}

bool kver__same_branch(struct kver a, struct kver b)
{
	return a.major == b.major && a.minor == b.minor;
}

const char *kver__str(struct kver v, char buf[24])
{
	char text[3 * 10 + 3]; /* longer than buf only for versions that kver__parse refuses */

	snprintf(text, sizeof(text), "%u.%u.%u", v.major, v.minor, v.patch);
	snprintf(buf, 24, "%.23s", text);
	return buf;
}

struct parser {
	const char *text; /* the whole range, for messages */
	const char *at;
	char *err;
	size_t err_len;
};

static int fail(const struct parser *p, const char *place, const char *what)
{
	if (p->err && p->err_len) {
		if (*place)
			snprintf(p->err, p->err_len, "kernel range \"%s\": %s at \"%s\"", p->text,
				 what, place);
		else
			snprintf(p->err, p->err_len, "kernel range \"%s\": %s at its end", p->text,
				 what);
	}
	return -EINVAL;
}

static void skip_blanks(struct parser *p)
{
	while (*p->at == ' ' || *p->at == '\t')
		p->at++;
}

static bool is_feature_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

static int parse_feature(struct parser *p, struct term *t)
{
	const char *start = p->at;
	size_t len = 0;

	t->op = *start == '+' ? OP_WITH : OP_WITHOUT;
	while (is_feature_char(start[1 + len]))
		len++;
	if (!len)
		return fail(p, start, "the name of a feature is missing");
	t->feature = strndup(start + 1, len);
	if (!t->feature)
		return -ENOMEM;
	p->at += 1 + len;
	return 0;
}

static const struct {
	const char *text;
	enum term_op op;
} operators[] = {
	{ "<=", OP_LE }, { ">=", OP_GE }, { "!=", OP_NE },
	{ "<", OP_LT },	 { ">", OP_GT },  { "=", OP_EQ },
};

static int parse_version_term(struct parser *p, struct term *t)
{
	const char *start = p->at;
	bool has_op = false, has_patch;

	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]) && !has_op; i++) {
		size_t len = strlen(operators[i].text);

		if (!strncmp(p->at, operators[i].text, len)) {
			t->op = operators[i].op;
			p->at += len;
			has_op = true;
		}
	}
	skip_blanks(p);
	if (version(&p->at, &t->version, &has_patch))
		return fail(p, start,
			    has_op ? "a version like 5.10 or 5.10.218 must follow the operator"
				   : "expected an operator and a version, 5.10.* or +feature");
	if (p->at[0] == '.' && p->at[1] == '*') {
		if (has_op)
			return fail(p, start, "an operator can't stand before a branch");
		if (has_patch)
			return fail(p, start, "a branch has two numbers, as in 5.10.*,");
		t->op = OP_BRANCH;
		p->at += 2;
	} else if (!has_op) {
		return fail(p, start, "a version needs an operator (\"=5.10\") or \".*\"");
	}
	return 0;
}

static int parse_term(struct parser *p, struct krange *r, bool starts_alternative)
{
	struct term *terms, *t;
	int ret;

	skip_blanks(p);
	terms = realloc(r->terms, (r->n + 1) * sizeof(*terms));
	if (!terms)
		return -ENOMEM;
	r->terms = terms;
	t = &terms[r->n];
	*t = (struct term){ .starts_alternative = starts_alternative };
	if (!*p->at || *p->at == ',' || *p->at == '|')
		return fail(p, p->at, "a term is missing");
	if (*p->at == '*')
		return fail(p, p->at, "\"*\" stands alone or not at all, found it");
	if (*p->at == '+' || *p->at == '-')
		ret = parse_feature(p, t);
	else
		ret = parse_version_term(p, t);
	if (ret)
		return ret;
	r->n++;
	skip_blanks(p);
	if (*p->at && *p->at != ',' && *p->at != '|')
		return fail(p, p->at, "expected \",\", \"|\" or the end");
	return 0;
}

static bool is_star(const char *s)
{
	s += strspn(s, " \t");
	return *s == '*' && !s[1 + strspn(s + 1, " \t")];
}

int krange__parse(const char *s, struct krange **out, char *err, size_t err_len)
{
	struct parser p = { .text = s, .at = s, .err = err, .err_len = err_len };
	bool starts_alternative = true;
	struct krange *r;
	int ret;

	*out = NULL;
	if (!s) {
		p.text = "";
		return fail(&p, "", "no text was given");
	}
	r = calloc(1, sizeof(*r));
	if (!r) {
		ret = -ENOMEM;
		goto out;
	}
	for (ret = 0; !is_star(s);) {
		ret = parse_term(&p, r, starts_alternative);
		if (ret || !*p.at)
			break;
		starts_alternative = *p.at++ == '|';
	}
out:
	if (ret == -ENOMEM && err && err_len)
		snprintf(err, err_len, "kernel range \"%s\": out of memory", s);
	if (ret) {
		krange__free(r);
		return ret;
	}
	*out = r;
	return 0;
}

static bool has_feature(const char *name, const char *const *features, size_t nr_features)
{
	for (size_t i = 0; i < nr_features; i++) {
		if (features[i] && !strcmp(features[i], name))
			return true;
	}
	return false;
}

static bool term_holds(const struct term *t, struct kver v, const char *const *features,
		       size_t nr_features)
{
	int cmp = kver__cmp(v, t->version);

	switch (t->op) {
	case OP_LT:
		return cmp < 0;
	case OP_LE:
		return cmp <= 0;
	case OP_GT:
		return cmp > 0;
	case OP_GE:
		return cmp >= 0;
	case OP_EQ:
		return cmp == 0;
	case OP_NE:
		return cmp != 0;
	case OP_BRANCH:
		return kver__same_branch(v, t->version);
	case OP_WITH:
		return has_feature(t->feature, features, nr_features);
	case OP_WITHOUT:
		return !has_feature(t->feature, features, nr_features);
	}
	return false;
}

bool krange__match(const struct krange *r, struct kver v, const char *const *features,
		   size_t nr_features)
{
	size_t i = 0;

	if (!r)
		return false;
	if (!r->n)
		return true;
	while (i < r->n) {
		bool all = true;

		do {
			all = all && term_holds(&r->terms[i], v, features, nr_features);
			i++;
		} while (i < r->n && !r->terms[i].starts_alternative);
		if (all)
			return true;
	}
	return false;
}

void krange__free(struct krange *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++)
		free(r->terms[i].feature);
	free(r->terms);
	free(r);
}
