/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_BOOTMODS_H
#define ASSAY_GUEST_BOOTMODS_H

#include <stdbool.h>

#include "base/str.h"

/* Loads the modules that the guest's file system lists for its start (wire/event.h,
 * GUEST_BOOT_LIST), in their order; no list: none. A sentence for each that fails, unless it may,
 * is added to problems. */
void bootmods__load(struct strv *problems);

/* A line of the list, taken apart in place. NULL for an empty one. */
struct bootmod {
	const char *file, *args;
	bool optional;
};
const struct bootmod *bootmod__parse(char *line, struct bootmod *out);

#endif
