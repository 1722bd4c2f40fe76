/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_STUDY_OPEN_H
#define ASSAY_CLI_STUDY_OPEN_H

#include <stdio.h>

struct run_info;
struct store;
struct study_data;

/* Reads a study's run back: the one that is named as for store__find_run, or the newest of a study
 * (which NULL; name NULL: of any). 0 or -errno, logged: -EINVAL when there is none, or when it is
 * no study. Release run and free *out in any case. */
int study__open(struct store *s, const char *which, const char *name, struct run_info *run,
		struct study_data **out);

/* Prints what a study's run answers. Studies whose answers nobody has put into rules have none:
 * nothing is printed. 0 or -errno. */
int study__summary(const struct study_data *d, FILE *out);
/* Writes the document of a study's run. -EINVAL, logged, when its study has none. */
int study__document(const struct study_data *d, FILE *out);

#endif
