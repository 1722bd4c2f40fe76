/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VERIFIER_ERRORS_ROWS_H
#define VERIFIER_ERRORS_ROWS_H

#include "guest/experiment.h"

extern const struct row verifier_errors__rows[];

#endif
