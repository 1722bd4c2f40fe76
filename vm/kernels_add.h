/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_KERNELS_ADD_H
#define ASSAY_VM_KERNELS_ADD_H

#include <stdbool.h>

#include "base/str.h"
#include "vm/kernels.h"

/* A new entry of kernels.ini. */
struct kernel_new {
	struct kver version;
	const char *package; /* NAME=VERSION */
	const char *sha256;
	const struct strv *suites;
	const char *like; /* entry of the text that it takes all else from */
	/* Of another branch: without the series, and with these fragments instead; NULL: as `like`
	 */
	const struct strv *configs;
};
/* kernels.ini's text with the entry in it, behind the last release of its branch before it; every
 * byte that was there stays. The name is the version. Caller frees *out. 0, -ENOMEM, -ENOENT (no
 * entry `like` in the text), -EEXIST (the name is taken). */
int kernels_text__add(const char *text, const struct kernel_new *k, char **out);

/* The fragments of an entry that hold no option which its patches add: those for a kernel without
 * them. 0 or -errno. */
int kernels__bare_configs(const struct kernel_paths *paths, const struct kernel *k,
			  struct strv *out);

/* Replaces kernels.ini by the text, once that has been loaded from beside it as it would be from
 * there, and if it still holds `was`. 0; -EINVAL: it would not load; -EAGAIN: somebody else wrote
 * it; -errno; all logged. */
int kernels_text__save(const struct kernel_paths *paths, const char *was, const char *text);

#endif
