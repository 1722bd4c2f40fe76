/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_MODULES_H
#define ASSAY_VM_MODULES_H

struct strv;

/* The modules of a built kernel are kept flat, by their names: kmod's folders and lists are for
 * modprobe, which the guest does not have. */

/* The paths of the modules, below the tree, that the text of kbuild's modules.order names: up to
 * 6.1 it has lines such as "fs/binfmt_misc.ko", from 6.2 on "fs/binfmt_misc.o". 0, -ENOMEM, or
 * -EINVAL for another line. */
int modules__read_order(const char *text, struct strv *paths);

/* Copies the modules of a tree into `dir`, without debug information but with BTF, and adds their
 * file names to `names`. 0 or -errno, logged with the kernel's name. */
int modules__keep(const char *kernel, const char *tree, const char *dir, int cancel_fd,
		  struct strv *names);

#endif
