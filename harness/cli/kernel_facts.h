/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_KERNEL_FACTS_H
#define ASSAY_CLI_KERNEL_FACTS_H

#include <stdint.h>

struct image;
struct kernel;
struct kernel_paths;
struct store;

/* Keeps what a verdict on that kernel depends on (diff/facts.h) in the run: how the kernel was
 * made, and its configuration. What is not known of it (of one that was not built here) is left
 * out. To be called right after the image was had for the entry: what is asked for of its
 * configuration is read from the fragments as they are now. 0, or -errno when it could not be kept
 * (logged). */
int kernel_facts__keep(struct store *s, int64_t run, const struct kernel *k,
		       const struct image *img, const struct kernel_paths *paths);

#endif
