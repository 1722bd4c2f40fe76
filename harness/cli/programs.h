/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_PROGRAMS_H
#define ASSAY_CLI_PROGRAMS_H

struct catalog;
struct cli;
struct plan;
struct strv;

/* Finds or builds the programs that the plan's experiments need in the guest; *paths get their
 * files on the host. An experiment whose program cannot be had is blocked in the plan (the reason
 * is logged), and the others go on. 0, -EINTR or -ENOMEM. */
int programs__prepare(struct cli *cli, const struct catalog *c, struct plan *plan,
		      struct strv *paths);

#endif
