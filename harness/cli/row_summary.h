/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_ROW_SUMMARY_H
#define ASSAY_CLI_ROW_SUMMARY_H

#include <stdio.h>

#include "base/str.h"

struct catalog;
struct run_info;
struct store;

/* What a run says of some rows of the catalogue: for each its title, cause and mend, and the
 * messages per kernel. 0 or -errno. */
int row_summary__print(const struct catalog *c, struct store *s, const struct run_info *run,
		       const struct strv *ids, FILE *out);

#endif
