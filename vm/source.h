/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_SOURCE_H
#define ASSAY_VM_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/hash.h"
#include "vm/kernels.h"

/* Where a kernel's source comes from. */
enum source_kind {
	SOURCE_DEB,  /* Debian's linux-source package: a tarball in it, with Debian's patches */
	SOURCE_ORIG, /* upstream's tarball of Debian's source package, without them */
	SOURCE_TARBALL,
	SOURCE_DIR
};

struct source {
	enum source_kind kind;
	bool user;  /* named by the user, so not pinned by kernels.ini */
	char *path; /* of the file or folder; NULL until it is obtained */
	char *hash; /* SHA-256 of the file, or of all that a folder holds */
	char *what; /* for people: package and version, URL, or path */
};
void source__release(struct source *s);

struct source_opts {
	const struct kernel_paths *paths;
	int cancel_fd;
	bool verbose;
};

/* The sources that kernels.ini pins for k, in the order in which they are tried, without getting
 * them: their number (0 to 2). */
size_t source__pinned(const struct kernel *k, struct source out[2]);
/* The one that the user named (k->source), identified by its contents, with hashes remembered by
 * size and time of the files. 0 or -errno, logged. */
int source__user(const struct kernel *k, const struct source_opts *o, struct source *out);
/* The name of its file in the cache. Caller frees. */
char *source__file_name(const struct kernel *k, const struct source *s);
/* A file in the cache for what is remembered of a user's source. Caller frees. */
char *source__memo(const struct kernel_paths *paths, const char *source);
/* The SHA-256 of a large file of the user's, remembered by size, time and inode. 0 or -errno. */
int source__hash(const struct kernel_paths *paths, const char *path, char hex[HASH_HEX]);
/* Gets a pinned source into the cache: what is there, else Debian's package, else kernel.org's
 * tarball (which is said). Checks its SHA-256. Waits while another assay does so. 0 or -errno
 * (-EINTR), logged. */
int source__obtain(const struct kernel *k, const struct source_opts *o, struct source *out);

#endif
