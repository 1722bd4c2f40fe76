// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/stack.h"

#define INSN(c, d, s, o, i)                                               \
	{                                                                 \
		.code = c, .dst_reg = d, .src_reg = s, .off = o, .imm = i \
	}
#define MOV_IMM(d, i)	 INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define MOV32_IMM(d, i)	 INSN(BPF_ALU | BPF_MOV | BPF_K, d, 0, 0, i)
#define MOV_REG(d, s)	 INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOV32_REG(d, s)	 INSN(BPF_ALU | BPF_MOV | BPF_X, d, s, 0, 0)
#define ADD_IMM(d, i)	 INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define ADD_REG(d, s)	 INSN(BPF_ALU64 | BPF_ADD | BPF_X, d, s, 0, 0)
#define SUB_IMM(d, i)	 INSN(BPF_ALU64 | BPF_SUB | BPF_K, d, 0, 0, i)
#define AND_IMM(d, i)	 INSN(BPF_ALU64 | BPF_AND | BPF_K, d, 0, 0, i)
#define LDX(sz, d, s, o) INSN(BPF_LDX | BPF_MEM | sz, d, s, o, 0)
#define STX(sz, d, s, o) INSN(BPF_STX | BPF_MEM | sz, d, s, o, 0)
#define ST(sz, d, o, i)	 INSN(BPF_ST | BPF_MEM | sz, d, 0, o, i)
#define CALL(n)		 INSN(BPF_JMP | BPF_CALL, 0, 0, 0, n)
#define CALL_FUNC(o)	 INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, o)
#define CALL_KFUNC(n)	 INSN(BPF_JMP | BPF_CALL, 0, 2, 0, n)
#define JEQ(d, i, o)	 INSN(BPF_JMP | BPF_JEQ | BPF_K, d, 0, o, i)
#define JA(o)		 INSN(BPF_JMP | BPF_JA, 0, 0, o, 0)
#define GOTOL(o)	 INSN(0x06, 0, 0, 0, o)
#define EXIT		 INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

static void check(const struct bpf_insn *insns, size_t n, const char *want)
{
	char *text = stack__layout(insns, n, "p");

	assert_non_null(text);
	assert_string_equal(text, want);
	free(text);
}

#define CHECK(want, ...)                                              \
	do {                                                          \
		const struct bpf_insn insns[] = { __VA_ARGS__ };      \
		check(insns, sizeof(insns) / sizeof(insns[0]), want); \
	} while (0)

static void test_nothing(void **state)
{
	char *text;

	(void)state;
	check(NULL, 0, "stack of p: 0 bytes, 0 instructions\n");
	CHECK("stack of p: 0 bytes, 2 instructions\n"
	      "  the stack is not used\n",
	      MOV_IMM(0, 0), EXIT);
	text = stack__layout(NULL, 0, NULL);
	assert_string_equal(text, "stack of the program: 0 bytes, 0 instructions\n");
	free(text);
}

static void test_slots(void **state)
{
	(void)state;
	CHECK("stack of p: 16 bytes, 6 instructions\n"
	      "  slot       bytes  written by insn              read by insn\n"
	      "  fp-16          8  1                            -\n"
	      "  fp-8           4  2                            3\n"
	      "  fp-1           1  -                            4\n"
	      "  never written by an instruction: fp-4 (4 bytes)\n",
	      MOV_IMM(2, 0), STX(BPF_DW, 10, 2, -16), ST(BPF_W, 10, -8, 7), LDX(BPF_W, 0, 10, -8),
	      LDX(BPF_B, 0, 10, -1), EXIT);
}

/* Accesses that overlap are one slot, neighbours are two. */
static void test_overlap(void **state)
{
	(void)state;
	CHECK("stack of p: 16 bytes, 6 instructions\n"
	      "  slot       bytes  written by insn              read by insn\n"
	      "  fp-16         12  1, 2                         3\n"
	      "  fp-4           4  4                            -\n",
	      MOV_IMM(2, 0), STX(BPF_DW, 10, 2, -16), ST(BPF_DW, 10, -12, 7), LDX(BPF_H, 0, 10, -8),
	      ST(BPF_W, 10, -4, 0), EXIT);
}

static void test_spill(void **state)
{
	(void)state;
	CHECK("stack of p: 24 bytes, 6 instructions\n"
	      "  slot       bytes  written by insn              read by insn\n"
	      "  fp-24          8  1                            -\n"
	      "  fp-16          8  2                            4\n"
	      "  fp-8           8  0 (spill of r1)              3 (fill of r1)\n",
	      STX(BPF_DW, 10, 1, -8), STX(BPF_DW, 10, 1, -24), STX(BPF_DW, 10, 1, -16),
	      LDX(BPF_DW, 6, 10, -8), LDX(BPF_W, 7, 10, -16), EXIT);
	/* A constant that is stored is a variable, no spilled register. */
	CHECK("stack of p: 8 bytes, 4 instructions\n"
	      "  slot       bytes  written by insn              read by insn\n"
	      "  fp-8           8  1                            2\n",
	      MOV_IMM(2, 5), STX(BPF_DW, 10, 2, -8), LDX(BPF_DW, 0, 10, -8), EXIT);
}

