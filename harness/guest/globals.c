// SPDX-License-Identifier: GPL-2.0-only
#include "guest/globals.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* A place in a section of global data. */
struct place {
	struct bpf_map *map;
	const struct btf *btf;
	__u32 offset, type, size; /* of bytes; type: id, modifiers aside */
	__u32 bits, bit_offset;	  /* of a bit field; else 0 */
};

static const struct btf_type *plain_type(const struct btf *btf, __u32 id, __u32 *out)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t))) {
		id = t->type;
		t = btf__type_by_id(btf, id);
	}
	*out = id;
	return t;
}

static bool is_data(const char *section)
{
	return str_starts(section, ".rodata") || str_starts(section, ".data") ||
	       str_starts(section, ".bss");
}

/* Calls fn for each variable; ends with what it returns when that is not 0. */
static int each_variable(struct bpf_object *obj,
			 int (*fn)(void *ctx, const char *name, const struct place *p), void *ctx)
{
	const struct btf *btf = bpf_object__btf(obj);
	__u32 n = btf ? btf__type_cnt(btf) : 0;
	int ret = 0;

	for (__u32 id = 1; !ret && id < n; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *section = btf__name_by_offset(btf, t->name_off);
		const struct btf_var_secinfo *v = btf_var_secinfos(t);
		struct place p = { .btf = btf };

		if (!btf_is_datasec(t) || !is_data(section))
			continue;
		p.map = bpf_object__find_map_by_name(obj, section);
		for (__u32 i = 0; !ret && p.map && i < btf_vlen(t); i++, v++) {
			const struct btf_type *var = btf__type_by_id(btf, v->type);

			if (!btf_is_var(var))
				continue;
			p.offset = v->offset;
			p.size = v->size;
			plain_type(btf, var->type, &p.type);
			ret = fn(ctx, btf__name_by_offset(btf, var->name_off), &p);
		}
	}
	return ret;
}

struct search {
	const char *name;
	size_t len;
	struct place found;
	struct strv names;
};

static int compare(void *ctx, const char *name, const struct place *p)
{
	struct search *s = ctx;

	if (strlen(name) == s->len && !strncmp(name, s->name, s->len)) {
		s->found = *p;
		return 1;
	}
	return strv__add(&s->names, name);
}

static int unknown(const struct search *s, char **why)
{
	char *name = strndup(s->name, s->len);
	const char *nearest =
		name ? str_nearest(name, (const char *const *)s->names.v, s->names.n) : NULL;

	if (!s->names.n)
		*why = str_fmt("it has no global variables: '%s' can't be set", name ? name : "");
	else
		*why = str_fmt("it has no global variable '%s'%s%s%s", name ? name : "",
			       nearest ? ": did you mean '" : "", nearest ? nearest : "",
			       nearest ? "'?" : "");
	free(name);
	return *why ? -EINVAL : -ENOMEM;
}

/* --- members and elements ------------------------------------------------------------------ */

static int to_member(struct place *p, const char *name, size_t len)
{
	const struct btf_type *t = btf__type_by_id(p->btf, p->type);
	const struct btf_member *m = btf_members(t);

	if (!btf_is_composite(t))
		return -EINVAL;
	for (__u32 i = 0; i < btf_vlen(t); i++, m++) {
		const char *member = btf__name_by_offset(p->btf, m->name_off);
		__u32 bit = btf_member_bit_offset(t, i);
		struct place inner = *p;

		plain_type(p->btf, m->type, &inner.type);
		inner.offset += bit / 8;
		inner.size = (__u32)btf__resolve_size(p->btf, inner.type);
		inner.bits = btf_member_bitfield_size(t, i);
		inner.bit_offset = bit % 8;
		if (!*member) { /* an anonymous struct or union: its members are this one's */
			if (!to_member(&inner, name, len)) {
				*p = inner;
				return 0;
			}
		} else if (strlen(member) == len && !strncmp(member, name, len)) {
			*p = inner;
			return 0;
		}
	}
	return -ENOENT;
}

static int to_element(struct place *p, unsigned long index)
{
	const struct btf_type *t = btf__type_by_id(p->btf, p->type);

	if (!btf_is_array(t) || index >= btf_array(t)->nelems)
		return -EINVAL;
	plain_type(p->btf, btf_array(t)->type, &p->type);
	p->size = (__u32)btf__resolve_size(p->btf, p->type);
	p->offset += (__u32)index * p->size;
	return 0;
}

/* Follows ".member" and "[index]" behind the variable's name. */
static int follow(struct place *p, const char *path, const char *full, char **why)
{
	int err = 0;

	while (!err && *path) {
		char *end = NULL;

		if (*path == '.') {
			size_t len = strcspn(path + 1, ".[");

			err = to_member(p, path + 1, len);
			path += 1 + len;
		} else {
			unsigned long index = strtoul(path + 1, &end, 0);

			err = end == path + 1 || *end != ']' ? -EINVAL : to_element(p, index);
			path = end + (*end == ']');
		}
	}
	if (!err)
		return 0;
	*why = str_fmt("'%s' is no part of its variable: no such member or element", full);
	return *why ? -EINVAL : -ENOMEM;
}

