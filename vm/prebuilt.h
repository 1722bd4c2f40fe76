/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_PREBUILT_H
#define ASSAY_VM_PREBUILT_H

#include <stdbool.h>

#include "base/str.h"
#include "vm/image.h"

/* Kernels that are not built but given, in place of an entry's name:
 *
 *   deb:FILE[,modules:FILE]       a distribution's package linux-image-*; Ubuntu has modules and
 *                                 configuration in another one
 *   apt:PACKAGE[=VERSION][/SUITE] the same, fetched
 *   vmlinux:FILE[,config:FILE]    an ELF vmlinux or a bzImage */
enum prebuilt_kind { PREBUILT_DEB, PREBUILT_APT, PREBUILT_FILE };
struct prebuilt {
	enum prebuilt_kind kind;
	char *spec;  /* as it was given */
	char *image; /* the file; NULL for apt */
	char *modules, *config;
	char *package, *version, *suite; /* apt's; version and suite may be NULL */
};

/* Does it begin like one? */
bool prebuilt__is(const char *word);
/* Splits what -k was given at its commas; "config:..." and "modules:..." stay with the word before
 * them. 0 or -ENOMEM. */
int prebuilt__split(const char *arg, struct strv *words);
/* Reads one of the forms above. 0, -ENOMEM, or -EINVAL and *why (caller frees). Looks at no file.
 */
int prebuilt__parse(const char *spec, struct prebuilt **out, char **why);
void prebuilt__free(struct prebuilt *p);
/* Looks at the files: the kernel's name ("6.1.0-54-amd64"; nothing that a file's name may not
 * have), and its version as far as it is known yet. 0 or -errno, logged. */
int prebuilt__identify(const struct prebuilt *p, char **name, struct kver *version);
/* "linux-image-6.1.0-54-amd64-unsigned" is "6.1.0-54-amd64"; other names stay. Caller frees. */
char *prebuilt__package_kernel(const char *package);

/* As image__ensure: takes the files (fetches the package), makes the kernel bootable, keeps it in
 * <cache>/kernels/<name>/<key>, where the key is a hash of the files. */
int prebuilt__ensure(const struct kernel *k, const struct image_opts *o, struct image **out);
/* As image__lookup. A package that would have to be fetched is -ENOENT. */
int prebuilt__lookup(const struct kernel *k, const struct image_opts *o, struct image **out);

/* Fetches apt's package into <cache>/sources, with whatever a package like linux-image-amd64 stands
 * for in its place. Debian's suites that this host has are looked in first, then all others. With a
 * version, one that is there is taken without asking. 0 or -errno, logged. */
int prebuilt__fetch(const char *kernel, const struct prebuilt *p, const struct image_opts *o,
		    char **path);
/* The one that is there already, of the version that is asked for; or -ENOENT. */
int prebuilt__fetched(const struct prebuilt *p, const char *cache, char **path);

#endif
