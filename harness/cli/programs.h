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

/* Finds or builds one program; its file on the host is added to *paths. 0 or -errno, logged:
 * -EINVAL when there is none of that name, with the nearest one. */
int programs__get(struct cli *cli, const char *name, struct strv *paths);

#endif
