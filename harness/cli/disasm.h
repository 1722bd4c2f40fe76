/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_DISASM_H
#define ASSAY_CLI_DISASM_H

#include <stdbool.h>
#include <stddef.h>

/* llvm-objdump's disassembly of an experiment's object, made when assay was built and cut into
 * programs here. */
struct disasm;
/* NULL when the experiment has no object or memory ran out: then nothing is ever found. */
struct disasm *disasm__open(const char *objects_dir, const char *experiment);
void disasm__close(struct disasm *d);
/* The lines from "0000000000000000 <program>:" to the next program; borrowed, not terminated. */
bool disasm__find(const struct disasm *d, const char *program, const char **text, size_t *len);

#endif
