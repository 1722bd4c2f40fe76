/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_UNPACKED_H
#define ASSAY_VM_UNPACKED_H

/* A distribution's kernel package, unpacked. */
struct unpacked {
	char *vmlinuz, *config; /* files; NULL: not in it */
	char *modules;		/* lib/modules/RELEASE; NULL: not in it */
};
/* Unpacks the package into dir, which is there, over what is there. 0 or -errno, logged with the
 * kernel's name. */
int deb_unpack(const char *kernel, const char *deb, const char *dir, int cancel_fd);
/* Looks for the parts below dir. 0, -ENOMEM, or -EINVAL: there are two of one kind (logged). */
int unpacked__find(const char *kernel, const char *dir, struct unpacked *out);
void unpacked__release(struct unpacked *u);

#endif
