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
/* Damages raw BTF in one place: the name of its first function comes to lie just behind the
 * strings, which the kernel's btf_check_meta() refuses. *id is that type's. Errors as above, and
 * -ENOENT (with *reason) when there is no function. */
int btf_damage(void *data, size_t len, unsigned int *id, char **reason);

#endif
