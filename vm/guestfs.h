/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_GUESTFS_H
#define ASSAY_VM_GUESTFS_H

#include <stdbool.h>

struct strv;

/* The guest's file system, all of it in the initramfs: /init is the guest program; /dev (with
 * console and null), /proc, /sys, /tmp, /run, /root, /etc are there; the user's files are in
 * /files, the kernel's modules in /lib/modules (flat: NAME.ko, for insmod), programs that
 * experiments need in /usr/lib/assay. */
struct guestfs_opts {
	const char *guest;   /* assay-guest on the host: static */
	const char *busybox; /* static busybox on the host, for /bin with its applets; or NULL */
	const struct strv
		*files;	    /* host paths: /files/<basename> with their permissions; or NULL */
	bool files_not_run; /* it is no matter whether they could */
	/* Folder on the host with the kernel's NAME.ko; or NULL. A file GUEST_BOOT_LIST in it goes
	 * with them, one that begins with "config-" goes into /boot. */
	const char *modules;
	const struct strv *programs; /* host paths: EXP_PROGRAM_DIR<basename>; or NULL */
	const char *dir;	     /* guestfs__build: where the initramfs is kept */
};

/* Writes the initramfs into dir, under a name made of its contents' hash; what was not used for an
 * hour is removed from there. *path: caller frees. 0 or -errno, logged; -EINVAL for a file of the
 * user's that can't be had. */
int guestfs__build(const struct guestfs_opts *o, char **path);
/* The same into memory: nothing is left on disk, however we end. *fd is the caller's to close, and
 * *path leads to it, for QEMU too, as long as it is open and we live. */
int guestfs__memory(const struct guestfs_opts *o, int *fd, char **path);
/* Whether it could be composed: what is said of a mistyped file is said before a kernel is built.
 */
int guestfs__check(const struct guestfs_opts *o);

#endif
