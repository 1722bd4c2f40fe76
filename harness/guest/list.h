/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_GUEST_LIST_H
#define ASSAY_GUEST_LIST_H

#include <stdbool.h>
#include <stdio.h>

struct experiment;

/* Prints every experiment: a table, or a JSON array that says all there is to know before one runs
 * (name, summary, rows, timeout_s, needs, params, programs). Needs no privileges. 0 or -errno. */
int list__print(FILE *out, bool json);
/* Writes the experiment's BPF object. 0 or -errno; -ENOENT when it has none. */
int list__object(FILE *out, const struct experiment *ex);

#endif
