/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_PROBE_TARGETS_H
#define ASSAY_CLI_PROBE_TARGETS_H

#include <stddef.h>

#include "model/probe_target.h"

struct cli;
struct visit_opts;

/* One argument of `assay probe`. */
struct wanted {
	struct probe_target target; /* on the host */
	char *in_guest;		    /* the same there, once prepared */
	char *path;		    /* of the file on the host, once prepared; NULL: the kernel's */
};
struct probe_targets {
	struct wanted *v;
	size_t n;
};

/* 0, -ENOMEM, or -EINVAL and a sentence in why. */
int probe_targets__add(struct probe_targets *t, const char *word, char *why, size_t why_len);
/* Says which files the guest needs, and finds or builds them. 0 or -errno, logged. */
int probe_targets__prepare(struct probe_targets *t, struct cli *cli, struct visit_opts *visit);
void probe_targets__release(struct probe_targets *t);

#endif
