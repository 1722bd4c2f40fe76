/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_CMD_LIST_H
#define ASSAY_CLI_CMD_LIST_H

struct cli;

int list_rows(struct cli *cli); /* prints; 0 or -errno */

#endif
