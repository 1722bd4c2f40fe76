/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_FETCH_H
#define ASSAY_VM_FETCH_H

#include <stdbool.h>

#include "vm/source.h"

/* Downloads url to path with wget or curl, continuing what an interrupted download left there, and
 * checks the SHA-256. A continued file that turns out wrong is fetched anew once; a wrong one is
 * removed and refused (-EBADMSG) with both hashes. 0 or -errno, logged. */
int fetch_url(const char *kernel, const char *url, const char *sha256, const char *path,
	      const struct source_opts *o);

/* Compares a file's SHA-256 with what kernels.ini says. Wrong: the file is removed, -EBADMSG, and
 * both hashes are logged; as a warning when the file is going to be fetched again. */
int check_sha256(const char *kernel, const char *path, const char *sha256, bool again);

#endif
