/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_TREE_H
#define ASSAY_VM_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/kver.h"
#include "vm/source.h"

/* A build tree: <cache>/trees/<slot>, with our own notes below .assay/ in it. A slot is a kernel
 * entry, or an entry with a source that the user named. Each step leaves a mark (the hash of its
 * inputs) when it is done, so what was cut off is done again. */
struct tree {
	const char *kernel; /* for messages */
	char *slot;
	char *dir;
	char *state; /* <dir>/.assay */
	char *part;  /* where the source is unpacked before it takes its place */
};

int tree__init(struct tree *t, const struct kernel *k, const char *cache);
void tree__release(struct tree *t);
/* The name of the slot: the entry's, or "entry@hash of the source's path". Caller frees. */
char *tree__slot(const struct kernel *k);

/* The contents of a mark; NULL when the step is not done. Caller frees. */
char *tree__mark(const struct tree *t, const char *step);
bool tree__marked(const struct tree *t, const char *step, const char *hash);
int tree__set_mark(const struct tree *t, const char *step, const char *hash); /* NULL: removes it */
/* Notes that it is used now. */
void tree__touch(const struct tree *t);

/* Unpacks a package or tarball as the new tree, in place of what was there. Shows progress. */
int tree__unpack(const struct tree *t, const struct source *s, const struct source_opts *o);
/* Brings the tree to the contents of a user's folder, which is only read: files that differ are
 * copied, those that are gone are removed. What patches have changed stays; its unpatched copies
 * are brought up to date. */
int tree__copy_folder(const struct tree *t, const struct source *s, const struct source_opts *o);
/* The version that its Makefile says. */
int tree__version(const struct tree *t, struct kver *out);

#endif