/* The question of masked-read: 126 of 128 bytes are written, the helper gets all of them. */
static void test_helper_buffer(void **state)
{
	(void)state;
	CHECK("stack of p: 128 bytes, 8 instructions\n"
	      "  slot       bytes  written by insn              read by insn\n"
	      "  fp-128         8  0                            -\n"
	      "  address    held by\n"
	      "  fp-128     r1 of helper #112 at insn 5, r2 = 126\n"
	      "  never written by an instruction: fp-120 (120 bytes)\n",
	      ST(BPF_DW, 10, -128, 0), MOV_REG(6, 10), ADD_IMM(6, -128), MOV_REG(1, 6),
	      MOV_IMM(2, 126), CALL(112), MOV_IMM(0, 0), EXIT);
}

static void test_arithmetic(void **state)
{
	(void)state;
	/* All of these are fp-40; the 32-bit constant is not sign-extended. */
	CHECK("stack of p: 40 bytes, 11 instructions\n"
	      "  address    held by\n"
	      "  fp-40      r1 of helper #1 at insn 9\n"
	      "  fp-40      r2 of helper #1 at insn 9\n"
	      "  fp-40      r3 of helper #1 at insn 9, r4 = 4294967256\n"
	      "  never written by an instruction: fp-40 (40 bytes)\n",
	      MOV_REG(1, 10), ADD_IMM(1, -48), ADD_IMM(1, 8), MOV_REG(2, 10), SUB_IMM(2, 40),
	      MOV_IMM(3, -40), ADD_REG(3, 10), MOV32_IMM(4, -40), MOV_IMM(0, 0), CALL(1), EXIT);
}

static void test_unknown_offset(void **state)
{
	(void)state;
	CHECK("stack of p: 72 bytes, 11 instructions\n"
	      "  address    held by\n"
	      "  fp-72+?    r3, stored to memory at insn 5\n"
	      "  fp-72+?    r1 of helper #7 at insn 8\n"
	      "  fp-72+?    r3 of helper #7 at insn 8\n" /* how many it takes is not known */
	      "  fp-64+?    r3, accessed at insn 4\n"
	      "  never written by an instruction: fp-72 (72 bytes)\n",
	      AND_IMM(2, 63), MOV_REG(3, 10), ADD_IMM(3, -72), ADD_REG(3, 2), ST(BPF_B, 3, 8, 1),
	      STX(BPF_DW, 1, 3, 0), MOV_REG(1, 3), MOV_IMM(0, 0), CALL(7), MOV_IMM(0, 0), EXIT);
}

static void test_stored_address(void **state)
{
	(void)state;
	CHECK("stack of p: 16 bytes, 5 instructions\n"
	      "  slot       bytes  written by insn              read by insn\n"
	      "  fp-8           8  2                            -\n"
	      "  address    held by\n"
	      "  fp-16      r2, stored to memory at insn 2\n"
	      "  never written by an instruction: fp-16 (8 bytes)\n",
	      MOV_REG(2, 10), ADD_IMM(2, -16), STX(BPF_DW, 10, 2, -8), MOV_IMM(0, 0), EXIT);
}

