// SPDX-License-Identifier: GPL-2.0-only
#include "guest/elfsym.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guest/elf_file.h"

/* An assembler's functions often have no type; a label in a section of code is taken for one. */
static bool is_function(const struct elf_file *f, const GElf_Sym *sym)
{
	unsigned int type = GELF_ST_TYPE(sym->st_info);
	GElf_Shdr hdr;
	Elf_Scn *scn;

	if (type == STT_FUNC || type == STT_GNU_IFUNC)
		return true;
	if (type != STT_NOTYPE || sym->st_shndx == SHN_UNDEF || sym->st_shndx >= SHN_LORESERVE)
		return false;
	scn = elf_getscn(f->elf, sym->st_shndx);
	return scn && gelf_getshdr(scn, &hdr) && (hdr.sh_flags & SHF_EXECINSTR);
}

static const char *section_name(const struct elf_file *f, const GElf_Sym *sym)
{
	const char *name = NULL;
	GElf_Shdr hdr;
	Elf_Scn *scn;
	size_t names;

	if (sym->st_shndx == SHN_UNDEF || sym->st_shndx >= SHN_LORESERVE)
		return "";
	scn = elf_getscn(f->elf, sym->st_shndx);
	if (scn && gelf_getshdr(scn, &hdr) && !elf_getshdrstrndx(f->elf, &names))
		name = elf_strptr(f->elf, names, hdr.sh_name);
	return name ? name : "";
}

static const char *binding_name(const GElf_Sym *sym)
{
	switch (GELF_ST_BIND(sym->st_info)) {
	case STB_LOCAL:
		return "local";
	case STB_WEAK:
		return "weak";
	}
	return "global";
}

static int add_symbol(struct elf_symbols *s, const struct elf_file *f, const GElf_Sym *sym,
		      const char *name, const char *table, size_t *room)
{
	GElf_Phdr segment;
	struct elf_symbol *e;

	if (s->n == *room) {
		size_t more = *room ? 2 * *room : 256;

		e = reallocarray(s->v, more, sizeof(*e));
		if (!e)
			return -ENOMEM;
		s->v = e;
		*room = more;
	}
	e = &s->v[s->n];
	*e = (struct elf_symbol){
		.name = strndup(name, strcspn(name, "@")),
		.table = table,
		.binding = binding_name(sym),
		.is_ifunc = GELF_ST_TYPE(sym->st_info) == STT_GNU_IFUNC,
		.is_undefined = sym->st_shndx == SHN_UNDEF,
		.address = sym->st_value,
		.size = sym->st_size,
		.section = section_name(f, sym),
	};
	if (!e->name)
		return -ENOMEM;
	s->n++;
	if (e->is_undefined)
		return 0;
	e->in_file = elf_file__offset(f, e->address, &e->offset);
	e->is_executable = elf_file__segment(f, e->address, &segment) && (segment.p_flags & PF_X);
	return 0;
}

static int read_table(const struct elf_file *f, const char *table, struct elf_symbols *out,
		      size_t *room)
{
	GElf_Shdr hdr;
	Elf_Scn *scn = elf_file__section(f, table, &hdr);
	Elf_Data *data = scn ? elf_getdata(scn, NULL) : NULL;
	size_t n = data && hdr.sh_entsize ? hdr.sh_size / hdr.sh_entsize : 0;
	int err = 0;

	for (size_t i = 1; !err && i < n; i++) {
		const char *name;
		GElf_Sym sym;

		if (!gelf_getsym(data, (int)i, &sym) || !is_function(f, &sym))
			continue;
		name = elf_strptr(f->elf, hdr.sh_link, sym.st_name);
		if (name && *name)
			err = add_symbol(out, f, &sym, name, table, room);
	}
	return err;
}

/* By name and address; .symtab, which says more, before .dynsym, and what is defined first. */
static int compare(const void *a, const void *b)
{
	const struct elf_symbol *x = a, *y = b;
	int by = strcmp(x->name, y->name);

	if (by)
		return by;
	if (x->is_undefined != y->is_undefined)
		return x->is_undefined ? 1 : -1;
	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return strcmp(y->table, x->table);
}

static void drop_doubles(struct elf_symbols *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct elf_symbol *last = kept ? &s->v[kept - 1] : NULL;

		if (last && !strcmp(last->name, s->v[i].name) &&
		    (s->v[i].is_undefined || last->address == s->v[i].address))
			free(s->v[i].name);
		else
			s->v[kept++] = s->v[i];
	}
	s->n = kept;
}

int elf_symbols__read(const struct elf_file *f, struct elf_symbols *out)
{
	GElf_Shdr hdr;
	size_t room = 0;
	int err;

	*out = (struct elf_symbols){ .has_symtab = elf_file__section(f, ".symtab", &hdr) };
	err = read_table(f, ".symtab", out, &room);
	if (!err)
		err = read_table(f, ".dynsym", out, &room);
	if (err) {
		elf_symbols__release(out);
		return err;
	}
	if (out->n)
		qsort(out->v, out->n, sizeof(*out->v), compare);
	drop_doubles(out);
	return 0;
}

void elf_symbols__release(struct elf_symbols *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i].name);
	free(s->v);
	*s = (struct elf_symbols){ 0 };
}
