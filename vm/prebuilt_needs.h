/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_PREBUILT_NEEDS_H
#define ASSAY_VM_PREBUILT_NEEDS_H

#include "vm/modorder.h"

struct dotconfig;

/* What a guest takes of a kernel that somebody else configured. */

/* Decides from the configuration which modules the guest loads at its start (`order`), and which
 * are only there to be loaded (`offered`): what the kernel has as modules and assay's own kernels
 * have built in. modules NULL: there are none. 0, -ENOMEM and others of modorder__add, or -ENOTSUP
 * and *lacks (caller frees): one or more clauses that say what the guest would lack. */
int prebuilt_needs__choose(const struct dotconfig *config, const struct modsource *modules,
			   struct modorder *order, struct strv *offered, char **lacks);

#endif