/* Nothing is known of r1 to r5 behind a call, and of no copy where jumps meet. */
static void test_clobbers(void **state)
{
	(void)state;
	CHECK("stack of p: 8 bytes, 8 instructions\n"
	      "  address    held by\n"
	      "  fp-8       r1 of helper #7 at insn 2\n"
	      "  fp-8       r1 of helper #7 at insn 5\n"
	      "  never written by an instruction: fp-8 (8 bytes)\n",
	      MOV_REG(1, 10), ADD_IMM(1, -8), CALL(7), MOV_REG(1, 10), ADD_IMM(1, -8), CALL(7),
	      ST(BPF_B, 1, 0, 0), EXIT);
	/* The fall-through of a conditional jump goes on; its target does not. */
	CHECK("stack of p: 8 bytes, 9 instructions\n"
	      "  slot       bytes  written by insn              read by insn\n"
	      "  fp-8           8  3                            -\n"
	      "  address    held by\n"
	      "  fp-8       r6 since insn 1, not followed further\n",
	      MOV_REG(6, 10), ADD_IMM(6, -8), JEQ(0, 0, 2), ST(BPF_DW, 6, 0, 0), MOV_IMM(0, 0),
	      ST(BPF_DW, 6, 0, 0), MOV_IMM(0, 0), MOV_IMM(0, 0), EXIT);
	/* An address in r6 that is not needed there is no loss, */
	CHECK("stack of p: 8 bytes, 7 instructions\n"
	      "  slot       bytes  written by insn              read by insn\n"
	      "  fp-8           8  3                            -\n",
	      MOV_REG(6, 10), ADD_IMM(6, -8), JEQ(0, 0, 1), ST(BPF_DW, 6, 0, 0), MOV_IMM(6, 0),
	      MOV_REG(1, 6), EXIT);
	/* but one that is read at the start of a loop is. */
	CHECK("stack of p: 8 bytes, 7 instructions\n"
	      "  slot       bytes  written by insn              read by insn\n"
	      "  fp-8           8  4                            -\n"
	      "  address    held by\n"
	      "  fp-8       r7 since insn 3, not followed further\n",
	      JA(1), ST(BPF_DW, 7, 0, 0), MOV_REG(7, 10), ADD_IMM(7, -8), ST(BPF_DW, 7, 0, 0),
	      JA(-5), EXIT);
	/* ... also behind an unconditional one. */
	CHECK("stack of p: 8 bytes, 6 instructions\n"
	      "  address    held by\n"
	      "  fp-8       r2 since insn 1, not followed further\n"
	      "  never written by an instruction: fp-8 (8 bytes)\n",
	      MOV_REG(2, 10), ADD_IMM(2, -8), JA(1), EXIT, ST(BPF_DW, 2, 0, 0), EXIT);
	CHECK("stack of p: 8 bytes, 6 instructions\n"
	      "  address    held by\n"
	      "  fp-8       r2 since insn 1, not followed further\n"
	      "  never written by an instruction: fp-8 (8 bytes)\n",
	      MOV_REG(2, 10), ADD_IMM(2, -8), GOTOL(1), EXIT, ST(BPF_DW, 2, 0, 0), EXIT);
	/* 32-bit copies and loads into a register end an address. */
	CHECK("stack of p: 0 bytes, 6 instructions\n"
	      "  the stack is not used\n",
	      MOV32_REG(2, 10), ST(BPF_W, 2, -8, 0), MOV_REG(3, 10), LDX(BPF_DW, 3, 1, 0),
	      ST(BPF_W, 3, -8, 0), EXIT);
}

static void test_functions(void **state)
{
	(void)state;
	CHECK("stack of p: 48 bytes in 2 functions, 8 instructions\n"
	      "function at insn 0: depth 8 bytes\n"
	      "  slot       bytes  written by insn              read by insn\n"
	      "  fp-8           8  0                            -\n"
	      "  address    held by\n"
	      "  fp-8       r1 of the function at insn 6, called at insn 3\n"
	      "function at insn 6: depth 40 bytes\n"
	      "  slot       bytes  written by insn              read by insn\n"
	      "  fp-40          8  6                            -\n"
	      "  never written by an instruction: fp-32 (32 bytes)\n",
	      ST(BPF_DW, 10, -8, 0), MOV_REG(1, 10), ADD_IMM(1, -8), CALL_FUNC(2), MOV_IMM(0, 0),
	      EXIT, ST(BPF_DW, 10, -40, 0), EXIT);
	CHECK("stack of p: 8 bytes, 5 instructions\n"
	      "  slot       bytes  written by insn              read by insn\n"
	      "  fp-8           8  0                            -\n"
	      "  address    held by\n"
	      "  fp-8       r2 of the kernel function with BTF id 4711 at insn 3\n",
	      ST(BPF_DW, 10, -8, 0), MOV_REG(2, 10), ADD_IMM(2, -8), CALL_KFUNC(4711), EXIT);
}

/* Before libbpf has appended the functions that are called, their place is not known. */
static void test_unresolved_call(void **state)
{
	(void)state;
	CHECK("stack of p: 4 bytes, 5 instructions\n"
	      "  slot       bytes  written by insn              read by insn\n"
	      "  fp-4           4  0                            -\n"
	      "  address    held by\n"
	      "  fp-4       r1 of a function, called at insn 3\n",
	      ST(BPF_W, 10, -4, 0), MOV_REG(1, 10), ADD_IMM(1, -4), CALL_FUNC(-1), EXIT);
}

