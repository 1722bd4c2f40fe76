/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_STUDY_CHECK_H
#define ASSAY_STUDY_CHECK_H

#include <stdbool.h>
#include <stddef.h>

struct design;
struct design_section;
struct study_world;

/* The parameter that tells an experiment the id of its point: set by the study, by no design. */
#define STUDY_POINT_PARAM "point"

/* Is it the host's: kernel, cpus, threads, append? */
bool factor__of_boot(const char *name);

/* What a block's points are made of: the factors of the boot and the parameters of its experiment,
 * with their defaults. */
struct factors {
	const char *experiment; /* borrowed from the design */
	const struct study_world *w;
	struct factor {
		const char *name; /* borrowed from the world */
		char *value;	  /* default */
	} * v;
	size_t n;
};
/* 0 or -ENOMEM. Release in any case. */
int factors__of_block(const struct design *d, const struct study_world *w,
		      const struct design_section *block, struct factors *f);
void factors__release(struct factors *f);
const struct factor *factors__find(const struct factors *f, const char *name);
/* Checks a value. 0 and the spelling of it that equal values share (caller frees; same may be
 * NULL), or -EINVAL and what is wrong as a sentence in *why (caller frees), or -ENOMEM. */
int factors__value(const struct factors *f, const char *name, const char *value, char **same,
		   char **why);

/* Checks every name and value of a design. 0, -ENOMEM, or -EINVAL and all mistakes logged. */
int design__check(const struct design *d, const struct study_world *w);

#endif
