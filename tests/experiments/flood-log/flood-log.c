// SPDX-License-Identifier: GPL-2.0-only

/* A program whose full verifier log is far above 64 MB. The harness must say: ok, accepted, and
 * keep the log whole, or cut where the guest's memory does not hold it; in no case is it a
 * rejection (before 6.4 the kernel fails such a load with ENOSPC). */
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>

#include "guest/experiment.h"

#define NR_REGS 10

static struct bpf_insn insn(unsigned char code, unsigned char dst, int imm)
{
	return (struct bpf_insn){ .code = code, .dst_reg = dst, .imm = imm };
}

/* Every register holds a long number, so that each state of the log is a long line. */
static int measure(struct exp *e, struct bpf_object *obj)
{
	static const char *const tags[] = { "assay:accept:*", NULL };
	size_t n = exp__param_u64(e, "insns"), at = 0;
	struct bpf_insn *insns = calloc(n, sizeof(*insns));
	int err;

	(void)obj;
	if (!insns)
		return -ENOMEM;
	for (int reg = 0; reg < NR_REGS; reg++)
		insns[at++] = insn(BPF_ALU64 | BPF_MOV | BPF_K, (unsigned char)reg, -1 - reg);
	for (; at < n - 2; at++)
		insns[at] = insn(BPF_ALU64 | BPF_ADD | BPF_K, (unsigned char)(at % NR_REGS), -1);
	insns[at++] = insn(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0);
	insns[at] = insn(BPF_JMP | BPF_EXIT, 0, 0);
	err = exp__load_record(e, "flood", BPF_PROG_TYPE_SOCKET_FILTER, insns, n, tags);
	free(insns);
	return err;
}

static const struct param params[] = {
	{ .name = "insns",
	  .type = PARAM_UINT,
	  .value = "400000",
	  .min = 100,
	  .max = 1000000,
	  .help = "instructions of the program" },
	{ 0 },
};

const struct experiment experiment_flood_log = {
	.name = "flood-log",
	.summary = "Self-test: a verifier log of more than 64 MB.",
	.params = params,
	.timeout_s = 300,
	.measure = measure,
};
