/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_ELF_H
#define ASSAY_VM_ELF_H

#include <stddef.h>
#include <sys/types.h>

/* A section's contents; caller frees. 0, -ENOENT when there is no such section, -EINVAL for what
 * is no ELF file, or -errno. */
int elf_section(const char *path, const char *name, void **data, size_t *len);
/* Where in the file a section's contents lie; errors as above. */
int elf_section_place(const char *path, const char *name, off_t *offset, size_t *len);
/* Hash of all that is loaded of a program, notes aside: equal for two builds of one source,
 * whatever folder they were made in. Errors as above. */
int elf_loaded_hash(const char *path, char hex[65]);

/* Has it a note of that owner and type: 1 or 0; or -errno as above. */
int elf_has_note(const char *path, const char *owner, unsigned int type);

#endif
