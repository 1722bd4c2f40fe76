// SPDX-License-Identifier: GPL-2.0-only
#include "vm/btf.h"

#include <errno.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Documentation/bpf/btf.rst of 6.1: what follows a struct btf_type. The host's header may be older
 * than the kernel that is read, hence numbers. */
static const struct kind {
	size_t fixed, each; /* bytes, and bytes for each of vlen */
} kinds[] = {
	[1] = { 4, 0 },	  /* INT */
	[2] = { 0, 0 },	  /* PTR */
	[3] = { 12, 0 },  /* ARRAY */
	[4] = { 0, 12 },  /* STRUCT */
	[5] = { 0, 12 },  /* UNION */
	[6] = { 0, 8 },	  /* ENUM */
	[7] = { 0, 0 },	  /* FWD */
	[8] = { 0, 0 },	  /* TYPEDEF */
	[9] = { 0, 0 },	  /* VOLATILE */
	[10] = { 0, 0 },  /* CONST */
	[11] = { 0, 0 },  /* RESTRICT */
	[12] = { 0, 0 },  /* FUNC */
	[13] = { 0, 8 },  /* FUNC_PROTO */
	[14] = { 4, 0 },  /* VAR */
	[15] = { 0, 12 }, /* DATASEC */
	[16] = { 0, 0 },  /* FLOAT */
	[17] = { 4, 0 },  /* DECL_TAG */
	[18] = { 0, 0 },  /* TYPE_TAG */
	[19] = { 0, 12 }, /* ENUM64 */
};
#define NR_KINDS  (sizeof(kinds) / sizeof(kinds[0]))
#define KIND_FUNC 12

struct view {
	const uint8_t *types, *types_end;
	const char *strings;
	size_t strings_len;
	char **reason;
};

static int malformed(struct view *v, const char *what)
{
	*v->reason = str_fmt("malformed BTF: %s", what);
	return *v->reason ? -EINVAL : -ENOMEM;
}

static int open_view(struct view *v, const uint8_t *data, size_t len)
{
	struct btf_header h;
	size_t left;

	if (len < sizeof(h))
		return malformed(v, "shorter than its header");
	memcpy(&h, data, sizeof(h));
	if (h.magic != 0xeb9f)
		return malformed(v, "wrong magic number");
	if (h.version != 1)
		return malformed(v, "unknown version");
	if (h.hdr_len < sizeof(h) || h.hdr_len > len)
		return malformed(v, "header length out of range");
	left = len - h.hdr_len;
	if (h.type_off > left || h.type_len > left - h.type_off || h.type_off % 4)
		return malformed(v, "types out of range");
	if (h.str_off > left || h.str_len > left - h.str_off)
		return malformed(v, "strings out of range");
	v->types = data + h.hdr_len + h.type_off;
	v->types_end = v->types + h.type_len;
	v->strings = (const char *)data + h.hdr_len + h.str_off;
	v->strings_len = h.str_len;
	if (!h.str_len || v->strings[0] || v->strings[h.str_len - 1])
		return malformed(v, "strings without an end");
	return 0;
}

static void mark_found(const char *name, const char *const *names, bool *found)
{
	for (size_t i = 0; names[i]; i++)
		if (!strcmp(names[i], name))
			found[i] = true;
}

/* Reads the type at *p and moves *p behind it. */
static int next_type(struct view *v, const uint8_t **p, struct btf_type *t, uint32_t *kind)
{
	size_t more;

	if ((size_t)(v->types_end - *p) < sizeof(*t))
		return malformed(v, "the last type is cut off");
	memcpy(t, *p, sizeof(*t));
	*p += sizeof(*t);
	*kind = t->info >> 24 & 0x1f;
	if (*kind == 0 || *kind >= NR_KINDS)
		return malformed(v, "unknown kind of type");
	if (t->name_off >= v->strings_len)
		return malformed(v, "name out of range");
	more = kinds[*kind].fixed + kinds[*kind].each * (t->info & 0xffff);
	if (more > (size_t)(v->types_end - *p))
		return malformed(v, "the last type is cut off");
	*p += more;
	return 0;
}

static int walk(struct view *v, const char *const *names, bool *found, size_t *functions)
{
	const uint8_t *p = v->types;
	int err = 0;

	while (!err && p < v->types_end) {
		struct btf_type t;
		uint32_t kind;

		err = next_type(v, &p, &t, &kind);
		if (err || kind != KIND_FUNC)
			continue;
		(*functions)++;
		mark_found(v->strings + t.name_off, names, found);
	}
	return err;
}

int btf_find_funcs(const void *data, size_t len, const char *const *names, struct strv *missing,
		   size_t *functions, char **reason)
{
	struct view v = { .reason = reason };
	size_t nr = 0, count = 0;
	bool *found;
	int err;

	*reason = NULL;
	while (names[nr])
		nr++;
	found = calloc(nr + 1, sizeof(*found));
	if (!found)
		return -ENOMEM;
	err = open_view(&v, data, len);
	if (!err)
		err = walk(&v, names, found, &count);
	for (size_t i = 0; !err && i < nr; i++)
		if (!found[i])
			err = strv__add(missing, names[i]);
	if (functions)
		*functions = count;
	free(found);
	return err;
}

int btf_damage(void *data, size_t len, unsigned int *id, char **reason)
{
	struct view v = { .reason = reason };
	const uint8_t *p, *at;
	struct btf_type t;
	uint32_t kind = 0;
	int err;

	*reason = NULL;
	err = open_view(&v, data, len);
	p = v.types;
	/* Type 0 is void and not in the section. */
	for (*id = 1; !err && p < v.types_end; (*id)++) {
		at = p;
		err = next_type(&v, &p, &t, &kind);
		if (err || kind != KIND_FUNC)
			continue;
		t.name_off = (uint32_t)v.strings_len;
		memcpy((uint8_t *)data + (at - (const uint8_t *)data), &t, sizeof(t));
		return 0;
	}
	if (err)
		return err;
	*reason = str_fmt("BTF without a function");
	return *reason ? -ENOENT : -ENOMEM;
}
