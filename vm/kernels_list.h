/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_KERNELS_LIST_H
#define ASSAY_VM_KERNELS_LIST_H

#include "vm/kernels.h"

/* Not in an array: plans point to them. */
struct kernels_given {
	struct kernel **v;
	size_t n;
};

/* For those who fill it (kernels.c) and who look into it (kernels_find.c). */
struct kernels {
	struct kernel *v;
	size_t n;
	size_t standard; /* index of the default */
	struct kernels_given *given;
};

void kernel__release(struct kernel *k);

#endif
