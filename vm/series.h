/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_SERIES_H
#define ASSAY_VM_SERIES_H

#include "base/str.h"

/* A folder of patches: its file `series` names them, one a line, in the order in which they are
 * applied. "# provides: NAME" (behind the patch or on a line of its own) says what it adds for
 * experiments to ask for; every other text after '#' is a comment. Files `series-WORD` name more
 * patches of the folder, for kernels that ask for them. */
struct series {
	struct strv patches;  /* file names in the folder */
	struct strv features; /* names given by "provides" */
	struct strv
		providers; /* of each feature: the patch that it stands behind; "": before all */
};

/* Reads <dir>/series, then <dir>/series-WORD for each word of `more`, and checks that every patch
 * is there, and once. 0, or -errno with "file:line: reason" logged (-EINVAL for what is wrong with
 * the contents). */
int series__read(const char *dir, const struct strv *more, struct series *out);
void series__release(struct series *s);

#endif
