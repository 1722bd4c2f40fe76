/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_BASE_CPUINFO_H
#define ASSAY_BASE_CPUINFO_H

/* "model name" of the first CPU in /proc/cpuinfo, or NULL when it does not say. Caller frees. */
char *cpuinfo__model(void);
/* The same of a text of that format. */
char *cpuinfo__parse_model(const char *text);

#endif
