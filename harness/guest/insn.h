/* SPDX-License-Identifier: GPL-2.0-only */
/* Elements of arrays of struct bpf_insn, for programs that no compiler would write. */
#ifndef ASSAY_GUEST_INSN_H
#define ASSAY_GUEST_INSN_H

#include <linux/bpf.h>

#define INSN(c, dst, src, o, i)                                                          \
	{                                                                                \
		.code = (c), .dst_reg = (dst), .src_reg = (src), .off = (o), .imm = (i), \
	}
#define INSN_MOV(dst, value)	     INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value)
#define INSN_MOV_REG(dst, src)	     INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define INSN_ADD(dst, value)	     INSN(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, value)
#define INSN_LOAD(size, dst, src, o) INSN(BPF_LDX | BPF_MEM | (size), dst, src, o, 0)
/* A constant to the stack, at r10 + o. */
#define INSN_STORE(size, o, value) INSN(BPF_ST | BPF_MEM | (size), BPF_REG_10, 0, o, value)
#define INSN_GOTO(o)		   INSN(BPF_JMP | BPF_JA, 0, 0, o, 0)
/* op: BPF_JEQ and so on, with a constant or a register. */
#define INSN_IF(op, reg, value, o)   INSN(BPF_JMP | (op) | BPF_K, reg, 0, o, value)
#define INSN_IF_REG(op, dst, src, o) INSN(BPF_JMP | (op) | BPF_X, dst, src, o, 0)
#define INSN_CALL(helper)	     INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define INSN_CALL_FUNC(o)	     INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, o)
#define INSN_EXIT		     INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
/* Two elements. kind: 0 or BPF_PSEUDO_MAP_FD and so on, which say what the halves mean. */
#define INSN_IMM64(dst, kind, low, high) \
	INSN(BPF_LD | BPF_IMM | BPF_DW, dst, kind, 0, low), INSN(0, 0, 0, 0, high)

#endif
