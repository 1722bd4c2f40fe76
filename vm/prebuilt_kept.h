/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_PREBUILT_KEPT_H
#define ASSAY_VM_PREBUILT_KEPT_H

/* The parts of a kernel that was built elsewhere, as files. */
struct prebuilt_files {
	const char *kernel;	   /* its name */
	const char *image;	   /* ELF vmlinux or bzImage */
	const char *config;	   /* or NULL: then nothing is known of modules */
	const char *modules;	   /* unpacked folder of the release's modules, or NULL */
	const char *advice;	   /* added to what is said when something is missing, or NULL */
	const char *what, *sha256; /* of its source, for the record */
	const char *key, *dir;	   /* where it is kept: an empty folder */
	int cancel_fd;
};
/* Fills the folder as kept__load reads it. Says what the guest would lack. 0 or -errno, logged. */
int prebuilt_files__keep(const struct prebuilt_files *f);

#endif
