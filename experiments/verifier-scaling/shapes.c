// SPDX-License-Identifier: GPL-2.0-only
#include "shapes.h"

#include <linux/bpf.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* One conditional jump to so many instructions: the largest program then holds 5,139, and one path
 * may have no more than 8,192 jumps whose other side waits (BPF_COMPLEXITY_LIMIT_JMP_SEQ). */
#define BLOCK 128u
/* Instructions of a loop's body, and of that of scaling__loop_of. */
#define SMALL_BODY 16u
#define LARGE_BODY 1000u

struct bpf_insn scaling__insn(int code, int dst, int src, int off, int imm)
{
	return (struct bpf_insn){ .code = (__u8)code,
				  .dst_reg = (__u8)(dst & 15),
				  .src_reg = (__u8)(src & 15),
				  .off = (__s16)off,
				  .imm = imm };
}

static struct bpf_insn set(int reg, int value)
{
	return scaling__insn(BPF_ALU64 | BPF_MOV | BPF_K, reg, 0, 0, value);
}

static struct bpf_insn add(int reg, int value)
{
	return scaling__insn(BPF_ALU64 | BPF_ADD | BPF_K, reg, 0, 0, value);
}

static struct bpf_insn leave(void)
{
	return scaling__insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* The length of the packet: nothing that the verifier knows. */
static struct bpf_insn load_unknown(int reg)
{
	return scaling__insn(BPF_LDX | BPF_MEM | BPF_W, reg, BPF_REG_1,
			     offsetof(struct __sk_buff, len), 0);
}

static size_t straight(struct bpf_insn *p, size_t n, struct bpf_insn fill)
{
	p[0] = set(BPF_REG_0, 0);
	for (size_t i = 1; i + 1 < n; i++)
		p[i] = fill;
	p[n - 1] = leave();
	return n;
}

size_t scaling__moves(struct bpf_insn *p, size_t n)
{
	return straight(p, n, set(BPF_REG_0, 1));
}

static size_t make_straight(struct bpf_insn *p, size_t size, uint64_t *processed)
{
	*processed = size;
	return straight(p, size, add(BPF_REG_0, 1));
}

/* Skips the next instruction, or does not. The value is loaded anew for each jump: of one that was
 * tested before the verifier would know the outcome, see scaling__paths. */
static size_t unknown_jump(struct bpf_insn *p, int bit)
{
	p[0] = load_unknown(BPF_REG_6);
	p[1] = scaling__insn(BPF_JMP | BPF_JSET | BPF_K, BPF_REG_6, 0, 1, bit);
	return 2;
}

/* Each block begins with a jump that skips one instruction. */
static size_t make_branching(struct bpf_insn *p, size_t size, uint64_t *processed)
{
	size_t n = 0;

	/* The verifier goes on along both sides until it finds a state that it saved, which it
	 * does at every second jump: 1.512 instructions processed for each. */
	size = size * 100 / 152;
	*processed = 0;
	p[n++] = set(BPF_REG_0, 0);
	while (n + 1 < size) {
		if (n % BLOCK == 1 && n + 3 < size)
			n += unknown_jump(p + n, 1);
		else
			p[n++] = add(BPF_REG_0, 1);
	}
	p[n++] = leave();
	return n;
}

/* Counted up from 0 in r6, `padding` instructions before. */
static size_t counted_loop(struct bpf_insn *p, size_t padding, size_t body, size_t rounds,
			   struct bpf_insn fill)
{
	size_t n = 0, start;

	p[n++] = set(BPF_REG_6, 0);
	p[n++] = set(BPF_REG_0, 0);
	while (n < padding)
		p[n++] = fill;
	start = n;
	while (n - start < body - 2)
		p[n++] = fill;
	p[n++] = add(BPF_REG_6, 1);
	p[n] = scaling__insn(BPF_JMP | BPF_JLT | BPF_K, BPF_REG_6, 0, (int)start - (int)n - 1,
			     (int)rounds);
	n++;
	p[n++] = leave();
	return n;
}

/* The program stays as small as it is; what grows is how often the verifier goes round. */
static size_t make_looping(struct bpf_insn *p, size_t size, uint64_t *processed)
{
	size_t rounds = (size - 3) / SMALL_BODY;

	*processed = 2 + rounds * SMALL_BODY + 1;
	return counted_loop(p, 2, SMALL_BODY, rounds, add(BPF_REG_0, 1));
}

size_t scaling__loop_of(struct bpf_insn *p, uint64_t processed)
{
	size_t rounds = (size_t)(processed - 3) / LARGE_BODY - 1;
	size_t padding = (size_t)processed - 1 - rounds * LARGE_BODY;

	return counted_loop(p, padding, LARGE_BODY, rounds, set(BPF_REG_0, 1));
}

size_t scaling__jumps(struct bpf_insn *p, size_t jumps)
{
	size_t n = 0;

	p[n++] = set(BPF_REG_0, 0);
	for (size_t i = 0; i < jumps; i++) {
		n += unknown_jump(p + n, 1);
		p[n++] = add(BPF_REG_0, 1);
	}
	p[n++] = leave();
	return n;
}

size_t scaling__paths(struct bpf_insn *p, unsigned int bits)
{
	size_t n = 0;

	p[n++] = load_unknown(BPF_REG_6);
	p[n++] = set(BPF_REG_0, 0);
	for (unsigned int i = 0; i < 2 * bits; i++) {
		p[n++] =
			scaling__insn(BPF_JMP | BPF_JSET | BPF_K, BPF_REG_6, 0, 1, 1 << (i % bits));
		p[n++] = add(BPF_REG_0, 1);
	}
	p[n++] = leave();
	return n;
}

const struct shape scaling_shapes[] = {
	{ "straight", make_straight },
	{ "branching", make_branching },
	{ "looping", make_looping },
};
const size_t scaling_nr_shapes = ARRAY_SIZE(scaling_shapes);
