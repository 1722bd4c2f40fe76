/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_IMAGE_H
#define ASSAY_VM_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/kernels.h"

/* A kernel that can be booted: what is kept of it under <cache>/kernels/<name>/. */
struct image {
	char *name;    /* the entry's */
	char *key;     /* hash of everything it was made of */
	char *dir;     /* folder of the files below */
	char *vmlinux; /* bootable ELF without debug information, or a bzImage: for QEMU's -kernel
			*/
	char *btf;     /* raw BTF; NULL: built without */
	char *modules; /* folder for the guest (vm/guestfs.h) with NAME.ko; NULL: it has none */
	char *config;  /* NULL: one that was given without */
	char *system_map;    /* NULL: it was not built here */
	char *build_log;     /* the same */
	char *release;	     /* as uname -r will say */
	char *build_id;	     /* hex; "": it has none */
	struct kver version; /* a distribution's real one, which its release does not say */
	struct strv features;
	char *source;	     /* what it was built from: package and version, URL, or path */
	char *source_sha256; /* of that file, or of all that the folder held */
	/* What else it was made of; NULL and false: not known of this kernel. */
	char *compiler, *linker, *pahole;
	char *damage; /* what was made wrong with it on purpose */
	bool has_patches;
	struct strv patches, patch_hashes; /* file names in <dir>/patches/ in order, SHA-256 */
};

struct image_opts {
	const struct kernel_paths *paths;
	int cancel_fd;
	bool verbose;	       /* pass the build's output through */
	unsigned int jobs;     /* make -j; 0: number of CPUs */
	uint64_t tree_limit;   /* bytes that build trees may take; 0: default of 6 GB */
	const char *keep_tree; /* name of the entry whose tree goes last (the default kernel) */
	const char *const *need_btf_funcs; /* NULL-terminated; functions that BTF must hold when the
					    * entry has a series */
	char **why; /* image__ensure puts there what failed, as a sentence (step, object, cause;
		     * caller frees), beside the log; NULL: not wanted */
};

/* Gets source, patches, configures and builds as far as needed; every step is keyed by its inputs
 * and nothing is done twice. Takes the entry's lock. Shows progress. Failures are logged with the
 * step, the object, the cause and the mend. Returns 0 or -errno (-EINTR: cancelled; -EINVAL: a
 * fragment, a series or the source that the user named cannot be read as such; -EIO and others: a
 * step failed). */
int image__ensure(const struct kernel *k, const struct image_opts *opts, struct image **out);
/* The image when it is built and up to date, without doing any work: 0, or -ENOENT. */
int image__lookup(const struct kernel *k, const struct image_opts *opts, struct image **out);
void image__free(struct image *img);

/* Removes build trees, oldest use first, the keep_tree one last, until they fit into limit bytes.
 * Trees in use (locked) stay. *freed: bytes. 0 or -errno (-EINTR: cancelled; what is half removed
 * then is removed by the next call). */
int image__prune(const struct kernel_paths *paths, uint64_t limit, const char *keep_tree,
		 int cancel_fd, uint64_t *freed);

/* The build id (NT_GNU_BUILD_ID) of an ELF file as hex; caller frees. 0 or -errno. */
int elf_build_id(const char *path, char **hex);

#endif
