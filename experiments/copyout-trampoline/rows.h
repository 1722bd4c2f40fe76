/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COPYOUT_TRAMPOLINE_ROWS_H
#define COPYOUT_TRAMPOLINE_ROWS_H

#include "guest/experiment.h"

/* The rows of the catalogue that copyout-trampoline covers. */
extern const struct row copyout_trampoline__rows[];

#endif
