/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_BANNER_H
#define ASSAY_VM_BANNER_H

#include <stddef.h>

/* What a kernel says of itself: "Linux version RELEASE (BUILDER) (COMPILER, LINKER) #1 SMP ...", in
 * the ELF file; a bzImage's header has release, builder and version. */
struct banner {
	char *release;
	char *version;		 /* from '#' on, as uname -v will say */
	char *compiler, *linker; /* or NULL */
};
/* 0, -ENOENT when there is no banner in the data, -ENOMEM. */
int banner__find(const char *data, size_t len, struct banner *out);
/* Of a vmlinux or a bzImage; -EINVAL: it is neither; or -errno. */
int banner__of_file(const char *path, struct banner *out);
void banner__release(struct banner *b);

#endif
