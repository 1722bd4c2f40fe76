/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_INITRAMFS_H
#define ASSAY_VM_INITRAMFS_H

#include <stddef.h>
#include <sys/types.h>

/* Writes a newc cpio archive by itself: no root, no device nodes from the host, times and inode
 * numbers fixed, so that equal contents give equal bytes (in whatever order they were added). */
struct initramfs;
struct initramfs *initramfs__new(void);
void initramfs__free(struct initramfs *fs);
/* Paths are relative to the guest's root, without a leading slash; missing parent folders are
 * made (0755). 0, -ENOMEM, -EINVAL for "..", empty or too long names, -EEXIST, -ENOTDIR, -EFBIG.
 * mode: permissions, with or without the type; a node's must have it (S_IFCHR, S_IFBLK or
 * S_IFIFO). A host file is looked at now (-ENOENT, -EACCES, -EISDIR, -EINVAL for what is no
 * regular file) and read when the archive is written. */
int initramfs__dir(struct initramfs *fs, const char *path, mode_t mode);
int initramfs__data(struct initramfs *fs, const char *path, mode_t mode, const void *data,
		    size_t len);
int initramfs__file(struct initramfs *fs, const char *path, mode_t mode, const char *host_path);
int initramfs__symlink(struct initramfs *fs, const char *path, const char *target);
int initramfs__node(struct initramfs *fs, const char *path, mode_t mode, unsigned int major,
		    unsigned int minor);
/* Ends the archive and writes it to a file, whole or not at all (0 or -errno; -ESTALE when a host
 * file shrank meanwhile). */
int initramfs__write(struct initramfs *fs, const char *path);
/* The same into a descriptor, from its position on. */
int initramfs__write_fd(struct initramfs *fs, int fd);

#endif
