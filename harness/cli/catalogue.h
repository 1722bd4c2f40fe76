/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_CATALOGUE_H
#define ASSAY_CLI_CATALOGUE_H

#include <stddef.h>
#include <stdio.h>

#include "cli/rows.h"
#include "model/record.h"

struct catalog;
struct run_info;
struct store;

/* The kernels of a run, in the order in which they were run. */
struct catalogue_kernel {
	char *name, *release, *accel;
};

/* docs/catalogue.md: all of it comes from what experiments declare and what a run showed. */
struct catalogue {
	const struct catalog *catalog;
	struct rows rows;
	struct catalogue_kernel *kernels;
	size_t nr_kernels;
};

/* Reads a run. Release with catalogue__release. 0 or -errno. */
int catalogue__read(const struct catalog *c, struct store *s, const struct run_info *run,
		    struct catalogue *out);
void catalogue__release(struct catalogue *c);

/* Writes the document as Markdown. 0 or -errno. */
int catalogue__print(const struct catalogue *c, FILE *out);

/* What is wrong with the catalogue as far as this run tells: rows that failed, rows that no record
 * showed, names of records that do not exist, experiments that did not end. Each is a sentence in
 * *out. 0 or -ENOMEM. */
int catalogue__problems(const struct catalogue *c, struct strv *out);

#endif
