/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_MODFILES_H
#define ASSAY_VM_MODFILES_H

#include "vm/modorder.h"

/* The modules of an unpacked kernel package (…/lib/modules/RELEASE). Those that are looked into
 * are put into another folder, expanded and by their names: NAME.ko. They are not stripped: a
 * signature at their end would be lost. */
struct modfiles;
/* kernel: for messages; borrowed, as `to` is. 0 or -errno, logged. */
int modfiles__open(const char *kernel, const char *root, const char *to, int cancel_fd,
		   struct modfiles **out);
void modfiles__close(struct modfiles *m);
/* As a source of modules; valid as long as m. */
struct modsource modfiles__source(struct modfiles *m);
/* Puts NAME.ko into the folder, unless it is there. 0, -ENOENT: it has no file, or -errno, logged.
 */
int modfiles__put(struct modfiles *m, const char *name);

#endif
