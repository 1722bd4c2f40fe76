/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_PROGRAMS_H
#define ASSAY_VM_PROGRAMS_H

#include <stddef.h>

#include "base/str.h"

/* One entry of vm/programs.ini: a program that is built for guests. */
struct program {
	char *name;
	char *package; /* "memcached=1.6.18-1": Debian source package and exact version */
	struct strv suites;
	char *upstream, *upstream_sha256; /* name of the tarball, and its hash */
	char *debian, *debian_sha256;
	struct strv configure; /* arguments */
	struct strv libraries; /* "libevent.a", where the compiler looks for it */
	struct strv tools;
	int line; /* in the file, for messages */
};

struct programs;

/* Reads programs.ini (inih). Unknown or missing keys and values that are none are -EINVAL with
 * "file:line: reason" logged. */
int programs__load(const char *ini, struct programs **out);
void programs__free(struct programs *ps);
/* NULL when there is none of that name. */
const struct program *programs__find(const struct programs *ps, const char *name);
/* The name that may be meant, or NULL. */
const char *programs__nearest(const struct programs *ps, const char *name);

#endif
