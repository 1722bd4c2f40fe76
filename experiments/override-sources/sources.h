/* SPDX-License-Identifier: GPL-2.0-only */
/* Where is read from. */
#ifndef OVERRIDE_SOURCES_SOURCES_H
#define OVERRIDE_SOURCES_SOURCES_H

#include "guest/source.h"

extern const struct source sources[];
extern const size_t nr_sources;

#endif
