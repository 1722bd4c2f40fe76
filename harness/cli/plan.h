/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_PLAN_H
#define ASSAY_CLI_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct catalog;
struct kernel;
struct kernels;

struct plan_item {
	const char *experiment; /* borrowed from the catalogue */
	unsigned int timeout_s, disk_mb;
	bool on_host;	     /* runs once, before all kernels */
	json_t *params;	     /* object name -> value as text; only those that the user gave */
	const char *blocked; /* why it can't run at all, a harness error; static; NULL: it can */
	/* Of a study, else NULL: */
	const char *point; /* id of its point: a label of every record, part of its texts' names */
	json_t *factors;   /* object that is kept in place of params; borrowed */
	/* Of a BPF object of the user's, else NULL. Its time limit is for each program. */
	const char *object; /* its path in the guest; borrowed */
	json_t *globals;  /* variable -> value as text: labels of its records; or NULL; borrowed */
	json_t *programs; /* patterns (model/progfilter.h), or NULL: all; borrowed */
};

/* What a run is to do: every item on every kernel, in this order. */
struct plan {
	struct plan_item *items;
	size_t nr_items;
	bool named;		       /* the user named experiments or rows */
	const struct kernel **kernels; /* borrowed */
	bool *exact;		       /* of each: named, not one of "all" or of a glob */
	size_t nr_kernels;	       /* 0 when all items are for the host */
};

struct catalog_param;
/* Checks a value of a parameter. 0, -ENOMEM, or -EINVAL and what is wrong with it ("'x' is no whole
 * number from 1 to 9"), which the caller frees. */
int plan__check_value(const struct catalog_param *p, const char *value, char **why);

/* What the user asked for. */
struct plan_request {
	const struct strv *names; /* experiments */
	const struct strv *rows;  /* of the catalogue: those that cover them; neither means all */
	const char *kernels; /* comma list of names, branches and globs; "all"; NULL: default */
	const struct strv *params; /* "name=value" for every chosen experiment that has it, or
				    * "experiment.name=value" */
};

/* Makes a plan. Anything unknown or out of range is -EINVAL and a message with the nearest name.
 * Release with plan__release. */
int plan__make(const struct catalog *c, const struct kernels *ks, const struct plan_request *rq,
	       struct plan *out);
/* The kernels of a plan whose items are there already; kernels as in struct plan_request. */
int plan__choose_kernels(struct plan *p, const struct kernels *ks, const char *kernels);
/* Is the item for this kernel? Some kernels are there for a few experiments only: they get others
 * when both the kernel and the experiment were named. */
bool plan__wants(const struct plan *p, size_t item, const struct kernel *k);
void plan__release(struct plan *p);

#endif
