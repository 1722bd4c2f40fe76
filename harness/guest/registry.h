/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_REGISTRY_H
#define ASSAY_GUEST_REGISTRY_H

#include <stddef.h>

#include "guest/experiment.h"

/* Every experiment of this binary, in alphabetical order, then NULL. Generated from the folders by
 * the Makefile. */
extern const struct experiment *const experiments[];
extern const size_t nr_experiments;

/* The experiment of that name, or NULL; *nearest (may be NULL) is then a name to suggest, or NULL.
 */
const struct experiment *registry__find(const char *name, const char **nearest);

#endif
