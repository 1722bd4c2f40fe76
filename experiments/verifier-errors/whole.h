/* SPDX-License-Identifier: GPL-2.0-only */
/* Objects that libbpf or the kernel refuses as a whole: they can't live beside other programs. */
#ifndef VERIFIER_ERRORS_WHOLE_H
#define VERIFIER_ERRORS_WHOLE_H

struct exp;

int verifier_errors__whole_objects(struct exp *e);

#endif
