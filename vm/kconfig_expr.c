// SPDX-License-Identifier: GPL-2.0-only
#include "vm/kconfig_expr.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "vm/kconfig.h"

#define DEPTH_MAX 64

struct scan {
	const char *s;
	const struct dotconfig *c;
	int depth;
};

enum token_kind { TOKEN_NONE, TOKEN_SYMBOL, TOKEN_QUOTED, TOKEN_MACRO };

struct token {
	enum token_kind kind;
	const char *s;
	size_t len;
};

static const char *blanks(const char *s)
{
	return s + strspn(s, " \t");
}

/* The end of "$(…)" or of a quoted string that begins at s. */
static const char *skip_unit(const char *s)
{
	int depth = 0;

	if (*s == '"' || *s == '\'') {
		const char *end = strchr(s + 1, *s);

		return end ? end + 1 : s + strlen(s);
	}
	for (s++; *s; s++) {
		depth += (*s == '(') - (*s == ')');
		if (!depth)
			return s + 1;
	}
	return s;
}

static struct token next_token(const char *s)
{
	struct token t = { TOKEN_NONE, blanks(s), 0 };

	if (*t.s == '"' || *t.s == '\'')
		t.kind = TOKEN_QUOTED;
	else if (t.s[0] == '$' && t.s[1] == '(')
		t.kind = TOKEN_MACRO;
	else if (isalnum((unsigned char)*t.s) || *t.s == '_' || *t.s == '-' || *t.s == '.')
		t.kind = TOKEN_SYMBOL;
	if (t.kind == TOKEN_SYMBOL) {
		while (isalnum((unsigned char)t.s[t.len]) ||
		       (t.s[t.len] && strchr("_-.", t.s[t.len])))
			t.len++;
	} else if (t.kind != TOKEN_NONE) {
		t.len = skip_unit(t.s) - t.s;
	}
	return t;
}

/* Numbers are; 64BIT is an option. */
static bool is_constant(const struct token *t)
{
	const char *digits = "0123456789", *s = t->s;
	size_t len = t->len;

	if (t->kind != TOKEN_SYMBOL || (len == 1 && strchr("ymn", *s)))
		return true;
	if (*s == '-') {
		s++;
		len--;
	}
	if (len > 2 && s[0] == '0' && (s[1] | 32) == 'x') {
		digits = "0123456789abcdefABCDEF";
		s += 2;
		len -= 2;
	}
	return strspn(s, digits) >= len;
}

/* The text that a token stands for; caller frees. */
static char *token_text(const struct token *t, const struct dotconfig *c)
{
	const char *s = t->s;
	size_t len = t->len;
	char *name, *text;
	const char *v;

	if (t->kind == TOKEN_MACRO)
		return strdup("y");
	if (t->kind == TOKEN_QUOTED)
		return strndup(s + 1, len > 1 ? len - 2 : 0);
	name = strndup(s, len);
	if (!name || is_constant(t))
		return name;
	v = dotconfig__get(c, name);
	free(name);
	if (!v)
		return strdup("n");
	len = strlen(v);
	text = *v == '"' && len > 1 ? strndup(v + 1, len - 2) : strdup(v);
	return text;
}

static int tristate(const char *s)
{
	return !strcmp(s, "y") ? 2 : !strcmp(s, "m") ? 1 : 0;
}

static int compare(const char *a, const char *op, size_t op_len, const char *b)
{
	char *end_a, *end_b;
	long long x = strtoll(a, &end_a, 0), y = strtoll(b, &end_b, 0);
	int d = *a && *b && !*end_a && !*end_b ? (x > y) - (x < y) : strcmp(a, b);
	bool r = op[0] == '=' ? d == 0 : op[0] == '!' ? d != 0 : op[0] == '<' ? d < 0 : d > 0;

	if (op_len == 2 && strchr("<>", op[0]))
		r = r || d == 0;
	return r ? 2 : 0;
}

static int value_or(struct scan *sc);

