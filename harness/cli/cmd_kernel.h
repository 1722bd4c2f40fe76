/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_CMD_KERNEL_H
#define ASSAY_CLI_CMD_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct cli;
struct kernel;

/* What `assay kernel` was given. */
struct kernel_args {
	struct strv words; /* the first says what to do */
	const char *source;
	uint64_t limit;
	bool dry_run, older, no_check;
};

/* Kernels by name, branch, glob or "all", also several of a word with commas; each once. */
struct kernel_list {
	const struct kernel **v; /* borrowed */
	size_t n;
};
/* -EINVAL, logged with the nearest name, for one that is unknown. Without words: the default
 * kernel, or all. */
int kernel_list__make(struct cli *cli, const struct kernel_args *a, bool all,
		      struct kernel_list *out);
void kernel_list__release(struct kernel_list *l);

/* Verbs: 0, -errno, or above zero an exit status. */
int kernel__build(struct cli *cli, const struct kernel_args *a);
int kernel__check_patches(struct cli *cli, const struct kernel_args *a);
int kernel__update(struct cli *cli, const struct kernel_args *a);

/* Checks what the series of these kernels do on their sources and prints a line for each: 0, -errno
 * or an exit status. */
int check_patches__print(struct cli *cli, const struct kernel_list *l);

#endif
