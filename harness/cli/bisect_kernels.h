/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_BISECT_KERNELS_H
#define ASSAY_CLI_BISECT_KERNELS_H

#include <stddef.h>

struct kernel;
struct kernels;

/* Entries in the order in which they are bisected; borrowed. */
struct kernel_line {
	const struct kernel **v;
	size_t n;
};

/* From the entry good to the entry bad, with those between them by version, in the order of their
 * versions. Of the entries between them those of the same kind: plain ones when good is plain, else
 * with the same suffix (5.10.218-stock, 5.10.262-stock). only: comma list of names and globs that
 * these must match, or NULL; a name brings in entries of other kinds. 0, -ENOMEM, or -EINVAL,
 * logged. Caller frees out->v. */
int kernel_line__choose(const struct kernels *ks, const char *good, const char *bad,
			const char *only, struct kernel_line *out);
/* What is to be known of a step from one entry to another beside their versions, in sentences, one
 * a line: branches, series, configurations. "" for none; caller frees. */
char *kernel_step__notes(const struct kernel *a, const struct kernel *b);

#endif
