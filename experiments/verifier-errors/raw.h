/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions that no compiler or loader of today hands over. */
#ifndef VERIFIER_ERRORS_RAW_H
#define VERIFIER_ERRORS_RAW_H

struct exp;

int verifier_errors__raw_programs(struct exp *e);

#endif
