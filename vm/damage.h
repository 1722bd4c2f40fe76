/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_DAMAGE_H
#define ASSAY_VM_DAMAGE_H

#include <stddef.h>

#include "vm/inputs.h"

struct image;

/* The key of a kernel that is a damaged copy of the one with this key. */
int damage__key(const char *of, char key[KEY_HEX]);
/* Copies a kept kernel to <cache>/kernels/<slot>/<key>/ under another name, with damaged BTF: in
 * vmlinux, and in vmlinux.btf beside it. Everything else, the build id too, stays as it is. 0 or
 * -errno, logged. */
int damage__publish(const char *name, const struct image *from, const char *cache, const char *slot,
		    const char *key);

#endif
