/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_PLAN_H
#define ASSAY_CLI_PLAN_H

#include <jansson.h>
#include <stddef.h>

#include "base/str.h"

struct catalog;
struct kernel;
struct kernels;

struct plan_item {
	const char *experiment; /* borrowed from the catalogue */
	unsigned int timeout_s, disk_mb;
	json_t *params; /* object name -> value as text; only those that the user gave */
};

/* What a run is to do: every item on every kernel, in this order. */
struct plan {
	struct plan_item *items;
	size_t nr_items;
	const struct kernel **kernels; /* borrowed */
	size_t nr_kernels;
};

/* Makes a plan. `names`: experiments, none meaning all. `kernels_arg`: comma list, NULL the default
 * kernel. `params`: "name=value" for every chosen experiment that has it, or
 * "experiment.name=value". Anything unknown or out of range is -EINVAL and a message with the
 * nearest name. Release with plan__release. */
int plan__make(const struct catalog *c, const struct kernels *ks, const struct strv *names,
	       const char *kernels_arg, const struct strv *params, struct plan *out);
void plan__release(struct plan *p);

#endif
