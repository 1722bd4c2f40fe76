/* SPDX-License-Identifier: GPL-2.0-only */
/* The override by state of the page cache. */
#ifndef OVERRIDE_SOURCES_CACHE_H
#define OVERRIDE_SOURCES_CACHE_H

struct context;

/* Emits a measurement for each state and hook; needs the disks. 0 or -errno. */
int cache__measure(const struct context *ctx);

#endif
