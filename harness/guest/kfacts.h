/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_KFACTS_H
#define ASSAY_GUEST_KFACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "guest/experiment.h"
#include "model/kver.h"

struct btf;
struct strv;

/* What the running kernel is and what it offers. Read when first asked for. What can change while
 * it runs (symbols, lists of functions, files) is read each time; its configuration and BTF once.
 */
struct kfacts;

int kfacts__new(struct kfacts **out); /* 0 or -errno */
void kfacts__free(struct kfacts *k);

const char *kfacts__release(const struct kfacts *k);  /* as uname -r */
const char *kfacts__build_id(const struct kfacts *k); /* hex; "" when the kernel has none */
struct kver kfacts__version(const struct kfacts *k);
const struct btf *kfacts__btf(struct kfacts *k); /* the kernel's BTF, or NULL */

/* Is the need met? When not, *why (may be NULL; caller frees) is a clause about what is missing,
 * such as "CONFIG_X is not set". A source of information that can't be read counts as unmet. */
bool kfacts__has(struct kfacts *k, enum need_kind kind, const char *name,
		 const struct strv *features, char **why);
const char *need_kind__name(enum need_kind kind); /* "config", "btf_func", … as in `list --json` */

#endif
