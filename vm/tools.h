/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_TOOLS_H
#define ASSAY_VM_TOOLS_H

#include <stddef.h>

#include "base/str.h"

/* A Debian package of a tool, pinned. */
struct tool_package {
	char *package; /* "libbpf1=1:1.5.0-3" */
	char *sha256;  /* of the .deb */
};

/* One entry of vm/tools.ini: a program that runs on this host, from Debian's binary packages. */
struct tool {
	char *name;    /* "pahole-1.30" */
	char *says;    /* what it prints for --version */
	char *program; /* its path in the packages */
	struct strv suites;
	struct tool_package *packages;
	size_t nr_packages;
	int line; /* in the file, for messages */
};

struct tools;

/* Reads tools.ini (inih). Unknown or missing keys and values that are none are -EINVAL with
 * "file:line: reason" logged. */
int tools__load(const char *ini, struct tools **out);
void tools__free(struct tools *ts);
/* NULL when there is none of that name. */
const struct tool *tools__find(const struct tools *ts, const char *name);

#endif
