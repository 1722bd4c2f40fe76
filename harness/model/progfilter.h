/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_MODEL_PROGFILTER_H
#define ASSAY_MODEL_PROGFILTER_H

#include <stdbool.h>
#include <stddef.h>

/* Patterns that choose programs, as veristat's -f: "FILE/PROGRAM", "FILE/", "/PROGRAM", or one
 * that may match either; each with * and ?. "!" before it leaves out what it matches. Without one
 * that chooses, all are chosen that none leaves out. */
bool progfilter__wants(const char *const *patterns, size_t n, const char *file,
		       const char *program);
/* May any program of the file be wanted? */
bool progfilter__wants_file(const char *const *patterns, size_t n, const char *file);
/* A pattern that is none: empty, or with a second '/'. */
bool progfilter__is_valid(const char *pattern);

#endif