static void test_atomic(void **state)
{
	(void)state;
	/* fetch-and-add: reads, writes, and gives its operand a new value */
	CHECK("stack of p: 8 bytes, 5 instructions\n"
	      "  slot       bytes  written by insn              read by insn\n"
	      "  fp-8           8  0, 2                         2\n",
	      ST(BPF_DW, 10, -8, 0), MOV_REG(2, 10), INSN(BPF_STX | 0xc0 | BPF_DW, 10, 2, -8, 1),
	      STX(BPF_DW, 1, 2, 0), EXIT);
	/* without fetch r2 stays what it was */
	CHECK("stack of p: 8 bytes, 5 instructions\n"
	      "  slot       bytes  written by insn              read by insn\n"
	      "  fp-8           8  0, 2                         2\n"
	      "  address    held by\n"
	      "  fp+0       r2, stored to memory at insn 3\n",
	      ST(BPF_DW, 10, -8, 0), MOV_REG(2, 10), INSN(BPF_STX | 0xc0 | BPF_DW, 10, 2, -8, 0),
	      STX(BPF_DW, 1, 2, 0), EXIT);
}

/* The second half of ld_imm64 is no instruction, whatever it holds. */
static void test_ld_imm64(void **state)
{
	(void)state;
	CHECK("stack of p: 8 bytes, 6 instructions\n"
	      "  slot       bytes  written by insn              read by insn\n"
	      "  fp-8           8  3                            -\n",
	      INSN(BPF_LD | BPF_IMM | BPF_DW, 1, 0, 0, 1), INSN(0, 0, 0, 0, 5), MOV_IMM(0, 0),
	      ST(BPF_DW, 10, -8, 0), INSN(BPF_LD | BPF_IMM | BPF_DW, 1, 0, 0, 1),
	      ST(BPF_DW, 10, -16, 0));
}

/* Programs that no verifier accepts are laid out as well: they are why one looks. */
static void test_odd(void **state)
{
	(void)state;
	CHECK("stack of p: 600 bytes, 3 instructions\n"
	      "  slot       bytes  written by insn              read by insn\n"
	      "  fp-600         8  0                            -\n"
	      "  fp+0           8  -                            1\n"
	      "  never written by an instruction: fp-592 (592 bytes)\n",
	      ST(BPF_DW, 10, -600, 0), LDX(BPF_DW, 0, 10, 0), EXIT);
	/* Jumps out of the program, registers that do not exist, 2 GB of stack. */
	CHECK("stack of p: 2147483648 bytes, 7 instructions\n"
	      "  slot       bytes  written by insn              read by insn\n"
	      "  fp-2147483648     8  4                            -\n"
	      "  address    held by\n"
	      "  fp-2147483648 r2 of the function at insn 1007, called at insn 6\n"
	      "  never written by an instruction: fp-2147483640 (2147483640 bytes)\n",
	      JEQ(0, 0, -100), ST(BPF_DW, 15, 0, 0), MOV_REG(2, 10), ADD_IMM(2, INT32_MIN),
	      ST(BPF_DW, 2, 0, 0), MOV_REG(14, 13), CALL_FUNC(1000));
	CHECK("stack of p: 0 bytes, 2 instructions\n"
	      "  the stack is not used\n",
	      JA(100), JA(-32768));
}

static void test_long_lists(void **state)
{
	struct bpf_insn insns[20];

	(void)state;
	for (int i = 0; i < 20; i++)
		insns[i] = (struct bpf_insn)ST(BPF_DW, 10, -8, 0);
	check(insns, 20,
	      "stack of p: 8 bytes, 20 instructions\n"
	      "  slot       bytes  written by insn              read by insn\n"
	      "  fp-8           8  0, 1, 2, 3, 4, 5, 6, 7, … 20 in all -\n");
}

/* Any bytes are instructions: nothing may be read or written out of bounds. */
static void test_random(void **state)
{
	struct bpf_insn insns[64];
	uint64_t x = 88172645463325252ull;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char *text;

		for (size_t i = 0; i < 64; i++) {
			uint64_t v;

			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			v = x;
			if (round % 2) /* mostly copies of r10, sums, loads and stores */
				v = (v & ~0xf0ffull) | 0xa000 |
				    ((const uint8_t[]){ 0xbf, 0x07, 0x0f, 0x7b, 0x79, 0x85, 0x1f,
							0x62 })[v & 7];
			memcpy(&insns[i], &v, sizeof(v));
		}
		text = stack__layout(insns, 64, "noise");
		assert_non_null(text);
		assert_memory_equal(text, "stack of noise: ", 16);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_overlap),		cmocka_unit_test(test_spill),
		cmocka_unit_test(test_helper_buffer),	cmocka_unit_test(test_arithmetic),
		cmocka_unit_test(test_unknown_offset),	cmocka_unit_test(test_stored_address),
		cmocka_unit_test(test_clobbers),	cmocka_unit_test(test_functions),
		cmocka_unit_test(test_unresolved_call), cmocka_unit_test(test_atomic),
		cmocka_unit_test(test_ld_imm64),	cmocka_unit_test(test_odd),
		cmocka_unit_test(test_long_lists),	cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("stack", tests, NULL, NULL);
}
