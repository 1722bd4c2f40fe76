/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_SYMTAB_H
#define ASSAY_VM_SYMTAB_H

#include <stdint.h>

/* The functions' symbols of an ELF file, by address. */
struct symtab;

/* 0, -EINVAL for what is no ELF file, or -errno. A file without symbols gives an empty table. */
int symtab__read(const char *path, struct symtab **out);
void symtab__free(struct symtab *t);
/* The symbol of the function that begins at an address; of several the one of that name, else one
 * that is made of the name ("NAME.part.0"), else the first. NULL: none. The table's. */
const char *symtab__at(const struct symtab *t, uint64_t address, const char *name);

#endif
