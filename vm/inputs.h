/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_INPUTS_H
#define ASSAY_VM_INPUTS_H

#include "base/hash.h"
#include "base/str.h"
#include "vm/kconfig.h"
#include "vm/kernels.h"
#include "vm/toolchain.h"

/* What a kernel is made of, apart from its source; read quickly. */
struct inputs {
	struct toolchain tools;
	struct kopts config;
	char *patch_dir;	  /* NULL: no series */
	struct strv patches;	  /* file names, in order */
	struct strv patch_hashes; /* of their contents */
	struct strv config_files; /* that they touch and kconfig reads */
};

#define KEY_HEX 17 /* a key as the name of a folder, with the NUL */

int inputs__read(const struct kernel *k, const struct kernel_paths *paths, struct inputs *in);
void inputs__release(struct inputs *in);
/* Keys of the steps, each from the hash of the source: the series was applied; .config was made (in
 * a tree with the series); the kernel was built. */
int inputs__patched(const struct inputs *in, const char *source, char hex[HASH_HEX]);
int inputs__configured(const struct inputs *in, const char *source, const char *tree,
		       char hex[HASH_HEX]);
int inputs__built(const struct inputs *in, const char *source, char key[KEY_HEX]);

#endif
