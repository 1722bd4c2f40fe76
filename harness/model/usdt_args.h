/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_MODEL_USDT_ARGS_H
#define ASSAY_MODEL_USDT_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a USDT probe's argument is found when the probe is hit. */
enum usdt_place {
	USDT_CONSTANT, /* $-1 */
	USDT_REGISTER, /* %dil */
	USDT_MEMORY,   /* -16(%rbp), 8(%rax,%rcx,4), settings+16(%rip) */
};

/* One argument of the descriptions in an ELF note of type stapsdt, "-4@%esi 8@-16(%rbp)": size and
 * sign, and an operand as the assembler of x86-64 writes it
 * (https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation). */
struct usdt_arg {
	unsigned int size; /* bytes: 1, 2, 4 or 8 */
	bool is_signed;
	enum usdt_place place;
	int64_t value;	    /* of the constant, or displacement */
	char symbol[64];    /* that the displacement is added to, or "" */
	const char *reg;    /* register, or base; as written, without '%'; NULL: none */
	const char *full;   /* the 64-bit register that it is part of; NULL: none */
	const char *index;  /* 64-bit register, or NULL */
	unsigned int scale; /* of the index */
};

/* Reads a whole description; *n arguments of at most max. On a mistake -EINVAL and a sentence in
 * err; -E2BIG for more than max. An empty description has no arguments. */
int usdt_args__parse(const char *s, struct usdt_arg *args, size_t max, size_t *n, char *err,
		     size_t err_len);
/* "4 bytes signed in %esi (rsi)", "8 bytes unsigned at 24(%rsp)": into buf, returned. */
const char *usdt_arg__describe(const struct usdt_arg *a, char *buf, size_t len);

#endif
