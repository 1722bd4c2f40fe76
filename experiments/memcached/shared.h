/* SPDX-License-Identifier: GPL-2.0-only */
/* What loader and programs share. */
#ifndef ASSAY_MEMCACHED_SHARED_H
#define ASSAY_MEMCACHED_SHARED_H

#include <linux/types.h>

#define KEY_MAX 250 /* memcached's KEY_MAX_LENGTH */

enum method {
	METHOD_WHOLE,
	METHOD_MERGED,
	METHOD_STR,
	METHOD_MASK_FF,
	METHOD_MASK_7F,
	METHOD_CLAMP,
	METHOD_COMMAND,
	NR_METHODS,
};

/* Key of the map `counts`: what was read, zero-padded. */
struct entry {
	__u16 method, length; /* length: of the key, for METHOD_MERGED; else 0 */
	char text[256];
};

/* Value of the map `sites`: the last hit at one location of the probe. */
struct site {
	__u64 hits, nr_args;
	__s64 length, size;
};

#endif
