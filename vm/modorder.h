/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_MODORDER_H
#define ASSAY_VM_MODORDER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* In which order modules are loaded. A kernel package has no modules.dep (depmod makes it on the
 * machine where the package is installed): what a module needs is read from its own .modinfo
 * section, as depmod does. A module's name has '_' where its file may have '-'. */

/* The values of a key of .modinfo ("key=value", each ended by a NUL) are added to `values`. */
int modinfo__values(const char *text, size_t len, const char *key, struct strv *values);
/* The name of a module, of its file ("virtio-rng.ko.xz", a path) or its name. Caller frees. */
char *modinfo__name(const char *file);

/* Where the modules are. */
struct modsource {
	/* The .modinfo of a module that has a file: 0 (caller frees), -ENOENT: there is no such
	 * file, or -errno. */
	int (*info)(void *ctx, const char *name, char **text, size_t *len);
	/* Is it part of the kernel: a module's name, or an alias of one? */
	bool (*builtin)(void *ctx, const char *name);
	/* The modules with files that have this alias, as far as they are known. */
	int (*aliased)(void *ctx, const char *alias, struct strv *names);
	void *ctx;
};

struct modstep {
	char *name;
	char *args;    /* or NULL */
	bool optional; /* the guest goes on when it can't be loaded */
};
struct modorder {
	struct modstep *v; /* those that others need stand before these */
	size_t n;
	struct strv begun; /* whose needs are being looked at */
};

/* Adds a module, behind all that it needs, unless it is there or part of the kernel. 0; -ENOENT and
 * *missing (caller frees): it, or one that it needs, has no file; -errno. What a module is said to
 * want before it ("softdep") comes first where it is to be had, and is optional. */
int modorder__add(struct modorder *o, const struct modsource *s, const char *name, const char *args,
		  bool optional, char **missing);
void modorder__release(struct modorder *o);
/* One line for each, as the guest reads them: "[-]FILE[ ARGUMENTS]", '-' for the optional ones.
 * Caller frees. */
char *modorder__text(const struct modorder *o);

#endif
