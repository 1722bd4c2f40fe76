/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_CPU_H
#define ASSAY_VM_CPU_H

#include "vm/accel.h"

/* The model that QEMU's -cpu gets with an accelerator. */
const char *vm_cpu_model(enum accel accel, unsigned int threads); /* of a core */

#endif
