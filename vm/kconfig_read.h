/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_KCONFIG_READ_H
#define ASSAY_VM_KCONFIG_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* What the Kconfig files of a kernel (for x86) say about one option. */
struct kdefinition {
	char *where;	     /* "kernel/trace/Kconfig:143" */
	struct strv depends; /* its "depends on" and those of the menus and ifs around it */
	bool prompt;	     /* a user can set it */
	char *prompt_if;     /* but only then, or NULL */
	bool in_choice;
};
struct kselector {
	char *name;
	char *condition; /* or NULL */
	char *where;
};
struct kfacts {
	struct kdefinition *defs;
	size_t nr_defs;
	struct kselector *selectors;
	size_t nr_selectors;
};

/* Reads <tree>/Kconfig and all that it includes. 0 or -errno. */
int kfacts__read(const char *tree, const char *option, struct kfacts *out);
void kfacts__release(struct kfacts *f);

#endif
