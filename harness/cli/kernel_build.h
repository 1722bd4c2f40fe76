/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_KERNEL_BUILD_H
#define ASSAY_CLI_KERNEL_BUILD_H

#include <stdbool.h>
#include <stddef.h>

struct cli;
struct image;
struct kernel;

/* What became of one of several kernels. */
struct kernel_built {
	struct image *image; /* NULL: it could not be had */
	bool was;	     /* it was there already */
	double seconds;	     /* that building took */
	char *why;	     /* it failed; a sentence */
};

/* Builds those of n kernels that are not built yet, one after the other, with a line of progress
 * for each when there are several; one that fails does not stop the others. out has n elements,
 * released by kernel_built__release also on failure. 0, -EINTR or -ENOMEM. */
int kernel_build__all(struct cli *cli, const struct kernel *const *ks, size_t n,
		      struct kernel_built *out);
void kernel_built__release(struct kernel_built *v, size_t n);

#endif
