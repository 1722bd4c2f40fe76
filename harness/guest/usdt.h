/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_USDT_H
#define ASSAY_GUEST_USDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/usdt_args.h"

struct elf_file;

#define USDT_ARGS_MAX 12

/* One location of one probe, from an ELF note of type stapsdt. */
struct usdt_note {
	char *provider, *name, *args;
	uint64_t
		location; /* address, corrected by what the program was moved since it was linked */
	uint64_t base;	  /* that the note has: where .stapsdt.base was when the note was made */
	uint64_t semaphore; /* address of the counter of those who look, or 0; corrected, too */
	uint64_t offset;    /* of the location in the file */
	uint64_t semaphore_offset; /* of the semaphore in the file, or 0: it has no place there */
	bool is_nop;		   /* of one byte, as a probe that nobody looks at is */
	bool in_data;		   /* the semaphore lies in a writable segment */
	struct usdt_arg arg[USDT_ARGS_MAX];
	size_t nr_args;
	uint64_t hits;	   /* for the caller's count */
	char problem[128]; /* what could not be understood, or "" */
};

struct usdt_notes {
	struct usdt_note *v;
	size_t n;
	uint64_t base; /* address of .stapsdt.base in the file */
};

/* Reads the notes of a program with libelf. 0, or -errno: -ENOENT without such notes, -EINVAL for
 * what is no 64-bit ELF file of x86-64, or a damaged note. */
int usdt_notes__read(const char *path, struct usdt_notes *out);
int usdt_notes__read_elf(const struct elf_file *f, struct usdt_notes *out);
void usdt_notes__release(struct usdt_notes *notes);

#endif
