/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_VERIFY_PLAN_H
#define ASSAY_CLI_VERIFY_PLAN_H

#include <jansson.h>
#include <stdint.h>

#include "base/str.h"
#include "cli/plan.h"

/* What `assay verify` was asked for. */
struct verify_request {
	const struct strv *files;    /* paths of BPF objects */
	const struct strv *globals;  /* "NAME=VALUE", "NAME=VALUE,VALUE" */
	const struct strv *patterns; /* of programs, as in model/progfilter.h */
	unsigned int timeout_s;	     /* for each program */
	uint64_t batch_max;	     /* bytes of objects in one guest */
};

/* Its objects, each with every choice of values, in batches that one guest can hold. */
struct verify_plan {
	struct plan all;   /* without kernels */
	struct strv files; /* of the objects, in the order of the items */
	uint64_t *sizes;   /* of each */
	struct strv paths; /* in the guest */
	json_t *choices, *programs;
	uint64_t batch_max;
	size_t next_file; /* of the next batch */
};

/* Checks the files: -EINVAL, logged, for one that is not there, that is no BPF object, or that has
 * the name of another; for a global variable that is not NAME=VALUE and for a pattern that is none.
 * Release with verify_plan__release. */
int verify_plan__make(const struct verify_request *rq, struct verify_plan *out);
void verify_plan__release(struct verify_plan *p);
/* The next batch: its items in *plan (kernels and all else are left alone; items borrowed) and its
 * files. 1, 0 when there is no more, or -ENOMEM. */
int verify_plan__next(struct verify_plan *p, struct plan *plan, struct strv *files);

/* Every choice of one value for each variable: "a=1,2" and "b=3" give [{a: 1, b: 3}, {a: 2, b: 3}],
 * nothing gives [null]. -EINVAL, logged. */
int verify_plan__choices(const struct strv *globals, json_t **out);

#endif
