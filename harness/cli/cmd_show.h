/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_CMD_SHOW_H
#define ASSAY_CLI_CMD_SHOW_H

#include <stdbool.h>
#include <stddef.h>

#include "store/store.h"

/* What `assay show` was asked for, once its words are understood. */
struct show_what {
	struct store *store;
	const struct run_info *run;
	const char *kernel, *experiment, *program; /* NULL: all */
};

/* The kinds of text that can be shown: "log", with what it is called in messages. */
struct show_kind {
	const char *option, *kind, *title, *help;
};
extern const struct show_kind show_kinds[];
extern const size_t nr_show_kinds;

/* Prints the texts of one kind, each under a heading when there are several or `heading` asks for
 * it. Returns the number of texts printed or -errno, logged. */
int show__texts(const struct show_what *w, const struct show_kind *k, bool heading);
/* Draws all matrices. Number drawn, or -errno. */
int show__matrices(const struct show_what *w);

#endif