/* --- values -------------------------------------------------------------------------------- */

static bool enum_value(const struct btf *btf, const struct btf_type *t, const char *name,
		       int64_t *out)
{
	for (__u32 i = 0; i < btf_vlen(t); i++) {
		bool wide = btf_is_enum64(t);
		__u32 off = wide ? btf_enum64(t)[i].name_off : btf_enum(t)[i].name_off;

		if (strcmp(btf__name_by_offset(btf, off), name) != 0)
			continue;
		*out = wide ? (int64_t)btf_enum64_value(&btf_enum64(t)[i]) : btf_enum(t)[i].val;
		return true;
	}
	return false;
}

/* A whole number from -2^63 to 2^64-1, as 64 bits. */
static bool whole_number(const char *text, uint64_t *out, bool *negative)
{
	char *end;

	*negative = *text == '-';
	if (!isdigit((unsigned char)text[*negative]))
		return false;
	errno = 0;
	*out = *negative ? (uint64_t)strtoll(text, &end, 0) : strtoull(text, &end, 0);
	return !errno && !*end;
}

static bool fits(uint64_t value, bool negative, unsigned int bits, bool is_signed, bool is_bool)
{
	if (is_bool)
		return value <= 1 && !negative;
	if (negative)
		return is_signed && (bits == 64 || (int64_t)value >= -((int64_t)1 << (bits - 1)));
	/* As in C, and in veristat: 0xff is a value for a signed char as well. */
	return bits == 64 || value < (uint64_t)1 << bits;
}

static int bad_value(const char *name, const char *value, const char *what, char **why)
{
	*why = str_fmt("%s: '%s' %s", name, value, what);
	return *why ? -EINVAL : -ENOMEM;
}

static int parse_value(const struct place *p, const char *name, const char *text, uint64_t *out,
		       char **why)
{
	const struct btf_type *t = btf__type_by_id(p->btf, p->type);
	bool is_enum = btf_is_any_enum(t), negative = false, is_bool, is_signed;
	unsigned int bits = p->bits ? p->bits : p->size * 8;
	int64_t value = 0;

	if ((!is_enum && !btf_is_int(t)) || bits > 64)
		return bad_value(name, text, "can't be set: it is no integer, bool or enum", why);
	is_bool = !is_enum && btf_int_encoding(t) & BTF_INT_BOOL;
	is_signed = is_enum ? btf_kflag(t) : btf_int_encoding(t) & BTF_INT_SIGNED;
	if (is_enum && enum_value(p->btf, t, text, &value)) {
		*out = (uint64_t)value;
		return 0;
	}
	if (is_bool && (!strcmp(text, "true") || !strcmp(text, "false"))) {
		*out = *text == 't';
		return 0;
	}
	if (!whole_number(text, out, &negative))
		return bad_value(name, text,
				 is_enum   ? "is neither a number nor a name of its enum"
				 : is_bool ? "is neither true nor false"
					   : "is no number",
				 why);
	if (!fits(*out, negative, bits, is_signed || is_enum, is_bool))
		return bad_value(name, text, "does not fit the variable", why);
	return 0;
}

static int store(const struct place *p, uint64_t value)
{
	unsigned int shift = p->bits ? p->bit_offset : 0;
	__uint128_t mask, raw = 0;
	size_t size, bytes;
	/* It is there to be written to; libbpf 1.1 returns it as constant. */
	char *data = (char *)bpf_map__initial_value(p->map, &size);

	bytes = p->bits ? (shift + p->bits + 7) / 8 : p->size;
	if (!data || bytes > 9 || p->offset > size || bytes > size - p->offset)
		return -EINVAL;
	mask = ((__uint128_t)1 << (p->bits ? p->bits : p->size * 8)) - 1;
	memcpy(&raw, data + p->offset, bytes);
	raw = (raw & ~(mask << shift)) | (((__uint128_t)value & mask) << shift);
	memcpy(data + p->offset, &raw, bytes); /* little-endian, as the VM's CPU is */
	return 0;
}

static int set_one(struct bpf_object *obj, const char *name, const char *text, char **why)
{
	struct search s = { .name = name, .len = strcspn(name, ".[") };
	int err = each_variable(obj, compare, &s);
	uint64_t value;

	if (err == 0)
		err = unknown(&s, why);
	else if (err > 0)
		err = follow(&s.found, name + s.len, name, why);
	if (!err)
		err = parse_value(&s.found, name, text, &value, why);
	if (!err && store(&s.found, value))
		err = bad_value(name, text, "can't be set: the variable has no initial value", why);
	strv__free(&s.names);
	return err;
}

int globals__set(struct bpf_object *obj, const json_t *globals, char **why)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)globals, name, value) {
		int err = set_one(obj, name, json_string_value(value), why);

		if (err)
			return err;
	}
	return 0;
}
