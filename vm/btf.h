/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_BTF_H
#define ASSAY_VM_BTF_H

#include <stddef.h>

#include "base/str.h"

/* Walks raw BTF (little endian, as in a .BTF section) and adds to `missing` those of the
 * NULL-terminated names for which it has no function. *functions (may be NULL) counts them all.
 * 0, -ENOMEM, or -EINVAL and *reason (caller frees) when it is no well-formed BTF. */
int btf_find_funcs(const void *data, size_t len, const char *const *names, struct strv *missing,
		   size_t *functions, char **reason);

#endif
