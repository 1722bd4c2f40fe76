/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_STANDALONE_H
#define ASSAY_GUEST_STANDALONE_H

#include <stdbool.h>

#include "base/str.h"

/* `assay-guest run` on a real machine. */
struct standalone_opts {
	struct strv params;		  /* NAME=VALUE or EXPERIMENT.NAME=VALUE */
	struct strv features;		  /* what the running kernel's patches provide */
	unsigned int repeats, timeout_ms; /* 0: the default */
	const char *dir;		  /* for texts, or NULL */
	bool json;
};

/* Both return the exit status: 0 all as expected, 1 something unexpected, 2 wrong use, 3 the
 * harness failed or was interrupted. */
int standalone__run(const struct standalone_opts *o, const struct strv *names);
int standalone__unknown(const char *experiment, const char *nearest); /* says so */

#endif
