/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_PREBUILT_CONTROL_H
#define ASSAY_VM_PREBUILT_CONTROL_H

#include <stdbool.h>

/* A package's record as `apt-cache show` prints it (deb-control(5)). */
struct control {
	char *package, *version, *arch;
	char *depends; /* or NULL */
	char *sha256;  /* of the file, or "" */
};
/* The first record of the text. 0, -ENOMEM, or -ENOENT: it names no package. */
int control__parse(const char *text, struct control *out);
void control__release(struct control *c);
/* Does it hold a kernel, by its name: linux-image-6.1.0-54-amd64? */
bool control__is_kernel(const struct control *c);
/* The kernel package, or one that leads there, that it depends on, as apt takes it: "NAME=VERSION"
 * or "NAME". NULL: none. Caller frees; so for the next ones. */
char *control__next(const struct control *c);
char *control__version(const struct control *c); /* "NAME=VERSION" */
char *control__file(const struct control *c);	 /* the file's name as apt makes it */

#endif
