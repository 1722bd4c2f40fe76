/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_ELF_FILE_H
#define ASSAY_GUEST_ELF_FILE_H

#include <gelf.h>
#include <libelf.h>
#include <stdbool.h>
#include <stdint.h>

/* A program or library of x86-64, read with libelf. */
struct elf_file {
	int fd;
	Elf *elf;
	GElf_Ehdr header;
};

/* 0 or -errno: -EINVAL for what is no 64-bit ELF file of x86-64. To be closed in any case. */
int elf_file__open(struct elf_file *f, const char *path);
void elf_file__close(struct elf_file *f);

/* NULL when there is none of that name. */
Elf_Scn *elf_file__section(const struct elf_file *f, const char *name, GElf_Shdr *hdr);
/* The loadable segment that an address lies in. */
bool elf_file__segment(const struct elf_file *f, uint64_t address, GElf_Phdr *out);
/* Where the byte at an address lies in the file; false when it does not (.bss, no segment). */
bool elf_file__offset(const struct elf_file *f, uint64_t address, uint64_t *offset);

#endif
