/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_VM_SNAPSHOT_PRUNE_H
#define ASSAY_VM_SNAPSHOT_PRUNE_H

struct snapshot_limits;

#define SNAPSHOT_DIR  "snapshots"
#define SNAPSHOT_NEW  ".new-" /* begins the name of one that is being written */
#define SNAPSHOT_LOCK "snapshots"

/* Removes what was left half written, and the least recently used beyond the limits, but not
 * `keep`. Under the lock. */
void snapshot_prune(const char *cache, const char *keep, const struct snapshot_limits *limits);

#endif
