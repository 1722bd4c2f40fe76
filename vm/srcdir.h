/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_SRCDIR_H
#define ASSAY_VM_SRCDIR_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

/* The files of a source folder that a user named: in a git tree those that git tracks or would
 * track (a dirty tree is welcome, its build products stay out), else all but what a kernel build
 * leaves behind. */
struct srcfile {
	char *path;
	char hash[HASH_HEX]; /* of contents, or of a link's target */
	int64_t size, mtime_ns;
	uint64_t inode;
	unsigned int mode; /* as of lstat: type and permissions */
};
struct srcdir {
	struct srcfile *v; /* in order of their paths */
	size_t n;
};

/* Lists dir and hashes what `memo` (a file written by srcdir__save, or none) doesn't know by its
 * size, time and inode. 0 or -errno (-EINTR), logged. */
int srcdir__scan(const char *dir, const char *memo, int cancel_fd, struct srcdir *out);
void srcdir__release(struct srcdir *d);
int srcdir__save(const struct srcdir *d, const char *memo);
int srcdir__load(const char *memo, struct srcdir *out); /* empty when there is none */
/* Of all paths, modes and contents. */
int srcdir__hash(const struct srcdir *d, char hex[HASH_HEX]);
const struct srcfile *srcdir__find(const struct srcdir *d, const char *path);

#endif
