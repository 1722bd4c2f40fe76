/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ASSAY_CLI_CMD_SHOW_H
#define ASSAY_CLI_CMD_SHOW_H

#include <stdbool.h>
#include <stddef.h>

#include "model/vlog_lines.h"
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
/* Calls fn for each of these texts; non-zero ends it and is returned, else their number. */
int show__each_text(const struct show_what *w, const struct show_kind *k,
		    int (*fn)(void *ctx, const struct stored_text *t), void *ctx);

/* How verification cost is to be shown by source line. */
struct show_lines {
	enum vlog_line_order order;
	bool reverse, json;
};
/* The order called `name`; false when there is none, *nearest is then a name to suggest or NULL. */
bool show_lines__order(const char *name, enum vlog_line_order *order, const char **nearest);
/* Prints a table, or with json an object on a line, for each log. The number printed, or -errno. */
int show__lines(const struct show_what *w, const struct show_lines *how);

/* Draws all matrices. Number drawn, or -errno. */
int show__matrices(const struct show_what *w);

#endif
