// SPDX-License-Identifier: GPL-2.0-only

/* Programs that libbpf can't bring to the verifier: their attach target is not in the kernel's BTF,
 * or their map can't be created. The verdict is none. The harness must say: ok for the one whose
 * tag expects it, unexpected for the one that was to be accepted, harness error for the one without
 * tags. */
#include "guest/experiment.h"
#include "no-target.skel.h"

const struct experiment experiment_no_target = {
	.name = "no-target",
	.summary = "Self-test: programs that never reach the verifier.",
	.elf_bytes = no_target_bpf__elf_bytes,
};
