// SPDX-License-Identifier: GPL-2.0-only
#include "vm/functions.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "vm/symtab.h"

/* A function while the debug information is read. */
struct entry {
	const char *name, *file; /* libdw's */
	unsigned int line, copies, sites;
	bool is_static, is_inline;
	struct strv symbols;
	Dwarf_Addr *at; /* of the copies */
	size_t next;	/* in its hash chain; 0: none, else index + 1 */
};

/* A subprogram; in order of the offsets. */
struct place {
	Dwarf_Off offset;
	size_t entry;
};

struct table {
	struct entry *v;
	size_t n, room;
	size_t *heads, nr_heads;
	struct place *places;
	size_t nr_places, places_room;
	struct symtab *symbols;
	const char *root;
	size_t root_len;
};

static int grow(void **v, size_t *room, size_t n, size_t size)
{
	size_t more = *room ? 2 * *room : 1024;
	void *w;

	if (n < *room)
		return 0;
	w = reallocarray(*v, more, size);
	if (!w)
		return -ENOMEM;
	*v = w;
	*room = more;
	return 0;
}

static uint32_t hash_text(uint32_t h, const char *s)
{
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

/* As the kernel's makefiles show it: below the tree, without "./". */
static const char *shown_path(const struct table *t, const char *path)
{
	if (t->root && !strncmp(path, t->root, t->root_len) && path[t->root_len] == '/')
		path += t->root_len + 1;
	while (str_starts(path, "./"))
		path += 2;
	return path;
}

static int get_entry(struct table *t, const char *name, const char *file, size_t *out)
{
	size_t *head = &t->heads[hash_text(hash_text(2166136261u, name), file) & (t->nr_heads - 1)];
	int err;

	for (size_t i = *head; i; i = t->v[i - 1].next) {
		*out = i - 1;
		if (!strcmp(t->v[*out].name, name) && !strcmp(t->v[*out].file, file))
			return 0;
	}
	err = grow((void **)&t->v, &t->room, t->n, sizeof(*t->v));
	if (err)
		return err;
	*out = t->n++;
	t->v[*out] = (struct entry){ .name = name, .file = file, .next = *head };
	*head = *out + 1;
	return 0;
}

static uint64_t get_number(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute a;
	Dwarf_Word value = 0;

	if (!dwarf_attr_integrate(die, name, &a) || dwarf_formudata(&a, &value))
		return 0;
	return value;
}

static bool get_flag(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute a;
	bool value = false;

	return dwarf_attr_integrate(die, name, &a) && !dwarf_formflag(&a, &value) && value;
}

/* A copy out of line is in one piece, or split into several (gcc's .cold), the entry first. */
static bool entry_address(Dwarf_Die *die, Dwarf_Addr *at)
{
	Dwarf_Addr base, end;

	return !dwarf_entrypc(die, at) || dwarf_ranges(die, 0, &base, at, &end) > 0;
}

static int note_copy(struct table *t, struct entry *e, Dwarf_Die *die)
{
	const char *symbol;
	Dwarf_Addr at, *more;

	/* 0: the linker dropped it. One that is shared (C++'s inline) is in each unit. */
	if (!entry_address(die, &at) || !at)
		return 0;
	for (unsigned int i = 0; i < e->copies; i++)
		if (e->at[i] == at)
			return 0;
	more = reallocarray(e->at, e->copies + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	e->at = more;
	e->at[e->copies++] = at;
	symbol = symtab__at(t->symbols, at, e->name);
	return symbol && !strv__has(&e->symbols, symbol) ? strv__add(&e->symbols, symbol) : 0;
}

/* A definition, or the abstract instance that inlined calls and copies refer to. */
static int note_subprogram(struct table *t, Dwarf_Die *die)
{
	const char *name = dwarf_diename(die), *file = dwarf_decl_file(die);
	uint64_t how = get_number(die, DW_AT_inline);
	struct entry *e;
	size_t i;
	int line = 0, err;

	if (!name || !file)
		return 0;
	err = get_entry(t, name, shown_path(t, file), &i);
	if (!err)
		err = grow((void **)&t->places, &t->places_room, t->nr_places, sizeof(*t->places));
	if (err)
		return err;
	t->places[t->nr_places++] = (struct place){ dwarf_dieoffset(die), i };
	e = &t->v[i];
	if (!e->line && !dwarf_decl_line(die, &line))
		e->line = (unsigned int)line;
	e->is_static = !get_flag(die, DW_AT_external);
	if (how == DW_INL_declared_not_inlined || how == DW_INL_declared_inlined)
		e->is_inline = true;
	return note_copy(t, e, die);
}

static int compare_places(const void *a, const void *b)
{
	Dwarf_Off x = ((const struct place *)a)->offset, y = ((const struct place *)b)->offset;

	return x < y ? -1 : x > y;
}

static void note_site(struct table *t, Dwarf_Die *die)
{
	struct place key, *p;
	Dwarf_Attribute a;
	Dwarf_Die origin;

	if (!dwarf_attr(die, DW_AT_abstract_origin, &a) || !dwarf_formref_die(&a, &origin))
		return;
	key.offset = dwarf_dieoffset(&origin);
	p = bsearch(&key, t->places, t->nr_places, sizeof(*t->places), compare_places);
	if (p)
		t->v[p->entry].sites++;
}

/* What was inlined into a function, and into that again. */
static void count_sites(struct table *t, Dwarf_Die *parent)
{
	Dwarf_Die die;

	if (dwarf_child(parent, &die))
		return;
	do {
		int tag = dwarf_tag(&die);

		if (tag == DW_TAG_inlined_subroutine)
			note_site(t, &die);
		if (tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block)
			count_sites(t, &die);
	} while (!dwarf_siblingof(&die, &die));
}

static int read_unit(struct table *t, Dwarf_Die *unit)
{
	Dwarf_Attribute a;
	Dwarf_Die die;
	int err = 0;

	if (dwarf_child(unit, &die))
		return 0;
	do {
		if (dwarf_tag(&die) == DW_TAG_subprogram &&
		    !dwarf_attr(&die, DW_AT_declaration, &a))
			err = note_subprogram(t, &die);
	} while (!err && !dwarf_siblingof(&die, &die));
	return err;
}

/* Not in abstract instances: nothing was generated for them. */
static int read_sites(struct table *t, Dwarf_Die *unit)
{
	Dwarf_Addr at;
	Dwarf_Die die;

	if (dwarf_child(unit, &die))
		return 0;
	do {
		if (dwarf_tag(&die) == DW_TAG_subprogram && entry_address(&die, &at) && at)
			count_sites(t, &die);
	} while (!dwarf_siblingof(&die, &die));
	return 0;
}

static int each_unit(struct table *t, Dwarf *dw, int (*fn)(struct table *t, Dwarf_Die *unit))
{
	Dwarf_Off at = 0, next;
	size_t header;
	int err = 0;

	while (!err && !dwarf_nextcu(dw, at, &next, &header, NULL, NULL, NULL)) {
		Dwarf_Die unit;

		if (dwarf_offdie(dw, at + header, &unit))
			err = fn(t, &unit);
		at = next;
	}
	return err;
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int d = strcmp(x->name, y->name);

	return d ? d : strcmp(x->file, y->file);
}

static int write_table(struct table *t, const char *path)
{
	struct strbuf sb = STRBUF_INIT;
	int err;

	qsort(t->v, t->n, sizeof(*t->v), compare_entries);
	strbuf__addf(&sb, "name\tfile\tline\tlinkage\tinline\tcopies\tsites\tsymbols\n");
	for (size_t i = 0; i < t->n; i++) {
		const struct entry *e = &t->v[i];

		strbuf__addf(&sb, "%s\t%s\t%u\t%s\t%s\t%u\t%u\t", e->name, e->file, e->line,
			     e->is_static ? "static" : "global", e->is_inline ? "inline" : "-",
			     e->copies, e->sites);
		for (size_t j = 0; j < e->symbols.n; j++)
			strbuf__addf(&sb, "%s%s", j ? "," : "", e->symbols.v[j]);
		strbuf__addf(&sb, "%s\n", e->symbols.n ? "" : "-");
	}
	err = sb.failed ? -ENOMEM : file_write(path, sb.data, sb.len);
	strbuf__free(&sb);
	return err;
}

static void release(struct table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		strv__free(&t->v[i].symbols);
		free(t->v[i].at);
	}
	symtab__free(t->symbols);
	free(t->v);
	free(t->heads);
	free(t->places);
}

int functions__write(const char *elf, const char *root, const char *path)
{
	struct table t = { .root = root, .root_len = root ? strlen(root) : 0, .nr_heads = 1 << 16 };
	int fd = open(elf, O_RDONLY | O_CLOEXEC), err = 0;
	Dwarf *dw = NULL;

	if (fd < 0)
		return -errno;
	t.heads = calloc(t.nr_heads, sizeof(*t.heads));
	if (!t.heads)
		err = -ENOMEM;
	if (!err)
		err = symtab__read(elf, &t.symbols);
	if (!err) {
		dw = dwarf_begin(fd, DWARF_C_READ);
		/* The symbols were read: it is an ELF file. */
		err = dw ? each_unit(&t, dw, read_unit) : -ENOENT;
	}
	/* After all units: with -flto what was inlined stands in another one. */
	if (!err)
		err = each_unit(&t, dw, read_sites);
	if (!err)
		err = t.n ? write_table(&t, path) : -ENOENT;
	release(&t);
	if (dw)
		dwarf_end(dw);
	close(fd);
	return err;
}
