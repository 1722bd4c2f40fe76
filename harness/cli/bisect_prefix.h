/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_BISECT_PREFIX_H
#define ASSAY_CLI_BISECT_PREFIX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct kernel;

/* The patches of an entry's series as points: a point is the entry's kernel with the first so many
 * of them. */
struct prefixes {
	const struct kernel *entry;
	struct strv patches;		 /* all of the series */
	struct strv features, providers; /* as struct series of vm/series.h */
	size_t first;			 /* how many patches point 0 has */
	struct strv points;		 /* names: "+0 none", "+1 0001-….patch" */
};

/* patches: the folder of all series (struct kernel_paths). from, to: patches (with or without
 * ".patch") up to which the first and the last point go; NULL: none and all. 0, -ENOMEM or -EINVAL,
 * logged. Release in any case. */
int prefixes__read(struct prefixes *p, const struct kernel *entry, const char *patches,
		   const char *from, const char *to);
void prefixes__release(struct prefixes *p);
/* The kernel of a point, derived from the entry: all have one build tree, so that each is built
 * from what the last one left. Release with prefixes__release_kernel. */
int prefixes__kernel(const struct prefixes *p, size_t point, struct kernel *out);
void prefixes__release_kernel(struct kernel *k);

struct kernel_paths;
/* Is it certain that two points have the same binaries, because the build tree holds the first one,
 * built, and the patches between them touch nothing that was compiled? source: as --kernel-source,
 * or NULL. */
bool prefixes__are_same(const struct prefixes *p, const struct kernel_paths *paths,
			const char *source, size_t built, size_t other);

#endif
