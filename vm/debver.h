/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_DEBVER_H
#define ASSAY_VM_DEBVER_H

#include <stdbool.h>

#include "model/kver.h"

/* Versions of Debian's packages: "5.10.262-1", "6.1.180-1~deb11u1". */

/* Below, equal to or above zero, in the order of Debian Policy, section 5.6.12: digits count as
 * numbers, '~' sorts before everything, even before the end. */
int debver__cmp(const char *a, const char *b);
/* The release of the kernel that a version says: false when it is none that came out ("7.4~rc2-1"),
 * or no kernel's. */
bool debver__release(const char *version, struct kver *out);

#endif
