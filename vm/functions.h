/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_FUNCTIONS_H
#define ASSAY_VM_FUNCTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* What the compiler made of the functions of a kernel: kept as <image>/functions.tsv, because the
 * kept vmlinux has no debug information. A function is told apart by its name and file: one that is
 * defined in a header is one, however many files compiled it. */
#define FUNCTIONS_FILE "functions.tsv"

struct function {
	char *name;
	char *file;	     /* of its definition, below the kernel's tree: "lib/iov_iter.c" */
	unsigned int line;   /* there */
	bool is_static;	     /* not visible outside of the file that it is compiled in */
	bool is_inline;	     /* declared inline */
	unsigned int copies; /* out of line, each with an address of its own */
	unsigned int
		sites; /* calls that became its body: counted where code was generated for them */
	char *symbols; /* of the copies, with commas ("copyin.part.0"); NULL: none */
};

/* Reads the debug information (DWARF) of an ELF file and writes the table. `root`: the folder that
 * paths are shown below, or NULL. 0 or -errno: -ENOENT when the file has no debug information,
 * -EINVAL when it is no ELF file or cannot be read as such. */
int functions__write(const char *elf, const char *root, const char *path);

/* All functions of a name in the table of an image's folder, in order of their files; none is no
 * error. 0 or -errno: -ENOENT when there is no table, -EINVAL when it is damaged. */
int functions__find(const char *dir, const char *name, struct function **out, size_t *n);
void functions__free(struct function *v, size_t n);

#endif
