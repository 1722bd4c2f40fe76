/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_STUDY_WORLD_H
#define ASSAY_CLI_STUDY_WORLD_H

#include "base/str.h"
#include "study/points.h"

struct catalog;
struct cli;
struct kernels;

/* What the designs of studies may name here: kernels of kernels.ini, and experiments of the guest
 * program with their parameters. */
struct study_place {
	const struct catalog *catalog;
	const struct kernels *kernels;
	struct study_world world; /* its ctx is this place */
};
/* 0 or -errno, logged. Nothing to release: the cli owns all. */
int study_place__init(struct cli *cli, struct study_place *p);

/* Files named *.study in the experiments' folders, sorted; release with strv__free. 0 or -errno. */
int studies__list(const struct cli *cli, struct strv *paths);
/* The file of a study; caller frees. -EINVAL and a message with the nearest name when there is
 * none. */
int studies__find(const struct cli *cli, const char *name, char **path);

#endif
