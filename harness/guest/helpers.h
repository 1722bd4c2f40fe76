/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_HELPERS_H
#define ASSAY_GUEST_HELPERS_H

#include <stdbool.h>
#include <stddef.h>

struct bpf_insn;
struct btf;

/* Calls to helpers that only patched kernels have: bpf/assay.bpf.h gives them placeholder numbers,
 * and the number in use is found in the running kernel's BTF by name. */

bool helpers__used(const struct bpf_insn *insns, size_t n);
/* Puts the running kernel's numbers in the place of placeholders. Those that the kernel does not
 * have stay, and the verifier names them as invalid functions. btf may be NULL. Returns how many
 * calls were changed. */
size_t helpers__patch(struct bpf_insn *insns, size_t n, const struct btf *btf);

#endif
