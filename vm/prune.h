/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_PRUNE_H
#define ASSAY_VM_PRUNE_H

#include <stdint.h>

/* As image__prune (which see), cancellable: what is half removed then is removed by the next
 * call. */
int prune_trees(const char *cache, uint64_t limit, const char *keep_tree, int cancel_fd,
		uint64_t *freed);

#endif
