/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_PROBE_REPORT_H
#define ASSAY_CLI_PROBE_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct kver;

struct function;

/* What the kernel's debug information says of the functions of a name (vm/functions.h). */
struct probe_functions {
	bool known; /* there is such a table; it may know none of the name */
	const struct function *v;
	size_t n;
};

/* Prints what can hang on a function, and why not: `facts` as guest/probe.h has it. */
void probe_report__print(FILE *out, const json_t *facts, const char *kernel, struct kver version,
			 const struct probe_functions *f, bool color);
/* Can anything hang on it? */
bool probe_report__any(const json_t *facts);

#endif
