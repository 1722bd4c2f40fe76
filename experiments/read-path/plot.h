/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef READ_PATH_PLOT_H
#define READ_PATH_PLOT_H

#include <stddef.h>
#include <stdint.h>

struct strbuf;

/* Draws how far to[i] is behind from[i], in ns: a line for each range, which ends at twice where it
 * begins. */
void read_path__plot(struct strbuf *out, const char *title, const uint64_t *from,
		     const uint64_t *to, size_t n);

#endif
