/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_COMPILED_H
#define ASSAY_VM_COMPILED_H

#include <stdbool.h>

#include "base/str.h"

/* Can these files of a built kernel tree (paths below it) matter to what was built there? False
 * only where that is certain: each is one that neither kconfig nor make reads, and no command of
 * the build, nor any list of what one depended on, names a file of that name. When the tree cannot
 * be read, true. */
bool compiled__matter(const char *tree, const struct strv *paths);

#endif
