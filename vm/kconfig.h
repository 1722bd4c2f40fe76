/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_KCONFIG_H
#define ASSAY_VM_KCONFIG_H

#include <stdbool.h>
#include <stddef.h>

struct hash;

/* What a fragment asks for: "CONFIG_X=value" or "# CONFIG_X is not set" (value "n"). */
struct kopt {
	char *name;  /* without CONFIG_ */
	char *value; /* as it stands in the file: y, m, 64, 0x10, "text"; n for "is not set" */
	char *file;  /* where it was asked for */
	int line;
};

/* The options of several fragments: a later one wins. In order of their names. */
struct kopts {
	struct kopt *v;
	size_t n;
};

/* Adds a fragment's options; `label` names the file in messages. A line that is neither an option,
 * a comment nor blank, and an option that comes twice in one fragment with different values, are
 * -EINVAL with "file:line: reason" logged. */
int kopts__read(struct kopts *ks, const char *path, const char *label);
void kopts__release(struct kopts *ks);
/* Names and values, not comments, places or order. */
void kopts__hash(const struct kopts *ks, struct hash *h);
/* The text of a .config with the options put in place of its own lines for them; caller frees. */
int kopts__merge(const struct kopts *ks, const char *config, char **out);

/* A .config, read. */
struct dotconfig;
int dotconfig__parse(const char *text, struct dotconfig **out);
void dotconfig__free(struct dotconfig *c);
/* "y", "m", a number or a string in quotes; NULL when unset. */
const char *dotconfig__get(const struct dotconfig *c, const char *name);

/* True when the configuration holds what was asked for. */
bool kopt__holds(const struct kopt *o, const struct dotconfig *c);
/* Is there such an option in the Kconfig files below tree? */
bool kopt__exists(const struct kopt *o, const char *tree);
/* Why it does not, as a sentence without full stop, found by reading the Kconfig files below
 * tree: the unmet dependency with the present values, who selects it, or that there is no such
 * option. Caller frees; NULL only when memory runs out. */
char *kopt__why(const struct kopt *o, const struct dotconfig *c, const char *tree);

#endif
