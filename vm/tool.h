/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_TOOL_H
#define ASSAY_VM_TOOL_H

#include "vm/source.h"

/* A tool of vm/tools.ini, which lies beside kernels.ini: gets and unpacks its packages unless they
 * are there already, and checks that it starts and says its version. It is kept as
 * <cache>/programs/<name>/<key>/, the key from the packages' checksums. Takes the tool's lock,
 * shows progress. *path (caller frees): what to start; the tool runs with the C library of its
 * packages, so that it may be newer than this host. 0 or -errno (-EINTR: cancelled), logged in one
 * line. */
int tool__ensure(const char *name, const struct source_opts *o, char **path);

#endif
