// SPDX-License-Identifier: GPL-2.0-only

/* Mistakes in the tags: two that apply, none that applies, one that can't be read. The harness must
 * say: harness error for each of the three, naming the tags; a mistake of the experiment is never a
 * verdict. */
#include "guest/experiment.h"
#include "bad-tags.skel.h"

const struct experiment experiment_bad_tags = {
	.name = "bad-tags",
	.summary = "Self-test: tags with mistakes.",
	.elf_bytes = bad_tags_bpf__elf_bytes,
};
