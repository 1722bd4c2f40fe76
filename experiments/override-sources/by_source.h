/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef OVERRIDE_SOURCES_BY_SOURCE_H
#define OVERRIDE_SOURCES_BY_SOURCE_H

#include <stdbool.h>

struct context;

/* Emits a measurement for each source and hook. disks: those on a disk as well. 0 or -errno. */
int by_source__measure(const struct context *ctx, bool disks);

#endif
