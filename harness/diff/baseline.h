/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_DIFF_BASELINE_H
#define ASSAY_DIFF_BASELINE_H

#include <stddef.h>

#include "base/str.h"

struct side;

/* What one kernel showed, as a text that is kept with the sources: a head of facts and a line for
 * every verdict, sorted (docs/regress.md describes it). Two runs that showed the same make the same
 * text. It holds no figures, and of measurements no messages: these vary. */

/* The guest of every baseline, which experiments get unless somebody asks for another: see
 * cli_vm__init. */
#define BASELINE_CPUS	1
#define BASELINE_MEM_MB 512

/* The text of a side; caller frees. 0 or -ENOMEM. */
int baseline__print(const struct side *s, char **text);
/* Reads such a text; `name` stands for it in messages. 0, -ENOMEM, or -EINVAL with "name:line:
 * reason" logged. */
int baseline__parse(const char *text, const char *name, struct side **out);
/* The same of a file. -ENOENT is not logged, all else is. */
int baseline__read(const char *path, struct side **out);

/* Why a side is not to be made a baseline, one sentence each: what was cut off, timed out, crashed
 * or failed, parameters that are not the experiments' own, another guest than the usual one, two
 * records of one name. The side is sorted. 0 or
 * -ENOMEM; none: it can be. */
int baseline__refusals(const struct side *s, struct strv *why);

/* What writing the new text in place of the old one does. old NULL: there was none. */
struct baseline_delta {
	size_t added, changed, removed; /* verdicts, by their names */
	size_t head;			/* lines of the head that differ */
	struct strv facts; /* of those the first word, once each: "patch", "object", "clang" */
};
/* 0 or -ENOMEM. Release in any case. */
int baseline__delta(const char *old, const char *text, struct baseline_delta *out);
void baseline_delta__release(struct baseline_delta *d);

#endif
