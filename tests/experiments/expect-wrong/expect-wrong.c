// SPDX-License-Identifier: GPL-2.0-only

/* Expects wrongly: accept of a rejected program, reject of an accepted one, another message,
 * another errno. The harness must say: unexpected, for each of the four, with expected and found;
 * and ok for the fifth, on which nothing is expected. */
#include "guest/experiment.h"
#include "expect-wrong.skel.h"

const struct experiment experiment_expect_wrong = {
	.name = "expect-wrong",
	.summary = "Self-test: expectations that do not hold.",
	.elf_bytes = expect_wrong_bpf__elf_bytes,
};
