// SPDX-License-Identifier: GPL-2.0-only
#include "guest/elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int elf_file__open(struct elf_file *f, const char *path)
{
	*f = (struct elf_file){ .fd = open(path, O_RDONLY | O_CLOEXEC) };
	if (f->fd < 0)
		return -errno;
	elf_version(EV_CURRENT);
	f->elf = elf_begin(f->fd, ELF_C_READ, NULL);
	if (!f->elf || elf_kind(f->elf) != ELF_K_ELF || !gelf_getehdr(f->elf, &f->header) ||
	    f->header.e_ident[EI_CLASS] != ELFCLASS64 || f->header.e_machine != EM_X86_64)
		return -EINVAL;
	return 0;
}

void elf_file__close(struct elf_file *f)
{
	elf_end(f->elf);
	if (f->fd >= 0)
		close(f->fd);
	*f = (struct elf_file){ .fd = -1 };
}

Elf_Scn *elf_file__section(const struct elf_file *f, const char *name, GElf_Shdr *hdr)
{
	Elf_Scn *s = NULL;
	size_t names;

	if (elf_getshdrstrndx(f->elf, &names))
		return NULL;
	while ((s = elf_nextscn(f->elf, s))) {
		const char *is;

		if (gelf_getshdr(s, hdr) && (is = elf_strptr(f->elf, names, hdr->sh_name)) &&
		    !strcmp(is, name))
			return s;
	}
	return NULL;
}

bool elf_file__segment(const struct elf_file *f, uint64_t address, GElf_Phdr *out)
{
	size_t n;

	if (elf_getphdrnum(f->elf, &n))
		return false;
	for (size_t i = 0; i < n; i++)
		if (gelf_getphdr(f->elf, (int)i, out) && out->p_type == PT_LOAD &&
		    address >= out->p_vaddr && address - out->p_vaddr < out->p_memsz)
			return true;
	return false;
}

bool elf_file__offset(const struct elf_file *f, uint64_t address, uint64_t *offset)
{
	GElf_Phdr segment;

	if (!elf_file__segment(f, address, &segment) ||
	    address - segment.p_vaddr >= segment.p_filesz)
		return false;
	*offset = address - segment.p_vaddr + segment.p_offset;
	return true;
}
