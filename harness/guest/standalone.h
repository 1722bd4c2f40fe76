/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_STANDALONE_H
#define ASSAY_GUEST_STANDALONE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/str.h"

/* `assay-guest run` on a real machine. */
struct standalone_opts {
	struct strv params;		  /* NAME=VALUE or EXPERIMENT.NAME=VALUE */
	struct strv features;		  /* what the running kernel's patches provide */
	unsigned int repeats, timeout_ms; /* 0: the default */
	const char *dir;		  /* for texts, or NULL */
	bool json;
	json_t *globals; /* of verify: object variable -> value as text, or NULL */
};

/* All return the exit status: 0 all as expected, 1 something unexpected, 2 wrong use, 3 the
 * harness failed or was interrupted. */
int standalone__run(const struct standalone_opts *o, const struct strv *names);
/* Loads every program of BPF objects, each by itself; a time limit is each program's. One that
 * runs out of it, or kills the loader, ends its object. */
int standalone__verify(const struct standalone_opts *o, const struct strv *files);
int standalone__unknown(const char *experiment, const char *nearest); /* says so */

#endif
