// SPDX-License-Identifier: GPL-2.0-only
#include "vm/symtab.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct symbol {
	uint64_t address;
	const char *name; /* in the file */
};

struct symtab {
	int fd;
	Elf *elf;
	struct symbol *v;
	size_t n;
};

void symtab__free(struct symtab *t)
{
	if (!t)
		return;
	if (t->elf)
		elf_end(t->elf);
	if (t->fd >= 0)
		close(t->fd);
	free(t->v);
	free(t);
}

static int compare(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int read_symbols(struct symtab *t, Elf_Scn *scn, const GElf_Shdr *sh)
{
	Elf_Data *d = elf_getdata(scn, NULL);
	size_t n = sh->sh_entsize ? sh->sh_size / sh->sh_entsize : 0;
	GElf_Sym sym;

	if (!d)
		return -EINVAL;
	t->v = calloc(n + 1, sizeof(*t->v));
	if (!t->v)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const char *name;

		if (!gelf_getsym(d, (int)i, &sym) || GELF_ST_TYPE(sym.st_info) != STT_FUNC ||
		    sym.st_shndx == SHN_UNDEF)
			continue;
		name = elf_strptr(t->elf, sh->sh_link, sym.st_name);
		if (name && *name)
			t->v[t->n++] = (struct symbol){ sym.st_value, name };
	}
	qsort(t->v, t->n, sizeof(*t->v), compare);
	return 0;
}

static int read_file(struct symtab *t)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return -EINVAL;
	t->elf = elf_begin(t->fd, ELF_C_READ_MMAP, NULL);
	if (!t->elf || elf_kind(t->elf) != ELF_K_ELF)
		return -EINVAL;
	while ((scn = elf_nextscn(t->elf, scn)))
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_SYMTAB)
			return read_symbols(t, scn, &sh);
	return 0;
}

int symtab__read(const char *path, struct symtab **out)
{
	struct symtab *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	t->fd = open(path, O_RDONLY | O_CLOEXEC);
	err = t->fd < 0 ? -errno : read_file(t);
	if (err)
		symtab__free(t);
	else
		*out = t;
	return err;
}

const char *symtab__at(const struct symtab *t, uint64_t address, const char *name)
{
	size_t low = 0, high = t->n, len = strlen(name);
	const char *best = NULL;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->v[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < t->n && t->v[low].address == address; low++) {
		const char *s = t->v[low].name;

		if (!strcmp(s, name))
			return s;
		if (!best || (strncmp(best, name, len) && !strncmp(s, name, len) && s[len] == '.'))
			best = s;
	}
	return best;
}
