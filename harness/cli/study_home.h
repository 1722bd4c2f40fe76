/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_STUDY_HOME_H
#define ASSAY_CLI_STUDY_HOME_H

#include <stdbool.h>
#include <stddef.h>

struct cli;
struct image;
struct kernel;
struct kernels;
struct study_points;
struct strv;

/* A kernel of a study, found or built when it is first needed. */
struct study_home {
	const struct kernel *kernel;
	struct image *image; /* NULL: not needed yet, or it can't be had */
	char *initramfs;     /* path of it in memory; NULL as above */
	int fd;		     /* which holds it */
	unsigned int boots;  /* in this run */
	bool failed;	     /* can't be had: said once */
};

struct study_homes {
	struct cli *cli;
	struct study_home *v; /* in the order of the boots */
	size_t n;
};

/* One for each kernel of the points. 0 or -ENOMEM. Release in any case. */
int study_homes__init(struct study_homes *homes, struct cli *cli, const struct kernels *kernels,
		      const struct study_points *points);
void study_homes__release(struct study_homes *homes);
struct study_home *study_homes__find(const struct study_homes *homes, const char *kernel);
/* Finds or builds the kernel, once. 0; -ENOENT: it can't be had, which was said; -EINTR, -ENOSPC:
 * nothing else can be done either. */
int study_home__image(const struct study_homes *homes, struct study_home *h);
/* The same, and makes the initramfs with these programs. Other errors are -errno, logged. */
int study_home__open(const struct study_homes *homes, struct study_home *h,
		     const struct strv *programs);

/* Gives back the initramfs of all but one. */
void study_homes__rest(struct study_homes *homes, const struct study_home *but);

#endif
