/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_KERNELS_H
#define ASSAY_VM_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "model/kver.h"

/* One entry of vm/kernels.ini. */
struct kernel {
	char *name; /* section name: "5.10.218", "5.10.218-stock" */
	struct kver version;
	char *package; /* "linux-source-5.10=5.10.218-1": Debian binary package and exact version */
	char *sha256;  /* of the package file, or of orig */
	char *orig;    /* upstream's tarball in it, when it is a source package; else NULL */
	struct strv suites; /* of Debian, where the package is looked for first; may be empty */
	char *tarball;	    /* URL of the kernel.org tarball, or NULL */
	char *tarball_sha256;
	char *source; /* directory or tarball that the user named (--kernel-source or `source =`) */
	char *series; /* folder below kernel-patches/, or NULL for none */
	struct strv more;	 /* words: the lists series-WORD of that folder are applied, too */
	struct strv configs;	 /* fragments below vm/config/, merged in this order */
	struct strv features;	 /* what the applied patches provide, from the lists; and: */
	struct strv traits;	 /* words for expectations: "no-btf" */
	struct strv experiments; /* the only ones run on it unless others are named; empty: all */
	char *like;		 /* entry whose build is taken, with its BTF damaged; or NULL */
	char *pahole;	    /* version of the pahole that makes its BTF: a tool "pahole-VERSION"
			     * of vm/tools.ini; NULL: the host's */
	bool untested;	    /* nobody has run it: said, and left out where kernels are not
			     * named one by one */
	unsigned int steps; /* lines that a quiet build prints: a hint for the progress only */
	int line;	    /* in the file, for messages */

	/* Of kernels that are derived from an entry to be bisected; never in the file: */
	char *slot;   /* name of the build tree and of what is kept, in place of the entry's */
	bool partial; /* only the first nr_patches of the series are applied, and options of the
		       * fragments that the tree does not have are left out: a later patch may
		       * bring them */
	size_t nr_patches;

	struct prebuilt *prebuilt; /* given with -k, not in the file and not built; or NULL */
};

/* Where the parts of a kernel come from. */
struct kernel_paths {
	const char *ini;     /* vm/kernels.ini */
	const char *configs; /* vm/config */
	const char *patches; /* kernel-patches */
	const char *cache;   /* ASSAY_CACHE, or the user's cache folder */
};

struct kernels;

/* Reads kernels.ini (inih). Unknown keys, values out of range, missing fragments or series and
 * double sections are -EINVAL with "file:line: reason" logged. */
int kernels__load(const struct kernel_paths *paths, struct kernels **out);
void kernels__free(struct kernels *ks);
size_t kernels__count(const struct kernels *ks);
const struct kernel *kernels__at(const struct kernels *ks, size_t i); /* in the file's order */
const struct kernel *kernels__default(const struct kernels *ks);      /* `default =` of [assay] */
/* By exact name, or a branch ("5.10", "6.1"): its newest entry with a series, else its newest; one
 * that nobody has run only where there is no other.
 * NULL when there is none; *nearest (may be NULL) is then a name to suggest, or NULL. */
const struct kernel *kernels__find(const struct kernels *ks, const char *name,
				   const char **nearest);

/* A kernel that -k gives in another way (vm/prebuilt.h): it is no part of the list above, has a
 * name that no other has, and lives as long as ks. The same words give the same kernel. Its files
 * are looked at: -EINVAL for what is no kernel, or -errno, logged. */
int kernels__given(const struct kernels *ks, const char *spec, const struct kernel **out);

#endif
