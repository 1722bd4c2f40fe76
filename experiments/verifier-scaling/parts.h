/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the experiment, each a file. All return 0 or -errno. */
#ifndef VERIFIER_SCALING_PARTS_H
#define VERIFIER_SCALING_PARTS_H

#include <stdbool.h>

struct exp;
struct fit;
struct record;

/* Verification and JIT time against size. */
int scaling__growth(struct exp *e);
/* At and beyond the verifier's limits. */
int scaling__limits(struct exp *e);
/* What a helper call costs at run time. */
int scaling__calls(struct exp *e);

/* net.core.bpf_jit_enable: for programs loaded from then on. */
int scaling__jit(struct exp *e, bool on);
/* Metrics NAME, NAME_low and NAME_high: the slope with its 95 % confidence interval. */
void scaling__slope(struct record *r, const char *name, const char *unit, const struct fit *f,
		    double scale);

#endif
