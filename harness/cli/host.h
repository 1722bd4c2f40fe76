/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_HOST_H
#define ASSAY_CLI_HOST_H

struct cli;

/* What a run notes of its host, as a JSON object: versions of assay, the host kernel, QEMU, clang;
 * CPU model and number. Caller frees; NULL on ENOMEM. */
char *host__describe(const struct cli *cli);

#endif
