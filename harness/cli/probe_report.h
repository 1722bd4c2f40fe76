/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_PROBE_REPORT_H
#define ASSAY_CLI_PROBE_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct kver;

/* What the debug information of the built kernel says of a function, as far as it is known. */
struct probe_function {
	bool known;
	bool is_static;
	bool out_of_line;	 /* there is a copy to call */
	unsigned int inlined_at; /* call sites into which it was inlined */
	const char *file;
};

/* Prints what can hang on a function, and why not: `facts` as guest/probe.h has it. */
void probe_report__print(FILE *out, const json_t *facts, const char *kernel, struct kver version,
			 const struct probe_function *f, bool color);
/* Can anything hang on it? */
bool probe_report__any(const json_t *facts);

#endif
