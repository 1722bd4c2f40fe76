/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VERIFIER_SCALING_SHAPES_H
#define VERIFIER_SCALING_SHAPES_H

#include <stddef.h>
#include <stdint.h>

struct bpf_insn;

#define SCALING_MIN_SIZE 256u	  /* of a shape, in instructions processed */
#define SCALING_MAX	 1000000u /* BPF_COMPLEXITY_LIMIT_INSNS */

/* A kind of program for a socket. */
struct shape {
	const char *name;
	/* Writes at most `size` instructions into p, of which the verifier is to process about
	 * `size`; *processed is the exact number where it is known, else 0. Returns their number.
	 */
	size_t (*make)(struct bpf_insn *p, size_t size, uint64_t *processed);
};

extern const struct shape scaling_shapes[];
extern const size_t scaling_nr_shapes;

struct bpf_insn scaling__insn(int code, int dst, int src, int off, int imm);

/* n instructions one after the other, the last of which is the exit and the others the cheapest
 * that the verifier knows. n >= 2. */
size_t scaling__moves(struct bpf_insn *p, size_t n);
/* A loop for which the verifier processes exactly `processed` instructions: 2,000 or more. */
size_t scaling__loop_of(struct bpf_insn *p, uint64_t processed);
/* `jumps` conditional jumps in sequence, each on a value that nothing is known of. */
size_t scaling__jumps(struct bpf_insn *p, size_t jumps);
/* Tests so many bits (up to 30) of one value, and then the same again. What the verifier learnt
 * from the first tests decides the second ones, so that no two paths are alike for it. */
size_t scaling__paths(struct bpf_insn *p, unsigned int bits);

#endif
