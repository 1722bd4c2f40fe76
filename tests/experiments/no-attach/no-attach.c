// SPDX-License-Identifier: GPL-2.0-only

/* A program that is accepted and can't be attached: its tracepoint does not exist. The harness must
 * say: unexpected, naming program and reason. */
#include <stdlib.h>

#include "guest/experiment.h"
#include "no-attach.skel.h"

static int measure(struct exp *e, struct bpf_object *obj)
{
	(void)e;
	(void)obj;
	abort();
}

const struct experiment experiment_no_attach = {
	.name = "no-attach",
	.summary = "Self-test: a program that can't be attached.",
	.elf_bytes = no_attach_bpf__elf_bytes,
	.measure = measure,
	.attach = true,
};
