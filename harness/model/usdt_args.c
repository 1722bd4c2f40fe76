// SPDX-License-Identifier: GPL-2.0-only
#include "model/usdt_args.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reg {
	const char *names[5]; /* the first is that of all 64 bits */
};

static const struct reg regs[] = {
	{ { "rax", "eax", "ax", "al", "ah" } },	     { { "rbx", "ebx", "bx", "bl", "bh" } },
	{ { "rcx", "ecx", "cx", "cl", "ch" } },	     { { "rdx", "edx", "dx", "dl", "dh" } },
	{ { "rsi", "esi", "si", "sil", NULL } },     { { "rdi", "edi", "di", "dil", NULL } },
	{ { "rbp", "ebp", "bp", "bpl", NULL } },     { { "rsp", "esp", "sp", "spl", NULL } },
	{ { "r8", "r8d", "r8w", "r8b", NULL } },     { { "r9", "r9d", "r9w", "r9b", NULL } },
	{ { "r10", "r10d", "r10w", "r10b", NULL } }, { { "r11", "r11d", "r11w", "r11b", NULL } },
	{ { "r12", "r12d", "r12w", "r12b", NULL } }, { { "r13", "r13d", "r13w", "r13b", NULL } },
	{ { "r14", "r14d", "r14w", "r14b", NULL } }, { { "r15", "r15d", "r15w", "r15b", NULL } },
	{ { "rip", NULL, NULL, NULL, NULL } },
};
#define NR_REGS (sizeof(regs) / sizeof(regs[0]))

struct parser {
	const char *start, *s;
	char *err;
	size_t err_len;
};

static int bad(const struct parser *p, const char *what)
{
	snprintf(p->err, p->err_len, "'%s': %s at '%s'", p->start, what, p->s);
	return -EINVAL;
}

/* "%name"; *full: the whole register. */
static int parse_reg(struct parser *p, const char **name, const char **full)
{
	size_t len = 0;

	if (*p->s != '%')
		return bad(p, "no register");
	while (isalnum((unsigned char)p->s[1 + len]))
		len++;
	for (size_t i = 0; i < NR_REGS; i++) {
		for (size_t k = 0; k < 5 && regs[i].names[k]; k++) {
			const char *is = regs[i].names[k];

			if (strlen(is) != len || strncmp(p->s + 1, is, len) != 0)
				continue;
			*name = is;
			*full = regs[i].names[0];
			p->s += 1 + len;
			return 0;
		}
	}
	return bad(p, "unknown register");
}

static int parse_number(struct parser *p, int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(p->s, &end, 0);
	if (end == p->s || errno)
		return bad(p, "no number");
	p->s = end;
	return 0;
}

/* "4@", "-4@"; a float's size has an 'f' behind it, which no kernel tool reads. */
static int parse_size(struct parser *p, struct usdt_arg *a)
{
	int64_t size;
	int err = parse_number(p, &size);

	if (err)
		return err;
	a->is_signed = size < 0;
	if (size < 0 && size >= -8)
		size = -size;
	if (size != 1 && size != 2 && size != 4 && size != 8)
		return bad(p, "a size that is none of 1, 2, 4 and 8");
	if (*p->s != '@')
		return bad(p, "no '@' after the size");
	p->s++;
	a->size = (unsigned int)size;
	return 0;
}

/* ",%index,scale" or ",%index" */
static int parse_index(struct parser *p, struct usdt_arg *a)
{
	const char *name;
	int64_t scale = 1;
	int err;

	p->s++;
	err = parse_reg(p, &name, &a->index);
	if (!err && *p->s == ',') {
		p->s++;
		err = parse_number(p, &scale);
		if (!err && scale != 1 && scale != 2 && scale != 4 && scale != 8)
			err = bad(p, "a scale that is none of 1, 2, 4 and 8");
	}
	a->scale = (unsigned int)scale;
	return err;
}

/* "symbol", "symbol+16", "-16", or nothing, before the parenthesis */
static int parse_displacement(struct parser *p, struct usdt_arg *a)
{
	size_t len = strcspn(p->s, "+-( ");

	if (isalpha((unsigned char)*p->s) || *p->s == '_') {
		if (len >= sizeof(a->symbol))
			return bad(p, "too long a symbol");
		memcpy(a->symbol, p->s, len);
		p->s += len;
	}
	return *p->s == '(' ? 0 : parse_number(p, &a->value);
}

static int parse_memory(struct parser *p, struct usdt_arg *a)
{
	int err = parse_displacement(p, a);

	a->place = USDT_MEMORY;
	if (err)
		return err;
	if (*p->s != '(')
		return bad(p, "no '(' after the displacement");
	p->s++;
	if (*p->s == '%')
		err = parse_reg(p, &a->reg, &a->full);
	if (!err && *p->s == ',')
		err = parse_index(p, a);
	if (err)
		return err;
	if (*p->s != ')' || (!a->reg && !a->index))
		return bad(p, "no register and ')'");
	p->s++;
	return 0;
}

static int parse_one(struct parser *p, struct usdt_arg *a)
{
	int err;

	*a = (struct usdt_arg){ 0 };
	err = parse_size(p, a);
	if (err)
		return err;
	if (*p->s == '$') {
		p->s++;
		a->place = USDT_CONSTANT;
		err = parse_number(p, &a->value);
	} else if (*p->s == '%') {
		a->place = USDT_REGISTER;
		err = parse_reg(p, &a->reg, &a->full);
	} else {
		err = parse_memory(p, a);
	}
	if (!err && *p->s && *p->s != ' ')
		err = bad(p, "more than one operand");
	return err;
}

int usdt_args__parse(const char *s, struct usdt_arg *args, size_t max, size_t *n, char *err,
		     size_t err_len)
{
	struct parser p = { .start = s, .s = s, .err = err, .err_len = err_len };
	int ret;

	*n = 0;
	while (*(p.s += strspn(p.s, " "))) {
		if (*n == max) {
			snprintf(err, err_len, "'%s': more than %zu arguments", s, max);
			return -E2BIG;
		}
		ret = parse_one(&p, &args[*n]);
		if (ret)
			return ret;
		++*n;
	}
	return 0;
}

static int describe_memory(const struct usdt_arg *a, char *buf, size_t len)
{
	char offset[32] = "", index[32] = "";

	if (a->value)
		snprintf(offset, sizeof(offset), *a->symbol ? "%+" PRId64 : "%" PRId64, a->value);
	if (a->index)
		snprintf(index, sizeof(index), ",%%%s,%u", a->index, a->scale);
	return snprintf(buf, len, "at %s%s(%s%s%s)", a->symbol, offset, a->reg ? "%" : "",
			a->reg ? a->reg : "", index);
}

const char *usdt_arg__describe(const struct usdt_arg *a, char *buf, size_t len)
{
	int n = snprintf(buf, len, "%u byte%s %s ", a->size, a->size > 1 ? "s" : "",
			 a->is_signed ? "signed" : "unsigned");

	if (n < 0 || (size_t)n >= len)
		return buf;
	buf += n;
	len -= (size_t)n;
	if (a->place == USDT_CONSTANT)
		snprintf(buf, len, "constant %" PRId64, a->value);
	else if (a->place == USDT_REGISTER && a->reg != a->full)
		snprintf(buf, len, "in %%%s (of %%%s)", a->reg, a->full);
	else if (a->place == USDT_REGISTER)
		snprintf(buf, len, "in %%%s", a->reg);
	else
		describe_memory(a, buf, len);
	return buf - n;
}
