/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_DIFF_ATTRIBUTE_H
#define ASSAY_DIFF_ATTRIBUTE_H

struct cell;
struct facts;
struct side;

/* Why a verdict of an experiment differs between two sides, as far as facts tell: one sentence
 * without full stop. "same object, configuration and compiler: it is the kernel (5.10.218 ->
 * 5.10.223)" when nothing else differs; else what differs, with names of patches and options when
 * they are few; "unknown: ..." when a side kept no facts. Caller frees; NULL on ENOMEM. */
char *attribute__cause(const struct facts *a, const struct facts *b, const char *experiment);
/* The same for changes_opts.cause, with what is known of the two guests. 0 or -ENOMEM. */
int attribute__cell(const struct side *a, const struct side *b, const struct cell *cell,
		    char **out);

#endif
