/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_PROBE_LINE_H
#define ASSAY_CLI_PROBE_LINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct probe_functions;

/* What the reports of `assay probe` have in common. */

/* A string or a truth of an object; "" and false when it has none. */
const char *probe_json__text(const json_t *o, const char *key);
bool probe_json__flag(const json_t *o, const char *key);
/* There is such a hook in the object, and it attached. */
bool probe_json__hooked(const json_t *o, const char *key);

/* "  fentry, fexit    yes   words that go on below themselves" */
void probe_line__put(FILE *out, size_t width, const char *what, const char *answer,
		     const char *note);
/* What debug information says of a function's copies and inlined calls: one line each. */
void probe_line__inlined(FILE *out, size_t width, const struct probe_functions *f);

#endif
