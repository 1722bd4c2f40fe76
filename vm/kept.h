/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_KEPT_H
#define ASSAY_VM_KEPT_H

#include "vm/image.h"
#include "vm/inputs.h"
#include "vm/source.h"

/* What is kept of a built kernel: <cache>/kernels/<slot>/<key>/ with vmlinux, vmlinux.btf,
 * modules/, functions.tsv, config, System.map, patches/, build.log and meta.json. */

/* Everything that a kept kernel is taken from. */
struct kept_from {
	const struct kernel *kernel;
	const char *cache, *slot, *key;
	const char *tree; /* that has just been built */
	const char *log;
	const char *release;
	const struct source *source;
	const struct inputs *inputs;
	const char *const *need_btf_funcs; /* or NULL */
	int cancel_fd;
};

/* Checks what was built (build id, BTF, its functions), copies and puts it in place by a rename.
 * 0 or -errno, logged. */
int kept__publish(const struct kept_from *f);
/* The kernel kept under a key: 0, or -ENOENT when it is not there, or not whole. */
int kept__load(const struct kernel *k, const char *cache, const char *slot, const char *key,
	       struct image **out);
/* Does the kept BTF hold the functions? 0, also when the kernel was built without BTF; or -EINVAL
 * with the missing ones logged. */
int kept__check_funcs(const struct image *img, const char *const *funcs);
/* Removes all but the `keep` kernels of a slot that were used last. */
void kept__trim(const char *cache, const char *slot, unsigned int keep);

/* The numbers of lines that builds of the slot printed: from nothing, and again. 0: unknown. */
struct kept_steps {
	unsigned int full, again;
};
struct kept_steps kept__steps(const char *cache, const char *slot);
void kept__set_steps(const char *cache, const char *slot, struct kept_steps steps);

#endif