static int value_symbol(struct scan *sc)
{
	struct token a = next_token(sc->s), b;
	char *x, *y;
	const char *op;
	size_t len;
	int v = 2;

	if (a.kind == TOKEN_NONE) { /* nothing that we understand: no reason to blame it */
		sc->s += strlen(sc->s);
		return 2;
	}
	op = blanks(a.s + a.len);
	sc->s = op;
	len = strspn(op, "=!<>");
	if (len == 1 && *op == '!')
		len = 0;
	x = token_text(&a, sc->c);
	if (!len) {
		v = x ? tristate(x) : 2;
		free(x);
		return v;
	}
	b = next_token(op + len);
	sc->s = b.s + b.len;
	y = token_text(&b, sc->c);
	if (x && y && a.kind != TOKEN_MACRO && b.kind != TOKEN_MACRO)
		v = compare(x, op, len, y);
	free(x);
	free(y);
	return v;
}

static int value_unary(struct scan *sc)
{
	int v;

	sc->s = blanks(sc->s);
	if (sc->depth >= DEPTH_MAX)
		return 2;
	if (*sc->s == '!') {
		sc->s++;
		sc->depth++;
		v = 2 - value_unary(sc);
		sc->depth--;
		return v;
	}
	if (*sc->s != '(')
		return value_symbol(sc);
	sc->s++;
	sc->depth++;
	v = value_or(sc);
	sc->depth--;
	sc->s = blanks(sc->s);
	if (*sc->s == ')')
		sc->s++;
	return v;
}

static int value_and(struct scan *sc)
{
	int v = value_unary(sc);

	for (;;) {
		int w;

		sc->s = blanks(sc->s);
		if (strncmp(sc->s, "&&", 2))
			return v;
		sc->s += 2;
		w = value_unary(sc);
		v = w < v ? w : v;
	}
}

static int value_or(struct scan *sc)
{
	int v = value_and(sc);

	for (;;) {
		int w;

		sc->s = blanks(sc->s);
		if (strncmp(sc->s, "||", 2))
			return v;
		sc->s += 2;
		w = value_and(sc);
		v = w > v ? w : v;
	}
}

int kexpr__value(const char *expr, const struct dotconfig *c)
{
	struct scan sc = { .s = expr, .c = c };

	return value_or(&sc);
}

static int add_part(struct strv *parts, const char *from, const char *to)
{
	char *part;
	int err = 0;

	from = blanks(from);
	while (to > from && strchr(" \t", to[-1]))
		to--;
	if (from >= to)
		return 0;
	part = strndup(from, to - from);
	err = part ? strv__add(parts, part) : -1;
	free(part);
	return err;
}

int kexpr__split(const char *expr, struct strv *parts)
{
	const char *from = expr, *s = expr;
	int depth = 0, err = 0;

	while (!err && *s) {
		if (*s == '"' || *s == '\'' || (s[0] == '$' && s[1] == '(')) {
			s = skip_unit(s);
			continue;
		}
		depth += (*s == '(') - (*s == ')');
		if (!depth && !strncmp(s, "||", 2)) {
			/* "A && B || C" is no conjunction */
			from = expr;
			s += strlen(s);
			for (size_t i = 0; i < parts->n; i++)
				free(parts->v[i]);
			parts->n = 0;
			break;
		}
		if (!depth && !strncmp(s, "&&", 2)) {
			err = add_part(parts, from, s);
			from = s + 2;
			s++;
		}
		s++;
	}
	return err ? err : add_part(parts, from, s);
}

void kexpr__describe(const char *expr, const struct dotconfig *c, struct strbuf *out)
{
	struct strv seen = { 0 };

	for (const char *s = expr; *s;) {
		struct token t = next_token(s);
		const char *v;
		char *name;

		if (t.kind == TOKEN_NONE) {
			s = *t.s ? t.s + 1 : t.s;
			continue;
		}
		s = t.s + t.len;
		name = is_constant(&t) ? NULL : strndup(t.s, t.len);
		if (!name || strv__has(&seen, name)) {
			free(name);
			continue;
		}
		v = dotconfig__get(c, name);
		if (v)
			strbuf__addf(out, "%s%s is %s", seen.n ? ", " : "", name, v);
		else
			strbuf__addf(out, "%s%s is not set", seen.n ? ", " : "", name);
		strv__add(&seen, name);
		free(name);
	}
	strv__free(&seen);
}
