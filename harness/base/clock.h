/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_BASE_CLOCK_H
#define ASSAY_BASE_CLOCK_H

#include <stdint.h>

/* Time since an arbitrary moment, never set back (CLOCK_MONOTONIC). */
uint64_t clock_ns(void);
int64_t clock_ms(void);

#endif
