/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_KCONFIG_EXPR_H
#define ASSAY_VM_KCONFIG_EXPR_H

#include "base/str.h"

struct dotconfig;

/* Expressions of the Kconfig language ("A && (B || !C) && D = 4"). */

/* The value under a configuration: 0 (n), 1 (m), 2 (y). Calls of macros, "$(…)", which ask the
 * compiler, count as y. */
int kexpr__value(const char *expr, const struct dotconfig *c);
/* The parts of a conjunction, as text: "A && (B || C)" gives A and (B || C). */
int kexpr__split(const char *expr, struct strv *parts);
/* Adds "A is not set, B is m" for the options that the expression names. */
void kexpr__describe(const char *expr, const struct dotconfig *c, struct strbuf *out);

#endif
