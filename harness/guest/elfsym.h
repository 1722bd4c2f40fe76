/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_ELFSYM_H
#define ASSAY_GUEST_ELFSYM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_file;

/* A function of a program, from its tables of symbols. */
struct elf_symbol {
	char *name;	     /* without a version ("memcpy", not "memcpy@@GLIBC_2.14") */
	const char *table;   /* ".symtab" or ".dynsym" */
	const char *binding; /* "local", "global", "weak" */
	bool is_ifunc;	     /* what stands at the address picks the function */
	bool is_undefined;   /* a shared library has it */
	uint64_t address, size;
	uint64_t offset;     /* of the first byte in the file */
	bool in_file;	     /* there is such an offset */
	bool is_executable;  /* it lies in an executable segment */
	const char *section; /* name, of the file's; "" for none */
};

struct elf_symbols {
	struct elf_symbol *v;
	size_t n;
	bool has_symtab; /* not stripped */
};

/* All functions; one that both tables have is there once. 0 or -errno. The symbols are valid as
 * long as the file is open. */
int elf_symbols__read(const struct elf_file *f, struct elf_symbols *out);
void elf_symbols__release(struct elf_symbols *s);

#endif
