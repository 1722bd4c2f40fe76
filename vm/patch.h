/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_PATCH_H
#define ASSAY_VM_PATCH_H

#include <stddef.h>

#include "base/str.h"

/* A patch as far as one must know it to apply it with care: which files it touches, and where its
 * hunks stand (for messages). */
struct patch_hunk {
	char *header; /* "@@ -1,7 +1,8 @@ function" */
	int line;     /* of the header in the patch */
};
struct patch_file {
	char *path; /* without the first component (-p1) */
	struct patch_hunk *hunks;
	size_t nr_hunks;
};
struct patch {
	struct patch_file *files;
	size_t n;
};

/* Parses the text of a patch. On a mistake -EINVAL and *reason (caller frees) with the line. */
int patch__parse(const char *text, struct patch *out, char **reason);
void patch__release(struct patch *p);
/* Adds the paths that it touches to sv, each once. */
int patch__paths(const struct patch *p, struct strv *sv);

/* What a series of patches is applied to: a tree whose touched files are kept as they were before,
 * below `state`, so that a changed series can be brought into it file by file. */
struct patching {
	const char *kernel; /* name, for messages */
	const char *tree;
	const char *state; /* <tree>/.assay */
	const char *dir;   /* of the patches */
	const struct strv *patches;
	int cancel_fd;
	char **why; /* gets what is wrong, as a sentence (caller frees), in place of the log; or
		     * NULL */
};

/* Brings the tree to "as unpacked, plus this series": the result is computed aside with
 * `patch -p1 -F0`, then only files that differ are written, so that make rebuilds no more than
 * needed. *changed counts them. A patch that does not apply (fuzz is none of the ways to apply) is
 * logged with file and hunk, returns -EINVAL and leaves the tree as it was. Interrupted at any
 * point, the next call mends it. `before_write` is called before the tree is first touched. */
int patching__sync(const struct patching *p, int (*before_write)(void *ctx), void *ctx,
		   unsigned int *changed);

/* Does the series apply to the files below p->tree? Nothing is written there: p->state takes the
 * scratch folder. 0, -EINVAL when it does not, or -errno. */
int patching__check(const struct patching *p);

#endif
