/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_OBJECT_USES_H
#define ASSAY_GUEST_OBJECT_USES_H

#include <stddef.h>

/* Does the program, or a function that it calls or takes the address of, refer to an undefined
 * symbol (extern variable or function) of its object? From the relocations of the ELF file: libbpf
 * resolves all of an object's externs before it loads any program. 1, 0, -ENOMEM, or -EINVAL for a
 * file that can't be read. */
int object__uses(const void *bytes, size_t size, const char *program, const char *symbol);

/* Makes the undefined symbol a weak one, in the bytes of the file: libbpf then loads programs
 * without it. 0, -ENOENT, or -EINVAL. */
int object__weaken(void *bytes, size_t size, const char *symbol);

#endif
