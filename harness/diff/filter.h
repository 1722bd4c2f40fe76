/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_DIFF_FILTER_H
#define ASSAY_DIFF_FILTER_H

#include <stdbool.h>
#include <stddef.h>

struct cell;
struct changes;

/* Filters and orders of veristat's comparison (tools/testing/selftests/bpf/veristat.c): a statistic
 * with one of the endings _a, _b (the default), _diff and _pct, |…| for its size. Also "verdict",
 * whose _diff is 1 for a match, and for orders "file_name" and "prog_name". */

struct filters;
struct filters *filters__new(void); /* lets everything pass; NULL on ENOMEM */
void filters__free(struct filters *f);
/* "insns_diff>10", "verdict_a!=verdict_b", a glob for file or program, "FILE/PROGRAM"; with '!'
 * before it: not these. "@FILE": one to a line, '#' begins a comment. Of several of one sort
 * (statistic, name) one must match. 0, -ENOMEM, or -EINVAL with what is wrong in *why (caller
 * frees). */
int filters__parse(struct filters *f, const char *text, char **why);
bool filters__any(const struct filters *f);
/* One of a and b may be NULL; a statistic that a side does not have matches no filter. */
bool filters__pass(const struct filters *f, const struct cell *a, const struct cell *b);
/* Does the pair have a name that is asked for? Statistics aside: a name that nothing has is a slip
 * of the pen, a difference that nothing has is an answer. */
bool filters__names(const struct filters *f, const struct cell *a, const struct cell *b);
/* Takes out the changes that do not pass, and counts again. */
void filters__apply(const struct filters *f, struct changes *c);

/* "insns_diff^,prog": ^ from small to large, any of v V . ! _ from large to small; without it
 * statistics begin with the largest, names with the first. */
struct order;
struct order *order__new(void); /* leaves everything as it is */
void order__free(struct order *o);
int order__parse(struct order *o, const char *text, char **why);
/* Within each kind; what a side does not have comes last. 0 or -ENOMEM. */
int order__apply(const struct order *o, struct changes *c);
/* Two pairs of cells, as in the changes: <0, 0, >0. */
int order__cmp(const struct order *o, const struct cell *a1, const struct cell *b1,
	       const struct cell *a2, const struct cell *b2);

#endif
