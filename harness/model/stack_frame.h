/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_MODEL_STACK_FRAME_H
#define ASSAY_MODEL_STACK_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_insn;

/* What the instructions of one function do to its frame: the part of model/stack.h that decodes. */

#define NR_REGS 11

enum reg_kind {
	REG_OTHER,
	REG_CONST,  /* value */
	REG_FRAME,  /* frame pointer + value */
	REG_INSIDE, /* somewhere in the frame: an unknown number was added */
};

struct reg {
	enum reg_kind kind;
	int64_t value;
	size_t formed; /* the instruction that gave it its value */
	bool used;     /* the address was used since */
};

/* One instruction that reads or writes memory in the frame. */
struct access {
	int64_t off;
	int size;
	size_t insn;
	bool write;
	int spill; /* the register that is stored whole, or -1 */
};

enum use_kind { USE_HELPER, USE_KFUNC, USE_FUNCTION, USE_STORED, USE_ACCESSED, USE_UNSEEN };

/* An address in the frame that leaves the sight of plain loads and stores. */
struct place {
	int64_t off;
	bool variable; /* plus an unknown number */
	size_t insn;
	enum use_kind use;
	int reg;	/* the register that holds it */
	int64_t callee; /* helper or BTF id, or first instruction of the function */
	bool has_next;	/* the argument after it is a known number, */
	int64_t next;	/* this one: very often the size */
};

struct frame {
	const struct bpf_insn *insns;
	size_t start, end; /* the function: start <= insn < end */
	struct reg regs[NR_REGS];
	struct access *accesses;
	size_t nr_accesses;
	struct place *places;
	size_t nr_places;
	bool failed; /* out of memory */
};

#define MARK_TARGET   1 /* some jump leads here */
#define MARK_FUNCTION 2
#define MARK_SECOND   4 /* second half of a 16-byte instruction */

/* One byte of marks per instruction; caller frees, NULL on ENOMEM. */
uint8_t *stack_frame__marks(const struct bpf_insn *insns, size_t n);
/* Fills in accesses and places of f, whose insns, start and end are set and the rest zero. */
void stack_frame__decode(struct frame *f, const uint8_t *marks);
void stack_frame__release(struct frame *f);

#endif
