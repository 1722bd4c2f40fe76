// SPDX-License-Identifier: GPL-2.0-only

/* A program that prints into the kernel's trace buffer. The harness must say: ok, and keep its
 * lines as a text of kind trace_pipe. */
#include <unistd.h>

#include "guest/experiment.h"
#include "model/record.h"
#include "trace-print.skel.h"

static int measure(struct exp *e, struct bpf_object *obj)
{
	struct record *r = exp__measurement(e, "printed");

	(void)obj;
	for (int i = 0; i < 10; i++)
		getppid();
	record__metric(r, "calls", "calls", 10);
	return exp__emit(e, r);
}

const struct experiment experiment_trace_print = {
	.name = "trace-print",
	.summary = "Self-test: a program that prints.",
	.elf_bytes = trace_print_bpf__elf_bytes,
	.measure = measure,
	.attach = true,
};
