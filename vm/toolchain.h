/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_TOOLCHAIN_H
#define ASSAY_VM_TOOLCHAIN_H

#include <stdbool.h>

struct hash;

/* The programs whose versions a kernel depends on. */
struct toolchain {
	char *cc;	 /* first line of `gcc --version`, or NULL when there is none */
	char *ld;	 /* of `ld --version` */
	char *pahole;	 /* `pahole --version`: "v1.24" */
	bool own_pahole; /* the kernel's entry names it: the host's does not matter */
	/* One of them is there and does not start: its name, and what it says of that; or NULL. */
	const char *broken;
	char *why_broken;
	bool ccache;
};

/* Asks them; takes some milliseconds. 0 or -ENOMEM. */
int toolchain__probe(struct toolchain *t);
/* The version that a kernel's entry names ("1.30") takes the place of the host's. 0 or -ENOMEM. */
int toolchain__set_pahole(struct toolchain *t, const char *version);
void toolchain__release(struct toolchain *t);
void toolchain__hash(const struct toolchain *t, struct hash *h);
/* Is all there that a kernel build takes? When not: -ENOENT, and one line that names what is
 * missing, broken or too old and the packages that bring it. */
int toolchain__check(const struct toolchain *t, const char *kernel);

#endif
