/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_HOST_H
#define ASSAY_CLI_HOST_H

struct cli;
struct strv;

/* What a run notes of its host, as a JSON object: versions of assay, the host kernel, QEMU, clang;
 * CPU model and number. Caller frees; NULL on ENOMEM. */
char *host__describe(const struct cli *cli);
/* The same, with the hashes of BPF objects of the user's, whose experiments are called like the
 * files. */
char *host__describe_files(const struct cli *cli, const struct strv *files);

#endif
