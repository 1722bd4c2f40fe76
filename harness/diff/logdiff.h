/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_DIFF_LOGDIFF_H
#define ASSAY_DIFF_LOGDIFF_H

/* What varies between two loads of one program on one kernel, or between kernels that judge alike,
 * is taken out of what the verifier said, so that the rest can be compared (docs/compare.md lists
 * it all). */

/* A message with registers (R1), addresses, descriptors, ids of BTF, maps and functions replaced,
 * blanks made one, bytes that are not UTF-8 a question mark. Offsets, sizes and the numbers of
 * instructions stay: they are what it is about.
 * "" for NULL. Caller frees; NULL on ENOMEM. */
char *logdiff__message(const char *message);

/* One line of a verifier log in the form in which lines are compared: what the verifier did. "" for
 * a line that is not: the state of the registers, source lines, the history of precision, the
 * statistics at the end. len without the line's end. Caller frees; NULL on ENOMEM. */
char *logdiff__line(const char *line, unsigned long len);

/* Where two logs part. */
struct logdiff {
	char *a, *b;	     /* the raw lines; NULL: that log had ended */
	long line_a, line_b; /* their numbers from 1; 0: it had ended */
	char *context;	     /* the last compared line of a before, raw; NULL: none */
};

/* 1: they part, *out is filled (release with logdiff__release); 0: they say the same; -ENOMEM. */
int logdiff__find(const char *a, const char *b, struct logdiff *out);
void logdiff__release(struct logdiff *d);

#endif
