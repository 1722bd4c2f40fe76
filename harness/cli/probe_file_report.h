/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_PROBE_FILE_REPORT_H
#define ASSAY_CLI_PROBE_FILE_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct probe_functions;

/* Prints what can hang on a function or a USDT probe of a program, or which of these it has:
 * `facts` as guest/probe.h has them. file: as the user named it. f: what the program's debug
 * information says of the function. */
void probe_file_report__print(FILE *out, const json_t *facts, const char *file, const char *kernel,
			      const struct probe_functions *f, bool color);
/* Can anything hang on it? */
bool probe_file_report__any(const json_t *facts);

#endif
