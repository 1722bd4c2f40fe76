/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_MODEL_STACK_H
#define ASSAY_MODEL_STACK_H

#include <stddef.h>

struct bpf_insn;

/* The stack layout of a BPF program as its instructions show it: a text with one line per slot
 * below the frame pointer (offset, size, written by which instructions, read by which, spills),
 * the places whose address is taken (rN = r10; rN += off) with the call that gets them, bytes
 * that are never written, and the depth in total. Straight decoding, no flow analysis: constants
 * added to copies of r10 are followed within a basic block. Caller frees; NULL on ENOMEM. */
char *stack__layout(const struct bpf_insn *insns, size_t n, const char *title);

#endif
