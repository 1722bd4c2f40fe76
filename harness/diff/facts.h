/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_DIFF_FACTS_H
#define ASSAY_DIFF_FACTS_H

/* What a verdict depends on besides the program: the kernel and the tools. NULL: unknown. */
struct facts {
	char *release;
};

#endif
