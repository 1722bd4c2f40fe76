/* SPDX-License-Identifier: GPL-2.0-only */
/* Generated programs that compare two strings of a given length. */
#ifndef LOOPS_GENERATE_H
#define LOOPS_GENERATE_H

#include <stdbool.h>
#include <stddef.h>

struct bpf_insn;

enum compare_kind {
	COMPARE_LOOP,	  /* byte by byte, one jump back */
	COMPARE_UNROLLED, /* byte by byte, written out */
	COMPARE_WORDS,	  /* eight bytes at once, written out: memcmp as a compiler might do it */
	COMPARE_STRNCMP,  /* bpf_strncmp */
	NR_COMPARE_KINDS
};

#define COMPARE_MAX 4096

/* The strings are the values of two maps; `wanted` is constant, as bpf_strncmp asks for. */
struct compare_maps {
	int text, wanted;
};

/* A program: gives 1 when the strings are the same, otherwise 0. */
struct compare {
	struct bpf_insn *insns;
	size_t n, length;
};

const char *loops_compare__name(enum compare_kind kind);
/* 0 or -errno; loops_compare_maps__release also after a failure. */
int loops_compare_maps__new(struct compare_maps *m);
void loops_compare_maps__release(struct compare_maps *m);
/* length: a multiple of 8. 0, -EINVAL or -ENOMEM. */
int loops_compare__new(struct compare *c, enum compare_kind kind, size_t length,
		       const struct compare_maps *m);
void loops_compare__free(struct compare *c);
/* Loads and runs it on strings that are the same, or differ in the last byte. Its result, or
 * -errno. */
int loops_compare__run(const struct compare *c, const struct compare_maps *m, bool same);

#endif
