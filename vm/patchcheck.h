/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_PATCHCHECK_H
#define ASSAY_VM_PATCHCHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "vm/source.h"

/* Do an entry's patches apply to its source? Asked without a build: of the source only the files
 * that they touch are looked at, in a scratch folder. */
enum patch_state {
	PATCHES_APPLY,
	PATCHES_FAIL,	/* one does not apply: `why` says which, with file and hunk */
	PATCHES_UNKNOWN /* it could not be tried: `why` */
};
struct patch_check {
	enum patch_state state;
	size_t patches; /* in the series */
	char *why;
};

/* Takes the files from a build tree of that source, from what an earlier check kept, or from the
 * package or tarball, which is fetched when it is not there. Shows progress. 0, -EINTR or -ENOMEM:
 * everything else is a result. */
int patch_check__run(const struct kernel *k, const struct source_opts *o, struct patch_check *out);
void patch_check__release(struct patch_check *c);
/* Would checking b tell the same as checking a? */
bool patch_check__same(const struct kernel *a, const struct kernel *b);

/* Puts those of the paths that the source has below dir/files; dir keeps them for the next time.
 * 0 or -errno with *why (caller frees). */
int touched__gather(const struct kernel *k, const struct source_opts *o, const struct strv *paths,
		    const char *dir, char **why);

#endif
