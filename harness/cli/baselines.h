/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_BASELINES_H
#define ASSAY_CLI_BASELINES_H

struct cli;
struct side;
struct strv;

/* The folder of baselines, cli->baseline: a file KERNEL.txt for each kernel that has one
 * (diff/baseline.h). */

/* Path of a kernel's; caller frees; NULL on ENOMEM. */
char *baselines__path(const struct cli *cli, const char *kernel);
/* The kernels that have one, by version and then by name; no folder is no kernels. 0 or -errno,
 * logged. */
int baselines__list(const struct cli *cli, struct strv *kernels);
/* Reads a kernel's. 0 or -errno, logged; -EINVAL with a mend when there is none. */
int baselines__read(const struct cli *cli, const char *kernel, struct side **out);

#endif
