/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_DIFF_FIGURE_REF_H
#define ASSAY_DIFF_FIGURE_REF_H

#include <stdbool.h>
#include <stddef.h>

struct cell;
struct stat;

/* What a filter or an order names: "insns_diff", "|insns_pct|", "verdict_a", "prog_name". */
enum ref_variant { VARIANT_A, VARIANT_B, VARIANT_DIFF, VARIANT_PCT };
struct figure_ref {
	enum { REF_STAT, REF_VERDICT, REF_FILE, REF_PROGRAM } what;
	const struct stat *stat; /* of REF_STAT */
	enum ref_variant variant;
	bool abs;
};

/* The whole of name[0..len). False: nothing is called so. */
bool figure_ref__parse(const char *name, size_t len, struct figure_ref *out);
bool figure_ref__is_name(const struct figure_ref *r); /* a file or a program, no number */
/* Of a pair of which one may be NULL; NAN: a side that is asked for does not have it. A verdict is
 * 1 for accept and 0 for reject. Where a is 0 and b not, _pct is 100 or -100, as veristat has it.
 */
double figure_ref__value(const struct figure_ref *r, const struct cell *a, const struct cell *b);

#endif
