/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_CAPS_H
#define ASSAY_GUEST_CAPS_H

#include <stdint.h>

/* The capabilities that count for the calling thread, one bit each. What is given up can be taken
 * back, which is enough for the kernel to judge what the thread does in between as anybody's.
 * `before` may be NULL. 0 or -errno. */
int caps__set_effective(uint64_t wanted, uint64_t *before);

#endif
