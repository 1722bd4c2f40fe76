/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_DOCUMENT_H
#define ASSAY_CLI_DOCUMENT_H

#include <stdio.h>

/* Has a document printed to the file, or to standard output when path is NULL. It goes through
 * memory: one that can't be made leaves the file as it was. print returns 0 or -errno. 0 or -errno;
 * that the file can't be written is logged. */
int document__write(const char *path, int (*print)(const void *of, FILE *out), const void *of);

#endif
