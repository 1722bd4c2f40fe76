/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_PROGRAM_H
#define ASSAY_VM_PROGRAM_H

#include "vm/programs.h"
#include "vm/source.h"

/* A built program is kept as <cache>/programs/<name>/<key>/<name>, with build.log beside it; the
 * key is the hash of all that it was made of. */

/* Finds the program, or gets its source, builds and keeps it. Takes the program's lock, shows
 * progress. *path: caller frees. A failure is logged in one line that names the step and the mend.
 * 0 or -errno (-EINTR: cancelled). */
int program__ensure(const struct program *p, const struct source_opts *o, char **path);

#endif
